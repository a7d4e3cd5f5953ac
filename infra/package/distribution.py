"""The console on AWS: a private bucket behind CloudFront, with the API at the same origin.

Pages and API share an origin, so that no page needs CORS and cookies work. A path's first segment decides the page;
every page has the headers that infra/pages.py makes. An address that is no page's is answered by the edge, since an
error page of the distribution would also replace the API's own answers. The API trusts the address of a caller that
the edge names, because the edge proves itself by a secret header (D-CONS-07).
"""

from typing import Any

from infra import pages
from infra.package import edge_functions, edge_proof, sockets
from infra.pages import Origins, Page

ON, OFF = "on", "off"
PARAMETERS: dict[str, dict[str, Any]] = {
    "Console": {
        "Type": "String",
        "Default": ON,
        "AllowedValues": [ON, OFF],
        "Description": "Whether the stage has the console, with a distribution in front of the API",
    },
    "ConsoleDomain": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "([a-z0-9-]+[.])*[a-z0-9-]*",
        "MaxLength": 128,
        "Description": "The console's own domain, whose DNS names the distribution; empty for CloudFront's name",
    },
    "ConsoleCertificate": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[a-f0-9-]+)?",
        "MaxLength": 128,
        "Description": "The certificate of that domain, in us-east-1",
    },
    "ConsolePriceClass": {
        "Type": "String",
        "Default": "PriceClass_200",
        "AllowedValues": ["PriceClass_100", "PriceClass_200", "PriceClass_All"],
        "Description": "Where the distribution has its edges; 200 has those of South Asia and the Gulf",
    },
    "ConsoleLogs": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "([a-z0-9.-]+[.]s3[a-z0-9.-]*[.]amazonaws[.]com)?",
        "MaxLength": 128,
        "Description": "The domain name of a bucket for the distribution's access logs; empty for none",
    },
    "StripePublishableKey": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(pk_(live|test)_[A-Za-z0-9]+)?",
        "MaxLength": 256,
        "Description": "The public key of Stripe's form in the shop; empty for no form",
    },
}


def _given(name: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]}


def rules() -> dict[str, Any]:
    """Return the rule that a domain has its certificate: without one, CloudFront's own name would be used."""
    is_empty = [{"Fn::Equals": [{"Ref": name}, ""]} for name in ("ConsoleDomain", "ConsoleCertificate")]
    lacks = {"Fn::And": [{"Fn::Not": [is_empty[0]]}, is_empty[1]]}
    message = "ConsoleDomain needs ConsoleCertificate, a certificate of that domain in us-east-1."
    return {
        "DomainWithItsCertificate": {"Assertions": [{"Assert": {"Fn::Not": [lacks]}, "AssertDescription": message}]}
    }


CONDITIONS = {
    "HasConsole": {
        "Fn::And": [{"Fn::Not": [{"Condition": "IsLocal"}]}, {"Fn::Equals": [{"Ref": "Console"}, ON]}],
    },
    "HasConsoleDomain": {"Fn::And": [_given("ConsoleDomain"), _given("ConsoleCertificate")]},
    "HasConsoleLogs": _given("ConsoleLogs"),
    "HasStripeForm": {
        "Fn::And": [{"Fn::Equals": [{"Ref": "PaymentProvider"}, "stripe"]}, _given("StripePublishableKey")]
    },
}
_DISTRIBUTION, _BUCKET, _FUNCTION = "ConsoleDistribution", "ConsoleFiles", "ConsolePaths"
_STATIC, _API = "files", "api"
# AWS: "Use managed cache policies", "Use managed origin request policies".
_CACHED, _NOT_CACHED = "658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
_API_PATHS = ("/api/*", "/health", "/health/*")
# Errors that the edge keeps for ten seconds under their path alone and gives to all callers, regardless of an
# answer's `no-store` and a behaviour's policy (AWS: "Control how long CloudFront caches errors").
_KEPT_ERRORS = (500, 502, 503, 504)
_FILES = ("https://${Files.DomainName}", "https://${Files.RegionalDomainName}")
_SECONDS_OF_HSTS = 31_536_000


def expand(api: str, stage_name: str) -> dict[str, Any]:
    """Return the bucket, the distribution with its functions, and the policies of its answers."""
    parts = {
        **_bucket(),
        **{_policy_name(page): _policy(page) for page in pages.deployed()},
        "ConsoleAssetHeaders": _headers_policy("assets", pages.asset_headers()),
        "ConsoleWorkerHeaders": _headers_policy("worker", pages.worker_headers(_origins(stripe=False))),
        _FUNCTION: _function("paths", edge_functions.paths()),
        "ConsoleViewer": _function("viewer", edge_functions.viewer()),
        **edge_proof.secret(),
        _DISTRIBUTION: _distribution(api, stage_name),
    }
    return {name: {**part, "Condition": "HasConsole"} for name, part in parts.items()}


def outputs() -> dict[str, Any]:
    """Return the address of the console, and the bucket of its files."""
    own = {"Fn::Sub": "https://${ConsoleDomain}"}
    given = {"Fn::Sub": f"https://${{{_DISTRIBUTION}.DomainName}}"}
    return {
        "ConsoleUrl": {"Condition": "HasConsole", "Value": {"Fn::If": ["HasConsoleDomain", own, given]}},
        "ConsoleBucket": {"Condition": "HasConsole", "Value": {"Ref": _BUCKET}},
        "ConsoleName": {"Condition": "HasConsole", "Value": {"Fn::GetAtt": [_DISTRIBUTION, "DomainName"]}},
    }


def _origins(*, stripe: bool) -> Origins:
    return Origins(_FILES, f"wss://{sockets.HOST}", stripe=stripe)


def _bucket() -> dict[str, Any]:
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": [_BUCKET, "Arn"]}, {"Fn::Sub": f"${{{_BUCKET}.Arn}}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    distribution = f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{_DISTRIBUTION}}}"
    edge = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceArn": {"Fn::Sub": distribution}}},
    }
    return {
        _BUCKET: {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketName": {"Fn::Sub": "gatehouse-console-${Stage}${NameSuffix}-${AWS::AccountId}"},
                "PublicAccessBlockConfiguration": dict.fromkeys(
                    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
                ),
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                # Everybody may read it through the distribution: a key of our own would protect nothing.
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
                    ]
                },
                "VersioningConfiguration": {"Status": "Enabled"},
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "old-versions",
                            "Status": "Enabled",
                            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        }
                    ]
                },
            },
        },
        "ConsoleFilesPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": _BUCKET},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        tls_only,
                        {
                            **edge,
                            "Sid": "EdgeReads",
                            "Action": "s3:GetObject",
                            "Resource": {"Fn::Sub": f"${{{_BUCKET}.Arn}}/*"},
                        },
                        # A missing file is a 404 then, not a 403.
                        {
                            **edge,
                            "Sid": "EdgeSeesWhatIsMissing",
                            "Action": "s3:ListBucket",
                            "Resource": {"Fn::GetAtt": [_BUCKET, "Arn"]},
                        },
                    ],
                },
            },
        },
        "ConsoleAccess": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": {"Fn::Sub": "gatehouse-console-${Stage}${NameSuffix}"},
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
    }


def _policy_name(page: Page) -> str:
    return f"Console{page.name.title()}Headers"


def _policy(page: Page) -> dict[str, Any]:
    plain = _headers_policy(page.name, pages.headers(page, _origins(stripe=False)))
    if "payments" not in page.uses:
        return plain
    paying = _headers_policy(page.name, pages.headers(page, _origins(stripe=True)))
    made: dict[str, Any] = _either("HasStripeForm", paying, plain)
    return made


def _either(condition: str, there: Any, elsewhere: Any) -> Any:
    """Return two parts of the same form as one, with a choice where they differ."""
    if there == elsewhere:
        return there
    if isinstance(there, dict) and isinstance(elsewhere, dict) and there.keys() == elsewhere.keys() != {"Fn::Sub"}:
        return {name: _either(condition, value, elsewhere[name]) for name, value in there.items()}
    return {"Fn::If": [condition, there, elsewhere]}


def _headers_policy(name: str, headers: dict[str, str]) -> dict[str, Any]:
    rest = dict(headers)
    del rest["Strict-Transport-Security"], rest["X-Content-Type-Options"]
    security: dict[str, Any] = {
        "ContentSecurityPolicy": {"ContentSecurityPolicy": _text(rest.pop("Content-Security-Policy"))},
        "ReferrerPolicy": {"ReferrerPolicy": rest.pop("Referrer-Policy")},
        "StrictTransportSecurity": {"AccessControlMaxAgeSec": _SECONDS_OF_HSTS, "IncludeSubdomains": True},
        "ContentTypeOptions": {},
    }
    if "X-Frame-Options" in rest:
        security["FrameOptions"] = {"FrameOption": rest.pop("X-Frame-Options")}
    custom = [{"Header": header, "Value": value, "Override": True} for header, value in sorted(rest.items())]
    return {
        "Type": "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties": {
            "ResponseHeadersPolicyConfig": {
                "Name": {"Fn::Sub": f"gatehouse-${{Stage}}${{NameSuffix}}-{name}"},
                "SecurityHeadersConfig": {kind: {**part, "Override": True} for kind, part in security.items()},
                "CustomHeadersConfig": {"Items": custom},
            }
        },
    }


def _text(value: str) -> Any:
    return {"Fn::Sub": value} if "${" in value else value


def _function(name: str, code: str) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::Function",
        "Properties": {
            "Name": {"Fn::Sub": f"gatehouse-${{Stage}}${{NameSuffix}}-{name}"},
            "AutoPublish": True,
            "FunctionConfig": {"Comment": f"Gatehouse: {name}", "Runtime": "cloudfront-js-2.0"},
            "FunctionCode": code,
        },
    }


def _distribution(api: str, stage_name: str) -> dict[str, Any]:
    default, *others = pages.deployed()
    config = {
        "Enabled": True,
        "Comment": {"Fn::Sub": "Gatehouse ${Stage}: console and API"},
        "HttpVersion": "http2and3",
        # Limits count IPv4 addresses: a home has more addresses of IPv6 than they could count.
        "IPV6Enabled": False,
        "PriceClass": {"Ref": "ConsolePriceClass"},
        "Aliases": {"Fn::If": ["HasConsoleDomain", [{"Ref": "ConsoleDomain"}], {"Ref": "AWS::NoValue"}]},
        "ViewerCertificate": {
            "Fn::If": [
                "HasConsoleDomain",
                {
                    "AcmCertificateArn": {"Ref": "ConsoleCertificate"},
                    "SslSupportMethod": "sni-only",
                    "MinimumProtocolVersion": "TLSv1.2_2021",
                },
                {"CloudFrontDefaultCertificate": True},
            ]
        },
        "Logging": {
            "Fn::If": [
                "HasConsoleLogs",
                {
                    "Bucket": {"Ref": "ConsoleLogs"},
                    "Prefix": {"Fn::Sub": "gatehouse-${Stage}/"},
                    "IncludeCookies": False,
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
        "CustomErrorResponses": [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in _KEPT_ERRORS],
        "Origins": [_files_origin(), _api_origin(api, stage_name)],
        "DefaultCacheBehavior": _pages_behaviour(default),
        "CacheBehaviors": [
            *({"PathPattern": path, **_api_behaviour()} for path in _API_PATHS),
            {"PathPattern": "/assets/*", **_files_behaviour("ConsoleAssetHeaders")},
            {"PathPattern": pages.SETTINGS, **_files_behaviour("ConsoleAssetHeaders")},
            *(
                {"PathPattern": f"/{page.name}{ending}", **_files_behaviour(headers)}
                for page in others
                if "worker" in page.uses
                for ending, headers in (
                    (".webmanifest", "ConsoleAssetHeaders"),
                    ("-worker.js", "ConsoleWorkerHeaders"),
                )
            ),
            *(
                {"PathPattern": pattern, **_pages_behaviour(page)}
                for page in others
                for segment in page.segments
                for pattern in (f"/{segment}", f"/{segment}/*")
            ),
        ],
    }
    return {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}


def _files_origin() -> dict[str, Any]:
    return {
        "Id": _STATIC,
        "DomainName": {"Fn::GetAtt": [_BUCKET, "RegionalDomainName"]},
        "OriginAccessControlId": {"Fn::GetAtt": ["ConsoleAccess", "Id"]},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }


def _api_origin(api: str, stage_name: str) -> dict[str, Any]:
    return {
        "Id": _API,
        "DomainName": {"Fn::Sub": f"${{{api}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"},
        "OriginPath": f"/{stage_name}",
        "OriginCustomHeaders": [
            {"HeaderName": edge_proof.SECRET_HEADER, "HeaderValue": edge_proof.SECRET},
        ],
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            # The gateway answers within 29 seconds (AWS: "Quotas for configuring and running a REST API").
            "OriginReadTimeout": 30,
        },
    }


def _api_behaviour() -> dict[str, Any]:
    return {
        "TargetOriginId": _API,
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachePolicyId": _NOT_CACHED,
        "OriginRequestPolicyId": _ALL_BUT_HOST,
        "FunctionAssociations": _at_request("ConsoleViewer"),
    }


def _files_behaviour(headers: str) -> dict[str, Any]:
    return {
        "TargetOriginId": _STATIC,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD"],
        "CachePolicyId": _CACHED,
        "Compress": True,
        "ResponseHeadersPolicyId": {"Ref": headers},
    }


def _pages_behaviour(page: Page) -> dict[str, Any]:
    return {**_files_behaviour(_policy_name(page)), "FunctionAssociations": _at_request(_FUNCTION)}


def _at_request(function: str) -> list[dict[str, Any]]:
    return [{"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": [function, "FunctionARN"]}}]
