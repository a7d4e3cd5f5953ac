"""The functions that share the API's routes, and what each may use of the account's concurrency (D-SEC-61).

The routes of the gates run in a function of their own. Reserved concurrency is a share that no other function can use,
and a bound that the function cannot pass. The function of the gates has a handler and an archive of its own (gates.py).
"""

import copy
import json
from typing import Any

from chalicelib.portals.http.paths import is_of_gates
from infra.package import application
from infra.package.application import Template
from infra.package.targets import ROOT

API, GATES = "APIHandler", "GatesHandler"
_ROLE, _PERMISSION = "ApiHandlerRole", "APIHandlerInvokePermission"
_GATES_ROLE, _GATES_PERMISSION = "GatesHandlerRole", "GatesHandlerInvokePermission"
# The template's parameter of a function's reserved concurrency, and the condition that there is one.
RESERVED = {API: ("ApiConcurrency", "ReservesApi"), GATES: ("GatesConcurrency", "ReservesGates")}
CONDITIONS = {
    condition: {"Fn::And": [{"Fn::Not": [{"Condition": "IsLocal"}]}, {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, 0]}]}]}
    for name, condition in RESERVED.values()
}


def function_of(path: str) -> str:
    """Return the logical name of the function that answers a route's path."""
    return GATES if is_of_gates(path) else API


def with_gates(chalice: Template) -> Template:
    """Return Chalice's template with the function of the gates beside the API's, which Chalice does not know."""
    resources = dict(chalice["Resources"])
    if API not in resources:
        return chalice
    policy = json.loads((ROOT / ".chalice" / "policy-gates.json").read_text(encoding="utf-8"))
    role = copy.deepcopy(resources[_ROLE])
    (only,) = role["Properties"]["Policies"]
    only |= {"PolicyName": "GatesHandlerRolePolicy", "PolicyDocument": policy}
    function = copy.deepcopy(resources[API])
    function["Properties"]["Handler"] = f"{application.GATES}.app"
    function["Properties"]["Role"] = {"Fn::GetAtt": [_GATES_ROLE, "Arn"]}
    # Its events would be the API's routes; the gateway names them (gateway.py).
    function["Properties"].pop("Events", None)
    made = {
        GATES: function,
        _GATES_ROLE: role,
        _GATES_PERMISSION: _renamed(resources[_PERMISSION]),
    }
    return {**chalice, "Resources": {**resources, **made}}


def integrated(path: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return the methods of a path with the function that answers them."""
    renamed: dict[str, Any] = _renamed(item) if function_of(path) == GATES else item
    return renamed


def reserved(function: str) -> dict[str, Any]:
    """Return the property that reserves a function's concurrency; empty where nothing is reserved for it."""
    if function not in RESERVED:
        return {}
    parameter, condition = RESERVED[function]
    return {"ReservedConcurrentExecutions": {"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}}


def _renamed(part: Any) -> Any:
    return json.loads(json.dumps(part).replace(API, GATES))
