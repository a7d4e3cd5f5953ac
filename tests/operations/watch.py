"""What CloudWatch would see of a run on the local cloud: the metric of an alarm of the template, computed here.

A queue's depth is asked of the queue that the alarm names. A counted line is found by the metric filters of the alarm's
metric. Whether it is over the bound is the alarm's own comparison, for one period.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from infra import template
from infra.local.resources import Cloud
from infra.service_levels import families, lines

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
# What the package adds to infra/resources, as far as an alarm on the stream's reader needs it.
_READER: dict[str, Any] = {
    "Stream": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "gatehouse-stream", "Timeout": 30}},
    "StreamSource": {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"FunctionName": {"Ref": "Stream"}, "StartingPosition": "TRIM_HORIZON"},
    },
}
_CLAUSE = re.compile(r'\$\.(\w+) (=|!=|>=|>) ("[^"]*"|[\d.]+)')
Line = Mapping[str, Any]


def alarm(name: str) -> dict[str, Any]:
    """Return the properties of an alarm of the template."""
    found: dict[str, Any] = resources()[name]["Properties"]
    return found


def resources() -> dict[str, Any]:
    """Return the resources of the template, with what watches them."""
    found: dict[str, Any] = template.load()["Resources"]
    return {**found, **families.expand({**found, **_READER}), **lines.expand()}


def is_over(name: str, value: float) -> bool:
    """Whether a value of an alarm's metric is over its bound."""
    properties = alarm(name)
    return _SIGNS[properties["ComparisonOperator"]](value, float(properties["Threshold"]))


def depth(cloud: Cloud, name: str) -> int:
    """Return the messages of the queue that an alarm watches."""
    properties = alarm(name)
    assert (properties["Namespace"], properties["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    [dimension] = properties["Dimensions"]
    logical = dimension["Value"]["Fn::GetAtt"][0]
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=resources()[logical]["Properties"]["QueueName"]["Fn::If"][1])["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"])


def counted(name: str, lines: Iterable[Line], *, log: str) -> int:
    """Return how many lines the metric filters of an alarm count in one log group of the template."""
    properties = alarm(name)
    patterns = [
        part["Properties"]["FilterPattern"]
        for part in resources().values()
        if part["Type"] == "AWS::Logs::MetricFilter"
        and part["Properties"]["LogGroupName"] == {"Ref": log}
        and any(
            made["MetricName"] == properties["MetricName"] and made["MetricNamespace"] == properties["Namespace"]
            for made in part["Properties"]["MetricTransformations"]
        )
    ]
    assert patterns, f"no filter of {log} counts for {name}"
    dimensions = {each["Name"]: each["Value"] for each in properties.get("Dimensions", [])}
    return sum(
        any(matches(pattern, line) for pattern in patterns)
        and all(str(line.get(key)) == value for key, value in dimensions.items())
        for line in lines
    )


def matches(pattern: str, line: Line) -> bool:
    """Whether a line matches a filter pattern of JSON whose clauses are joined by &&."""
    clauses = pattern.strip("{} ").split(" && ")
    return all(_holds(clause, line) for clause in clauses)


def _holds(clause: str, line: Line) -> bool:
    found = _CLAUSE.fullmatch(clause.strip("() "))
    assert found, f"this evaluator does not know {clause!r}"
    value, sign, wanted = line.get(found[1]), found[2], found[3].strip('"')
    if sign in ("=", "!="):
        return (str(value) == wanted) is (sign == "=")
    return value is not None and (float(value) > float(wanted) or (sign == ">=" and float(value) == float(wanted)))
