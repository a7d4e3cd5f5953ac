"""A firewall in front of the REST API: two rate rules for each address, off unless the stage asks for it (D-SEC-62).

Many visitors of a venue have one address, so its limits must be far above one caller's.
"""

from typing import Any

import app  # noqa: F401  # registers the routes
from chalicelib.portals.http.route import ROUTES

CONDITIONS = {"HasFirewall": {"Fn::Not": [{"Fn::Equals": [{"Ref": "FirewallRequests"}, 0]}]}}
_API = "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}"
# AWS WAF refuses a smaller limit, also of a rule that is not created.
LEAST = 10


def expand(stage: str) -> dict[str, Any]:
    """Return the firewall and its association with the API's stage."""
    return {
        "Firewall": {
            "Type": "AWS::WAFv2::WebACL",
            "Condition": "HasFirewall",
            "Properties": {
                "Name": {"Fn::Sub": "gatehouse-${Stage}"},
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": _counted("gatehouse"),
                "Rules": [
                    _rule("requests", 0, {"Limit": {"Ref": "FirewallRequests"}}),
                    _rule("log-ins", 1, {"Limit": {"Ref": "FirewallLogIns"}, "ScopeDownStatement": _of_log_ins()}),
                ],
            },
        },
        "FirewallOfApi": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Condition": "HasFirewall",
            "DependsOn": ["ApiStage"],
            "Properties": {
                "ResourceArn": {"Fn::Sub": f"{_API}/stages/{stage}"},
                "WebACLArn": {"Fn::GetAtt": ["Firewall", "Arn"]},
            },
        },
    }


def _rule(name: str, priority: int, statement: dict[str, Any]) -> dict[str, Any]:
    rated = {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, **statement}
    return {
        "Name": name,
        "Priority": priority,
        "Action": {"Block": {}},
        "Statement": {"RateBasedStatement": rated},
        "VisibilityConfig": _counted(name),
    }


def _of_log_ins() -> dict[str, Any]:
    return {
        "RegexMatchStatement": {
            "FieldToMatch": {"UriPath": {}},
            "RegexString": _log_ins(),
            "TextTransformations": [{"Priority": 0, "Type": "LOWERCASE"}],
        }
    }


def _log_ins() -> str:
    """Return the pattern of the paths of log-ins, codes and enrolments."""
    return f"/({'|'.join(sorted({route.path.rpartition('/')[2] for route in ROUTES if route.padded} | {'enroll'}))})"


def _counted(name: str) -> dict[str, Any]:
    # No samples: they would hold the paths and headers of requests.
    return {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": False, "MetricName": name}
