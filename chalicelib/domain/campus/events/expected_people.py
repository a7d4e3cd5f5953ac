"""The expected people of an event one by one: the listed ones or, without a list, those that its rule names.

A rule names the students who were in its group when the last window of the event ended. Most are in it still; the
others have moved since, and are found in a list of their own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib.domain.campus.events import event_windows
from chalicelib.domain.campus.people import student_counts, student_groups
from chalicelib.domain.lists import entries
from chalicelib.domain.lists.campus import CAMPUS_MOVED, CAMPUS_USERS
from chalicelib.domain.paging import Read
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent, CampusProfile, ListEntry
from chalicelib.table.places import whose
from chalicelib.table.ranges import After
from chalicelib.vocabulary.campus import CampusRole

_CREATED, _MOVED = "created_at", "moved_at"
# List entries that one query reads.
_READ_AT_ONCE = 500
# Begins the position of a person who has moved; no entry of a list begins so.
_AMONG_MOVED = "MOVED "
# The filters of the list of people that a rule may have, by the names of the rule.
_FILTERS = {"department": "department", "year_level": "year_level", "campus_id": "campus"}


def reader(event: CampusEvent) -> Read[str]:
    """Return the reader of the ids of the expected people, for `paging.walk`; of nobody where nothing says who."""
    is_expecting = event_windows.expects(event)
    if is_expecting and event.roster_size:
        return _listed(event.event_id)
    rule = event.rule_of_expected if is_expecting else None
    return _of_rule(rule, until=event_windows.last_end(event)) if rule else lambda _after, _limit: []


def _listed(event_id: str) -> Read[str]:
    partition = keys.campus_events.roster_entry(event_id).pk

    def read(after: str | None, limit: int) -> list[tuple[str, str]]:
        raws = operations.query(partition, After(after) if after else None, limit=limit, consistent=True)
        return [(raw["sk"]["S"], raw["user_id"]["S"]) for raw in raws]

    return read


class _Source(Struct, frozen=True):
    """The entries of a list of people in one ordering, and the values of filters that they must have."""

    partition: str
    ordering: str
    wanted: Mapping[str, str]

    def named(self, after: str | None, *, last: str | None = None) -> Iterator[list[tuple[str, str]]]:
        """Yield position and id of the people after a position, up to a value of the ordering, by queries."""
        while raws := operations.query(self.partition, After(after) if after else None, limit=_READ_AT_ONCE):
            found = [ListEntry.from_raw_data(raw) for raw in raws]
            within = [each for each in found if last is None or each.facts["orderings"][self.ordering] <= last]
            yield [
                (each.sk, whose(each.item_pk))
                for each in within
                if all(value in each.facts["filters"][name] for name, value in self.wanted.items())
            ]
            if len(within) < _READ_AT_ONCE:
                return
            after = raws[-1]["sk"]["S"]


def more_than_now(rule: Mapping[str, str], *, at: datetime) -> int:
    """Return how many more students a rule named at a moment than now; it is negative where it names more now.

    It reads the people who have registered, moved or left since.
    """
    registered = _profiles(_people_of(rule).named(CAMPUS_USERS.orderings[_CREATED].text(at)))
    moved = _profiles(_moved_of(rule).named(CAMPUS_MOVED.orderings[_MOVED].text(at)))
    fewer = sum(profile.created_at > at and student_counts.fits(rule, profile, until=None) for profile in registered)
    return -fewer + sum(
        student_counts.fits(rule, profile, until=at) - student_counts.fits(rule, profile, until=None)
        for profile in moved
        if profile.created_at <= at
    )


def _profiles(named: Iterable[Sequence[tuple[str, str]]]) -> Iterator[CampusProfile]:
    for people in named:
        yield from operations.get_many(keys.campus_people.profile(user_id) for _, user_id in people).values()


def _people_of(rule: Mapping[str, str]) -> _Source:
    """Return the students that a rule names, whether they have left or not."""
    wanted = {**_wanted(rule), "role": CampusRole.STUDENT}
    # A department has fewer people than a campus, and either fewer than all students.
    index = next(name for name in ("department", "campus", "role") if name in wanted)
    partition = keys.lists.entries(CAMPUS_USERS.name, _CREATED, entries.index_text((index,), wanted), shard=0)
    return _Source(partition, _CREATED, wanted)


def _moved_of(rule: Mapping[str, str]) -> _Source:
    """Return the people whom a rule may name in their present or a former group, and who have left a group."""
    return _Source(keys.lists.entries(CAMPUS_MOVED.name, _MOVED, "", shard=0), _MOVED, _wanted(rule))


def _wanted(rule: Mapping[str, str]) -> dict[str, str]:
    return {_FILTERS[name]: CAMPUS_USERS.filters[_FILTERS[name]].text(value) for name, value in rule.items()}


def _of_rule(rule: Mapping[str, str], *, until: datetime) -> Read[str]:
    """Return the reader of the students whom a rule named at a moment: those whom it names still, then the others.

    It reads the lists of people, which follow by the stream, and the profiles of those that may fit.
    """
    last, first = CAMPUS_USERS.orderings[_CREATED].text(until), CAMPUS_MOVED.orderings[_MOVED].text(until)

    def read(after: str | None, limit: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if after is None or not after.startswith(_AMONG_MOVED):
            found = _fitting(_people_of(rule).named(after, last=last), rule, until, limit=limit, is_moved=False)
            after = None
        if len(found) < limit:
            begin = after.removeprefix(_AMONG_MOVED) if after else first
            more = _fitting(_moved_of(rule).named(begin), rule, until, limit=limit - len(found), is_moved=True)
            found += [(f"{_AMONG_MOVED}{position}", user_id) for position, user_id in more]
        return found

    return read


def _fitting(
    named: Iterable[Sequence[tuple[str, str]]],
    rule: Mapping[str, str],
    until: datetime,
    *,
    limit: int,
    is_moved: bool,
) -> list[tuple[str, str]]:
    """Return at most `limit` people whom a rule named at a moment, of those whom it names still or of the others."""
    found: list[tuple[str, str]] = []
    for people in named:
        while people and len(found) < limit:
            some, people = people[: limit - len(found)], people[limit - len(found) :]
            profiles = operations.get_many(keys.campus_people.profile(user_id) for _, user_id in some)
            found += [
                each
                for each in some
                if (profile := profiles.get(keys.campus_people.profile(each[1]))) is not None
                and student_counts.fits(rule, profile, until=until)
                and student_counts.is_of(rule, student_groups.present(profile)) is not is_moved
            ]
        if len(found) == limit:
            break
    return found
