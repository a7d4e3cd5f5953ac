"""What an operator sets at a deployment: the stack's parameters with their bounds, and the environment made of them."""

from typing import Any

from chalicelib.clients.stripe_amounts import SUPPORTED
from chalicelib.config import PHONE_COUNTRIES
from infra.package import firewall, sockets

# Of the default currency alone: what is a lot of money in another one is for its operator to say.
_CURRENCY, _SECOND_PERSON_OVER = "PKR", "PKR:10000000"
PARAMETERS: dict[str, dict[str, Any]] = {
    "CodeBucket": {"Type": "String", "Description": "The bucket, in this region, that holds the archive"},
    "CorsOrigins": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9.:-]+(,https?://[A-Za-z0-9.:-]+)*",
        # AWS API Gateway: the characters of a stage variable, which the mocks read; four fifths of them.
        "MaxLength": 400,
        "Description": "Origins whose pages may call the API, comma between",
    },
    "AdminOrigin": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9.:-]+",
        "MaxLength": 128,
        "Description": "The one of them whose calls may carry cookies",
    },
    "PublicUrl": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9./:-]+[A-Za-z0-9]",
        "MaxLength": 128,
        "Description": "The API's public address",
    },
    "MailFrom": {
        "Type": "String",
        "AllowedPattern": "[^@ ]+@[^@ ]+",
        "MaxLength": 128,
        "Description": "A sender that SES has verified",
    },
    "AlertsMailTo": {
        "Type": "String",
        "AllowedPattern": "[^@ ]+@[^@ ]+",
        "MaxLength": 128,
        "Description": "The address for alerts",
    },
    "PaymentProvider": {
        "Type": "String",
        "Default": "stripe",
        "AllowedValues": ["stripe", "sandbox"],
        "Description": "The payment provider; sandbox takes no money",
    },
    "PayoutProvider": {
        "Type": "String",
        "Default": "sandbox",
        "AllowedValues": ["stripe", "sandbox"],
        "Description": "The provider of new payouts; sandbox sends no money",
    },
    "ReturnOrigins": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(https://[A-Za-z0-9.:-]+(,https://[A-Za-z0-9.:-]+)*)?",
        "MaxLength": 256,
        "Description": "Origins that a payment may return to, comma between; by default the CorsOrigins",
    },
    "Currency": {
        "Type": "String",
        "Default": _CURRENCY,
        "AllowedValues": sorted(SUPPORTED),
        "Description": "The currency of card balances and fees (ISO 4217)",
    },
    "FeeBasisPoints": {
        "Type": "Number",
        "Default": 500,
        "MinValue": 0,
        "MaxValue": 10000,
        "Description": "The platform's share of a sale, in hundredths of a percent",
    },
    "CardFee": {
        "Type": "Number",
        "Default": 50000,
        "MinValue": 0,
        "Description": "The price of a new NFC card, in minor units of that currency",
    },
    "OldestAgentVersion": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "^([0-9]{1,6}([.][0-9]{1,6}){0,3})?$",
        "MaxLength": 27,
        "Description": "Reader agents that are older are shown as not ready; empty for any",
    },
    "OldestPhoneVersion": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "^([0-9]{1,6}([.][0-9]{1,6}){0,3})?$",
        "MaxLength": 27,
        "Description": "Ushers' apps that are older are shown as not ready; empty for any",
    },
    "SecondFactorRoles": {
        "Type": "String",
        "Default": "super_admin,admin,finance",
        "AllowedPattern": "^([a-z_]+(,[a-z_]+)*)?$",
        "MaxLength": 64,
        "Description": "The roles of staff that require a second factor; empty for none",
    },
    "SecondPersonOver": {
        "Type": "String",
        "Default": _SECOND_PERSON_OVER,
        "AllowedPattern": "([A-Z]{3}:[0-9]{1,12}(,[A-Z]{3}:[0-9]{1,12})*)?",
        "MaxLength": 64,
        "Description": "What one of staff may pay out, give back or cancel alone: minor units, also of Currency",
    },
    "BooksCloseAfterDays": {
        "Type": "Number",
        "Default": 10,
        "MinValue": 0,
        "MaxValue": 90,
        "Description": "How many days after its end a month of the company's books closes",
    },
    "AnswerPaceMs": {
        "Type": "Number",
        "Default": 300,
        "MinValue": 0,
        "Description": "Log-in responses are padded to multiples of this, in milliseconds",
    },
    "CampusRetentionDays": {
        "Type": "String",
        "Default": "photos:30,signature:365,position:0,device:30",
        "AllowedPattern": "photos:[0-9]{1,4},signature:[0-9]{1,4},position:[0-9]{1,4},device:[0-9]{1,4}",
        "MaxLength": 52,
        "Description": "For how many days after an event each kind of evidence of attendance is kept",
    },
    "PhoneRegion": {
        "Type": "String",
        "Default": "PK",
        "AllowedPattern": "[A-Z]{2}",
        "MaxLength": 2,
        "Description": "The country of national phone numbers (ISO 3166)",
    },
    "PhoneCountries": {
        "Type": "String",
        "Default": PHONE_COUNTRIES,
        "AllowedPattern": "[A-Z]{2}(,[A-Z]{2})*",
        "MaxLength": 256,
        "Description": "The countries whose mobile numbers get SMS (ISO 3166)",
    },
    "EarlierSecret": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(gatehouse/master-[a-z0-9]+)?",
        "MaxLength": 64,
        "Description": "The one secret of releases before secrets by life, while its keys are still in use",
    },
    # The lines of requests and of the security log are INFO.
    "SmsPerCountry": {
        "Type": "Number",
        "Default": 10000,
        "MinValue": 10,
        "Description": "The most SMS in an hour to the numbers of one country",
    },
    "SmsInAll": {
        "Type": "Number",
        "Default": 20000,
        "MinValue": 10,
        "Description": "The most SMS in an hour",
    },
    "MessagesConcurrency": {
        "Type": "Number",
        "Default": 5,
        "MinValue": 2,
        "MaxValue": 1000,
        "Description": "How many containers send mail and SMS at once",
    },
    "LogLevel": {"Type": "String", "Default": "INFO", "AllowedValues": ["DEBUG", "INFO"]},
    "GatesConcurrency": {
        "Type": "Number",
        "Default": 100,
        "MinValue": 0,
        "Description": "Concurrency that is reserved for the routes of ushers and devices; 0 for none",
    },
    "ApiConcurrency": {
        "Type": "Number",
        "Default": 600,
        "MinValue": 0,
        "Description": "Concurrency that all other routes have at most; 0 for no bound",
    },
    "GatewayRole": {
        "Type": "String",
        "Default": "create",
        "AllowedValues": ["create", "keep"],
        "Description": "Whether to set the account's role for gateway logs, or keep the one that it has",
    },
    "FirewallRequests": {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "Description": "Requests of one address in five minutes that the firewall lets through; 0 for no firewall",
    },
    "FirewallLogIns": {
        "Type": "Number",
        "Default": 2000,
        "MinValue": firewall.LEAST,
        "Description": "Of these, requests of log-ins and codes",
    },
}
# Every function imports app.py, which reads all of them. The defaults of chalicelib/config.py are for local runs.
ENVIRONMENT: dict[str, Any] = {
    "STAGE": {"Ref": "Stage"},
    "TABLE_NAME": {"Ref": "Table"},
    "TABLE_STREAM_ARN": {"Fn::GetAtt": ["Table", "StreamArn"]},
    "EVENT_BUS_NAME": {"Ref": "Bus"},
    "MESSAGES_QUEUE_NAME": {"Fn::GetAtt": ["MessagesQueue", "QueueName"]},
    "ALERTS_QUEUE_NAME": {"Fn::GetAtt": ["AlertsQueue", "QueueName"]},
    "PAYMENTS_QUEUE_NAME": {"Fn::GetAtt": ["PaymentsQueue", "QueueName"]},
    "JOBS_QUEUE_NAME": {"Fn::GetAtt": ["JobsQueue", "QueueName"]},
    "LIVE_URL": {"Fn::Sub": sockets.URL},
    "FILES_BUCKET": {"Ref": "Files"},
    "DATA_KEY_ID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    "SECRET_NAME": {"Fn::If": ["IsLocal", "gatehouse/{life}", {"Fn::Sub": "gatehouse/{life}-${Stage}"}]},
    "EARLIER_SECRET": {"Ref": "EarlierSecret"},
    "PAYMENT_PROVIDER": {"Ref": "PaymentProvider"},
    "PAYOUT_PROVIDER": {"Ref": "PayoutProvider"},
    "RETURN_ORIGINS": {"Ref": "ReturnOrigins"},
    "STRIPE_API_BASE": "",
    "CURRENCY": {"Ref": "Currency"},
    "FEE_BASIS_POINTS": {"Ref": "FeeBasisPoints"},
    "CARD_FEE": {"Ref": "CardFee"},
    "OLDEST_AGENT_VERSION": {"Ref": "OldestAgentVersion"},
    "OLDEST_PHONE_VERSION": {"Ref": "OldestPhoneVersion"},
    "SECOND_FACTOR_ROLES": {"Ref": "SecondFactorRoles"},
    "SECOND_PERSON_OVER": {"Ref": "SecondPersonOver"},
    "BOOKS_CLOSE_AFTER_DAYS": {"Ref": "BooksCloseAfterDays"},
    "ANSWER_PACE_MS": {"Ref": "AnswerPaceMs"},
    "CAMPUS_RETENTION_DAYS": {"Ref": "CampusRetentionDays"},
    "PHONE_REGION": {"Ref": "PhoneRegion"},
    "PHONE_COUNTRIES": {"Ref": "PhoneCountries"},
    "SMS_PER_COUNTRY": {"Ref": "SmsPerCountry"},
    "SMS_IN_ALL": {"Ref": "SmsInAll"},
    "CORS_ORIGINS": {"Ref": "CorsOrigins"},
    "ADMIN_ORIGIN": {"Ref": "AdminOrigin"},
    "MAIL_FROM": {"Ref": "MailFrom"},
    "ALERTS_MAIL_TO": {"Ref": "AlertsMailTo"},
    "PUBLIC_URL": {"Ref": "PublicUrl"},
    "LOG_LEVEL": {"Ref": "LogLevel"},
}


def rules() -> dict[str, Any]:
    """Return the rule that another currency comes with an amount of its own for the second person.

    Without one every payout, refund and withdrawal would wait for one.
    """
    is_usual = {"Fn::Equals": [{"Ref": "Currency"}, _CURRENCY]}
    is_own = {"Fn::Not": [{"Fn::Equals": [{"Ref": "SecondPersonOver"}, _SECOND_PERSON_OVER]}]}
    message = "SecondPersonOver names no amount of Currency. Give one in its minor units, such as USD:100000."
    return {
        "SecondPersonInCurrency": {
            "Assertions": [{"Assert": {"Fn::Or": [is_usual, is_own]}, "AssertDescription": message}]
        }
    }
