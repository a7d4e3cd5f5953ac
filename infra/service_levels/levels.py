"""The service levels, as what callers may expect, and the alarms on the burn of their error budgets.

A level of 99.9 % has a budget of 0.1 % bad answers. A burn rate of 1 uses a month's budget in a month. An alarm needs a
long window, which shows that much of the budget is gone, and a short one, which shows that it still burns (Google, "The
Site Reliability Workbook", chapter 5, "Alerting on SLOs": 14.4 over 1 h and 5 min is 2 % of a month's budget, 6 over
6 h and 30 min is 5 %). Both page.

A least number of bad answers in each window keeps quiet nights quiet: of ten scans in an hour, one that met a cold
start would be a burn rate of 200. The workbook's own answers to low traffic (artificial requests, joined services) do
not fit here: a made-up scan would admit somebody.

What is counted are lines: of the gateway's access log, which has what a caller waited for, with cold starts and
time-outs; and lines that workers write anyway. A scan costs no line more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import app  # noqa: F401  # registers the routes
from chalicelib.domain.access import deliveries
from chalicelib.portals.http.route import ROUTES
from infra.service_levels import alarms
from infra.service_levels.alarms import Area, Bound, Metric, Resource, Subject

NAMESPACE = {"Fn::Sub": "Gatehouse/levels-${Stage}"}
SCANS = ("usher_scan", "usher_validate_card", "usher_verify_card", "device_taps", "tix_scan_ticket")
SALES = ("customer_book", "customer_process_payment", "customer_confirm_payment")
# CloudWatch Logs has no parentheses in its expressions, and takes two in a pattern (AWS: "Supported regular expressions
# (regex) syntax"). The access log's values are texts; the gateway ends every answer at 29 s, which has five digits.
FROM_1_S = "%^[0-9]{4,5}$%"
FROM_3_S = "%^[3-9][0-9]{3}$|^[0-9]{5}$%"
# Each reader and each phone at a gate sends one every half minute.
BEATS = ("device_heartbeat", "usher_phone_heartbeat")
HEARTBEATS = Metric(NAMESPACE, "Heartbeats", {})


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, and how many bad answers it must have at least."""

    name: str
    seconds: int
    least_bad: int


@dataclass(frozen=True, slots=True)
class Burn:
    """A burn rate that is an alarm if it holds in a long and in a short window."""

    name: str
    rate: float
    long: Window
    short: Window


BURNS = (
    Burn("Fast", 14.4, Window("1h", 3600, 10), Window("5m", 300, 3)),
    Burn("Slow", 6, Window("6h", 21600, 30), Window("30m", 1800, 5)),
)


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What callers may expect: `objective` percent of `all` lines of a log are not `bad`.

    `value` is what a line counts for.
    """

    name: str
    subject: Subject
    promise: str
    objective: float
    log: str
    all: str
    bad: str
    value: str = "1"

    @property
    def budget(self) -> float:
        """The share that may be bad."""
        return round(1 - self.objective / 100, 6)

    def metrics(self) -> dict[str, Metric]:
        """Return the metrics of all and of bad lines, by their id in expressions."""
        return {"bad": Metric(NAMESPACE, f"{self.name}Bad", {}), "total": Metric(NAMESPACE, f"{self.name}All", {})}

    def burn(self, window: Window) -> str:
        """Return the expression of the burn rate in a window."""
        return f"IF(FILL(bad, 0) >= {window.least_bad}, FILL(bad, 0) / FILL(total, 1) / {self.budget:g}, 0)"


def _routes(operations: Iterable[str]) -> str:
    paths = sorted(route.path for route in ROUTES if route.operation_id in set(operations))
    named = " || ".join(f'$.route = "{path}"' for path in paths)
    # A preflight has the route too, and the gateway answers it itself.
    return f'($.method != "OPTIONS") && ({named})'


def _late(slow: str) -> str:
    return f'($.milliseconds = {slow} || $.status = "5*" || $.responseType = "THROTTLED")'


LEVELS = (
    ServiceLevel(
        "Scans",
        Subject("scans-answered", Area.GATES, pages=True, level="scans"),
        "A scan is answered in 1 s",
        99.95,
        "ApiAccessLog",
        f"{{ {_routes(SCANS)} }}",
        f"{{ {_routes(SCANS)} && {_late(FROM_1_S)} }}",
    ),
    ServiceLevel(
        "Sales",
        Subject("sales-answered", Area.SALES, pages=True, level="sales"),
        "A booking or payment is answered in 3 s",
        99.9,
        "ApiAccessLog",
        f"{{ {_routes(SALES)} }}",
        f"{{ {_routes(SALES)} && {_late(FROM_3_S)} }}",
    ),
    # A line counts for the changes in its batch. Whole seconds: a change of 5.9 s is not late yet.
    ServiceLevel(
        "Log",
        Subject("log-behind", Area.GATES, pages=True, level="log"),
        "Log and totals trail by at most 5 s",
        99.9,
        "StreamLog",
        '{ $.message = "call" && $.behind_seconds >= 0 }',
        '{ $.message = "call" && $.behind_seconds > 5 }',
        value="$.count",
    ),
    ServiceLevel(
        "Codes",
        Subject("codes-sent", Area.PLATFORM, pages=True, level="codes"),
        "A one-time code is handed to SES or SNS in 30 s",
        99,
        "MessagesLog",
        f'{{ $.message = "{deliveries.CODE}" }}',
        f'{{ $.message = "{deliveries.CODE}" && ($.sent IS FALSE || $.waited_seconds > 30) }}',
    ),
)


def expand() -> dict[str, Resource]:
    """Return the filters and alarms of all levels."""
    beats = _filter("ApiAccessLog", f"{{ {_routes(BEATS)} }}", HEARTBEATS.name, "1")
    made: dict[str, Resource] = {"HeartbeatsFilter": beats}
    for level in LEVELS:
        made[f"{level.name}AllFilter"] = _filter(level.log, level.all, f"{level.name}All", level.value)
        made[f"{level.name}BadFilter"] = _filter(level.log, level.bad, f"{level.name}Bad", level.value)
        for burn in BURNS:
            windows = [f"{level.name}Burn{window.name}Alarm" for window in (burn.long, burn.short)]
            for name, window in zip(windows, (burn.long, burn.short), strict=True):
                made[name] = _of_window(level, burn, window)
            made[f"{level.name}{burn.name}BurnAlarm"] = alarms.composite(
                level.subject,
                f"{level.name.lower()}-{burn.name.lower()}-burn",
                alarms.all_of(windows),
                says=f"{level.promise} ({level.objective:g} %): the budget burns {burn.rate:g} times too fast",
                actions=[alarms.TICKETS],
            )
    return made


def _of_window(level: ServiceLevel, burn: Burn, window: Window) -> Resource:
    subject = Subject(level.subject.kind, level.subject.area, level=level.subject.level, silent=True)
    bound = Bound(burn.rate, period=window.seconds)
    says = f"Burn rate of {level.name.lower()} over {window.name}"
    return alarms.of_expression(subject, level.burn(window), level.metrics(), bound, says=says)


def _filter(log: str, pattern: str, metric: str, value: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": log},
            "FilterPattern": pattern,
            "MetricTransformations": [{"MetricNamespace": NAMESPACE, "MetricName": metric, "MetricValue": value}],
        },
    }
