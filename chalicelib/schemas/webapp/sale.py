"""Bodies of the web app: booking."""

from typing import Annotated

from pydantic import Field, StrictInt

from chalicelib.schemas.texts import Name
from chalicelib.schemas.webapp.shared import TicketOut
from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.payments import OrderStatus

# The most tickets of one order; the domain has the same limit, and a lower one per category.
_MOST = 20


class HolderIn(In):
    """The holder of a ticket; a dependent also by their id."""

    name: Name
    dependent_id: Id | None = None


class BookItemIn(In):
    """A number of tickets of one category; unnamed holders are the customer."""

    category_id: Id
    quantity: Annotated[StrictInt, Field(ge=1, le=_MOST)]
    holders: Annotated[list[HolderIn], Field(max_length=_MOST)] | None = None


class BookIn(In):
    """The tickets to reserve: all of them or none."""

    event_id: Id
    items: Annotated[list[BookItemIn], Field(min_length=1, max_length=_MOST)]
    card_id: Id | None = Field(
        default=None,
        description="The customer's own active card for the tickets; by default the newest that no dependent has, and "
        "for a dependent's ticket the card of the dependent.",
    )


class BookedItemOut(Out):
    """The reserved tickets of one category; `price` is the price of one ticket."""

    category_id: str
    name: str
    tier: str | None
    quantity: int
    price: MoneyOut
    subtotal: MoneyOut


class BookingOut(Out):
    """A reservation; its stock is released at `expires_at` unless it is paid."""

    id: str
    status: OrderStatus
    event_id: str
    items: list[BookedItemOut]
    total: MoneyOut
    card_id: str | None
    created_at: Moment
    expires_at: Moment
    tickets: list[TicketOut]
