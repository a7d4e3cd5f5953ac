"""Bodies of live updates: the ticket that opens a socket, and the messages of the channels."""

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Struct
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

    action: Annotated[str, StringConstraints(min_length=1, max_length=20)] = Field(
        description="`subscribe`, `unsubscribe` or `ping`."
    )
    channel: Channel | None = Field(default=None, description="The channel; not for `ping`.")
    after: Annotated[int, Field(ge=0, lt=10**12)] | None = Field(
        default=None, description="The last `id` that the client has; what came later is sent."
    )
    batch: bool = Field(default=False, description="Whether several messages may come in one frame.")


class CountersOut(Out):
    """The current counters of an event."""

    tickets_sold: int
    admitted: int
    on_leave: int
    inside: int
    counted_without_ticket: int = Field(description="How many of them were counted without a ticket.")
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

    action: str = Field(description="The entity's kind and what became of it, such as `order.paid`.")
    entity_type: str = Field(description="`event`, `order`, `refund_request`, `edit_request`, `device` or `payment`.")
    entity_id: str = Field(description="The entity's id.")
    event_id: str | None = Field(description="The event that it belongs to.")


class ConflictOut(Out):
    """A contradiction, and the scan that shows it."""

    kind: str = Field(description="`clone_suspected`, or the kind of conflict in the check-in log.")
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


class LiveMessage(Struct, frozen=True):
    """A type of message: its channel, its data, when it is sent, and how its subject is shown."""

    channel: str
    data: type[Out]
    sent: str
    show: Callable[[Any], Out]


_EVENT, _CUSTOMER, _ORGANIZATION = "event-{event_id}", "customer-{customer_id}", "org-{organizationId}"
_STAFF, _ATTENDANCE = "admin", "attendance-{event_id}"
# All that is sent on channels; nothing else can be, since what shows a message is here as well.
MESSAGES: dict[LiveType, LiveMessage] = {
    LiveType.CHECK_IN: LiveMessage(
        _EVENT,
        usher_log.LogEntryOut,
        "A scan, a leave or a return was decided, at a gate or by hand, also one that was refused, and each record "
        "that a device sends later.",
        usher_log.LogEntryOut.from_entry,
    ),
    LiveType.COUNTERS: LiveMessage(
        _EVENT,
        CountersOut,
        "Tickets or people inside were counted; at most twice a second, and the last counts are always sent.",
        CountersOut.read,
    ),
    LiveType.STATUS: LiveMessage(
        _EVENT,
        usher_events.StatusOut,
        "The event's state, its times, or whether and when it is scanned was changed.",
        usher_events.StatusOut.read,
    ),
    LiveType.TICKET: LiveMessage(
        _CUSTOMER,
        webapp_shared.TicketOut,
        "A ticket of the customer is new, was admitted for the first time, was handed on, or has another state, "
        "holder, card or price.",
        webapp_shared.TicketOut.from_ticket,
    ),
    LiveType.CARD_BALANCE: LiveMessage(
        _CUSTOMER, CardBalanceOut, "The balance of a card of the customer changed.", CardBalanceOut.read
    ),
    LiveType.PAYMENT: LiveMessage(
        _CUSTOMER,
        webapp_payments.PaymentOut,
        "A payment of the customer began or has another state.",
        webapp_payments.PaymentOut.read,
    ),
    LiveType.TICKET_SCANNED: LiveMessage(
        _ORGANIZATION, tix_tickets.TicketOut, "A ticket was scanned; never for a second scan of it.", _numbered
    ),
    LiveType.TICKETS_GENERATED: LiveMessage(
        _ORGANIZATION,
        RangeOut,
        "Tickets were made and are all in the list; with the tickets themselves where they are 50 or fewer.",
        _generated,
    ),
    LiveType.ACTIVITY: LiveMessage(
        _STAFF,
        ActivityOut,
        "An order was paid, an event, a refund request or an edit request has another state, a device was enrolled, "
        "revoked or fell silent, or money moved at the provider.",
        ActivityOut.read,
    ),
    LiveType.CONFLICT: LiveMessage(
        _STAFF,
        ConflictOut,
        "A scan contradicts another one, or its card may be a clone; staff decide about it.",
        _conflict,
    ),
    LiveType.ATTENDANCE_UPDATE: LiveMessage(
        _ATTENDANCE,
        campus_analytics.RealtimeOut,
        "The attendance of an event was counted; the whole live view, at most twice a second.",
        campus_analytics.RealtimeOut.from_view,
    ),
}
# What answers a client's own command, and when.
ANSWERS: dict[LiveType, str] = {
    LiveType.SUBSCRIBED: "to `subscribe`; `id` is the last one of the channel, and what came after `after` follows.",
    LiveType.UNSUBSCRIBED: "to `unsubscribe`.",
    LiveType.RESYNC: "to `subscribe` with an `after` that is too old: read the state over HTTP; `id` goes on here.",
    LiveType.PONG: "to `ping`.",
    LiveType.ERROR: "to a command that is refused; `data` has `code` and `message`.",
}


def data_of(type_: LiveType, subject: Any) -> Any:
    """Return the JSON of a message of this type about its subject."""
    return MESSAGES[type_].show(subject).model_dump(mode="json", by_alias=True)
