"""What a ticket may still do: for each deed, its own state and its event's state decide (D-STATE-01).

`objection` is the rule, as two tables without I/O. Each deed asks it when it is requested, and again for each attempt
to write. Rare deeds of one ticket also write `while_unchanged`, a condition on the event in their transaction. Sales
do not: 2,000 buyers a second would contend for one item. A sale that a cancellation overtakes leaves a valid ticket of
a cancelled event, which the tables allow to be returned. A scan asks `admission`, whose order the contract defines.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum, auto

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.events import gate_control
from chalicelib.errors import Conflict, InvalidState, NotFound, Refusal
from chalicelib.identifiers import created_at
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, Ticket
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus


class Deed(StrEnum):
    """What a customer or the platform does with a ticket, from its booking to its refund."""

    BOOK = auto()
    CHECK_OUT = auto()
    SETTLE = auto()
    SHOW_CODE = auto()
    BIND = auto()
    TRANSFER = auto()
    RECATEGORIZE = auto()
    GIFT = auto()
    TAKE_BACK = auto()
    CLAIM = auto()
    ASK_REFUND = auto()
    REFUND = auto()
    WITHDRAW = auto()


class TicketState(StrEnum):
    """The state of a ticket as far as a deed depends on it; `GIFTED` and `RETURNING` are pledged and unused."""

    RESERVED = auto()
    VALID = auto()
    GIFTED = auto()
    RETURNING = auto()
    USED = auto()
    CANCELLED = auto()
    REFUNDED = auto()
    TRANSFERRED = auto()


class EventState(StrEnum):
    """The state of an event as far as a deed depends on it; `MOVED` is ahead, on another date than was booked."""

    DRAFT = auto()
    AHEAD = auto()
    MOVED = auto()
    OVER = auto()
    CANCELLED = auto()


class Objection(Struct, frozen=True):
    """Why a deed is refused. `is_final` says that it will not be allowed later either."""

    error: type[Refusal]
    message: str
    is_final: bool = False

    def refusal(self) -> Refusal:
        """Return the error to raise."""
        return self.error(self.message)


def _final(message: str) -> Objection:
    return Objection(InvalidState, message, is_final=True)


_NOT_PAID = Objection(InvalidState, "This ticket is not paid yet.")
_SCANNED = _final("This ticket was scanned at a gate, so it cannot be given away or returned.")
_GIFTED = Objection(
    Conflict, "This ticket waits as a gift. Its owner takes it back first, by gifting it to their own number."
)
_RETURNING = Objection(Conflict, "A refund was asked for this ticket; until that is answered it goes nowhere else.")
_NO_GIFT = Objection(
    Conflict, "This is your own number, and the ticket waits for no other: there is nothing to take back."
)
_GIFTED_MEANWHILE = Objection(Conflict, "This ticket waits as a gift. It keeps its category until that is answered.")
_NOT_RETURNED = Objection(InvalidState, "This ticket was used or withdrawn meanwhile; nothing is given back for it.")
_DEAD = (TicketState.CANCELLED, TicketState.REFUNDED, TicketState.TRANSFERRED)
_GONE = {
    TicketState.RESERVED: _NOT_PAID,
    TicketState.USED: _SCANNED,
    **{state: _final(f"This ticket is {state}, so it cannot be given away or returned.") for state in _DEAD},
}
_KEEPS_CATEGORY = {
    state: Objection(InvalidState, f"This ticket is {state}, so it keeps its category.")
    for state in (TicketState.RESERVED, TicketState.USED, *_DEAD)
}
_NO_CODE = {
    state: Objection(InvalidState, f"This ticket is {state}; only a valid one has a QR code.")
    for state in (TicketState.RESERVED, *_DEAD)
}

# The states of a ticket that refuse a deed; the sale's deeds depend on the order instead.
_OF_TICKET: Mapping[Deed, Mapping[TicketState, Objection]] = {
    Deed.BOOK: {},
    Deed.CHECK_OUT: {},
    Deed.SETTLE: {},
    Deed.SHOW_CODE: _NO_CODE,
    Deed.BIND: _NO_CODE,
    Deed.TRANSFER: {**_GONE, TicketState.GIFTED: _GIFTED, TicketState.RETURNING: _RETURNING},
    Deed.RECATEGORIZE: {**_KEEPS_CATEGORY, TicketState.GIFTED: _GIFTED_MEANWHILE, TicketState.RETURNING: _RETURNING},
    Deed.GIFT: {**_GONE, TicketState.RETURNING: _RETURNING},
    Deed.TAKE_BACK: {**_GONE, TicketState.VALID: _NO_GIFT, TicketState.RETURNING: _RETURNING},
    Deed.CLAIM: {**_GONE, TicketState.VALID: _NO_GIFT, TicketState.RETURNING: _RETURNING},
    Deed.ASK_REFUND: {**_GONE, TicketState.GIFTED: _GIFTED, TicketState.RETURNING: _RETURNING},
    Deed.REFUND: {state: _NOT_RETURNED for state in TicketState if state is not TicketState.RETURNING},
    # Its event was cancelled, so it does not matter whether it was used.
    Deed.WITHDRAW: dict.fromkeys((TicketState.RESERVED, *_DEAD), _NOT_RETURNED),
}

_UNPAYABLE = {
    EventState.DRAFT: Objection(InvalidState, "The event is not on sale at present"),
    EventState.OVER: _final("The event is over"),
    EventState.CANCELLED: _final("The booking or its event was cancelled"),
}
_NOT_GIVEN_AWAY = {
    EventState.DRAFT: Objection(
        InvalidState, "This event is not published at present, so its tickets cannot be given away."
    ),
    EventState.OVER: _final("This event is over, so its tickets cannot be given away."),
    EventState.CANCELLED: _final(
        "This event was cancelled, so its tickets cannot be given away. Ask for a refund instead."
    ),
}
_OPENS_NOTHING = {
    EventState.OVER: _final("This event is over, so its tickets open no gate any more."),
    EventState.CANCELLED: _final("This event was cancelled, so its tickets open no gate. Ask for a refund instead."),
}

# The states of an event that refuse a deed.
_OF_EVENT: Mapping[Deed, Mapping[EventState, Objection]] = {
    Deed.BOOK: {
        EventState.DRAFT: Objection(NotFound, "There is no such event."),
        EventState.OVER: _final("This event is over; it sells no tickets."),
        EventState.CANCELLED: _final("This event is cancelled; it sells no tickets."),
    },
    Deed.CHECK_OUT: {
        state: Objection(one.error, f"{one.message}. Nothing was taken.", is_final=one.is_final)
        for state, one in _UNPAYABLE.items()
    },
    Deed.SETTLE: _UNPAYABLE,
    Deed.SHOW_CODE: _OPENS_NOTHING,
    Deed.BIND: _OPENS_NOTHING,
    Deed.TRANSFER: _NOT_GIVEN_AWAY,
    Deed.RECATEGORIZE: {
        EventState.OVER: _final("This event is over, so its tickets keep their categories."),
        EventState.CANCELLED: _final("This event was cancelled, so its tickets keep their categories."),
    },
    Deed.GIFT: _NOT_GIVEN_AWAY,
    # The giver gets the ticket back, to return it or to use it.
    Deed.TAKE_BACK: {},
    Deed.CLAIM: _NOT_GIVEN_AWAY,
    Deed.ASK_REFUND: {EventState.OVER: _final("This event is over, so its tickets cannot be returned.")},
    # Staff decide, in each state.
    Deed.REFUND: {},
    Deed.WITHDRAW: {
        state: Objection(InvalidState, "This event is not cancelled, so its tickets are not withdrawn.")
        for state in EventState
        if state is not EventState.CANCELLED
    },
}


def objection(deed: Deed, event: EventState, ticket: TicketState | None = None) -> Objection | None:
    """Return why a deed is refused, the ticket's reason first, or None if it is allowed."""
    of_ticket = _OF_TICKET[deed].get(ticket) if ticket is not None else None
    return of_ticket or _OF_EVENT[deed].get(event)


def found(deed: Deed, event: Event, ticket: Ticket | None = None) -> Objection | None:
    """Return why a deed with these items is refused now, or None."""
    state = state_of_ticket(ticket) if ticket is not None else None
    return objection(deed, state_of_event(event, ticket), state)


def found_anew(deed: Deed, event: Event) -> Objection | None:
    """Return why a deed of the sale is refused now whose reservation is over: after an event's end it is too late.

    Its gates may still be open. Its books close, so nobody would be paid for what it sells.
    """
    return objection(deed, EventState.OVER) if event.ends_at <= clock.now() else found(deed, event)


def require(deed: Deed, event: Event, ticket: Ticket | None = None) -> None:
    """Raise the refusal of a deed with these items, if there is one: InvalidState, Conflict or NotFound."""
    refused = found(deed, event, ticket)
    if refused is not None:
        raise refused.refusal()


def state_of_ticket(ticket: Ticket) -> TicketState:
    """Return a ticket's state; a scanned one is used, whether it was pledged or not."""
    if ticket.status != TicketStatus.VALID:
        return TicketState(ticket.status)
    if ticket.admission is not None or ticket.passage is not None:
        return TicketState.USED
    if ticket.pledge is None:
        return TicketState.VALID
    return TicketState.RETURNING if ticket.pledged_to is None else TicketState.GIFTED


def state_of_event(event: Event, ticket: Ticket | None = None) -> EventState:
    """Return an event's state now, by its status and the clock; it is over once it has ended and its gates closed."""
    if event.status == EventStatus.CANCELLED:
        return EventState.CANCELLED
    if event.status == EventStatus.DRAFT:
        return EventState.DRAFT
    over_at = max(event.ends_at, gate_control.facts_of(event).closes_at)
    if event.status in (EventStatus.ENDED, EventStatus.ARCHIVED) or over_at <= clock.now():
        return EventState.OVER
    return EventState.MOVED if ticket is not None and _was_moved(event, ticket) else EventState.AHEAD


def _was_moved(event: Event, ticket: Ticket) -> bool:
    """Whether an event has another date than its customer booked."""
    booked_at: datetime = created_at(ticket.ticket_id) or ticket.issued_at
    return event.moved_at is not None and booked_at < event.moved_at


def while_unchanged(event: Event) -> operations.Write:
    """Return the condition that an event has the status and the times that were read.

    For deeds that one customer does once: each costs two write units of the event's partition (AWS: 1,000 a second).
    """
    as_read = (Event.status == event.status) & (Event.starts_at == event.starts_at) & (Event.ends_at == event.ends_at)
    return operations.check(keys.events.event(event.event_id), as_read)
