"""The alarms on the budgets of the service levels, over made-up hours: they fire in a burn and not in a quiet night."""

import re
from typing import Any

import pytest

from chalicelib.portals.http.route import ROUTES
from infra.service_levels import levels
from tests.infra import reading, watched

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
EACH = pytest.mark.parametrize("level", levels.LEVELS, ids=lambda level: level.name)
HOUR = 60
FAST, SLOW = "FastBurnAlarm", "SlowBurnAlarm"


def _busy(level: levels.ServiceLevel, *phases: tuple[int, float], a_minute: int = 3000) -> watched.Series:
    """Return phases of minutes with a burn rate each; the bad ones are spread evenly."""
    total, bad, owed = [], [], 0.0
    for minutes, burn in phases:
        for _ in range(minutes):
            owed += burn * level.budget * a_minute
            total.append(a_minute)
            bad.append(int(owed) or None)
            owed -= int(owed)
    return {f"{level.name}All": total, f"{level.name}Bad": bad}


def _raised(template: Template, level: levels.ServiceLevel, series: watched.Series) -> dict[str, list[int]]:
    """Return the minutes in which each alarm of a level is raised."""
    minutes = range(len(series[f"{level.name}All"]))
    return {
        which: [at for at in minutes if watched.is_raised(template, f"{level.name}{which}", series, minute=at)]
        for which in (FAST, SLOW)
    }


@EACH
def test_a_fast_burn_raises_the_fast_alarm_within_the_hour_and_ends_soon_after_it(
    template: Template, level: levels.ServiceLevel
) -> None:
    raised = _raised(template, level, _busy(level, (2 * HOUR, 0), (HOUR, 30), (HOUR, 0)))
    began, ended = 2 * HOUR, 3 * HOUR
    # At a burn of 30, the hour's mean passes 14.4 in half an hour.
    assert began + 25 <= raised[FAST][0] <= began + 35
    assert ended <= raised[FAST][-1] <= ended + 5


@EACH
def test_an_outage_raises_the_fast_alarm_within_minutes(template: Template, level: levels.ServiceLevel) -> None:
    raised = _raised(template, level, _busy(level, (2 * HOUR, 0), (15, 1 / level.budget)))
    assert 2 * HOUR <= raised[FAST][0] <= 2 * HOUR + 10


@EACH
def test_a_slow_leak_raises_the_slow_alarm_alone(template: Template, level: levels.ServiceLevel) -> None:
    raised = _raised(template, level, _busy(level, (HOUR, 0), (6 * HOUR, 8), a_minute=2000))
    assert raised[SLOW]
    assert not raised[FAST]


@EACH
def test_a_budget_that_is_used_up_in_a_month_raises_nothing(template: Template, level: levels.ServiceLevel) -> None:
    raised = _raised(template, level, _busy(level, (7 * HOUR, 1), a_minute=2000))
    assert raised == {FAST: [], SLOW: []}


@EACH
def test_bad_answers_of_a_quiet_night_raise_nothing(template: Template, level: levels.ServiceLevel) -> None:
    # One answer every ten minutes: a cold start each. And one failure in a night without anything else.
    lonely = [1 if minute % 10 == 0 else None for minute in range(8 * HOUR)]
    once = [1 if minute == 4 * HOUR else None for minute in range(8 * HOUR)]
    for all_, bad in ((lonely, lonely), (once, once)):
        assert _raised(template, level, {f"{level.name}All": all_, f"{level.name}Bad": bad}) == {FAST: [], SLOW: []}


@EACH
def test_without_data_nothing_is_raised(template: Template, level: levels.ServiceLevel) -> None:
    assert _raised(template, level, {f"{level.name}All": [None] * 400}) == {FAST: [], SLOW: []}


def test_the_levels_are_those_that_were_promised() -> None:
    promised = {level.name: level.objective for level in levels.LEVELS}
    assert promised == {"Scans": 99.95, "Sales": 99.9, "Log": 99.9, "Codes": 99}


@pytest.mark.parametrize("operations", [levels.SCANS, levels.SALES, levels.BEATS])
def test_a_levels_routes_exist_and_its_filters_name_them(template: Template, operations: tuple[str, ...]) -> None:
    paths = {route.path for route in ROUTES if route.operation_id in operations}
    assert len(paths) == len(operations)
    filters = [
        part["FilterPattern"]
        for part in reading.of_type(template, "AWS::Logs::MetricFilter").values()
        if reading.logical_name(part["LogGroupName"]) == "ApiAccessLog"
    ]
    named = [set(re.findall(r'\$\.route = "([^"]+)"', pattern)) for pattern in filters]
    assert paths in named
    (api,) = reading.of_type(template, "AWS::ApiGateway::RestApi").values()
    # A line has the route as the gateway knows it (AWS: $context.resourcePath).
    assert paths <= set(api["Body"]["paths"])


@pytest.mark.parametrize(
    ("pattern", "late", "in_time"),
    [(levels.FROM_1_S, (1000, 1001, 9999, 28999), (0, 7, 999)), (levels.FROM_3_S, (3000, 9999, 10000), (999, 2999))],
)
def test_the_expressions_for_late_answers_match_late_ones_only(
    pattern: str, late: tuple[int, ...], in_time: tuple[int, ...]
) -> None:
    expression = re.compile(pattern.strip("%"))
    assert all(expression.search(str(each)) for each in late)
    assert not any(expression.search(str(each)) for each in in_time)


def test_patterns_keep_the_limits_of_cloudwatch_logs(template: Template) -> None:
    # AWS: a pattern has 1,024 characters and two regular expressions, which have no parentheses and `!`; the filters of
    # a log group have five together.
    of_group: dict[str, int] = {}
    for part in reading.of_type(template, "AWS::Logs::MetricFilter").values():
        pattern, group = part["FilterPattern"], reading.logical_name(part["LogGroupName"])
        expressions = re.findall(r"%([^%]+)%", pattern)
        assert len(pattern) <= 1024
        assert len(expressions) <= 2
        assert all(re.fullmatch(r"[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+.]+", each) for each in expressions)
        of_group[group] = of_group.get(group, 0) + bool(expressions)
    assert max(of_group.values()) <= 5
