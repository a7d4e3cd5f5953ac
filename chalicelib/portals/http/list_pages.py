"""A route that answers with a declared list: its query is made from the declaration, and so is its page.

_LIST = list_query(VENUES)

@list_door(bp, VENUES, Route("GET", "/api/venues", guard=READERS, query=_LIST, reply=PageOut[schema.VenueOut]))
def admin_venues(call: Call[None, ListIn]) -> PageOut[schema.VenueOut]:
    return PageOut.of(list_page(VENUES, call), _venue_out)
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, TypeVar

from pydantic import Field, create_model

from chalicelib.domain.lists import pages
from chalicelib.domain.lists.declaration import AnyList, Filter, ItemT, ListOf, Ordering
from chalicelib.domain.lists.pages import Asked, Bound
from chalicelib.domain.paging import Page
from chalicelib.portals.http.route import Call
from chalicelib.schemas import wire
from chalicelib.schemas.admin.lists import AmountText, ExportedListIn, FilterText, ListIn, Number, OrderedIn

ListT = TypeVar("ListT", bound=OrderedIn)
_FROM, _TO = "_from", "_to"
# Of words that the program makes when it starts, which a type checker does not know.
_EITHER_SPELLING: Any = wire.Filter
_WORDS: Any = Literal


def list_query(listed: AnyList) -> type[ListIn]:
    """Return the schema of an exported list's query: page, search, ordering, filters, ranges, and kind of file."""
    return query_with(listed, ExportedListIn)


def query_with(listed: AnyList, base: type[ListT]) -> type[ListT]:
    """Return the schema of a list's query that has the fields of `base` as well."""
    name = "".join(part.capitalize() for part in listed.name.split("_"))
    fields: dict[str, Any] = dict(_fields(listed))
    says = f"A page of the list of {listed.name.replace('_', ' ')}."
    made: type[ListT] = create_model(f"{name}ListIn", __base__=base, __doc__=says, **fields)
    return made


def list_page(listed: ListOf[ItemT], call: Call[Any, Any]) -> Page[ItemT]:
    """Return the page of a list that a request asks for. Raises InvalidCursor, ValidationFailed."""
    return pages.page(listed, asked_of(listed, call))


def asked_of(listed: AnyList, call: Call[Any, Any]) -> Asked:
    """Return the page that a request asks for."""
    query = call.query
    filters = {name: getattr(query, name) for name in listed.filters}
    ranges = {
        name: (
            _bound(order, _end(query, name, order, _FROM), time.min),
            _bound(order, _end(query, name, order, _TO), time.max),
        )
        for name, order in listed.orderings.items()
        if order.has_range
    }
    return Asked(
        caller_id=call.principal.id,
        page_size=query.page_size,
        cursor=query.cursor,
        search=query.search if isinstance(query, ListIn) else None,
        ordering=ordering_of(listed, query.ordering),
        filters={name: value for name, value in filters.items() if value is not None},
        ranges={name: ends for name, ends in ranges.items() if ends != (None, None)},
    )


def ordering_of(listed: AnyList, asked: str | None) -> str | None:
    """Return an ordering under the list's own name, where callers know the field by another one."""
    return listed.orderings_shown.get(asked or "", asked)


def _end(query: Any, name: str, order: Ordering[Any], end: str) -> Any:
    """Return an end of a range, under either name of its field."""
    found = getattr(query, name + end)
    return getattr(query, order.shown_as + end) if found is None and order.shown_as is not None else found


def _bound(order: Ordering[Any], value: Any, of_day: time) -> Bound | None:
    """Return an end of a range; where moments are sorted, a day counts as a whole."""
    if value is None or isinstance(value, datetime):
        return value
    if order.a is datetime:
        return datetime.combine(value, of_day, tzinfo=UTC)
    bound: Bound = Decimal(value) if order.a is Decimal else value
    return bound


def _fields(listed: AnyList) -> Iterator[tuple[str, Any]]:
    allowed = (*listed.orderings_allowed, *listed.orderings_shown)
    says = f"`-` for descending; {listed.usual_ordering} if left out."
    yield "ordering", (_EITHER_SPELLING[_WORDS[allowed]] | None, Field(None, description=says))
    for name, each in listed.filters.items():
        yield name, (_type_of(each) | None, None)
    for name, order in listed.orderings.items():
        for spelled in (name, order.shown_as):
            if order.has_range and spelled is not None:
                yield spelled + _FROM, (_range_of(order) | None, Field(None, description="The lowest value, included."))
                yield spelled + _TO, (_range_of(order) | None, Field(None, description="The highest value, included."))


def _type_of(each: Filter[Any]) -> Any:
    if each.a is bool:
        return _EITHER_SPELLING[Literal["true", "false"]]
    if issubclass(each.a, StrEnum):
        return _EITHER_SPELLING[each.a]
    return FilterText if each.folded or each.named else wire.Id


def _range_of(order: Ordering[Any]) -> Any:
    return {datetime: wire.Instant | wire.Day, date: wire.Day, int: Number, Decimal: AmountText}[order.a]
