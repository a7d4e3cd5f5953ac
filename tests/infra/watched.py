"""Alarms as CloudWatch would evaluate them, over series that a test makes up: an evaluator of its own.

It knows what the alarms use: sums and maxima over a period, the arithmetic of metric math with FILL and IF, missing
data, M out of N data points, and the rules of composite alarms.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Template = Mapping[str, Any]
# By the name of a metric: a value for each minute, or None where nothing was published.
Series = Mapping[str, Sequence[float | None]]
ALARM, COMPOSITE, BUDGET = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::Budgets::Budget"
_MATH: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
}


_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    """Return all that notifies somebody of a state, by logical name."""
    return {name: part for name, part in template["Resources"].items() if part["Type"] in (ALARM, COMPOSITE, BUDGET)}


def metrics_of(alarm: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the metrics of an alarm's properties, by the id that its expression has for them."""
    if "MetricName" in alarm:
        return {"only": dict(alarm)}
    return {each["Id"]: each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each}


def dimensions_of(metric: Mapping[str, Any]) -> dict[str, Any]:
    """Return a metric's dimensions."""
    return {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}


def expression_of(alarm: Mapping[str, Any]) -> str | None:
    """Return the one expression of an alarm's properties that is compared with its threshold."""
    if "MetricName" in alarm:
        return None
    (query,) = [each for each in alarm["Metrics"] if each["ReturnData"]]
    expression = query["Expression"]
    return expression if isinstance(expression, str) else re.sub(r"\$\{\w+\}", "100", expression["Fn::Sub"])


def is_raised(template: Template, name: str, series: Series, *, minute: int) -> bool:
    """Whether an alarm is raised at the end of a minute."""
    part = template["Resources"][name]
    if part["Type"] == COMPOSITE:
        rule = part["Properties"]["AlarmRule"]["Fn::Sub"]
        named = re.sub(r'ALARM\("\$\{(\w+)\.Arn\}"\)', r"\1", rule)
        tree = ast.parse(named.replace(" AND ", " and ").replace(" OR ", " or "), mode="eval").body
        return _holds(tree, lambda child: is_raised(template, child, series, minute=minute))
    alarm = part["Properties"]
    points = [_point(alarm, series, minute=minute, back=back) for back in range(alarm["EvaluationPeriods"])]
    if alarm["ComparisonOperator"] == "LessThanThreshold":
        breaching = [point < alarm["Threshold"] for point in points if point is not None]
    else:
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        breaching = [point > alarm["Threshold"] for point in points if point is not None]
    missing = len(points) - len(breaching) if alarm["TreatMissingData"] == "breaching" else 0
    return bool(sum(breaching) + missing >= alarm.get("DatapointsToAlarm", len(points)))


def _holds(tree: ast.expr, is_child_raised: Callable[[str], bool]) -> bool:
    match tree:
        case ast.Name(id=child):
            return is_child_raised(child)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_holds(value, is_child_raised) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_holds(value, is_child_raised) for value in values)
    raise AssertionError(ast.dump(tree))


def _point(alarm: Mapping[str, Any], series: Series, *, minute: int, back: int) -> float | None:
    expression = expression_of(alarm)
    period = alarm["Period"] if expression is None else _period(alarm)
    assert period % 60 == 0
    end = minute + 1 - back * period // 60
    known = {}
    for name, metric in metrics_of(alarm).items():
        found = series.get(metric["MetricName"], ())[max(0, end - period // 60) : max(0, end)]
        values = [value for value in found if value is not None]
        statistic = alarm["Statistic"] if expression is None else _statistic(alarm, name)
        known[name] = _STATISTICS[statistic](values) if values else None
    return known["only"] if expression is None else calculated(expression, known)


def _period(alarm: Mapping[str, Any]) -> int:
    periods = {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each}
    (period,) = periods  # CloudWatch refuses an alarm on metrics of different periods
    return int(period)


def _statistic(alarm: Mapping[str, Any], name: str) -> str:
    (found,) = [each["MetricStat"]["Stat"] for each in alarm["Metrics"] if each["Id"] == name]
    return str(found)


def calculated(expression: str, known: Mapping[str, float | None]) -> float | None:
    """Return the value of an expression; None where a metric without data is not filled."""
    return _value(ast.parse(expression, mode="eval").body, known)


def _value(tree: ast.expr, known: Mapping[str, float | None]) -> float | None:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return known[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _both(op, _value(left, known), _value(right, known))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _both(op, _value(left, known), _value(right, known))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=instead)]):
            found = _value(filled, known)
            return float(str(instead)) if found is None else found
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _value(then if _value(condition, known) else otherwise, known)
        case ast.Call(func=ast.Name(id="SERVICE_QUOTA"), args=[ast.Name()]):
            return 1000
    raise AssertionError(f"the expression has a part that this evaluator does not know: {ast.dump(tree)}")


def _both(op: ast.AST, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    return float(_MATH[type(op)](left, right))
