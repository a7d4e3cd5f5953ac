"""The expected people of an event one by one: the listed ones or, without a list, those that its rule names."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.domain.campus.events import event_windows
from chalicelib.domain.campus.people import student_counts
from chalicelib.domain.lists import entries
from chalicelib.domain.lists.campus import CAMPUS_USERS
from chalicelib.domain.paging import Read
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent, ListEntry
from chalicelib.table.places import whose
from chalicelib.table.ranges import After
from chalicelib.vocabulary.campus import CampusRole

_ORDERING = "created_at"
# List entries that one query reads.
_READ_AT_ONCE = 500
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


def _fitting(named: Sequence[tuple[str, str]], rule: Mapping[str, str], until: datetime) -> list[tuple[str, str]]:
    """Return those of these people that a rule expects, by their profiles as they are now."""
    places = [keys.campus_people.profile(user_id) for _, user_id in named]
    profiles = operations.get_many(places)
    return [
        each
        for each, place in zip(named, places, strict=True)
        if place in profiles and student_counts.fits(rule, profiles[place], until=until)
    ]


def newcomers(rule: Mapping[str, str], *, since: datetime) -> int:
    """Return how many of the students that a rule names now have registered after a moment.

    It reads the list of people from that moment on.
    """
    wanted = _wanted(rule)
    partition, after, found = _partition(wanted), CAMPUS_USERS.orderings[_ORDERING].text(since), 0
    while raws := operations.query(partition, After(after), limit=_READ_AT_ONCE):
        named = _named([ListEntry.from_raw_data(raw) for raw in raws], wanted)
        profiles = operations.get_many([keys.campus_people.profile(user_id) for _, user_id in named])
        present = (profile for profile in profiles.values() if student_counts.fits(rule, profile, until=None))
        found += sum(profile.created_at > since for profile in present)
        after = raws[-1]["sk"]["S"]
    return found


def _wanted(rule: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of the list of people that a rule is."""
    named = {_FILTERS[name]: CAMPUS_USERS.filters[_FILTERS[name]].text(value) for name, value in rule.items()}
    return {**named, "role": CampusRole.STUDENT}


def _partition(wanted: Mapping[str, str]) -> str:
    # A department has fewer people than a campus, and either fewer than all students.
    index = next(name for name in ("department", "campus", "role") if name in wanted)
    return keys.lists.entries(CAMPUS_USERS.name, _ORDERING, entries.index_text((index,), wanted), shard=0)


def _named(found: Sequence[ListEntry], wanted: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return position and id of the people whose entries pass the filters."""
    return [
        (each.sk, whose(each.item_pk))
        for each in found
        if all(value in each.facts["filters"][name] for name, value in wanted.items())
    ]


def _of_rule(rule: Mapping[str, str], *, until: datetime) -> Read[str]:
    """Return the reader of the students that a rule names, who had registered by a moment and not left by then.

    It reads the list of people, which follows by the stream, and the profiles of those that fit.
    """
    last = CAMPUS_USERS.orderings[_ORDERING].text(until)
    wanted = _wanted(rule)
    partition = _partition(wanted)

    def read(after: str | None, limit: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while len(found) < limit:
            raws = operations.query(partition, After(after) if after else None, limit=_READ_AT_ONCE)
            entries_read = [ListEntry.from_raw_data(raw) for raw in raws]
            early = [each for each in entries_read if each.facts["orderings"][_ORDERING] <= last]
            named = _named(early, wanted)
            while named and len(found) < limit:
                more, named = named[: limit - len(found)], named[limit - len(found) :]
                found += _fitting(more, rule, until)
            if len(early) < _READ_AT_ONCE:
                break  # the oldest come first
            after = raws[-1]["sk"]["S"]
        return found

    return read
