"""Figures of one event: its totals, its minutes, and its newest submissions; one query each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import expectations, figures, recent_attendance, seconds_bins
from chalicelib.domain.campus.analytics.figures import Numbers
from chalicelib.domain.campus.analytics.recent_attendance import RecentSubmission
from chalicelib.domain.campus.events import campus_events
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent, Item, RecentAttendance
from chalicelib.vocabulary.campus import AttendanceStatus, VerificationStatus

RECENT = timedelta(minutes=5)
# Of an event, from its first submission on; the page shows no later minutes.
_HOURS_SHOWN = 48


class MinuteCount(Struct, frozen=True):
    """A minute and how many submitted in it."""

    minute: datetime
    count: int


class EventFigures(Struct, frozen=True):
    """The figures of an event; `expected` and `rate` are None without a roster."""

    event_id: str
    expected: int | None
    submitted: int
    by_status: Mapping[str, int]
    by_verification: Mapping[str, int]
    flags: Mapping[str, int]
    by_minute: Sequence[MinuteCount]
    median_seconds: float | None
    rate: float | None


class SummaryCount(Struct, frozen=True):
    """How many records have a status and a verification status."""

    status: AttendanceStatus
    verification_status: VerificationStatus
    count: int


class LiveView(Struct, frozen=True):
    """What is shown while an event goes on; `total_registered` counts its records."""

    event_id: str
    attendance_summary: Sequence[SummaryCount]
    recent_submissions: Sequence[RecentSubmission]
    total_registered: int
    expected: int | None
    last_updated: datetime


def show(event_id: str, caller: Principal) -> EventFigures:
    """Return the figures of an event that the caller is staff of. Raises Forbidden, NotFound."""
    return of_event(campus_events.require_staff_of(event_id, caller, fresh=True))


def show_live(event_id: str, caller: Principal) -> LiveView:
    """Return the live view of an event that the caller is staff of. Raises Forbidden, NotFound."""
    return live(campus_events.require_staff_of(event_id, caller))


def of_event(event: CampusEvent) -> EventFigures:
    """Return the figures of an event."""
    place = keys.campus_analytics.event_totals(event.event_id)
    raws = operations.query(place.pk, keys.campus_analytics.all_of_event(), limit=1 + _HOURS_SHOWN)
    numbers = figures.numbers_of(next((raw for raw in raws if raw["sk"]["S"] == place.sk), {}))
    expected = expectations.number(event)
    return EventFigures(
        event_id=event.event_id,
        expected=expected,
        submitted=numbers["n"],
        by_status=figures.by_status(numbers),
        by_verification=figures.by_verification(numbers),
        flags=figures.flags(numbers),
        by_minute=[each for raw in raws if raw["sk"]["S"] != place.sk for each in _minutes(raw)],
        median_seconds=seconds_bins.median(_binned(numbers)),
        rate=figures.rate_of(numbers, expected),
    )


def live(event: CampusEvent, *, consistent: bool = False) -> LiveView:
    """Return what is shown of an event while it goes on."""
    place = keys.campus_analytics.event_totals(event.event_id)
    where, shown = keys.campus_analytics.live_of_event(), recent_attendance.SHOWN
    raws = operations.query(place.pk, where, newest_first=True, limit=1 + shown, consistent=consistent)
    numbers = figures.numbers_of(next((raw for raw in raws if raw["sk"]["S"] == place.sk), {}))
    copies = [item for item in map(Item.from_raw_data, raws) if isinstance(item, RecentAttendance)]
    now = clock.now()
    return LiveView(
        event_id=event.event_id,
        attendance_summary=summary(numbers),
        recent_submissions=[
            recent_attendance.shown(copy) for copy in copies[:shown] if copy.submitted_at > now - RECENT
        ],
        total_registered=numbers["n"],
        expected=expectations.number(event),
        last_updated=now,
    )


def summary(numbers: Numbers) -> list[SummaryCount]:
    """Return the records of an event by status and verification status, without empty pairs."""
    return [
        SummaryCount(status, verification, count)
        for status in AttendanceStatus
        for verification in VerificationStatus
        if (count := numbers[f"{status}/{verification}"])
    ]


def _binned(numbers: Numbers) -> dict[int, int]:
    return {int(name[1:]): count for name, count in numbers.items() if name[0] == "q" and name[1:].isdigit()}


def _minutes(raw: operations.RawItem) -> list[MinuteCount]:
    hour = datetime.fromisoformat(keys.campus_analytics.hour_of(raw["sk"]["S"]) + ":00").replace(tzinfo=UTC)
    counts = {int(name[1:]): count for name, count in figures.numbers_of(raw).items() if count}
    return [MinuteCount(hour + timedelta(minutes=minute), counts[minute]) for minute in sorted(counts)]
