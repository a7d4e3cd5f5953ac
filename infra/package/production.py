"""What production refuses: providers that move no money, origins without TLS, alarms without address (D-SEC-63).

A rule of CloudFormation cannot look into a text. So a template for production has narrower parameters, and no other
template deploys production.
"""

from typing import Any

PROD = "prod"
_ORIGIN = "https://[A-Za-z0-9.-]+(:[0-9]+)?"
_ADDRESS = "[^@ ]+@[^@ ]+"
_PATTERNS = {
    "CorsOrigins": f"{_ORIGIN}(,{_ORIGIN})*",
    "AdminOrigin": _ORIGIN,
    "PublicUrl": "https://[A-Za-z0-9./:-]+[A-Za-z0-9]",
}


def parameters(declared: dict[str, Any], *, stage: str) -> dict[str, Any]:
    """Return the parameters of a template for a stage."""
    if stage != PROD:
        return declared
    narrowed: dict[str, dict[str, Any]] = {
        **{name: {"AllowedPattern": pattern} for name, pattern in _PATTERNS.items()},
        "Stage": {"AllowedValues": [PROD]},
        "PaymentProvider": {"AllowedValues": ["stripe"]},
        "PayoutProvider": {"AllowedValues": ["stripe"], "Default": "stripe"},
        "Canary": {"Default": "on"},
        "AlarmEmail": {"AllowedPattern": _ADDRESS, "Description": "The address that alarms are mailed to"},
    }
    made = {name: {**parameter, **narrowed.get(name, {})} for name, parameter in declared.items()}
    # Without a default CloudFormation asks for it.
    del made["AlarmEmail"]["Default"]
    return made


def rules(*, stage: str) -> dict[str, Any]:
    """Return the rules that CloudFormation checks before it creates or changes anything."""
    is_prod = {"Fn::Equals": [{"Ref": "Stage"}, PROD]}
    if stage != PROD:
        message = "This template is for other stages. Make one for production: make package STAGE=prod"
        return {"NotForProduction": _rule({"Fn::Not": [is_prod]}, message)}
    takes_money = {"Fn::Not": [{"Fn::Equals": [{"Ref": "PaymentProvider"}, "sandbox"]}]}
    sends_money = {"Fn::Not": [{"Fn::Equals": [{"Ref": "PayoutProvider"}, "sandbox"]}]}
    return {
        "ForProductionOnly": _rule(is_prod, "This template is for production. Make another: make package STAGE=dev"),
        "ProductionTakesMoney": _rule(takes_money, "The sandbox takes no money. Use PaymentProvider=stripe."),
        "ProductionSendsMoney": _rule(sends_money, "The sandbox sends no money. Use PayoutProvider=stripe."),
    }


def _rule(assertion: dict[str, Any], message: str) -> dict[str, Any]:
    return {"Assertions": [{"Assert": assertion, "AssertDescription": message}]}
