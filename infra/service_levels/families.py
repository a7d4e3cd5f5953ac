"""The alarms of each function, queue, schedule, rule, stream reader and index, made from these resources themselves.

A function that is not assigned to an area stops the build, so that none is forgotten.
"""

import re
from collections.abc import Iterator
from typing import Any

from infra.package import shares
from infra.service_levels.alarms import Area, Bound, Metric, Resource, Subject, of_expression, of_metric, share

Resources = dict[str, Resource]
_AREAS = {
    shares.API: Area.SALES,
    shares.GATES: Area.GATES,
    "Stream": Area.GATES,
    "Live": Area.GATES,
    "WatchDevices": Area.GATES,
    "Payments": Area.SALES,
    "Sweep": Area.BACK_OFFICE,
    "Jobs": Area.BACK_OFFICE,
    "Alerts": Area.BACK_OFFICE,
    "Messages": Area.PLATFORM,
    "SealAuditLog": Area.PLATFORM,
    "CanaryHook": Area.PLATFORM,
    "WebsocketConnect": Area.PLATFORM,
    "WebsocketMessage": Area.PLATFORM,
    "WebsocketDisconnect": Area.PLATFORM,
}
# Whose failure people at a gate or in a sale notice at once.
_PAGING = (shares.API, shares.GATES, "Stream", "Payments", "Sweep")
_NAMES = {shares.API: "Api", shares.GATES: "Gates"}
# A part of the time-out, and of what may run at once.
_NEAR = 80
_FAILED_SHARE, _THROTTLED_SHARE = 5, 1
# Milliseconds; live messages that are later than this are of no use.
_TRAILS = {"Stream": 60_000, "Live": 10_000}
# Seconds that the oldest message of a queue may wait: five retries take 15 min. Jobs are long, and wait for each other.
_WAITS, _WAITS_FOR = 1200, {"JobsQueue": 3600}
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


def expand(resources: Resources) -> Resources:
    """Return the alarms of the families of a template's resources. Raises ValueError for one without an area."""
    made: Resources = {}
    schedules = dict(_scheduled(resources))
    for name, part in _of_type(resources, "AWS::Lambda::Function"):
        made |= _of_function(name, part, schedules.get(name))
    for name, part in _of_type(resources, "AWS::Lambda::EventSourceMapping"):
        if "StartingPosition" in part:
            made |= _of_reader(name, part, resources)
    work = {part["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for _, part in _queues(resources, work=True)}
    for name, _ in _queues(resources, work=True):
        made |= _of_queue(name)
    for name, _ in _queues(resources, work=False):
        made |= _of_dead_letters(name, is_of_stream=name not in work)
    for name, part in _of_type(resources, "AWS::Events::Rule"):
        made |= _of_rule(name, part)
    for name, _ in _of_type(resources, "AWS::Scheduler::Schedule"):
        made |= _of_scheduler(name, resources[name].get("Condition"))
    for name, part in _of_type(resources, "AWS::DynamoDB::Table"):
        made |= _of_table(name, part)
    return made


def area_of(name: str) -> Area:
    """Return the area of a function, or of the queue or dead letters that are named after it."""
    owner = max((each for each in _AREAS if name.startswith(each)), key=len, default=None)
    if owner is None:
        raise ValueError(f"{name} has no area: name one in infra/service_levels/families.py, so that it is watched.")
    return _AREAS[owner]


def lambda_metric(function: Any, metric: str, statistic: str = "Sum") -> Metric:
    """Return a metric of a function, which is named as in the template; of all functions, if it is None."""
    return Metric("AWS/Lambda", metric, {"FunctionName": function} if function else {}, statistic)


def _of_function(name: str, part: dict[str, Any], schedule: str | None) -> Resources:
    area, short, function = area_of(name), _NAMES.get(name, name), part["FunctionName"]
    limit = deployed(part["Timeout"])
    pages = name in _PAGING
    made = {
        f"{short}DurationAlarm": of_metric(
            Subject("function-duration", area),
            lambda_metric(function, "Duration", "Maximum"),
            Bound(limit * 10 * _NEAR, period=300, of=3, least=2),
            says=f"{name} runs for over {_NEAR} % of its {limit} s",
        )
    }
    calls = {"bad": lambda_metric(function, "Errors"), "total": lambda_metric(function, "Invocations")}
    if schedule is None:
        made[f"{short}ErrorsAlarm"] = of_expression(
            Subject("function-errors", area, pages=pages),
            share("bad", "total", least=3),
            calls,
            Bound(_FAILED_SHARE, period=300, of=3, least=2),
            says=f"Over {_FAILED_SHARE} % of {name}'s calls fail",
        )
    else:
        made[f"{short}SilentAlarm"] = of_expression(
            Subject("schedule-silent", area, pages=pages),
            "FILL(total, 0) - FILL(bad, 0)",
            calls,
            _unheard(schedule),
            says=f"{name}, a schedule ({schedule}), has not succeeded",
        )
    if name in shares.RESERVED:
        parameter, condition = shares.RESERVED[name]
        made[f"{short}ConcurrencyAlarm"] = of_expression(
            Subject("concurrency", area, condition=condition),
            {"Fn::Sub": f"100 * used / ${{{parameter}}}"},
            {"used": lambda_metric(function, "ConcurrentExecutions", "Maximum")},
            Bound(_NEAR, period=60, of=5, least=3),
            says=f"{name} uses over {_NEAR} % of {parameter}",
        )
        made[f"{short}ThrottlesAlarm"] = throttled(
            Subject("concurrency", area, pages=True), function, says=f"{name} is throttled at {parameter}"
        )
    return made


def throttled(subject: Subject, function: Any, *, says: str) -> Resource:
    """Return the alarm on the share of throttled calls."""
    metrics = {"bad": lambda_metric(function, "Throttles"), "calls": lambda_metric(function, "Invocations")}
    # A throttled call is no invocation (AWS: "Types of metrics for Lambda functions").
    expression = "IF(FILL(bad, 0) >= 10, 100 * FILL(bad, 0) / (FILL(calls, 0) + FILL(bad, 0)), 0)"
    return of_expression(subject, expression, metrics, Bound(_THROTTLED_SHARE, period=60, of=3, least=2), says=says)


def _unheard(schedule: str) -> Bound:
    """Return when a schedule has not succeeded for too long: three of its periods, at least a quarter of an hour."""
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    if found is None:
        # A time of day: without a success in 26 hours, which is within the week that an alarm may look at (AWS).
        return Bound(1, period=3600, of=26, least=26, below=True, quiet=False)
    every = int(found[1]) * _UNITS[found[2]]
    return Bound(1, period=max(300, every), of=3, least=3, below=True, quiet=False)


def _of_reader(name: str, part: dict[str, Any], resources: Resources) -> Resources:
    reader = part["FunctionName"]["Ref"] if "Ref" in part["FunctionName"] else name.removesuffix("Source")
    area, function = area_of(reader), resources[reader]["Properties"]["FunctionName"]
    pages = reader in _PAGING
    return {
        # Each minute's sweep writes its mark into the table, so that a reader that reads has something to read.
        f"{reader}SilentAlarm": of_metric(
            Subject("stream-silent", area, pages=pages),
            Metric("AWS/Lambda", "PolledEventCount", {"EventSourceMappingUUID": {"Ref": name}}),
            Bound(1, period=300, of=3, least=3, below=True, quiet=False),
            says=f"{reader} has read no change of the table for 15 minutes",
        ),
        f"{reader}DelayAlarm": of_metric(
            Subject("stream-delay", area, pages=pages),
            lambda_metric(function, "IteratorAge", "Maximum"),
            Bound(_TRAILS[reader], period=60, of=10, least=5),
            says=f"{reader} trails the table by over {_TRAILS[reader] // 1000} s",
        ),
        # AWS: counts no record that the destination took ("Using CloudWatch metrics with Lambda").
        f"{reader}DroppedAlarm": of_metric(
            Subject("dead-letters", area, pages=pages),
            Metric("AWS/Lambda", "DroppedEventCount", {"EventSourceMappingUUID": {"Ref": name}}),
            Bound(0, period=60),
            says=f"{reader} gave up records, and the bucket of its letters did not take them: catch up",
        ),
    }


def _of_queue(name: str) -> Resources:
    waits = _WAITS_FOR.get(name, _WAITS)
    return {
        f"{name}AgeAlarm": of_metric(
            Subject("queue-age", area_of(name)),
            queue_metric(name, "ApproximateAgeOfOldestMessage"),
            Bound(waits, period=60, of=5, least=5),
            says=f"The oldest message of {name} waits for over {waits // 60} min",
        )
    }


def _of_dead_letters(name: str, *, is_of_stream: bool) -> Resources:
    return {
        f"{name.removesuffix('s')}Alarm": of_metric(
            Subject("dead-letters", area_of(name), pages=name in ("StreamDeadLetters", "PaymentsDeadLetters")),
            queue_metric(name, "ApproximateNumberOfMessagesVisible"),
            Bound(0, period=60),
            says=f"{name} has a {'record of the stream' if is_of_stream else 'message'}: fix the cause, then redrive",
        )
    }


def queue_metric(name: str, metric: str) -> Metric:
    """Return a metric of a queue, at its maximum."""
    return Metric("AWS/SQS", metric, {"QueueName": {"Fn::GetAtt": [name, "QueueName"]}}, "Maximum")


def _of_rule(name: str, part: dict[str, Any]) -> Resources:
    # AWS: a rule of another bus than the account's own has both dimensions ("EventBridge metrics"). A reference to a
    # rule of the account's own bus is its name.
    bus = {"EventBusName": part["EventBusName"]} if "EventBusName" in part else {}
    (target,) = part["Targets"]
    area = area_of(target["Arn"]["Fn::GetAtt"][0])
    failed = Metric("AWS/Events", "FailedInvocations", {**bus, "RuleName": part.get("Name", {"Ref": name})})
    if "ScheduleExpression" in part or "DeadLetterConfig" in target:
        # The next run does what this one did not; what a queue of dead letters took has its alarm there.
        return {
            f"{name}FailedAlarm": of_metric(
                Subject("rule-failed", area),
                failed,
                Bound(2, period=900),
                says=f"EventBridge could not call the target of {name} three times in 15 minutes",
            )
        }
    # Nothing repeats a notice: a dead letter without one has no other alarm (D-OPS-41).
    return {
        f"{name.removesuffix('Rule')}UnnoticedAlarm": of_metric(
            Subject("dead-letters", area, pages=name.startswith(_PAGING)),
            failed,
            Bound(0, period=60),
            says=f"A dead letter is in its bucket, and EventBridge lost the notice of {name}",
        )
    }


def _of_scheduler(name: str, condition: str | None) -> Resources:
    return {
        f"{name}RuleFailedAlarm": of_metric(
            Subject("rule-failed", Area.PLATFORM, condition=condition),
            # AWS has no metric of one schedule, only of its group ("Monitoring Amazon EventBridge Scheduler").
            Metric("AWS/Scheduler", "TargetErrorCount", {"ScheduleGroup": "default"}),
            Bound(2, period=3600),
            says=f"EventBridge Scheduler could not call targets, such as that of {name}",
        )
    }


def _of_table(name: str, part: dict[str, Any]) -> Resources:
    indexes = [index["IndexName"] for index in part.get("GlobalSecondaryIndexes", [])]
    made = {}
    for index in (None, *indexes):
        dimensions = {"TableName": {"Ref": name}, **({"GlobalSecondaryIndexName": index} if index else {})}
        metrics = {
            kind: Metric("AWS/DynamoDB", f"{kind.capitalize()}ThrottleEvents", dimensions) for kind in ("read", "write")
        }
        made[f"{(index or name).capitalize()}ThrottlesAlarm"] = of_expression(
            Subject("table-throttles", Area.PLATFORM, pages=True),
            "FILL(read, 0) + FILL(write, 0)",
            metrics,
            # The SDK repeats a throttled request, so that a few a minute are not noticed.
            Bound(30, period=60, of=5, least=3),
            says=f"The {f'index {index}' if index else 'table'} is throttled",
        )
    return made


def deployed(value: Any) -> Any:
    """Return a value that the template chooses by IsLocal, as it is on AWS."""
    match value:
        case {"Fn::If": ["IsLocal", _, elsewhere]}:
            return elsewhere
    return value


def _scheduled(resources: Resources) -> Iterator[tuple[str, str]]:
    for _, part in _of_type(resources, "AWS::Events::Rule"):
        if "ScheduleExpression" in part:
            yield part["Targets"][0]["Arn"]["Fn::GetAtt"][0], part["ScheduleExpression"]


def _queues(resources: Resources, *, work: bool) -> list[tuple[str, dict[str, Any]]]:
    found = _of_type(resources, "AWS::SQS::Queue")
    return [(name, part) for name, part in found if ("RedrivePolicy" in part) is work]


def _of_type(resources: Resources, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, part["Properties"]) for name, part in resources.items() if part["Type"] == kind]
