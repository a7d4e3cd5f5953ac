"""Alarms as CloudFormation has them: of one metric, or of an expression over several.

An alarm's metadata names its kind, which has a runbook; its area, which has a dashboard; and whether the area's
composite alarm pages for it. Its description ends with the path of the runbook.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from infra.service_levels import kinds

Resource = dict[str, Any]
METRIC, COMPOSITE, BUDGET = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::Budgets::Budget"
# Gets a message of each alarm; composite alarms of an area notify the other one too.
TICKETS, PAGES = {"Ref": "Alarms"}, {"Ref": "Pages"}
_NO_DATA, _IS_ALARM = "notBreaching", "breaching"


class Area(StrEnum):
    """The parts of the platform: each has a dashboard and a composite alarm that pages."""

    GATES = "gates"
    SALES = "sales"
    BACK_OFFICE = "back-office"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alarm is about. `level` names its service level, where it has one.

    A `silent` alarm notifies nobody: it is a part of a composite alarm.
    """

    kind: str
    area: Area
    pages: bool = False
    level: str | None = None
    silent: bool = False
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch; dimensions are values of the template."""

    namespace: Any
    name: str
    dimensions: Mapping[str, Any]
    statistic: str = "Sum"

    def at(self, statistic: str) -> "Metric":
        """Return the metric with another statistic."""
        return replace(self, statistic=statistic)


@dataclass(frozen=True, slots=True)
class Bound:
    """When a value is an alarm: above (or below) a threshold in `least` of `of` periods.

    `quiet` says what no data means: that all is well, or, for what must be heard from, an alarm.
    """

    threshold: float
    period: int
    of: int = 1
    least: int = 1
    below: bool = False
    quiet: bool = True


def of_metric(subject: Subject, metric: Metric, bound: Bound, *, says: str) -> Resource:
    """Return an alarm on one metric."""
    measured = {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Statistic": metric.statistic,
        "Period": bound.period,
        **_dimensions(metric),
    }
    return _alarm(subject, bound, measured, says=says)


def of_expression(
    subject: Subject, expression: Any, metrics: Mapping[str, Metric], bound: Bound, *, says: str
) -> Resource:
    """Return an alarm on an expression over metrics, which it names by these ids."""
    queries: list[dict[str, Any]] = [{"Id": "value", "Expression": expression, "Label": says, "ReturnData": True}]
    queries += [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, **_dimensions(metric)},
                "Period": bound.period,
                "Stat": metric.statistic,
            },
        }
        for name, metric in metrics.items()
    ]
    return _alarm(subject, bound, {"Metrics": queries}, says=says)


def share(bad: str, of: str, *, least: int) -> str:
    """Return the expression of a share in percent that is zero below a least number of bad ones.

    Without it, one failure of a quiet night would be a share of 100 %.
    """
    return f"IF(FILL({bad}, 0) >= {least}, 100 * FILL({bad}, 0) / FILL({of}, 1), 0)"


def composite(subject: Subject, name: str, rule: str, *, says: str, actions: list[Any] | None = None) -> Resource:
    """Return a composite alarm; its rule is a text for `Fn::Sub`, in which `${X.Arn}` is the alarm X."""
    return {
        "Type": COMPOSITE,
        "Metadata": metadata(subject),
        "Properties": {
            "AlarmName": {"Fn::Sub": f"gatehouse-${{Stage}}-{name}"},
            "AlarmDescription": described(subject.kind, says),
            "AlarmRule": {"Fn::Sub": rule},
            **({"AlarmActions": actions} if actions else {}),
        },
    }


def any_of(names: list[str]) -> str:
    """Return the rule that one of these alarms is raised."""
    return " OR ".join(f'ALARM("${{{name}.Arn}}")' for name in names)


def all_of(names: list[str]) -> str:
    """Return the rule that all of these alarms are raised."""
    return " AND ".join(f'ALARM("${{{name}.Arn}}")' for name in names)


def metadata(subject: Subject) -> dict[str, Any]:
    """Return what an alarm says of itself to this package and its tests."""
    level = {"Level": subject.level} if subject.level else {}
    return {"Kind": subject.kind, "Area": subject.area.value, "Pages": subject.pages, **level}


def described(kind: str, says: str) -> str:
    """Return an alarm's description: what it says, and where its runbook is."""
    return f"{says.rstrip('.')}. {kinds.runbook(kind)}"


def _alarm(subject: Subject, bound: Bound, measured: dict[str, Any], *, says: str) -> Resource:
    comparison = "LessThanThreshold" if bound.below else "GreaterThanThreshold"
    return {
        "Type": METRIC,
        **({"Condition": subject.condition} if subject.condition else {}),
        "Metadata": metadata(subject),
        "Properties": {
            "AlarmDescription": described(subject.kind, says),
            **measured,
            "EvaluationPeriods": bound.of,
            "DatapointsToAlarm": bound.least,
            "Threshold": bound.threshold,
            "ComparisonOperator": comparison,
            "TreatMissingData": _NO_DATA if bound.quiet else _IS_ALARM,
            **({} if subject.silent else {"AlarmActions": [TICKETS]}),
        },
    }


def _dimensions(metric: Metric) -> dict[str, Any]:
    if not metric.dimensions:
        return {}
    return {"Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]}
