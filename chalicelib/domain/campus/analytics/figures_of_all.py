"""The figures of all campuses: made once a minute of the campuses' own, so that no submission touches a common row.

The transaction that moves a day of a campus notes that on the row of the whole day, which lists it in the second index
(question 247). A run makes each noted day again, as the sum over all campuses. Every transaction of a run raises one
version, which was read before the rows: of two runs at once one fails, and no older sum replaces a newer one. A note
goes once the sum has it. So a run that is killed is repeated, and the figures equal the sums when no note is left.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.campus.analytics import figures, recent_attendance
from chalicelib.domain.campus.analytics.figures import Numbers
from chalicelib.domain.campus.people import campuses
from chalicelib.identifiers import new_id
from chalicelib.observability import in_this_context
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceTotals, FiguresOfAll
from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.operations import RawItem, Write
from chalicelib.table.places import Key, Place

# The sweep's function has 30 s, of which the due items take up to 22. A day takes less than a second.
SECONDS = 5.0
# A reader may see a part of a transaction for a moment. So a note goes only if it was made some time before the rows
# were read; a transaction takes less.
_SETTLED = timedelta(seconds=5)
# The version takes one of a transaction's actions.
_PER_TRANSACTION = operations.TRANSACTION_LIMIT - 1
_FEW, _HANDS = 4, 8
_TEXTS = ("event_id", "title", "expects", "department", "timezone", "campus_id")


class _Row(Struct):
    """What a row of all campuses is to be."""

    texts: dict[str, Any] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Counter)


_Rows = dict[Place[AttendanceTotals], _Row]
_VERSION = keys.campus_analytics.version_of_all()


def noting(place: Place[AttendanceTotals]) -> list[Action]:
    """Return the actions that note that a campus's day has moved; `place` is the row of the whole day."""
    note = f"{clock.to_text(clock.now())} {new_id('mov')}"
    listed = keys.campus_analytics.moved(
        keys.campus_analytics.campus_of(place), keys.campus_analytics.date_of(place.sk)
    )
    return [AttendanceTotals.moved.set(note), *AttendanceTotals.in_gsi2(listed)]


def make(*, seconds: float = SECONDS) -> int:
    """Make the noted days again, the newest first, as far as the seconds go; return how many were made.

    Where another run is at work, it ends early: the notes of what is left stay.
    """
    deadline = time.monotonic() + seconds
    noted = _noted()
    if not noted:
        return 0
    campus_ids = {each.campus_id for each in campuses.every()}
    made = 0
    try:
        _make_recent(noted)
        for date in sorted(noted, reverse=True):
            if made and time.monotonic() > deadline:
                break
            _make_day(date, noted[date], sorted(campus_ids.union(map(keys.campus_analytics.campus_of, noted[date]))))
            made += 1
    except operations.ConditionFailed:
        return made
    return made


def drop_recent(places: Sequence[Key]) -> None:
    """Remove copies of submissions from those of all campuses; a run that has read them already fails."""
    operations.record(operations.change(_VERSION, [FiguresOfAll.version.add(1), FiguresOfAll.kind.set(FiguresOfAll)]))
    operations.remove_many(places)


def _noted() -> dict[str, list[Place[AttendanceTotals]]]:
    """Return the rows of the days that have moved, by date."""
    found: dict[str, list[Place[AttendanceTotals]]] = defaultdict(list)
    raws = operations.query(keys.campus_analytics.MOVED, index="gsi2")
    for place in operations.places_of(AttendanceTotals, raws):
        found[keys.campus_analytics.date_of(place.sk)].append(place)
    return found


def _make_day(date: str, noted: Sequence[Place[AttendanceTotals]], campus_ids: Sequence[str]) -> None:
    """Make the rows of a date again, and remove its notes. Raises ConditionFailed where another run is at work."""
    begun = clock.now()
    notes = operations.get_many(noted)
    version = _version()
    wanted = _sums(date, campus_ids)
    _commit([*_changes(wanted, _present(date))], version)
    for item in notes.values():
        _remove_note(item, begun)


def _version() -> int:
    stored = operations.get(_VERSION)
    return stored.version if stored else 0


def _commit(writes: Sequence[Write], version: int) -> None:
    for start in range(0, len(writes), _PER_TRANSACTION):
        as_read = FiguresOfAll.version == version if version else FiguresOfAll.pk.does_not_exist()
        version += 1
        raised = [FiguresOfAll.version.set(version), FiguresOfAll.kind.set(FiguresOfAll)]
        raising = operations.change(_VERSION, raised, as_read)
        operations.commit(raising, *writes[start : start + _PER_TRANSACTION])


def _sums(date: str, campus_ids: Sequence[str]) -> _Rows:
    """Return the rows of a date, as the sums over the campuses; a row of zeros is none."""
    found: _Rows = defaultdict(_Row)
    where = keys.campus_analytics.days(date, date)

    def read(campus_id: str) -> list[RawItem]:
        partition = keys.campus_analytics.figures(keys.campus_analytics.of_campus(campus_id))
        return operations.query(partition, where, consistent=True)

    for raw in (raw for raws in _each(read, campus_ids) for raw in raws):
        item, numbers = AttendanceTotals.from_raw_data(raw), figures.numbers_of(raw)
        texts = {name: value for name in _TEXTS if (value := getattr(item, name)) is not None}
        if item.event_id is not None:
            row = found[keys.campus_analytics.event_of_all(date, item.event_id)]
            # An event that went to another campus has a row of each.
            if numbers["ev"] or not row.texts:
                row.texts = texts
        else:
            timezone, department = item.timezone or "UTC", item.department or ""
            row = found[keys.campus_analytics.day(keys.campus_analytics.ALL, date, timezone, department)]
            row.texts = {name: text for name, text in texts.items() if name != "campus_id"}
        row.numbers.update(numbers)
    return {place: row for place, row in found.items() if any(row.numbers.values())}


def _each(read: Callable[[str], list[RawItem]], names: Sequence[str]) -> Iterable[list[RawItem]]:
    if len(names) < _FEW:
        return [read(name) for name in names]
    with ThreadPoolExecutor(_HANDS) as hands:
        return list(hands.map(in_this_context(read), names))


def _present(date: str) -> dict[Key, RawItem]:
    partition = keys.campus_analytics.figures(keys.campus_analytics.ALL)
    ranges = (keys.campus_analytics.days(date, date), keys.campus_analytics.events_of_all(date, date))
    raws = [raw for where in ranges for raw in operations.query(partition, where, consistent=True)]
    return {operations.key_of(raw): raw for raw in raws}


def _changes(wanted: _Rows, present: Mapping[Key, RawItem]) -> Iterable[Write]:
    for place, row in wanted.items():
        raw = present.get(place)
        stored = AttendanceTotals.from_raw_data(raw) if raw else None
        numbers = {name: number for name, number in row.numbers.items() if number}
        former = figures.numbers_of(raw) if raw else Numbers()
        actions = [
            *(getattr(AttendanceTotals, name).set(text) for name, text in _other(row.texts, stored)),
            *(IntegerAttribute(attr_name=name).set(n) for name, n in numbers.items() if former.get(name) != n),
            *(IntegerAttribute(attr_name=name).remove() for name in former if name not in numbers),
        ]
        if actions:
            yield operations.change(place, [AttendanceTotals.kind.set(place.item), *actions])
    for key in present.keys() - wanted.keys():
        yield operations.remove(Place(AttendanceTotals, *key))


def _other(texts: Mapping[str, Any], stored: AttendanceTotals | None) -> list[tuple[str, Any]]:
    return [(name, text) for name, text in texts.items() if stored is None or getattr(stored, name) != text]


def _remove_note(row: AttendanceTotals, begun: datetime) -> None:
    """Remove the note of a row as it was read, unless it is so new that the rows read may lack a part of its move."""
    if row.moved is None or datetime.fromisoformat(row.moved.partition(" ")[0]) > begun - _SETTLED:
        return
    actions = [AttendanceTotals.moved.remove(), *AttendanceTotals.in_gsi2(None)]
    with suppress(operations.ConditionFailed):  # it has moved since
        operations.record(operations.change(row.place, actions, AttendanceTotals.moved == row.moved))


def _make_recent(noted: Mapping[str, Sequence[Key]]) -> None:
    """Make the newest submissions of all campuses again. Raises ConditionFailed where another run is at work."""
    since = (clock.now() - recent_attendance.KEPT).date().isoformat()
    campus_ids = {
        keys.campus_analytics.campus_of(place) for date, places in noted.items() if date >= since for place in places
    }
    if not campus_ids:
        return
    version = _version()
    newest = [raw for raws in _each(recent_attendance.of_campus, sorted(campus_ids)) for raw in raws]
    _commit(recent_attendance.changes_of_all(newest), version)
