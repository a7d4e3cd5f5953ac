"""The JSON of live updates: the ticket that opens a socket, and what a channel's messages hold."""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, StringConstraints, TypeAdapter

from chalicelib.schemas import usher
from chalicelib.schemas.tix import tickets as tix_tickets
from chalicelib.schemas.webapp import payments as webapp_payments
from chalicelib.schemas.webapp import shared as webapp_shared
from chalicelib.schemas.wire import In, Moment, MoneyOut, Out
from chalicelib.vocabulary import LiveType

Channel = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.:-]+$")]


class TicketIn(In):
    """What the socket is for; without channels it may listen to all that are open to the caller."""

    channels: Annotated[list[Channel], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="The channels that the socket may subscribe to, such as `event-evt_…`."
    )


class TicketOut(Out):
    """Where to open the socket: at `url`, with `?ticket=`, once, before it expires."""

    url: str
    ticket: str = Field(description="The one-time ticket; it opens one socket.")
    expires_at: Moment


class CommandIn(In):
    """What a client says over its socket."""

    action: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    channel: Channel | None = None
    after: Annotated[int, Field(ge=0, lt=10**12)] | None = None
    batch: bool = False


class CountersOut(Out):
    """An event's numbers as they stand."""

    tickets_sold: int
    admitted: int
    on_leave: int
    inside: int
    last_scan_at: Moment | None


class CardBalanceOut(Out):
    """What is on a card now."""

    card_id: str
    uid: str
    balance: MoneyOut


class RangeOut(Out):
    """Consecutive tickets: `from` is the first number, `to` the last; the tickets themselves where they are few."""

    job_id: str
    prefix: str
    from_: int = Field(alias="from")
    to: int
    count: int
    tickets: list[tix_tickets.TicketOut] | None


class ActivityOut(Out):
    """Something that happened, such as `device.enrolled`, and to which thing."""

    action: str
    entity_type: str
    entity_id: str
    event_id: str | None


class ConflictOut(Out):
    """What contradicts itself, and the scan that shows it."""

    kind: str
    entry: usher.LogEntryOut


def _numbered(subject: Any) -> dict[str, Any]:
    return tix_tickets.ticket_fields(subject.ticket, number=subject.number)


def _generated(subject: Any) -> dict[str, Any]:
    made, tickets = subject.range, subject.tickets
    first, count = made.first, made.quantity
    return {
        "job_id": made.job_id,
        "prefix": made.prefix,
        "from": first,
        "to": first + count - 1,
        "count": count,
        "tickets": None if tickets is None else [_numbered(each) for each in tickets],
    }


# What each message holds, and how the fields of its subject are found where they are not the subject's own.
_SHAPES: dict[LiveType, tuple[type[Out], Callable[[Any], Any] | None]] = {
    LiveType.CHECK_IN: (usher.LogEntryOut, usher.log_entry),
    LiveType.STATUS: (usher.StatusOut, None),
    LiveType.COUNTERS: (CountersOut, None),
    LiveType.TICKET: (webapp_shared.TicketOut, webapp_shared.ticket_fields),
    LiveType.CARD_BALANCE: (CardBalanceOut, None),
    LiveType.PAYMENT: (webapp_payments.PaymentOut, None),
    LiveType.TICKET_SCANNED: (tix_tickets.TicketOut, _numbered),
    LiveType.TICKETS_GENERATED: (RangeOut, _generated),
    LiveType.ACTIVITY: (ActivityOut, None),
    LiveType.CONFLICT: (ConflictOut, lambda subject: {"kind": subject.kind, "entry": usher.log_entry(subject.entry)}),
}


def data_of(type_: LiveType, subject: Any) -> Any:
    """Return what a message of this type says of its subject, as JSON."""
    schema, fields = _SHAPES[type_]
    adapter = _adapter(schema)
    shown = subject if fields is None else fields(subject)
    return adapter.dump_python(adapter.validate_python(shown, from_attributes=True), mode="json", by_alias=True)


@lru_cache(maxsize=32)
def _adapter(schema: type[Out]) -> TypeAdapter[Any]:
    return TypeAdapter(schema)
