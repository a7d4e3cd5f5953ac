"""A ticket, as several parts of the web app show it."""

from datetime import datetime
from typing import Literal, Protocol, Self

from pydantic import Field

from chalicelib.schemas.wire import Moment, MoneyOut, Out
from chalicelib.vocabulary.tickets import TicketShown


class TicketEventOut(Out):
    """The event that a ticket is for."""

    id: str
    title: str
    starts_at: Moment
    venue_name: str | None


class SoldCategoryOut(Out):
    """The category that a ticket was sold in; an imported ticket has only its tier."""

    id: str | None
    name: str | None
    tier: str | None


class HolderOut(Out):
    """The holder of a ticket."""

    name: str
    dependent_id: str | None


class _Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str: ...


class _Event(Protocol):
    """The event of a ticket."""

    @property
    def title(self) -> str: ...

    @property
    def starts_at(self) -> datetime: ...

    @property
    def venue(self) -> _Named | None: ...


class _Admission(Protocol):
    """The admission of a ticket."""

    @property
    def scanned_at(self) -> datetime | None: ...

    @property
    def decided_at(self) -> datetime: ...


class _Ticket(Protocol):
    """A ticket."""

    @property
    def ticket_id(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def event_id(self) -> str: ...

    @property
    def category_id(self) -> str | None: ...

    @property
    def tier(self) -> str | None: ...

    @property
    def holder_name(self) -> str: ...

    @property
    def dependent_id(self) -> str | None: ...

    @property
    def admission(self) -> _Admission | None: ...

    @property
    def issued_at(self) -> datetime: ...

    @property
    def message(self) -> str | None: ...


class _OwnTicket(Protocol):
    """A ticket of a customer, as the domain returns it."""

    @property
    def ticket(self) -> _Ticket: ...

    @property
    def event(self) -> _Event: ...

    @property
    def category(self) -> _Named | None: ...

    @property
    def card_id(self) -> str | None: ...

    @property
    def status(self) -> TicketShown: ...

    @property
    def price(self) -> object: ...


class TicketOut(Out):
    """A ticket as its customer sees it."""

    id: str
    number: str
    event: TicketEventOut
    category: SoldCategoryOut
    holder: HolderOut
    status: TicketShown
    scan_status: Literal["scanned", "not_scanned"]
    scanned_at: Moment | None
    card_id: str | None
    purchased_at: Moment
    price: MoneyOut
    message: str | None = Field(description="What the giver of the ticket wrote with it.")

    @classmethod
    def from_ticket(cls, shown: _OwnTicket) -> Self:
        """Return a ticket with its event, its category and its card."""
        ticket, event, category, admission = shown.ticket, shown.event, shown.category, shown.ticket.admission
        return cls(
            id=ticket.ticket_id,
            number=ticket.number,
            event=TicketEventOut(
                id=ticket.event_id,
                title=event.title,
                starts_at=event.starts_at,
                venue_name=event.venue.name if event.venue else None,
            ),
            category=SoldCategoryOut(
                id=ticket.category_id, name=category.name if category else ticket.tier, tier=ticket.tier
            ),
            holder=HolderOut(name=ticket.holder_name, dependent_id=ticket.dependent_id),
            status=shown.status,
            scan_status="scanned" if admission else "not_scanned",
            scanned_at=(admission.scanned_at or admission.decided_at) if admission else None,
            card_id=shown.card_id,
            purchased_at=ticket.issued_at,
            price=MoneyOut.read(shown.price),
            message=ticket.message,
        )
