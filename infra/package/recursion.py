"""Functions that send to a queue from which they are called, by themselves or through others.

Lambda stops such a loop after about 16 turns (AWS: "Use Lambda recursive loop detection to prevent infinite loops").
These loops are meant and end by themselves: a job queues its next step, and an SMS over a cap waits in its queue.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

Resources = dict[str, Any]
_SENDS = "sqs:SendMessage"


def allowed(resources: Resources) -> Resources:
    """Return the resources with the functions of such loops allowed to go on."""
    in_loops = loops(resources)
    return {
        name: {**part, "Properties": {**part["Properties"], "RecursiveLoop": "Allow"}} if name in in_loops else part
        for name, part in resources.items()
    }


def loops(resources: Resources) -> set[str]:
    """Return the functions that a message of their own may reach again, by what their policies allow."""
    calls = _calls(resources)
    return {name for name in calls if name in _reached(calls, name)}


def _calls(resources: Resources) -> dict[str, set[str]]:
    """Return, for each function, the functions whose queues it may send to."""
    taken_by: dict[str, set[str]] = {}
    for part in resources.values():
        if part["Type"] == "AWS::Lambda::EventSourceMapping":
            for queue in _references(part["Properties"]["EventSourceArn"]):
                taken_by.setdefault(queue, set()).add(part["Properties"]["FunctionName"]["Ref"])
    found: dict[str, set[str]] = {}
    for name, part in resources.items():
        if part["Type"] == "AWS::Lambda::Function":
            (role,) = _references(part["Properties"]["Role"])
            queues = _queues_of(resources[role])
            found[name] = {function for queue in queues for function in taken_by.get(queue, ())}
    return found


def _queues_of(role: dict[str, Any]) -> set[str]:
    return {
        queue
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and _SENDS in statement["Action"]
        for queue in _references(statement.get("Resource", []))
    }


def _references(part: Any) -> set[str]:
    """Return the logical names that a part of the template refers to."""
    return set(re.findall(r'(?:"Ref": "|"Fn::GetAtt": \[?"|\$\{)([A-Za-z0-9]+)', json.dumps(part)))


def _reached(calls: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(calls[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += calls.get(name, ())
    return found
