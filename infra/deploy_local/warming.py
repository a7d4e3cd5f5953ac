"""The functions behind queues, stream and schedules, started one after another before anything depends on them.

MiniStack unpacks the whole package for each process that it starts. A message whose function starts for longer than
its queue hides it would be delivered twice, and a schedule would start another process each minute.
"""

import json
from functools import partial
from typing import Any

from infra.deploy.seen import wait_for
from infra.deploy_local.deployment import FUNCTION_SECONDS, Deployment
from infra.local.console import step

_SECONDS = 900.0


def warm_up(deployment: Deployment) -> None:
    """Start the process of each function by a batch without records or by its schedule; then enable the schedules."""
    # A second request while the first one starts a process would start another.
    functions = deployment.cloud.client("lambda", seconds=FUNCTION_SECONDS + 30, attempts=1)
    events = deployment.cloud.client("events")
    step("warming up the functions of queues, stream and schedules")
    mapped = {each["FunctionArn"] for each in functions.list_event_source_mappings()["EventSourceMappings"]}
    for function in sorted(mapped):
        _start(functions, function, {"Records": []})
    for rule in events.list_rules()["Rules"]:
        if "ScheduleExpression" not in rule:
            continue
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
            _start(functions, target["Arn"], _scheduled(rule["Arn"]))
        events.enable_rule(Name=rule["Name"])


def _start(functions: Any, function: str, event: dict[str, Any]) -> None:
    name = function.partition(":function:")[2]
    wait_for(name, partial(_starts, functions, function, json.dumps(event).encode()), seconds=_SECONDS)


def _starts(functions: Any, function: str, event: bytes) -> bool:
    return "FunctionError" not in functions.invoke(FunctionName=function, Payload=event)


def _scheduled(rule: str) -> dict[str, Any]:
    """Return what a schedule sends (AWS: "Using Lambda with EventBridge schedules")."""
    return {
        "version": "0",
        "id": "warm-up",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-11-28T00:00:00Z",
        "region": "us-east-1",
        "resources": [rule],
        "detail": {},
    }
