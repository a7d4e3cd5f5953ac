"""What a change of the table is news of, on which channel."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.domain import checkin_log, events, live_channels, totals
from chalicelib.domain.changes import Change
from chalicelib.domain.checkin_log import Entry
from chalicelib.table.items import Event, Item, Scan, Ticket
from chalicelib.vocabulary import LiveType


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of news: `subject` is the domain's own object, for the door to show."""

    channel: str
    type: LiveType
    source: str
    at: datetime
    subject: Any


def found_in(changes: Sequence[Change]) -> list[Finding]:
    """Return all that these changes are news of, in their order."""
    return [finding for change in changes for finder in _FINDERS for finding in finder(change)]


def completed(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with what their changes do not hold, read once for all: the attendees' names."""
    unnamed = [f.subject.scan for f in findings if f.type is LiveType.CHECK_IN and f.subject.attendee_name is None]
    names = checkin_log.attendee_names(unnamed)
    return [
        replace(f, subject=replace(f.subject, attendee_name=names[f.subject.scan.ticket_id]))
        if f.type is LiveType.CHECK_IN and f.subject.attendee_name is None and f.subject.scan.ticket_id in names
        else f
        for f in findings
    ]


def _check_in(change: Change) -> Iterator[Finding]:
    before, after = change.before, change.after
    entry: Entry | None = None
    if isinstance(after, Ticket):
        # The stream's worker writes its record; it is told of already here, a hop earlier.
        scan = totals.record_of_first_entry(before if isinstance(before, Ticket) else None, after)
        entry = Entry(scan, after.holder_name) if scan else None
    elif isinstance(after, Scan) and before is None and not after.counted:
        entry = Entry(after, None)
    if entry is not None:
        channel = live_channels.of_event(entry.scan.event_id)
        yield Finding(channel, LiveType.CHECK_IN, entry.scan.log_id, entry.scan.decided_at, entry)


_OF_THE_GATE = (
    "status",
    "starts_at",
    "ends_at",
    "scanning_opens_at",
    "scanning_closes_at",
    "scanning_enabled",
    "re_entry_allowed",
)


def _status(change: Change) -> Iterator[Finding]:
    before, after = change.before, change.after
    if isinstance(after, Event) and isinstance(before, Event) and _differ(before, after, _OF_THE_GATE):
        channel = live_channels.of_event(after.event_id)
        yield Finding(channel, LiveType.STATUS, change.position, clock.now(), events.status_of(after))


def _differ(before: Item, after: Item, names: Sequence[str]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in names)


_FINDERS: tuple[Callable[[Change], Iterator[Finding]], ...] = (_check_in, _status)
