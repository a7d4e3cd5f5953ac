"""The events that expected one person in some days: those that list them, and those whose rule names them.

A place on a roster is a row of the student's own figures. The events of a rule are together in an item of each month
(question 253), and of the rules that name one student there are seven at most: by campus, department and year, or by
some of these, and as many for each group that they have left within these days. So the cost depends on how many events
expected the student, and not on how many there were.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.campus.analytics import counted_as, figures
from chalicelib.domain.campus.analytics.figures import FigureRow
from chalicelib.domain.campus.people import student_counts, student_groups
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusProfile
from chalicelib.table.places import Key

# Time zones are at most 14 hours ahead of UTC.
_A_DAY = timedelta(days=1)


class ExpectedEvent(Struct, frozen=True):
    """An event that expected the person, on the day of its time zone on which it begins."""

    event_id: str
    day: date
    ends_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether its last window has ended."""
        return self.ends_at < clock.now()


def listed(rows: Sequence[FigureRow]) -> list[ExpectedEvent]:
    """Return the events whose roster lists a student, of the rows of their figures."""
    return [
        ExpectedEvent(str(row.event_id), row.day, datetime.fromisoformat(row.expects["ends_at"]))
        for row in rows
        if row.numbers["li"] > 0
    ]


class RulesOfStudent:
    """The rules that name a student, in the months of the last days.

    Their items are read with what else is needed. Above 50 events of one rule and month the others need a second read.
    """

    def __init__(self, profile: CampusProfile | None, days: int) -> None:
        """Find the rules of a profile; of no profile there are none."""
        self._profile, self._days = profile, days
        names = itertools.product(_rules(profile, days) if profile else (), _months(days))
        self._names: dict[Key, tuple[dict[str, str], str]] = {
            keys.campus_analytics.events_of_rule(counted_as.rule_name(**rule), month): (rule, month)
            for rule, month in names
        }

    @property
    def places(self) -> Iterable[Key]:
        """Where the first part of each rule and month is."""
        return self._names

    def events(self, firsts: Sequence[operations.RawItem]) -> list[ExpectedEvent]:
        """Return the events that expected the student, from the first parts."""
        if self._profile is None:
            return []
        rules: dict[Key, dict[str, str]] = {}
        further = []
        for raw in firsts:
            rule, month = self._names[operations.key_of(raw)]
            rules[operations.key_of(raw)] = rule
            for part in counted_as.further_parts(figures.numbers_of(raw)):
                place = keys.campus_analytics.events_of_rule(counted_as.rule_name(**rule), month, part)
                rules[place] = rule
                further.append(place)
        others = operations.get_raw(further, (), consistent=False) if further else []
        return [
            each
            for raw in (*firsts, *others)
            for each in _events(raw, rules[operations.key_of(raw)], self._profile, self._days)
        ]


def _months(days: int) -> list[str]:
    today = clock.now().date()
    begin, end = today - timedelta(days=days), today + _A_DAY
    months = range(begin.year * 12 + begin.month - 1, end.year * 12 + end.month)
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in months]


def _rules(profile: CampusProfile, days: int) -> Iterator[dict[str, str]]:
    """Yield the rules that name a person in some of the last days, without the one that names everybody."""
    for group in student_groups.since(profile, clock.now() - timedelta(days=days) - _A_DAY):
        parts = ("campus_id", group.campus_id), ("department", group.department), ("year_level", group.year_level)
        named = [(name, value) for name, value in parts if value is not None]
        for several in range(1, len(named) + 1):
            yield from map(dict, itertools.combinations(named, several))


def _events(
    raw: operations.RawItem, rule: Mapping[str, str], profile: CampusProfile, days: int
) -> Iterator[ExpectedEvent]:
    for name, value in raw.items():
        if name.startswith(counted_as.EVENT):
            day_text, ends_text, timezone = value["S"].split(" ")
            day, ends_at = date.fromisoformat(day_text), datetime.fromisoformat(ends_text)
            dates = figures.dates_of(clock.now(), days, timezone)
            if dates.has(day) and student_counts.fits(rule, profile, until=ends_at):
                yield ExpectedEvent(name.removeprefix(counted_as.EVENT), day, ends_at)
