"""The rules of the sale, without I/O: whether an event sells the requested tickets."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib.domain import timezones
from chalicelib.domain.events import deeds
from chalicelib.domain.events.categories import MAX_TICKETS_PER_ORDER, Offer
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.tickets.tickets import Holder
from chalicelib.errors import InvalidState, ValidationFailed
from chalicelib.table.items import Category, Event


class RequestedTickets(Struct, frozen=True):
    """A number of tickets of one category; tickets beyond the named `holders` are for the customer."""

    category_id: str
    quantity: int
    holders: Sequence[Holder] = ()


def require_on_sale(event: Event, *, at: datetime) -> None:
    """Raise NotFound for an unpublished event, InvalidState for an event that no longer sells tickets."""
    deeds.require(Deed.BOOK, event)
    # Its gates may still be open.
    if event.ends_at <= at:
        raise InvalidState("This event is over; it sells no tickets.")


def require_sellable(
    offer: Offer, wants: Sequence[RequestedTickets], *, at: datetime
) -> list[tuple[Category, RequestedTickets]]:
    """Return each request with its category, in the given order.

    Raises ValidationFailed for a request that can never be served, InvalidState outside the sales windows.
    """
    if not wants:
        raise ValidationFailed(details=[{"field": "items", "message": "must name at least one category"}])
    problems = [problem for place, want in enumerate(wants) for problem in _problems(place, want, offer.categories)]
    names = [want.category_id for want in wants]
    if len(set(names)) < len(names):
        problems.append({"field": "items", "message": "must name each category only once"})
    if sum(want.quantity for want in wants) > MAX_TICKETS_PER_ORDER:
        problems.append({"field": "items", "message": f"must be {MAX_TICKETS_PER_ORDER} tickets at most, all together"})
    if problems:
        raise ValidationFailed(details=problems)
    found = [(offer.categories[want.category_id], want) for want in wants]
    if len({category.currency for category, _ in found}) > 1:
        message = "must all be in one currency; book each currency on its own"
        raise ValidationFailed(details=[{"field": "items", "message": message}])
    closed = [problem for category, _ in found for problem in _out_of_window(category, offer.event.timezone, at)]
    if closed:
        raise InvalidState("Some of these tickets are not on sale now; see details.", details=closed)
    return found


def _problems(place: int, want: RequestedTickets, categories: Mapping[str, Category]) -> list[dict[str, str]]:
    category = categories.get(want.category_id)
    if category is None:
        return [{"field": f"items.{place}.category_id", "message": "is no category of this event"}]
    problems = []
    limit = category.per_order_limit
    if not 1 <= want.quantity <= limit:
        problems.append({"field": f"items.{place}.quantity", "message": f"must be 1 to {limit}"})
    if len(want.holders) > want.quantity:
        message = f"must not name more people than the {want.quantity} tickets"
        problems.append({"field": f"items.{place}.holders", "message": message})
    return problems


def _out_of_window(category: Category, zone: str, at: datetime) -> list[dict[str, str]]:
    if category.sales_start is not None and at < category.sales_start:
        message = f"goes on sale at {timezones.in_words(category.sales_start, zone)}"
        return [{"field": category.category_id, "message": message}]
    if category.sales_end is not None and at >= category.sales_end:
        message = f"was on sale until {timezones.in_words(category.sales_end, zone)}"
        return [{"field": category.category_id, "message": message}]
    return []
