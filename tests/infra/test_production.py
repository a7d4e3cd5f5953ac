"""What a template for production refuses, and that no other template deploys production."""

import re
from typing import Any

import pytest

from infra.package import firewall, merge, production
from tests.infra.conftest import Made

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"
ORIGINS = ("CorsOrigins", "AdminOrigin", "PublicUrl")


@pytest.fixture(scope="module")
def prod(make_template: Made) -> Template:
    return make_template("prod")


def holds(assertion: Any, **parameters: str) -> bool:
    """Evaluate an assertion as CloudFormation does."""
    match assertion:
        case {"Fn::Equals": [left, right]}:
            return bool(_value(left, parameters) == _value(right, parameters))
        case {"Fn::Not": [inner]}:
            return not holds(inner, **parameters)
        case {"Fn::And": [*parts]}:
            return all(holds(part, **parameters) for part in parts)
        case {"Fn::Or": [*parts]}:
            return any(holds(part, **parameters) for part in parts)
        case _:
            raise AssertionError(f"{assertion} is not evaluated here")


def _value(part: Any, parameters: dict[str, str]) -> Any:
    return parameters[part["Ref"]] if isinstance(part, dict) else part


def accepted(template: Template, **parameters: str) -> bool:
    """Whether CloudFormation takes these parameters."""
    for name, value in parameters.items():
        declared = template["Parameters"][name]
        if value not in declared.get("AllowedValues", [value]):
            return False
        if not re.fullmatch(declared.get("AllowedPattern", ".*"), value):
            return False
    assertions = [each["Assert"] for rule in template["Rules"].values() for each in rule["Assertions"]]
    defaults = {name: declared["Default"] for name, declared in template["Parameters"].items() if "Default" in declared}
    return all(holds(assertion, **{**defaults, **parameters}) for assertion in assertions)


def test_production_takes_money(prod: Template) -> None:
    assert accepted(prod, Stage="prod", PaymentProvider="stripe")
    assert not accepted(prod, Stage="prod", PaymentProvider="sandbox")
    # Also by its rule, where the allowed values are changed by hand.
    rule = prod["Rules"]["ProductionTakesMoney"]["Assertions"][0]["Assert"]
    assert not holds(rule, PaymentProvider="sandbox")


def test_production_sends_money(prod: Template) -> None:
    assert prod["Parameters"]["PayoutProvider"]["Default"] == "stripe"
    assert accepted(prod, Stage="prod", PayoutProvider="stripe")
    assert not accepted(prod, Stage="prod", PayoutProvider="sandbox")
    rule = prod["Rules"]["ProductionSendsMoney"]["Assertions"][0]["Assert"]
    assert not holds(rule, PayoutProvider="sandbox")


def test_another_currency_has_an_amount_of_its_own_for_the_second_person(prod: Template) -> None:
    rule = prod["Rules"]["SecondPersonInCurrency"]["Assertions"][0]["Assert"]
    over = prod["Parameters"]["SecondPersonOver"]["Default"]
    assert holds(rule, Currency="PKR", SecondPersonOver=over)
    assert not holds(rule, Currency="KWD", SecondPersonOver=over)
    assert holds(rule, Currency="KWD", SecondPersonOver="KWD:100000000")


@pytest.mark.parametrize("name", ORIGINS)
def test_production_has_no_origin_without_tls(prod: Template, name: str) -> None:
    assert accepted(prod, Stage="prod", **{name: "https://admin.example.com"})
    assert not accepted(prod, Stage="prod", **{name: "http://admin.example.com"})
    assert not accepted(prod, Stage="prod", **{name: "http://localhost:8081"})


def test_one_origin_without_tls_among_others_is_refused(prod: Template) -> None:
    assert accepted(prod, Stage="prod", CorsOrigins="https://a.example.com,https://b.example.com:8443")
    assert not accepted(prod, Stage="prod", CorsOrigins="https://a.example.com,http://b.example.com")


def test_a_template_for_another_stage_does_not_deploy_production(template: Template, prod: Template) -> None:
    assert accepted(template, Stage="dev", PaymentProvider="sandbox", AdminOrigin="http://localhost:8081")
    assert not accepted(template, Stage="prod")
    assert not accepted(prod, Stage="dev")


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ({"FirewallRequests": "0"}, True),
        *(({"FirewallRequests": str(number)}, False) for number in range(1, firewall.LEAST)),
        ({"FirewallRequests": str(firewall.LEAST)}, True),
        ({"ConsoleDomain": "gate.example.com"}, False),
        ({"ConsoleDomain": "gate.example.com", "ConsoleCertificate": _CERTIFICATE}, True),
        # The domain moves later, for example to another region.
        ({"ConsoleCertificate": _CERTIFICATE}, True),
    ],
    ids=str,
)
def test_what_aws_would_refuse_or_leave_out_is_refused_before_anything_changes(
    template: Template, given: dict[str, str], is_taken: bool
) -> None:
    assert accepted(template, Stage="dev", **given) == is_taken


@pytest.mark.by_day
def test_the_template_for_production_passes_cfn_lint(prod: Template, tmp_path: Any) -> None:
    merge.write(prod, tmp_path / "template.json")
    assert merge.lint(tmp_path / "template.json") == []


def test_the_stage_that_is_protected_is_the_stage_of_production() -> None:
    assert production.PROD == "prod"
