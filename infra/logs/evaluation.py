"""A query over the lines of a local run's log, with the answer that Logs Insights gives.

Percentiles are exact here (the nearest rank) and estimated on AWS.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from infra.logs import language
from infra.logs.language import Aggregate, Both, Comparison, Fields, Filter, Group, Limit, Line, Not, Present, Stats

Row = dict[str, str]
_SIGNS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# What Logs Insights shows where a query names no fields.
_SHOWN = ("@timestamp", "@message")
TIMESTAMP, MESSAGE, LOG = "@timestamp", "@message", "@log"


def run(query: str, lines: Iterable[Line]) -> list[Row]:
    """Return the rows that a query gives; `@timestamp` of a line is a UTC datetime. Raises NotAQuery."""
    shown: tuple[str, ...] = _SHOWN
    rows: Sequence[Line] = list(lines)
    for command in language.parse(query):
        if isinstance(command, Fields):
            shown = command.names
        elif isinstance(command, Filter):
            rows = [row for row in rows if _holds(command.condition, row)]
        elif isinstance(command, Stats):
            rows, shown = _grouped(command, rows), tuple(part.field for part in command.groups)
            shown += tuple(part.name for part in command.aggregates)
        elif isinstance(command, Limit):
            rows = rows[: command.count]
        else:
            for field, is_descending in reversed(command.fields):
                rows = sorted(rows, key=_order_of(field), reverse=is_descending)
    return [{name: text_of(row[name]) for name in shown if row.get(name) is not None} for row in rows]


def text_of(value: Any) -> str:
    """Return a value as Logs Insights gives it: times in UTC, numbers without an empty fraction."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _order_of(field: str) -> Callable[[Line], tuple[int, Any]]:
    """Order numbers before texts, and both after lines that lack the field."""

    def order(row: Line) -> tuple[int, Any]:
        value = row.get(field)
        if value is None:
            return 0, 0
        number = _number(value)
        return (1, number) if number is not None else (2, text_of(value))

    return order


def _holds(condition: Any, row: Line) -> bool:
    match condition:
        case Present(field):
            return row.get(field) is not None
        case Not(inside):
            return not _holds(inside, row)
        case Both("and", conditions):
            return all(_holds(each, row) for each in conditions)
        case Both(_, conditions):
            return any(_holds(each, row) for each in conditions)
        case Comparison(field, sign, wanted):
            found = row.get(field)
            # A file asks `ispresent` beside !=, so that the answer for lines without the field is not in question.
            return found is not None and _compares(found, sign, wanted)
    raise TypeError(condition)


def _compares(found: Any, sign: str, wanted: Any) -> bool:
    if sign == "like":
        return bool(wanted.search(text_of(found))) if isinstance(wanted, re.Pattern) else wanted in text_of(found)
    if sign == "in":
        return any(_compares(found, "=", each) for each in wanted)
    left: Any = text_of(found)
    right: Any = wanted
    if isinstance(wanted, float):
        left = _number(found)
        if left is None:
            return sign == "!="
    return bool(_SIGNS[sign](left, right))


def _number(value: Any) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp()
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _grouped(stats: Stats, rows: Sequence[Line]) -> list[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[Line]] = {} if stats.groups else {(): list(rows)}
    for row in rows if stats.groups else ():
        groups.setdefault(tuple(_key(part, row) for part in stats.groups), []).append(row)
    return [
        {
            **{part.field: value for part, value in zip(stats.groups, key, strict=True)},
            **{part.name: _aggregate(part, members) for part in stats.aggregates},
        }
        for key, members in groups.items()
    ]


def _key(group: Group, row: Line) -> Any:
    value = row.get(group.field)
    if group.bin_seconds:
        began = row[TIMESTAMP].timestamp() // group.bin_seconds * group.bin_seconds
        return datetime.fromtimestamp(began, UTC)
    return None if value is None else text_of(value)


def _aggregate(wanted: Aggregate, rows: Sequence[Line]) -> Any:
    if wanted.field is None:
        return len(rows)
    values = [row[wanted.field] for row in rows if row.get(wanted.field) is not None]
    if wanted.function == "count":
        return len(values)
    if wanted.function == "latest":
        known = [row for row in rows if row.get(wanted.field) is not None]
        return max(known, key=lambda row: row[TIMESTAMP])[wanted.field] if known else None
    if wanted.function == "count_distinct":
        return len({text_of(value) for value in values})
    numbers = sorted(number for value in values if (number := _number(value)) is not None)
    if wanted.function == "sum":
        return round(math.fsum(numbers), 6)
    if not numbers:
        return None
    if wanted.function == "avg":
        return round(math.fsum(numbers) / len(numbers), 6)
    if wanted.function == "pct":
        return numbers[max(0, math.ceil(wanted.share / 100 * len(numbers)) - 1)]
    return numbers[0] if wanted.function == "min" else numbers[-1]
