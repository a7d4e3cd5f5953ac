"""Projects table changes to live subscribers.

Finds and stores messages, delivers stored messages, and closes the sockets of locked-out principals.
Idempotent, in whole or in part.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.domain.background.changes import Change, Wanted, every
from chalicelib.domain.campus.analytics import event_figures
from chalicelib.domain.campus.analytics.event_figures import LiveView
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.events import events
from chalicelib.domain.live import channels, closings, delivery, news
from chalicelib.domain.live.delivery import ChannelMessage
from chalicelib.errors import NotFound
from chalicelib.observability import count, logger
from chalicelib.table.items import (
    CampusEvent,
    CardBalance,
    ConflictAddress,
    Counters,
    Device,
    EditRequest,
    Event,
    EventAttendanceTotals,
    EventRevocation,
    LiveCounters,
    LiveNews,
    LockOut,
    NumberedTicket,
    NumberRange,
    Order,
    Payment,
    RefundRequest,
    Scan,
    StaffRevocation,
    Ticket,
)
from chalicelib.table.places import whose
from chalicelib.vocabulary.messages import LiveType

# Logged for each message that could not be rendered; tests fail on it.
NOT_SHOWN = "live message not shown"

WANTED = (
    *every(Ticket, Event, Counters, Payment, CardBalance, RefundRequest, EditRequest, NumberedTicket, NumberRange),
    *every(EventAttendanceTotals, CampusEvent),
    *every(LiveCounters, LockOut, StaffRevocation, EventRevocation),
    # A message that a repeated batch wrote again was delivered when it was new.
    Wanted(LiveNews, only_new=True),
    Wanted(Scan, only_new=True, unless=Scan.counted),
    Wanted(Order, unless=Order.counted),
    Wanted(ConflictAddress, unless=ConflictAddress.counted),
    # A heartbeat changes none of these.
    Wanted(Device, unless=Device.last_seen_at),
    Wanted(Device, having=Device.revoked_at),
    Wanted(Device, having=Device.silent_since),
)

# Renders a domain object as the JSON data of a message.
Show = Callable[[LiveType, Any], Any]


def follow(changes: Sequence[Change], *, show: Show) -> bool:
    """Publish these changes to their subscribers, in order; idempotent. Return whether they concerned anybody."""
    wanted = [change for change in changes if any(each.takes(change) for each in WANTED)]
    closed = [closings.follow(change) for change in wanted]
    published = _publish(wanted, show)
    sent = _send(wanted, show)
    return any(closed) or published or sent


def _publish(changes: Sequence[Change], show: Show) -> bool:
    findings = news.found_in(changes)
    counters = {channel for change in changes if (channel := _counted(change)) is not None}
    concerned = {finding.channel for finding in findings} | counters
    if not concerned:
        return False
    heard = delivery.heard(concerned)
    listened = news.completed([finding for finding in findings if finding.channel in heard])
    shown = [(finding, _shown(show, finding.type, finding.subject)) for finding in listened]
    delivery.publish([ChannelMessage(f.channel, f.type, f.source, f.at, data) for f, data in shown if data is not None])
    for channel in sorted(counters & heard):
        delivery.remind_of_counters(channel)
    return bool(heard)


def _send(changes: Sequence[Change], show: Show) -> bool:
    unsent: dict[str, list[LiveNews]] = defaultdict(list)
    counters: set[str] = set()
    for change in changes:
        if isinstance(change.after, LiveNews):
            unsent[change.after.channel].append(change.after)
        elif isinstance(change.after, LiveCounters):
            counters.add(change.after.channel)

    def counters_of(channel: str) -> tuple[LiveType, Any] | None:
        event_id, is_campus = channels.event_of(channel), channels.is_of_attendance(channel)
        type_ = LiveType.ATTENDANCE_UPDATE if is_campus else LiveType.COUNTERS
        try:
            counters = _attendance(event_id) if is_campus else events.status(event_id, exact=True)
        except NotFound:
            return None  # the event is gone, and its counters with it
        data = _shown(show, type_, counters)
        return None if data is None else (type_, data)

    if unsent or counters:
        delivery.deliver(unsent, counters_changed=counters, counters_of=counters_of)
    return bool(unsent or counters)


def _counted(change: Change) -> str | None:
    """Return the channel whose counters a change is of."""
    match change.after:
        case Counters(pk=pk):
            return channels.of_event(whose(pk))
        case EventAttendanceTotals(pk=pk):
            return channels.of_attendance(whose(pk))
    return None


def _attendance(event_id: str) -> LiveView:
    return event_figures.live(campus_events.get(event_id), consistent=True)


def _shown(show: Show, type_: LiveType, subject: Any) -> Any:
    """Return a message's data, or None where rendering fails: one faulty message must not block the others."""
    try:
        return show(type_, subject)
    except Exception:  # noqa: BLE001  # a bug in rendering one type: logged, counted, and its message omitted
        logger.exception(NOT_SHOWN, extra={"type": type_.value})
        count("LiveMessagesNotShown", {type_.value: 1}, by="type")
        return None
