"""The gates' function, what each function may use of the concurrency, and the throttles in front of them."""

import json
import re
from typing import Any

import pytest

import app
from chalicelib.portals.http.paths import INCIDENT_REPORT
from chalicelib.portals.http.route import ROUTES, AnyRoute
from infra.package import canary, parameters, shares, throttles
from tests.infra import reading

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
_STEPS = 2


def _integrations(template: Template) -> dict[str, set[str]]:
    """Return the functions that the API's paths name, by path."""
    (api,) = reading.of_type(template, "AWS::ApiGateway::RestApi").values()
    return {
        path: set(re.findall(r"\$\{(\w+)Alias\}/invocations", json.dumps(item)))
        for path, item in api["Body"]["paths"].items()
    }


def test_the_routes_of_ushers_and_devices_and_no_others_run_in_the_gates_function(template: Template) -> None:
    named = _integrations(template)
    assert set(named) == set(app.app.routes)
    of_gates = {path for path, names in named.items() if names == {shares.GATES}}
    portals = {path for path in named if path.startswith(("/api/usher/", "/api/device/"))}
    # A report of an incident may bring a photo, which the archive of the gates cannot decode.
    assert portals - of_gates == {INCIDENT_REPORT}
    assert of_gates < portals
    assert all(named[path] == {shares.API} for path in set(named) - of_gates)


def test_the_gates_function_has_a_handler_an_archive_a_role_and_a_log_of_its_own(template: Template) -> None:
    api, gates = (template["Resources"][name]["Properties"] for name in (shares.API, shares.GATES))
    own = {"FunctionName", "Handler", "Code", "Role", "LoggingConfig", "ReservedConcurrentExecutions"}
    assert {name: part for name, part in api.items() if name not in own} == {
        name: part for name, part in gates.items() if name not in own
    }
    assert all(api[name] != gates[name] for name in own)
    assert gates["Handler"] == "gates.app"
    assert gates["Code"] == {**api["Code"], "S3Key": reading.KEYS["gates_key"]}
    assert gates["LoggingConfig"] == {**api["LoggingConfig"], "LogGroup": {"Ref": "GatesLog"}}


def test_the_gateway_may_call_both_functions(template: Template) -> None:
    allowed = {
        reading.logical_name(permission["FunctionName"])
        for permission in reading.of_type(template, "AWS::Lambda::Permission").values()
        if {"Ref": "RestAPI"} in permission["SourceArn"].get("Fn::Sub", ["", {}])[1].values()
    }
    assert allowed == {canary.alias_of(function) for function in (shares.API, shares.GATES)}


@pytest.mark.parametrize("function", [shares.API, shares.GATES])
def test_concurrency_is_reserved_unless_the_stage_says_zero(template: Template, function: str) -> None:
    parameter, condition = shares.RESERVED[function]
    declared = template["Resources"][function]["Properties"]["ReservedConcurrentExecutions"]
    assert declared == {"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}
    assert template["Parameters"][parameter]["Default"] > 0
    assert {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]} in template["Conditions"][condition]["Fn::And"]


def test_what_is_reserved_leaves_lambda_its_hundred_and_the_workers_more() -> None:
    # AWS: a hundred of an account's thousand cannot be reserved.
    reserved = sum(parameters.PARAMETERS[parameter]["Default"] for parameter, _ in shares.RESERVED.values())
    assert reserved <= 1000 - 100 - 200


def _settings(template: Template) -> dict[tuple[str, str], throttles.Throttle]:
    (stage,) = reading.of_type(template, "AWS::ApiGateway::Stage").values()
    return {
        (each["ResourcePath"], each["HttpMethod"]): throttles.Throttle(
            each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]
        )
        for each in stage["MethodSettings"]
    }


def _key(route: AnyRoute) -> tuple[str, str]:
    return throttles.resource_path(route.path), route.method


def test_a_throttle_names_its_method_as_cloudformation_has_it(template: Template) -> None:
    # AWS: "the path value /resource/subresource must be encoded as /~1resource~1subresource".
    assert throttles.resource_path("/resource/subresource") == "/~1resource~1subresource"
    (api,) = reading.of_type(template, "AWS::ApiGateway::RestApi").values()
    methods = {(path, method) for path, item in api["Body"]["paths"].items() for method in item}
    own = set(_settings(template)) - {("/*", "*")}
    # With their first slash the names of the paths are whole, and each names a method that the API has.
    assert {(path.removeprefix("/").replace("~1", "/"), method.lower()) for path, method in own} <= methods


def test_every_open_route_has_a_throttle_of_its_own_and_the_stage_has_one(template: Template) -> None:
    found = _settings(template)
    stage = found.pop(("/*", "*"))
    assert set(found) == {
        (_key(route)[0], method) for route in ROUTES if route.guard is None for method in route.methods
    }
    assert all(each.rate < stage.rate and each.burst < stage.burst for each in found.values())


@pytest.mark.parametrize("function", [shares.API, shares.GATES])
def test_padded_routes_hold_at_most_half_of_their_functions_concurrency(template: Template, function: str) -> None:
    found = _settings(template)
    seconds = _STEPS * parameters.PARAMETERS["AnswerPaceMs"]["Default"] / 1000
    padded = [route for route in ROUTES if route.padded and shares.function_of(route.path) == function]
    held = sum(found[_key(route)].held(seconds) for route in padded)
    assert padded
    assert held <= parameters.PARAMETERS[shares.RESERVED[function][0]]["Default"] / 2


def test_the_firewall_is_off_by_default_and_counts_by_address(template: Template) -> None:
    assert template["Parameters"]["FirewallRequests"]["Default"] == 0
    for name in ("Firewall", "FirewallOfApi"):
        assert template["Resources"][name]["Condition"] == "HasFirewall"
    firewall = template["Resources"]["Firewall"]["Properties"]
    assert firewall["DefaultAction"] == {"Allow": {}}
    rules = [rule.get("Fn::If", [None, rule])[1] for rule in firewall["Rules"]]
    rates = [rule["Statement"]["RateBasedStatement"] for rule in rules]
    # Each limit twice: by the caller's address, and by the one that the distribution names.
    assert [(rate["AggregateKeyType"], rate["Limit"]) for rate in rates] == [
        ("IP", {"Ref": "FirewallRequests"}),
        ("IP", {"Ref": "FirewallLogIns"}),
        ("FORWARDED_IP", {"Ref": "FirewallRequests"}),
        ("FORWARDED_IP", {"Ref": "FirewallLogIns"}),
    ]
    for direct, behind in ((rates[0], rates[2]), (rates[1], rates[3])):
        # A request counts in one of both: the distribution's are those with its secret.
        assert (
            _scope(direct)[0]["NotStatement"]["Statement"]["ByteMatchStatement"]["SearchString"]["Fn::If"][1]
            == (_scope(behind)[0]["ByteMatchStatement"]["SearchString"])
        )
        assert _scope(direct)[1:] == _scope(behind)[1:]
    log_ins = re.compile(_scope(rates[1])[1]["RegexMatchStatement"]["RegexString"])
    missed = [route.path for route in ROUTES if route.padded and not log_ins.search(route.path)]
    assert missed == []
    # AWS WAF takes a pattern of 512 characters.
    assert len(log_ins.pattern) <= 512
    # Samples would hold paths and headers.
    views = [firewall["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in rules)]
    assert not any(view["SampledRequestsEnabled"] for view in views)


def _scope(rate: dict[str, Any]) -> list[dict[str, Any]]:
    scope = rate["ScopeDownStatement"]
    found: list[dict[str, Any]] = scope["AndStatement"]["Statements"] if "AndStatement" in scope else [scope]
    return found
