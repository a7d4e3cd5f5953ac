"""The dashboards, one for each area: its alarms first, then what shows how it does.

A widget names a metric as an alarm does, so that a test finds where each is published.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.service_levels import alarms, levels, lines, platform
from infra.service_levels.alarms import Area, Metric, Resource
from infra.service_levels.families import lambda_metric, queue_metric

Resources = dict[str, Resource]
_WIDTH, _HEIGHT, _ACROSS = 8, 6, 24
_STACK = "${Stage}"


@dataclass(frozen=True, slots=True)
class Line:
    """A metric of a widget, or an expression over hidden ones; an expression has a label."""

    metric: Metric | None = None
    label: str | None = None
    expression: str | None = None
    id: str | None = None
    hidden: bool = False
    right: bool = False
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Widget:
    """A graph."""

    title: str
    lines: Sequence[Line]
    period: int = 60
    stacked: bool = False


def embedded(metric: str, by: str, *, running: bool = False) -> Line:
    """Return all values of a metric that the code counts (observability.count), by its dimension.

    `running` adds them up over the time that is shown.
    """
    found = f"SEARCH('{{Gatehouse,stage,{by}}} MetricName=\"{metric}\" stage=\"{_STACK}\"', 'Sum', 60)"
    return Line(expression=f"RUNNING_SUM({found})" if running else found, label="")


def expand(watching: Resources, resources: Resources) -> Resources:
    """Return the dashboards: with all alarms of their areas, and graphs."""
    graphs = {
        Area.GATES: _gates(),
        Area.SALES: _sales(),
        Area.BACK_OFFICE: _back_office(),
        Area.PLATFORM: _platform(resources),
    }
    return {
        f"{area.value.title().replace('-', '')}Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": {"Fn::Sub": f"gatehouse-${{Stage}}${{NameSuffix}}-{area.value}"},
                "DashboardBody": _body(area, watching, graphs[area]),
            },
        }
        for area in Area
    }


def _function(ending: str) -> dict[str, str]:
    return {"Fn::Sub": f"gatehouse-{_STACK}{ending}"}


def _burn(level: levels.ServiceLevel) -> Widget:
    metrics = level.metrics()
    bad, total = metrics["bad"], metrics["total"]
    share = Line(expression="100 * (1 - FILL(bad, 0) / total)", label="good answers (%)", right=True)
    return Widget(
        f"{level.promise} ({level.objective:g} %)",
        [Line(total, "all", id="total"), Line(bad, "bad", id="bad"), share],
        period=300,
    )


def _level(name: str) -> levels.ServiceLevel:
    return next(level for level in levels.LEVELS if level.name == name)


def _gates() -> list[Widget]:
    gates = _function("-gates")
    return [
        _burn(_level("Scans")),
        Widget("Scans by result", [embedded("Scans", "result")], stacked=True),
        Widget("Refusals by reason", [embedded("ScanRefusals", "reason")], stacked=True),
        Widget(
            "Time of the gates' function (ms)",
            [Line(lambda_metric(gates, "Duration", each), each) for each in ("p50", "p95", "p99")],
        ),
        Widget(
            "Devices: heartbeats a minute, and readers that fell silent",
            [Line(levels.HEARTBEATS, "heartbeats"), _line("SilentReaders", "fell silent", right=True)],
        ),
        _burn(_level("Log")),
        Widget(
            "Double admissions",
            [_line("DoubleAdmissions", "double admissions")],
            period=3600,
        ),
    ]


def _sales() -> list[Widget]:
    return [
        _burn(_level("Sales")),
        Widget("Orders", [embedded("Orders", "outcome")], stacked=True),
        Widget(
            "Payments: calls and failures",
            [
                Line(lambda_metric(_function("-payments"), "Invocations"), "calls"),
                Line(lambda_metric(_function("-payments"), "Errors"), "failures", right=True),
            ],
        ),
        Widget(
            "Stock: left of the emptiest and the mean event that sold (%), and requests refused as sold out",
            [
                _line("StockLeft", "emptiest", statistic="Minimum"),
                _line("StockLeft", "mean", statistic="Average"),
                _line("SoldOut", "sold out", right=True),
            ],
        ),
        Widget("Money moved, by kind of account (minor units)", [embedded("MoneyMoved", "account")], period=3600),
        Widget(
            "Change of what is owed, over the time shown (minor units)",
            [embedded("MoneyMoved", "account", running=True)],
            period=3600,
        ),
        Widget(
            "API",
            [
                Line(platform.api_metric("Latency", "p50"), "p50"),
                Line(platform.api_metric("Latency", "p99"), "p99"),
                Line(platform.api_metric("4XXError"), "4xx", right=True),
                Line(platform.api_metric("5XXError"), "5xx", right=True),
            ],
        ),
        Widget(
            "Imbalances and given up settlements",
            [_line("LedgerImbalances", "imbalances"), _line("SettlementsGivenUp", "given up")],
            period=3600,
        ),
    ]


def _back_office() -> list[Widget]:
    return [
        Widget("Steps of jobs", [_line("JobSteps", "steps")]),
        Widget("Work given up", [_line("WorkGivenUp", "given up")], period=3600),
        Widget(
            "Payouts",
            [
                _line("PayoutsSent", "sent"),
                _line("PayoutsNotPaid", "not on their day"),
                _line("PayoutsBounced", "back"),
            ],
            period=3600,
        ),
        Widget(
            "Reconciliation: differences with the provider",
            [_line("ProviderDifferences", "differences")],
            period=3600,
        ),
        Widget("Money that moved at the provider, by kind", [embedded("MoneyMovedAtProvider", "kind")], period=3600),
        Widget("Callbacks that were not understood", [embedded("UnreadProviderCallbacks", "kind")], period=3600),
        Widget(
            "Time of the sweep (ms)",
            [Line(lambda_metric(_function("-sweep"), "Duration", each), each) for each in ("Average", "Maximum")],
        ),
    ]


def _platform(resources: Resources) -> list[Widget]:
    of_type = {name: part["Type"] for name, part in resources.items()}
    queues = [name for name, kind in of_type.items() if kind == "AWS::SQS::Queue"]
    work = [name for name in queues if "RedrivePolicy" in resources[name]["Properties"]]
    functions = [
        part["Properties"]["FunctionName"]
        for _, part in sorted(resources.items())
        if part["Type"] == "AWS::Lambda::Function"
    ]
    charges = Metric("AWS/Billing", "EstimatedCharges", {"Currency": "USD"}, "Maximum")
    return [
        Widget(
            "Age of the stream's oldest change (ms)",
            [Line(lambda_metric(_function(f"-{each}"), "IteratorAge", "Maximum"), each) for each in ("stream", "live")],
        ),
        Widget(
            "Age of the oldest message (s)",
            [Line(queue_metric(name, "ApproximateAgeOfOldestMessage"), name) for name in work],
        ),
        Widget(
            "Dead letters",
            [
                Line(queue_metric(name, "ApproximateNumberOfMessagesVisible"), name)
                for name in queues
                if name not in work
            ],
        ),
        Widget("Throttles of the table", list(_throttles(resources))),
        Widget("Throttled calls", [Line(lambda_metric(each, "Throttles"), each["Fn::Sub"]) for each in functions]),
        Widget("Failed calls", [Line(lambda_metric(each, "Errors"), each["Fn::Sub"]) for each in functions]),
        _burn(_level("Codes")),
        Widget("Wrong passwords", [embedded("WrongPasswords", "portal")], period=300, stacked=True),
        # AWS publishes charges in one region only, some times a day, as the sum of the month.
        Widget(
            "Cost a day (USD)",
            [
                Line(charges, "month so far", id="month", region="us-east-1", hidden=True),
                Line(expression="DIFF(month)", label="a day", region="us-east-1"),
            ],
            period=86400,
        ),
    ]


def _throttles(resources: Resources) -> Iterator[Line]:
    for name, part in resources.items():
        if part["Type"] != "AWS::DynamoDB::Table":
            continue
        indexes = [index["IndexName"] for index in part["Properties"].get("GlobalSecondaryIndexes", [])]
        for index in (None, *indexes):
            dimensions = {"TableName": {"Ref": name}, **({"GlobalSecondaryIndexName": index} if index else {})}
            for kind in ("Read", "Write"):
                metric = Metric("AWS/DynamoDB", f"{kind}ThrottleEvents", dimensions)
                yield Line(metric, f"{index or 'table'}, {kind.lower()}s")


def _line(metric: str, label: str, *, right: bool = False, statistic: str = "Sum") -> Line:
    counted = next(each for each in lines.all_counted() if each.metric == metric)
    return Line(counted.measured().at(statistic), label, right=right)


def _body(area: Area, watching: Resources, graphs: Sequence[Widget]) -> dict[str, Any]:
    """Return a dashboard's body: a text in which CloudFormation fills in names.

    An alarm that some stages do not have is filled in with its comma, or is nothing.
    """
    own = [name for name, part in sorted(watching.items()) if part["Metadata"]["Area"] == area.value]
    own = [name for name in own if watching[name]["Type"] != alarms.BUDGET]
    some = {name: watching[name]["Condition"] for name in own if "Condition" in watching[name]}
    arns = [f"${{{name}.Arn}}" for name in own if name not in some]
    height = 2 + len(own) // 6
    widgets: list[dict[str, Any]] = [
        {
            "type": "alarm",
            "x": 0,
            "y": 0,
            "width": _ACROSS,
            "height": height,
            "properties": {"title": "Alarms", "alarms": arns},
        }
    ]
    for number, widget in enumerate(graphs):
        down, across = divmod(number, _ACROSS // _WIDTH)
        place = {"x": across * _WIDTH, "y": height + down * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
        widgets.append({"type": "metric", **place, "properties": _properties(widget)})
    text = json.dumps({"widgets": widgets}, separators=(",", ":"))
    if not some:
        return {"Fn::Sub": text}
    text = text.replace(f'"{arns[-1]}"]', f'"{arns[-1]}"' + "".join(f"${{{name}Place}}" for name in some) + "]", 1)
    places = {
        f"{name}Place": {"Fn::If": [condition, {"Fn::Sub": f',"${{{name}.Arn}}"'}, ""]}
        for name, condition in some.items()
    }
    return {"Fn::Sub": [text, places]}


def _properties(widget: Widget) -> dict[str, Any]:
    region = next((line.region for line in widget.lines if line.region), "${AWS::Region}")
    return {
        "title": widget.title,
        "region": region,
        "view": "timeSeries",
        "stacked": widget.stacked,
        "period": widget.period,
        "metrics": [_drawn(line) for line in widget.lines],
    }


def _drawn(line: Line) -> list[Any]:
    options: dict[str, Any] = {"label": line.label} if line.label else {}
    options |= {"id": line.id} if line.id else {}
    options |= {"yAxis": "right"} if line.right else {}
    options |= {"visible": False} if line.hidden else {}
    if line.metric is None:
        return [{"expression": line.expression, **options}]
    dimensions = [part for name, value in line.metric.dimensions.items() for part in (name, _text(value))]
    return [_text(line.metric.namespace), line.metric.name, *dimensions, {"stat": line.metric.statistic, **options}]


def _text(value: Any) -> str:
    """Return a value of the template as a part of a text for `Fn::Sub`."""
    match value:
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": str(text)}:
            return text
    return str(value)
