"""A firewall in front of the REST API: two rate rules for each address, off unless the stage asks for it (D-SEC-62).

Many visitors of a venue have one address, so its limits must be far above one caller's.
"""

from typing import Any

import app  # noqa: F401  # registers the routes
from chalicelib.portals.http.route import ROUTES
from infra.package import edge_proof

CONDITIONS = {"HasFirewall": {"Fn::Not": [{"Fn::Equals": [{"Ref": "FirewallRequests"}, 0]}]}}
_NONE = {"Ref": "AWS::NoValue"}
_API = "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}"
# AWS WAF refuses a smaller limit, also of a rule that is not created.
LEAST = 10


def rules() -> dict[str, Any]:
    """Return the rule that a limit is one that AWS WAF takes, or none."""
    too_small = [{"Fn::Equals": [{"Ref": "FirewallRequests"}, str(number)]} for number in range(1, LEAST)]
    message = f"FirewallRequests is 0 for no firewall, or at least {LEAST}: AWS WAF refuses a smaller limit."
    return {
        "FirewallTakesLimit": {
            "Assertions": [{"Assert": {"Fn::Not": [{"Fn::Or": too_small}]}, "AssertDescription": message}]
        }
    }


def _of_edge(secret: Any) -> dict[str, Any]:
    return {
        "ByteMatchStatement": {
            "FieldToMatch": {"SingleHeader": {"Name": edge_proof.SECRET_HEADER}},
            "PositionalConstraint": "EXACTLY",
            "SearchString": secret,
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        }
    }


# Requests of the distribution; and all others. Without a distribution the secret is a text that no header can have.
_OF_EDGE = _of_edge(edge_proof.SECRET)
_DIRECT = {"NotStatement": {"Statement": _of_edge({"Fn::If": ["HasConsole", edge_proof.SECRET, "\n"]})}}


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
                    _rule("requests", 0, "FirewallRequests", _DIRECT),
                    _rule("log-ins", 1, "FirewallLogIns", _DIRECT, _of_log_ins()),
                    # Behind the distribution the firewall sees the edge's address, which many callers have.
                    {"Fn::If": ["HasConsole", _rule("edge-requests", 2, "FirewallRequests", _OF_EDGE), _NONE]},
                    {
                        "Fn::If": [
                            "HasConsole",
                            _rule("edge-log-ins", 3, "FirewallLogIns", _OF_EDGE, _of_log_ins()),
                            _NONE,
                        ]
                    },
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


def _rule(name: str, priority: int, limit: str, *scope: dict[str, Any]) -> dict[str, Any]:
    counted: dict[str, Any] = {"AggregateKeyType": "IP"}
    if _OF_EDGE in scope:
        forwarded = {"HeaderName": edge_proof.ADDRESS_HEADER, "FallbackBehavior": "NO_MATCH"}
        counted = {"AggregateKeyType": "FORWARDED_IP", "ForwardedIPConfig": forwarded}
    scoped = scope[0] if len(scope) == 1 else {"AndStatement": {"Statements": list(scope)}}
    rated = {**counted, "EvaluationWindowSec": 300, "Limit": {"Ref": limit}, "ScopeDownStatement": scoped}
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
