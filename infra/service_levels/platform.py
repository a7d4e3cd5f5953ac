"""Alarms on what has no family: the API as a whole, the account, mail, SMS and the budget."""

from typing import Any

from infra.service_levels import alarms, families
from infra.service_levels.alarms import Area, Bound, Metric, Resource, Subject, of_expression, of_metric, share

# One for the whole account and region, so that a second stage would only repeat them.
_ACCOUNT = "IsProd"
PARAMETERS: dict[str, dict[str, Any]] = {
    "BudgetUsd": {
        "Type": "Number",
        "Default": 500,
        "MinValue": 1,
        "Description": "What the account may cost in a month, in USD; AlarmEmail is warned at 80 % and by the forecast",
    },
}
CONDITIONS = {"HasBudget": {"Fn::And": [{"Condition": _ACCOUNT}, {"Condition": "HasAlarmEmail"}]}}
# AWS reviews an account at these rates ("Monitoring your Amazon SES sender reputation").
_BOUNCES, _COMPLAINTS = 0.05, 0.001
_SPENT, _NEAR_QUOTA = 80, 70


def api_metric(name: str, statistic: str = "Sum") -> Metric:
    """Return a metric of the REST API's stage."""
    return Metric("AWS/ApiGateway", name, {"ApiName": {"Fn::Sub": "gatehouse-${Stage}"}, "Stage": "live"}, statistic)


def expand() -> dict[str, Resource]:
    """Return the alarms."""
    return {
        "ApiFaultsAlarm": of_expression(
            Subject("api-faults", Area.SALES, pages=True),
            share("bad", "total", least=5),
            {"bad": api_metric("5XXError"), "total": api_metric("Count")},
            Bound(1, period=300, of=3, least=2),
            says="Over 1 % of the API's answers are 5xx",
        ),
        "ThrottlesAlarm": families.throttled(
            Subject("concurrency", Area.PLATFORM, condition=_ACCOUNT),
            None,
            says="Functions of this account are throttled",
        ),
        "AccountConcurrencyAlarm": of_expression(
            Subject("concurrency", Area.PLATFORM, condition=_ACCOUNT),
            "100 * used / SERVICE_QUOTA(used)",
            {"used": _usage("ConcurrentExecutions")},
            Bound(_NEAR_QUOTA, period=300, of=3, least=2),
            says=f"Functions use over {_NEAR_QUOTA} % of the account's concurrency",
        ),
        "MailBouncesAlarm": of_metric(
            Subject("mail-reputation", Area.PLATFORM, condition=_ACCOUNT),
            Metric("AWS/SES", "Reputation.BounceRate", {}, "Maximum"),
            Bound(_BOUNCES, period=3600),
            says=f"Over {_BOUNCES:.0%} of mail bounces: SES reviews the account",
        ),
        "MailComplaintsAlarm": of_metric(
            Subject("mail-reputation", Area.PLATFORM, condition=_ACCOUNT),
            Metric("AWS/SES", "Reputation.ComplaintRate", {}, "Maximum"),
            Bound(_COMPLAINTS, period=3600),
            says=f"Over {_COMPLAINTS:.1%} of mail is complained about: SES reviews the account",
        ),
        "SmsSpendAlarm": of_expression(
            Subject("sms-spend", Area.PLATFORM, condition=_ACCOUNT),
            {"Fn::Sub": "100 * spent / ${SmsMonthlySpendLimit}"},
            {"spent": Metric("AWS/SNS", "SMSMonthToDateSpentUSD", {}, "Maximum")},
            Bound(_SPENT, period=3600),
            says=f"SMS of this month cost over {_SPENT} % of SmsMonthlySpendLimit",
        ),
        "MonthlyBudget": _budget(),
    }


def _usage(resource: str) -> Metric:
    dimensions = {"Service": "Lambda", "Type": "Resource", "Resource": resource, "Class": "None"}
    # The metric is named ResourceCount for every service (AWS: "CloudWatch usage metrics").
    return Metric("AWS/Usage", "ResourceCount", dimensions, "Maximum")


def _budget() -> Resource:
    mail = [{"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}]

    def warned(kind: str, percent: int) -> dict[str, Any]:
        notified = {
            "NotificationType": kind,
            "ComparisonOperator": "GREATER_THAN",
            "Threshold": percent,
            "ThresholdType": "PERCENTAGE",
        }
        return {"Notification": notified, "Subscribers": mail}

    return {
        "Type": alarms.BUDGET,
        "Condition": "HasBudget",
        "Metadata": alarms.metadata(Subject("budget", Area.PLATFORM)),
        "Properties": {
            # Without a name of its own: another AlarmEmail replaces the budget, and the fresh one is made before the
            # old one goes (AWS, "AWS::Budgets::Budget", NotificationsWithSubscribers).
            "Budget": {
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": {"Ref": "BudgetUsd"}, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [warned("ACTUAL", _SPENT), warned("FORECASTED", 100)],
        },
    }
