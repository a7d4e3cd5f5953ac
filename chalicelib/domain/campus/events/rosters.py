"""Who is expected at an event: the people on its roster or, without one, the students that its rule names.

Without a roster and without a rule nobody is expected: then nobody is absent, and there is no rate.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_events, event_windows, roster_lists
from chalicelib.domain.campus.events.roster_lists import RosterInput, RosterList, UnknownRow
from chalicelib.domain.campus.people import campus_profiles, student_counts
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import Conflict, Unavailable, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import CampusEvent, CampusProfile, RosterEntry
from chalicelib.table.ranges import After
from chalicelib.vocabulary.campus import RosterAction

# Listed people that one read of `every` takes.
_READ_AT_ONCE = 1_000
# People whose entries one thread writes, and threads.
_WRITTEN_AT_ONCE, _HANDS = 250, 8
# Sorts before every id.
_FIRST = "!"


class RosterChange(Struct, frozen=True):
    """What a list changed: the people listed now, how many came and went, and the rows that name nobody."""

    version: int
    size: int
    added: int
    removed: int
    unknown: Sequence[UnknownRow]


class ListedPerson(Struct, frozen=True):
    """A listed person; without a profile the person was erased."""

    entry: RosterEntry
    profile: CampusProfile | None


def change(event_id: str, sent: RosterInput, *, by: Principal) -> RosterChange:
    """Make these people the roster of an event, or add or remove them.

    Of several lists at once the last one holds, whole; people who are added or removed at once are all added or
    removed. Only differences are written. The event counts the lists: a writer that meets another one compares again.
    Raises Forbidden, NotFound, ValidationFailed, Conflict (not the version that was read), Unavailable.
    """
    present = campus_events.require_staff_of(event_id, by, fresh=True)
    if sent.version is not None and sent.version != present.roster_version:
        raise _stale(present)
    if sent.says_nothing:
        return RosterChange(present.roster_version, present.roster_size, 0, 0, ())
    listed = roster_lists.read(sent)
    if sent.version is not None:
        # Counted before anything is written, and looked at before, so that a refused list has changed nothing.
        _wanted(set(_user_ids(event_id)), listed, sent)
        if not _counted(present):
            raise _stale(campus_events.require_staff_of(event_id, by, fresh=True))
    for _ in retries.attempts():
        event = campus_events.require_staff_of(event_id, by, fresh=True)
        before = set(_user_ids(event_id))
        wanted = _wanted(before, listed, sent)
        added, removed = wanted - before, before - wanted
        _write(event_id, sorted(added), sorted(removed), clock.now())
        if not _counted(event, CampusEvent.roster_size.set(len(wanted))):
            continue
        campus_events.get(event_id)  # for this container's cache
        logger.info("roster set", extra={"event_id": event_id, "added": len(added), "removed": len(removed)})
        return RosterChange(event.roster_version + 1, len(wanted), len(added), len(removed), listed.unknown)
    raise Unavailable("The roster is being changed at this moment. Try again.", retry_after=1)


def _wanted(before: set[str], listed: RosterList, sent: RosterInput) -> set[str]:
    """Return who is on a roster after a list. Raises ValidationFailed for too many people, and for a list that would
    take everybody off by naming nobody, as the wrong file or the wrong column does."""
    if sent.action is RosterAction.REMOVE:
        return before - listed.user_ids
    wanted = before | listed.user_ids if sent.action is RosterAction.ADD else set(listed.user_ids)
    if len(wanted) > roster_lists.MOST:
        text = f"would make {len(wanted):,} people; a roster has at most {roster_lists.MOST:,}"
        raise ValidationFailed(details=[{"field": "action", "message": text}])
    if before and not wanted and listed.unknown:
        count, row = f"{len(before):,}", listed.unknown[0]
        message = f"names no student (line {row.line}: {row.said}), and would take all {count} people off the roster"
        raise ValidationFailed(details=[{"field": sent.field, "message": message}])
    return wanted


def _counted(event: CampusEvent, *actions: Action) -> bool:
    """Count a list that was sent for a roster as it was read; return False where another one was counted since."""
    as_read = CampusEvent.deleted_at.does_not_exist() & (CampusEvent.roster_version == event.roster_version)
    counting = [*actions, CampusEvent.roster_version.set(event.roster_version + 1)]
    try:
        operations.record(operations.change(event.place, counting, CampusEvent.pk.exists() & as_read))
    except operations.ConditionFailed:
        return False
    return True


def _stale(event: CampusEvent) -> Conflict:
    present = {"event_id": event.event_id, "version": event.roster_version, "size": event.roster_size}
    return Conflict.stale("The roster", present)


def page(event_id: str, *, by: Principal, page_size: int, cursor: str | None) -> Page[ListedPerson]:
    """Return a page of the roster. Raises Forbidden, NotFound, InvalidCursor."""
    event = campus_events.require_staff_of(event_id, by, fresh=True)
    partition = keys.campus_events.roster_entry(event_id).pk

    def read(after: str | None, limit: int) -> list[tuple[str, RosterEntry]]:
        raws = operations.query(partition, After(after) if after else None, limit=limit, consistent=True)
        return [(raw["sk"]["S"], RosterEntry.from_raw_data(raw)) for raw in raws]

    def load(entries: Sequence[RosterEntry]) -> list[ListedPerson]:
        places = {entry.user_id: keys.campus_people.profile(entry.user_id) for entry in entries}
        stored = operations.get_many(places.values())
        # An erased person has a profile still, for the counts.
        profiles = {place: profile for place, profile in stored.items() if not campus_profiles.is_erased(profile)}
        return [ListedPerson(entry, profiles.get(places[entry.user_id])) for entry in entries]

    asked = PageRequest(f"roster {by.id} {event_id}", page_size, cursor)
    found = paging.walk(asked, read, load, budget=ReadBudget())
    return Page(results=found.results, next=found.next, count=event.roster_size)


def expected_count(event: CampusEvent) -> int | None:
    """Return how many people are expected; None where nothing says who is."""
    if not event_windows.expects(event):
        return None
    if event.roster_size:
        return event.roster_size
    rule = event.rule_of_expected
    return student_counts.number_of(rule) if rule else None


def is_expected(event: CampusEvent, profile: CampusProfile) -> bool | None:
    """Whether a person is expected; None where nothing says who is."""
    if not event_windows.expects(event):
        return None
    if event.roster_size:
        return operations.get(keys.campus_events.roster_entry(event.event_id, profile.user_id)) is not None
    rule = event.rule_of_expected
    return student_counts.fits(rule, profile, until=event_windows.last_end(event)) if rule else None


def events_of(user_id: str, *, limit: int = 1_000) -> list[str]:
    """Return the ids of events that a person is listed at, in no order of time, at most `limit`."""
    partition = keys.campus_events.listed_at(user_id).pk
    raws = operations.query(partition, index="gsi1", limit=limit)
    return [raw["gsi1sk"]["S"] for raw in raws]


def entries_of(user_id: str) -> list[RosterEntry]:
    """Return the roster entries of a person, for the export of their data."""
    raws = operations.query(keys.campus_events.listed_at(user_id).pk, index="gsi1")
    # The index has keys alone.
    return [*operations.get_many(operations.places_of(RosterEntry, raws)).values()]


def _write(event_id: str, added: Sequence[str], removed: Sequence[str], now: datetime) -> None:
    """Write the differences of a roster, several requests at a time: a full list answers within seconds."""

    def put(user_ids: Sequence[str]) -> int:
        return operations.put_many(_entry(event_id, user_id, now) for user_id in user_ids)

    def remove(user_ids: Sequence[str]) -> int:
        return operations.remove_many(keys.campus_events.roster_entry(event_id, user_id) for user_id in user_ids)

    with ThreadPoolExecutor(_HANDS) as hands:
        list(hands.map(put, _parts(added)))
        list(hands.map(remove, _parts(removed)))


def _parts(user_ids: Sequence[str]) -> list[Sequence[str]]:
    return [user_ids[start : start + _WRITTEN_AT_ONCE] for start in range(0, len(user_ids), _WRITTEN_AT_ONCE)]


def _user_ids(event_id: str) -> Iterator[str]:
    first = keys.campus_events.roster_entry(event_id, _FIRST)
    for raws in operations.stream(first, ["user_id"], page=_READ_AT_ONCE):
        yield from (raw["user_id"]["S"] for raw in raws)


def _entry(event_id: str, user_id: str, now: datetime) -> RosterEntry:
    return RosterEntry(
        *keys.campus_events.roster_entry(event_id, user_id),
        gsi1=keys.campus_events.listed_at(user_id, event_id),
        event_id=event_id,
        user_id=user_id,
        added_at=now,
    )
