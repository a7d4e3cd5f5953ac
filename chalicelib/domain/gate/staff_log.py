"""The check-in log of all events, for staff: event by event, newest first, without a write per scan (D-LIST-04).

A page shows one event's log. Which event follows comes from the list of events and their totals, at two requests. A
page may be short; `next` then continues with the next event. A search by card, usher or attendee looks at every
event: a card is also shown where it has no ticket, and an usher's scans stay in the log after the assignment
(D-LIST-10). Conflicts come from lists of their own (D-OFF-70).
"""

import json
from collections.abc import Collection, Sequence

from msgspec import Struct

from chalicelib.domain import paging
from chalicelib.domain.gate import checkin_log
from chalicelib.domain.gate.checkin_log import CheckinEntry, CheckinFilters
from chalicelib.domain.lists.events import EVENTS
from chalicelib.domain.paging import Page
from chalicelib.table import keys, operations
from chalicelib.table.places import whose
from chalicelib.table.ranges import Before

# Events whose totals are looked at for the next one with scans.
_EVENTS_AT_ONCE = 100
# Entries that a page looks at: where the index answers its filters, for each that is shown, and where it does not.
_PER_ENTRY = 2
_BY_INDEX = 1000
_BY_ITEM = 100
# Slices without an entry that a page passes over.
_PASSED_OVER = 10


class LogPlace(Struct, frozen=True):
    """Where the log goes on: in an event, after an entry of its log. Without an id the event is over, or none is begun.

    `event_place` is where the events are that follow.
    """

    event_place: str | None = None
    event_id: str | None = None
    after: str | None = None

    def text(self) -> str:
        """Return the place as a text."""
        return json.dumps([self.event_place, self.event_id, self.after])

    @classmethod
    def of(cls, text: str) -> "LogPlace":
        """Return the place of a text."""
        return cls(*json.loads(text))


class LogSlice(Struct, frozen=True):
    """A part of the log; `goes_on` is where it goes on, None at the end."""

    entries: Sequence[CheckinEntry]
    goes_on: LogPlace | None


def page(
    event_id: str | None, filters: CheckinFilters, *, caller_id: str, page_size: int, cursor: str | None
) -> Page[CheckinEntry]:
    """Return a page of the log. Raises InvalidCursor."""
    bound_to = f"staff-log/{caller_id}/{event_id}/{filters}"
    place = LogPlace.of(paging.unseal(cursor, bound_to=bound_to)) if cursor else LogPlace()
    if filters.asks_conflicts:
        limit, most = page_size * _PER_ENTRY, page_size
    elif filters.asks_items:
        limit, most = _BY_ITEM, None
    elif filters.result or filters.username:
        limit, most = _BY_INDEX, page_size
    else:
        limit, most = page_size * _PER_ENTRY, page_size
    found = read(event_id, filters, place=place, limit=limit, most=most)
    for _ in range(_PASSED_OVER):
        if found.entries or found.goes_on is None:
            break
        found = read(event_id, filters, place=found.goes_on, limit=limit, most=most)
    shown, goes_on = found.entries, found.goes_on
    if len(shown) > page_size:
        shown = shown[:page_size]
        goes_on = LogPlace(
            None if goes_on is None else goes_on.event_place, shown[-1].scan.event_id, shown[-1].scan.log_id
        )
    return Page(results=shown, next=paging.seal(goes_on.text(), bound_to=bound_to) if goes_on else None)


def read(
    event_id: str | None, filters: CheckinFilters, *, place: LogPlace, limit: int, most: int | None = None
) -> LogSlice:
    """Return about `limit` entries of one event, and at most `most`; a slice of a longer log may be empty."""
    at: LogPlace | None = place
    if place.event_id is None:
        at = LogPlace(event_id=event_id) if event_id else _next_event(place.event_place, filters)
    if at is None or at.event_id is None:
        return LogSlice((), at)
    found = checkin_log.slice_of(at.event_id, filters, after=at.after, limit=limit, most=most)
    if found.after is not None:
        return LogSlice(found.entries, LogPlace(at.event_place, at.event_id, found.after))
    return LogSlice(found.entries, None if event_id else LogPlace(at.event_place))


def _next_event(after: str | None, filters: CheckinFilters) -> LogPlace | None:
    """Return the next event with scans, or with conflicts; None at the end, without an id where a search goes on."""
    raws = operations.query(
        keys.lists.entries(EVENTS.name, "starts_at", "", shard=0),
        Before(after) if after else None,
        newest_first=True,
        limit=_EVENTS_AT_ONCE,
    )
    events = {raw["sk"]["S"]: whose(raw["item_pk"]["S"]) for raw in raws}
    found = _with_conflicts(events.values(), filters) if filters.asks_conflicts else _with_scans(events.values())
    for event_place, event_id in events.items():
        if event_id in found:
            return LogPlace(event_place, event_id)
    return LogPlace(raws[-1]["sk"]["S"]) if len(raws) == _EVENTS_AT_ONCE else None


def _with_scans(event_ids: Collection[str]) -> set[str]:
    counted = operations.get_many(map(keys.gate.counters, event_ids), consistent=False)
    return {whose(place.pk) for place, each in counted.items() if each.scans > 0}


def _with_conflicts(event_ids: Collection[str], filters: CheckinFilters) -> set[str]:
    """Return the events that had a conflict, or have an open one where only those are asked for."""
    counted = operations.get_many(map(keys.incidents.open_conflicts, event_ids), consistent=False)
    return {whose(place.pk) for place, each in counted.items() if each.open > 0 or filters.resolved is not False}
