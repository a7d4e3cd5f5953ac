"""Alarms have their level or rule, runbook and dashboard; what can fail has its alarm; every metric is published."""

import ast
import fnmatch
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.package.targets import ROOT
from infra.service_levels import families, kinds, levels, table
from infra.service_levels.alarms import Area
from tests.docs import runbooks
from tests.infra import reading, watched

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
_CODE = ROOT / "chalicelib"
# Kinds of which a single event is an alarm: they must never happen, or each needs a person.
_NEVER = {
    "ledger-imbalance",
    "double-admission",
    "dead-letters",
    "audit-log-broken",
    "settlement-given-up",
    "work-given-up",
    "payout-bounced",
    "provider-differs",
    "payouts-paid",
    # One count is twenty wrong factors of an account in an hour.
    "second-factor",
}
# AWS: the metrics that these services publish by themselves, with the dimensions that are used here. "Types of metrics
# for Lambda functions", "Amazon API Gateway dimensions and metrics", "Available CloudWatch metrics for Amazon SQS",
# "DynamoDB metrics and dimensions", "Monitoring Amazon EventBridge", "Monitoring Amazon EventBridge Scheduler",
# "Monitoring your Amazon SES sender reputation", "Monitoring Amazon SNS topics using CloudWatch", "CloudWatch usage
# metrics", "Create a billing alarm".
_FUNCTION, _ALL = frozenset({"FunctionName"}), frozenset[str]()
_INDEX = frozenset({"TableName", "GlobalSecondaryIndexName"})
_AWS: dict[str, tuple[set[str], set[frozenset[str]]]] = {
    "AWS/Lambda": (
        {
            "Errors",
            "Invocations",
            "Duration",
            "Throttles",
            "ConcurrentExecutions",
            "IteratorAge",
            "PolledEventCount",
            "DroppedEventCount",
        },
        {
            _FUNCTION,
            _ALL,
            frozenset({"EventSourceMappingUUID"}),
            frozenset({"FunctionName", "Resource"}),
            frozenset({"FunctionName", "Resource", "ExecutedVersion"}),
        },
    ),
    "AWS/ApiGateway": ({"4XXError", "5XXError", "Count", "Latency"}, {frozenset({"ApiName", "Stage"})}),
    "AWS/SQS": (
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
        {frozenset({"QueueName"})},
    ),
    "AWS/DynamoDB": ({"ReadThrottleEvents", "WriteThrottleEvents"}, {frozenset({"TableName"}), _INDEX}),
    "AWS/Events": ({"FailedInvocations"}, {frozenset({"RuleName"}), frozenset({"EventBusName", "RuleName"})}),
    "AWS/Scheduler": ({"TargetErrorCount"}, {frozenset({"ScheduleGroup"})}),
    "AWS/SES": ({"Reputation.BounceRate", "Reputation.ComplaintRate"}, {_ALL}),
    "AWS/SNS": ({"SMSMonthToDateSpentUSD"}, {_ALL}),
    "AWS/Usage": ({"ResourceCount"}, {frozenset({"Service", "Type", "Resource", "Class"})}),
    "AWS/Billing": ({"EstimatedCharges"}, {frozenset({"Currency"})}),
}


@pytest.fixture(scope="module")
def prod(make_template: Any) -> Template:
    """The template that production is deployed with, where the stack makes its own table and keys."""
    made: Template = reading.as_made(make_template("prod"))
    return made


def _said(template: Template) -> dict[str, dict[str, Any]]:
    return {name: part["Metadata"] for name, part in watched.alarms(template).items()}


# One to one.


def test_each_alarm_is_of_a_kind_and_its_description_ends_with_the_runbook(prod: Template) -> None:
    for name, part in watched.alarms(prod).items():
        page = kinds.runbook(part["Metadata"]["Kind"])
        if part["Type"] != watched.BUDGET:
            assert part["Properties"]["AlarmDescription"].endswith(f". {page}"), name
            assert len(part["Properties"]["AlarmDescription"]) <= 1024, "AWS: AlarmDescription"


def test_each_kind_has_an_alarm_and_each_alarm_a_kind(prod: Template) -> None:
    assert {said["Kind"] for said in _said(prod).values()} == set(kinds.KINDS)


def test_each_kind_has_one_runbook_whose_alarms_are_those_of_the_kind(prod: Template) -> None:
    of_kind: dict[str, set[str]] = {}
    for name, said in _said(prod).items():
        of_kind.setdefault(said["Kind"], set()).add(name)
    named = {
        page.stem: runbooks.alarms(page.read_text(encoding="utf-8").partition("**What users see.**")[0])
        for page in runbooks.each_page()
    }
    # A page that names no alarm is of a situation, in which none leads.
    assert {page for page, patterns in named.items() if patterns} == set(kinds.KINDS)
    for kind, names in of_kind.items():
        patterns = named[kind]
        # The windows of a burn notify nobody; their composite alarm does.
        notifying = {name for name in names if not re.search(r"Burn\d+[hm]Alarm$", name)}
        assert {each for each in notifying if not any(fnmatch.fnmatch(each, one) for one in patterns)} == set(), kind
        every = [name for names in of_kind.values() for name in names]
        assert {one for one in patterns if not fnmatch.filter(every, one)} == set(), kind
        reached = {name for one in patterns for name in fnmatch.filter(every, one)}
        assert reached <= names, kind


def test_the_levels_of_the_alarms_are_those_that_are_declared(prod: Template) -> None:
    declared = {str(level.subject.level) for level in levels.LEVELS} | {"payouts"}
    assert {said["Level"] for said in _said(prod).values() if "Level" in said} == declared
    of_levels = {said["Kind"]: said["Level"] for said in _said(prod).values() if "Level" in said}
    assert len(of_levels) == len(declared)


def test_each_alarm_has_its_place_on_the_dashboard_of_its_area(prod: Template) -> None:
    shown: dict[str, list[str]] = {}
    for name, text, places in _boards(prod):
        (listed,) = [each for each in json.loads(text)["widgets"] if each["type"] == "alarm"]
        assert len(listed["properties"]["alarms"]) + len(places) <= 100, "AWS: alarms of a widget"
        board = str(prod["Resources"][name]["Properties"]["DashboardName"]["Fn::Sub"])
        for alarm in [*re.findall(r"\$\{(\w+)\.Arn\}", json.dumps(listed)), *places]:
            shown.setdefault(alarm, []).append(board)
    expected = {
        name: [f"gatehouse-${{Stage}}${{NameSuffix}}-{part['Metadata']['Area']}"]
        for name, part in watched.alarms(prod).items()
        if part["Type"] != watched.BUDGET  # it is the graph of costs that shows it
    }
    assert shown == expected
    boards = reading.of_type(prod, "AWS::CloudWatch::Dashboard")
    assert len(boards) == len(Area)
    # AWS: "CloudWatch service quotas".
    assert all(len(json.loads(text)["widgets"]) <= 500 for _, text, _ in _boards(prod))


def test_the_page_of_all_alarms_is_that_of_the_template(template: Template) -> None:
    # python -m infra.service_levels
    assert (ROOT / "docs" / "alarms.md").read_text(encoding="utf-8") == table.text(template)


# Nothing is forgotten, and nothing cries wolf.


def test_each_function_queue_rule_reader_and_index_has_its_alarms(prod: Template) -> None:
    names = set(watched.alarms(prod))
    scheduled = {
        reading.logical_name(rule["Targets"][0]["Arn"])
        for rule in reading.of_type(prod, "AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
    }
    assert len(scheduled) >= 3
    for function in reading.of_type(prod, "AWS::Lambda::Function"):
        short = {"APIHandler": "Api", "GatesHandler": "Gates"}.get(function, function)
        assert f"{short}DurationAlarm" in names
        assert (f"{short}SilentAlarm" if function in scheduled else f"{short}ErrorsAlarm") in names
    for name, queue in reading.of_type(prod, "AWS::SQS::Queue").items():
        assert (f"{name}AgeAlarm" if "RedrivePolicy" in queue else f"{name.removesuffix('s')}Alarm") in names
    for rule in reading.of_type(prod, "AWS::Events::Rule"):
        assert {f"{rule}FailedAlarm", f"{rule.removesuffix('Rule')}UnnoticedAlarm"} & names
    for schedule in reading.of_type(prod, "AWS::Scheduler::Schedule"):
        assert f"{schedule}RuleFailedAlarm" in names
    for mapping, part in reading.of_type(prod, "AWS::Lambda::EventSourceMapping").items():
        if "StartingPosition" in part:
            assert part["MetricsConfig"] == {"Metrics": ["EventCount"]}
            silent = prod["Resources"][f"{mapping.removesuffix('Source')}SilentAlarm"]["Properties"]
            assert watched.dimensions_of(silent) == {"EventSourceMappingUUID": {"Ref": mapping}}
    (tables,) = reading.of_type(prod, "AWS::DynamoDB::Table").values()
    for index in ("table", *(each["IndexName"] for each in tables["GlobalSecondaryIndexes"])):
        assert f"{index.capitalize()}ThrottlesAlarm" in names


def test_what_each_asynchronous_target_cannot_take_has_an_end_with_an_alarm(prod: Template) -> None:
    """A further try that is bounded, then dead letters; the first that even these did not take is an alarm."""

    def is_alarm_at_first(name: str, metric: str) -> bool:
        return watched.is_raised(prod, name, {metric: [None] * 30 + [1] + [None] * 29}, minute=30)

    readers = [
        (name, part)
        for name, part in reading.of_type(prod, "AWS::Lambda::EventSourceMapping").items()
        if "StartingPosition" in part
    ]
    for name, part in readers:
        assert part["MaximumRetryAttempts"] > 0
        assert part["MaximumRecordAgeInSeconds"] > 0
        assert part["DestinationConfig"]["OnFailure"]["Destination"]
        alarm = f"{name.removesuffix('Source')}DroppedAlarm"
        assert is_alarm_at_first(alarm, "DroppedEventCount"), name
        assert watched.dimensions_of(prod["Resources"][alarm]["Properties"]) == {
            "EventSourceMappingUUID": {"Ref": name}
        }
    rules = reading.of_type(prod, "AWS::Events::Rule")
    for name, part in rules.items():
        (target,) = part["Targets"]
        # A schedule's end is its next run, whose absence is an alarm (SilentAlarm).
        if "ScheduleExpression" not in part:
            kept = reading.logical_name(target["DeadLetterConfig"]["Arn"]) if "DeadLetterConfig" in target else None
            if kept is None:
                assert is_alarm_at_first(f"{name.removesuffix('Rule')}UnnoticedAlarm", "FailedInvocations"), name
            else:
                assert is_alarm_at_first(f"{kept.removesuffix('s')}Alarm", "ApproximateNumberOfMessagesVisible"), name
    assert len(readers) == 2
    assert len(rules) >= 7
    for name, schedule in reading.of_type(prod, "AWS::Scheduler::Schedule").items():
        assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] <= 10, name
        assert f"{name}RuleFailedAlarm" in watched.alarms(prod)


def test_a_function_or_queue_that_nobody_assigned_stops_the_build(packaged: Template) -> None:
    function = packaged["Resources"]["Jobs"]
    with pytest.raises(ValueError, match="Reports has no area"):
        families.expand({"Reports": function})
    queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
    with pytest.raises(ValueError, match="ReportsDeadLetters has no area"):
        families.expand({"ReportsDeadLetters": queue})


def test_a_fresh_function_of_a_known_area_is_watched_by_itself(packaged: Template) -> None:
    made = families.expand({"JobsOfNight": packaged["Resources"]["Jobs"]})
    assert set(made) == {"JobsOfNightDurationAlarm", "JobsOfNightErrorsAlarm"}


def test_an_alarm_at_the_first_event_is_of_what_must_never_happen(prod: Template) -> None:
    at_once = {
        part["Metadata"]["Kind"]
        for name, part in watched.alarms(prod).items()
        if part["Type"] == watched.ALARM and _fires_at_one(prod, name, part["Properties"])
    }
    assert at_once == _NEVER


def _fires_at_one(template: Template, name: str, alarm: dict[str, Any]) -> bool:
    """Whether one event, among calls that succeed before and after it, raises an alarm."""
    metrics = {metric["MetricName"] for metric in watched.metrics_of(alarm).values()}
    minutes = 8 * 60
    good = {"Invocations", "Count", *(f"{level.name}All" for level in levels.LEVELS), "PolledEventCount"}
    # A spend, rate or age is no count of events.
    if metrics & {"Duration", "IteratorAge", "ApproximateAgeOfOldestMessage", "ConcurrentExecutions", "ResourceCount"}:
        return False
    if metrics & {"SMSMonthToDateSpentUSD", "Reputation.BounceRate", "Reputation.ComplaintRate"}:
        return False
    series = {
        metric: [1 if metric in good or minute == minutes // 2 else None for minute in range(minutes)]
        for metric in metrics
    }
    return any(watched.is_raised(template, name, series, minute=minute) for minute in range(minutes // 2, minutes, 5))


def test_what_must_be_heard_from_is_an_alarm_without_data_and_nothing_else_is(prod: Template) -> None:
    silent = {
        name
        for name, part in watched.alarms(prod).items()
        if part["Type"] == watched.ALARM and watched.is_raised(prod, name, {}, minute=3 * 24 * 60)
    }
    said = _said(prod)
    assert silent == {name for name in said if said[name]["Kind"] in ("schedule-silent", "stream-silent")}
    assert len(silent) >= 5


@pytest.mark.parametrize(
    ("calls", "errors", "expected"),
    [
        ([1] * 60, [None] * 60, False),
        # One run that failed, and one that was not made.
        ([1] * 60, [None] * 30 + [1] + [None] * 29, False),
        ([1] * 30 + [None] + [1] * 29, [None] * 60, False),
        # Every run fails; no run is made.
        ([1] * 60, [None] * 40 + [1] * 20, True),
        ([1] * 40 + [None] * 20, [None] * 60, True),
    ],
)
def test_a_schedule_that_does_not_succeed_for_a_quarter_of_an_hour_is_an_alarm(
    prod: Template, calls: list[int | None], errors: list[int | None], expected: bool
) -> None:
    series = {"Invocations": calls, "Errors": errors}
    assert watched.is_raised(prod, "SweepSilentAlarm", series, minute=59) is expected


def test_a_function_that_fails_often_is_an_alarm_and_a_few_failures_are_none(prod: Template) -> None:
    often = {"Invocations": [100.0] * 20, "Errors": [10.0] * 20}
    few = {"Invocations": [100.0] * 20, "Errors": [1.0] * 20}
    names = [name for name, said in _said(prod).items() if said["Kind"] == "function-errors"]
    assert len(names) >= 10
    for name in names:
        assert watched.is_raised(prod, name, often, minute=19)
        assert not watched.is_raised(prod, name, few, minute=19)


# Whom an alarm reaches.


def test_each_alarm_notifies_staff_but_the_windows_of_a_burn(prod: Template) -> None:
    for name, part in watched.alarms(prod).items():
        actions = part["Properties"].get("AlarmActions")
        if part["Type"] == watched.BUDGET:
            subscribers = [each["Subscribers"] for each in part["Properties"]["NotificationsWithSubscribers"]]
            assert subscribers == [[{"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}]] * 2
        elif re.search(r"Burn\d+[hm]Alarm$", name):
            assert actions is None, name
        else:
            topic = "Pages" if name.endswith("PageAlarm") else "Alarms"
            assert actions == [{"Ref": topic}], name


def test_an_areas_page_is_raised_by_each_of_its_alarms_that_pages(prod: Template) -> None:
    said = _said(prod)
    for name in [each for each in said if said[each]["Kind"] == "pages"]:
        rule = prod["Resources"][name]["Properties"]["AlarmRule"]["Fn::Sub"]
        expected = {each for each in said if said[each]["Pages"] and said[each]["Area"] == said[name]["Area"]}
        assert set(re.findall(r'ALARM\("\$\{(\w+)\.Arn\}"\)', rule)) == expected
        assert set(rule.split(" ")) - {"OR"} == {f'ALARM("${{{each}.Arn}}")' for each in expected}
        assert expected
        assert len(rule) <= 10_240, "AWS: AlarmRule"
    assert {said[each]["Area"] for each in said if said[each]["Kind"] == "pages"} == {each.value for each in Area}


def test_a_composite_alarm_names_no_alarm_that_a_stage_may_lack(prod: Template) -> None:
    for part in watched.alarms(prod).values():
        if part["Type"] == watched.COMPOSITE:
            for child in re.findall(r"\$\{(\w+)\.Arn\}", part["Properties"]["AlarmRule"]["Fn::Sub"]):
                assert "Condition" not in prod["Resources"][child], child


# Every metric is published.


@functools.cache
def _sources() -> dict[Path, str]:
    return {file: file.read_text(encoding="utf-8") for file in sorted(_CODE.rglob("*.py"))}


@functools.cache
def _embedded() -> frozenset[tuple[str, str]]:
    """Return the name and the dimension of each metric that the code counts (observability.count)."""
    calls = (
        node
        for text in _sources().values()
        if re.search(r"\bcount\b.*, by=", text)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and any(each.arg == "by" for each in node.keywords)
    )
    found = set()
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
        (by,) = [each.value for each in call.keywords if each.arg == "by"]
        if name == "count" and isinstance(by, ast.Constant) and isinstance(call.args[0], ast.Constant):
            found.add((str(call.args[0].value), str(by.value)))
    return frozenset(found)


def _filtered(template: Template) -> set[tuple[str, str, frozenset[str]]]:
    """Return the metrics that the template's filters make: namespace, name, dimensions."""
    return {
        (_plain(made["MetricNamespace"]), made["MetricName"], frozenset(d["Key"] for d in made.get("Dimensions", [])))
        for part in reading.of_type(template, "AWS::Logs::MetricFilter").values()
        for made in part["MetricTransformations"]
    }


def _plain(value: Any) -> str:
    return str(value["Fn::Sub"] if isinstance(value, dict) else value)


def _is_published(template: Template, namespace: str, name: str, dimensions: frozenset[str]) -> bool:
    if namespace in _AWS:
        names, known = _AWS[namespace]
        return name in names and dimensions in known
    if namespace == "Gatehouse":
        (by,) = dimensions - {"stage"}
        return (name, by) in _embedded()
    return (namespace, name, dimensions) in _filtered(template)


def test_each_metric_of_an_alarm_is_published(prod: Template) -> None:
    for name, part in watched.alarms(prod).items():
        if part["Type"] == watched.ALARM:
            for metric in watched.metrics_of(part["Properties"]).values():
                dimensions = frozenset(watched.dimensions_of(metric))
                namespace = _plain(metric["Namespace"])
                assert _is_published(prod, namespace, metric["MetricName"], dimensions), (name, metric)


def test_each_metric_of_a_dashboard_is_published(prod: Template) -> None:
    shown = list(_shown(prod))
    for board, namespace, name, dimensions in shown:
        assert _is_published(prod, namespace, name, frozenset(dimensions)), (board, namespace, name, dimensions)
    assert {board for board, *_ in shown} == {name for name, *_ in _boards(prod)}


def _boards(template: Template) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each dashboard: its name, its body without what some stages lack, and the alarms that some lack."""
    for name, part in reading.of_type(template, "AWS::CloudWatch::Dashboard").items():
        body = part["DashboardBody"]["Fn::Sub"]
        text, places = body if isinstance(body, list) else (body, {})
        for place, value in places.items():
            condition, there, otherwise = value["Fn::If"]
            alarm = place.removesuffix("Place")
            assert there == {"Fn::Sub": f',"${{{alarm}.Arn}}"'}
            assert otherwise == ""
            assert condition == template["Resources"][alarm]["Condition"]
            assert f"${{{place}}}" in text
            text = text.replace(f"${{{place}}}", "")
        yield name, text, [place.removesuffix("Place") for place in places]


def _shown(template: Template) -> Iterator[tuple[str, str, str, list[str]]]:
    for board, text, _ in _boards(template):
        for widget in json.loads(text)["widgets"]:
            for drawn in widget["properties"].get("metrics", []):
                if isinstance(drawn[0], str):
                    yield board, drawn[0], drawn[1], drawn[2:-1:2]
                elif "SEARCH" in drawn[0]["expression"]:
                    searched = re.search(
                        r"\{Gatehouse,stage,(\w+)\} MetricName=\"(\w+)\" stage=", drawn[0]["expression"]
                    )
                    assert searched is not None, drawn
                    yield board, "Gatehouse", searched[2], ["stage", searched[1]]


def test_what_an_expression_of_a_dashboard_names_is_drawn_beside_it(prod: Template) -> None:
    for _, text, _ in _boards(prod):
        for widget in json.loads(text)["widgets"]:
            drawn = widget["properties"].get("metrics", [])
            ids = {each[-1]["id"] for each in drawn if "id" in each[-1]}
            for each in drawn:
                if "expression" in each[-1] and "SEARCH" not in each[-1]["expression"]:
                    named = set(re.findall(r"\b[a-z]\w*\b", each[-1]["expression"]))
                    assert named, each
                    assert named <= ids, each


def test_each_line_that_is_counted_is_one_that_the_code_writes(prod: Template) -> None:
    source = "\n".join(_sources().values())
    for name, part in reading.of_type(prod, "AWS::Logs::MetricFilter").items():
        if reading.logical_name(part["LogGroupName"]).endswith("AccessLog"):
            continue
        pattern = part["FilterPattern"]
        said = dict(re.findall(r'\$\.(\w+) = "([^"]+)"', pattern))
        assert {"message", "security"} & set(said), name
        for text in said.values():
            assert f'"{text}"' in source, (name, text)
        for field in set(re.findall(r"\$\.(\w+)", pattern)) - {"message"}:
            assert f'"{field}"' in source or f"{field}=" in source, (name, field)


def test_the_fields_of_the_access_logs_that_are_counted_are_in_their_format(prod: Template) -> None:
    (stage,) = reading.of_type(prod, "AWS::ApiGateway::Stage").values()
    written = set(json.loads(stage["AccessLogSetting"]["Format"]))
    patterns = [
        part["FilterPattern"]
        for part in reading.of_type(prod, "AWS::Logs::MetricFilter").values()
        if reading.logical_name(part["LogGroupName"]) == "ApiAccessLog"
    ]
    assert len(patterns) >= 5
    assert set(re.findall(r"\$\.(\w+)", " ".join(patterns))) <= written


def test_the_alarms_and_dashboards_of_the_api_watch_the_stage_that_is_deployed(prod: Template) -> None:
    (stage,) = reading.of_type(prod, "AWS::ApiGateway::Stage").values()
    (api,) = reading.of_type(prod, "AWS::ApiGateway::RestApi").values()
    expected = {"ApiName": api["Name"], "Stage": stage["StageName"]}
    for metric in watched.metrics_of(prod["Resources"]["ApiFaultsAlarm"]["Properties"]).values():
        assert watched.dimensions_of(metric) == expected
    drawn = f'"ApiName","{api["Name"]["Fn::Sub"]}","Stage","{stage["StageName"]}"'
    assert any(drawn in text for _, text, _ in _boards(prod))


# Limits.


def test_alarms_keep_cloudwatchs_limits(prod: Template) -> None:
    for name, part in watched.alarms(prod).items():
        alarm = part["Properties"]
        if part["Type"] != watched.ALARM:
            continue
        periods = (
            {alarm["Period"]}
            if "Period" in alarm
            else {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each}
        )
        assert len(periods) == 1, name
        (period,) = periods
        assert period % 60 == 0
        # AWS, PutMetricAlarm: a day for periods under an hour, else a week.
        assert period * alarm["EvaluationPeriods"] <= (86_400 if period < 3600 else 604_800), name
        assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"]
        if "Metrics" in alarm:
            assert len(alarm["Metrics"]) <= 10
            assert all(re.fullmatch(r"[a-z]\w*", each["Id"]) for each in alarm["Metrics"])
            expression = watched.expression_of(alarm)
            assert expression is not None
            known = dict.fromkeys(watched.metrics_of(alarm), 5.0)
            assert watched.calculated(expression, known) is not None, name
            assert set(re.findall(r"\b[a-z]\w*\b", expression)) == set(known), name


def test_watching_costs_less_than_a_small_server(prod: Template) -> None:
    parts = table.cost(prod)
    assert 10 < sum(parts.values()) < 50, parts


def test_alarms_of_the_whole_account_are_made_once(prod: Template) -> None:
    of_account = {
        name
        for name, part in watched.alarms(prod).items()
        if part["Type"] == watched.ALARM
        and all(
            metric["Namespace"] in ("AWS/SES", "AWS/Usage")
            or (metric["Namespace"] == "AWS/Lambda" and "Dimensions" not in metric)
            for metric in watched.metrics_of(part["Properties"]).values()
        )
    }
    assert of_account == {"ThrottlesAlarm", "AccountConcurrencyAlarm", "MailBouncesAlarm", "MailComplaintsAlarm"}
    assert {prod["Resources"][name]["Condition"] for name in of_account} == {"IsProd"}
    assert prod["Resources"]["MonthlyBudget"]["Condition"] == "HasBudget"
