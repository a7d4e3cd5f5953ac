"""Bodies of live updates: the ticket that opens a socket, and the messages of the channels."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib.schemas.campus import analytics as campus_analytics
from chalicelib.schemas.tix import tickets as tix_tickets
from chalicelib.schemas.usher import events as usher_events
from chalicelib.schemas.usher import log as usher_log
from chalicelib.schemas.webapp import payments as webapp_payments
from chalicelib.schemas.webapp import shared as webapp_shared
from chalicelib.schemas.wire import In, Moment, MoneyOut, Out
from chalicelib.vocabulary.messages import LiveType

Channel = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.:-]+$")]


class TicketIn(In):
    """The channels of the socket; without them it may subscribe to all channels that are open to the caller."""

    channels: Annotated[list[Channel], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="The channels that the socket may subscribe to, such as `event-evt_…`."
    )


class TicketOut(Out):
    """The URL of the socket, opened with `?ticket=`, once, before the ticket expires."""

    url: str
    ticket: str = Field(description="The one-time ticket; it opens one socket.")
    expires_at: Moment


class CommandIn(In):
    """A client's command over its socket."""

    action: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    channel: Channel | None = None
    after: Annotated[int, Field(ge=0, lt=10**12)] | None = None
    batch: bool = False


class CountersOut(Out):
    """The current counters of an event."""

    tickets_sold: int
    admitted: int
    on_leave: int
    inside: int
    counted_without_ticket: int
    last_scan_at: Moment | None


class CardBalanceOut(Out):
    """The current balance of a card."""

    card_id: str
    uid: str
    balance: MoneyOut


class RangeOut(Out):
    """Consecutive tickets from number `from` to number `to`; the tickets themselves if they are few."""

    job_id: str
    prefix: str
    from_: int = Field(alias="from")
    to: int
    count: int
    tickets: list[tix_tickets.TicketOut] | None


class ActivityOut(Out):
    """An activity, such as `device.enrolled`, and its entity."""

    action: str
    entity_type: str
    entity_id: str
    event_id: str | None


class ConflictOut(Out):
    """A contradiction, and the scan that shows it."""

    kind: str
    entry: usher_log.LogEntryOut


def _numbered(subject: Any) -> tix_tickets.TicketOut:
    return tix_tickets.TicketOut.from_ticket(subject.ticket)


def _generated(subject: Any) -> RangeOut:
    made, tickets = subject.range, subject.tickets
    return RangeOut(
        **{"from": made.first},
        job_id=made.job_id,
        prefix=made.prefix,
        to=made.first + made.quantity - 1,
        count=made.quantity,
        tickets=None if tickets is None else [_numbered(each) for each in tickets],
    )


def _conflict(subject: Any) -> ConflictOut:
    return ConflictOut(kind=subject.kind, entry=usher_log.LogEntryOut.from_entry(subject.entry))


# How the subject of each type of message is shown.
_SHOWN: dict[LiveType, Callable[[Any], Out]] = {
    LiveType.CHECK_IN: usher_log.LogEntryOut.from_entry,
    LiveType.STATUS: usher_events.StatusOut.read,
    LiveType.COUNTERS: CountersOut.read,
    LiveType.TICKET: webapp_shared.TicketOut.from_ticket,
    LiveType.CARD_BALANCE: CardBalanceOut.read,
    LiveType.PAYMENT: webapp_payments.PaymentOut.read,
    LiveType.TICKET_SCANNED: _numbered,
    LiveType.TICKETS_GENERATED: _generated,
    LiveType.ACTIVITY: ActivityOut.read,
    LiveType.CONFLICT: _conflict,
    LiveType.ATTENDANCE_UPDATE: campus_analytics.RealtimeOut.from_view,
}


def data_of(type_: LiveType, subject: Any) -> Any:
    """Return the JSON of a message of this type about its subject."""
    return _SHOWN[type_](subject).model_dump(mode="json", by_alias=True)
