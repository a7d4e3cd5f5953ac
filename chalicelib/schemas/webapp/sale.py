"""Bodies of the customers' door: booking."""

from typing import Annotated

from pydantic import Field, StrictInt

from chalicelib.schemas.webapp.shared import TicketOut
from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, Name, Out
from chalicelib.vocabulary import OrderStatus

# What one order may hold (the domain says the same, and less for each category).
_MOST = 20


class HolderIn(In):
    """Who a ticket is for; a member of the customer's family by their id as well."""

    name: Name
    dependent_id: Id | None = None


class BookItemIn(In):
    """So many tickets of one category; whoever is not named is the customer."""

    category_id: Id
    quantity: Annotated[StrictInt, Field(ge=1, le=_MOST)]
    holders: Annotated[list[HolderIn], Field(max_length=_MOST)] | None = None


class BookIn(In):
    """What to reserve: all of it or nothing."""

    event_id: Id
    items: Annotated[list[BookItemIn], Field(min_length=1, max_length=_MOST)]
    card_id: Id | None = Field(
        default=None, description="Your own active card that will open the tickets; by default your newest one."
    )


class BookedItemOut(Out):
    """What was reserved of one category; `price` is one ticket's."""

    category_id: str
    name: str
    tier: str | None
    quantity: int
    price: MoneyOut
    subtotal: MoneyOut


class BookingOut(Out):
    """A reservation; it gives its stock back at `expires_at` unless it is paid."""

    id: str
    status: OrderStatus
    event_id: str
    items: list[BookedItemOut]
    total: MoneyOut
    card_id: str | None
    created_at: Moment
    expires_at: Moment
    tickets: list[TicketOut]
