"""Event edits: the typed difference that an organizer requests, and the writes that apply it.

A difference is `{field, from, to}` with values in wire format: times in RFC 3339, money as amount and currency. A
ticket category's field is `ticket_categories.<id>.<name>`. A new category is `ticket_categories.<id>`, from null. The
difference lists only actual changes, and is applied exactly as shown.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.domain.events import categories, events, stock, venues
from chalicelib.domain.events.categories import CategoryDraft
from chalicelib.domain.money import Money
from chalicelib.domain.organizers import draft_rules, event_moves
from chalicelib.errors import InvalidState, NotFound, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, Event
from chalicelib.table.operations import Write

Difference = dict[str, Any]
_CATEGORIES = "ticket_categories"
_TEXTS = ("title", "description", "image_url")
_TIMES = ("starts_at", "ends_at")
_NEEDED = ("name", "price", "capacity")
_OF_CATEGORY = ("name", "tier", "price", "capacity", "per_order_limit", "sales_start", "sales_end")
# A transaction takes 100 actions (AWS); five are reserved for the request itself.
_WRITES_AT_MOST = operations.TRANSACTION_LIMIT - 5


class EventSnapshot(Struct, frozen=True):
    """An event with its categories, from one read."""

    event: Event
    categories: Sequence[Category]


def differences(present: EventSnapshot, changes: Mapping[str, Any]) -> list[Difference]:
    """Return the actual differences of these changes. Raises ValidationFailed, NotFound (the venue)."""
    event = present.event
    found = [_difference(name, getattr(event, name), changes[name]) for name in (*_TEXTS, *_TIMES) if name in changes]
    if "venue_id" in changes:
        venues.get(changes["venue_id"])
        found.append(_difference("venue_id", event.venue.id if event.venue else None, changes["venue_id"]))
    known = {category.category_id: category for category in present.categories}
    for place, request in enumerate(changes.get(_CATEGORIES) or ()):
        found += _of_category(known, request, field=f"{_CATEGORIES}.{place}")
    really = [each for each in found if each["from"] != each["to"]]
    names = [each["field"] for each in really]
    if len(set(names)) < len(names):
        raise _invalid(_CATEGORIES, "names the same category twice")
    _require_own_names(known, really)
    # A new one has an id and no field; the event's version, which an approval checks, counts the others.
    made = sum(name.startswith(f"{_CATEGORIES}.") and name.count(".") == 1 for name in names)
    if len(known) + made > categories.MAX_PER_EVENT:
        raise _invalid(_CATEGORIES, f"an event has at most {categories.MAX_PER_EVENT} ticket categories")
    require_times(event, really)
    return really


def _require_own_names(known: Mapping[str, Category], diff: Sequence[Difference]) -> None:
    """Raise ValidationFailed where a category would get the name of another one of the event."""
    names = {category_id: category.name for category_id, category in known.items()}
    given: dict[str, str] = {}
    for each in diff:
        of, _, name = each["field"].removeprefix(f"{_CATEGORIES}.").partition(".")
        if each["field"].startswith(f"{_CATEGORIES}.") and name in ("", "name"):
            given[of] = each["to"] if name else each["to"]["name"]
    names |= given
    for of, name in given.items():
        if any(other != of and its.casefold() == name.casefold() for other, its in names.items()):
            raise _invalid(_CATEGORIES, f"must have names of their own; {name} is there twice")


def _difference(field: str, before: object, after: object) -> Difference:
    return {"field": field, "from": _wire(before), "to": _wire(after)}


def _wire(value: object) -> Any:
    if isinstance(value, datetime):
        return clock.to_text(value)
    if isinstance(value, Money):
        return {"amount": value.amount, "currency": value.currency}
    return value


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": f"changes.{field}", "message": message}])


def require_times(event: Event, diff: Sequence[Difference]) -> None:
    """Raise ValidationFailed if a new time is in the past, or the event would end before it starts or take too long."""
    to = {each["field"]: each["to"] for each in diff}
    now = clock.now()
    moved = {name: datetime.fromisoformat(to[name]) for name in _TIMES if name in to}
    for name, moment in moved.items():
        if moment <= now:
            raise _invalid(name, "must not be over")
    if moved:
        starts_at, ends_at = (moved.get(name, getattr(event, name)) for name in _TIMES)
        events.require_times(starts_at, ends_at, field="changes.ends_at")


def _of_category(known: Mapping[str, Category], request: Mapping[str, Any], *, field: str) -> list[Difference]:
    if "per_order_limit" in request and request["per_order_limit"] is None:
        request = {**request, "per_order_limit": categories.PER_ORDER}
    if "id" not in request:
        return [_new_category(known, request, field=field)]
    category = known.get(request["id"])
    if category is None:
        raise _invalid(f"{field}.id", "is no category of this event; leave it out for a new one")
    cleared = next((name for name in _NEEDED if name in request and request[name] is None), None)
    if cleared is not None:
        raise _invalid(f"{field}.{cleared}", "cannot be cleared")
    named = f"{_CATEGORIES}.{category.category_id}"
    found = []
    for name in _OF_CATEGORY:
        if name in request:
            before, after = _present_value(category, name), request[name]
            if name == "price":
                after = _price(request["price"], category.currency, field=f"{field}.price")
            found.append(_difference(f"{named}.{name}", before, after))
    _require_window(
        request.get("sales_start", category.sales_start), request.get("sales_end", category.sales_end), field=field
    )
    return found


def _present_value(category: Category, name: str) -> object:
    if name == "price":
        return Money(category.price, category.currency)
    value = getattr(category, name)
    return int(value) if name in ("capacity", "per_order_limit") else value


def _new_category(known: Mapping[str, Category], request: Mapping[str, Any], *, field: str) -> Difference:
    missing = [name for name in _NEEDED if request.get(name) is None]
    if missing:
        raise _invalid(f"{field}.{missing[0]}", "a new category needs a name, a price and a capacity")
    _require_window(request.get("sales_start"), request.get("sales_end"), field=field)
    currency = next((category.currency for category in known.values()), config().currency)
    values = {name: _wire(request[name]) for name in _OF_CATEGORY if name in request}
    values["price"] = _wire(_price(request["price"], currency, field=f"{field}.price"))
    return {"field": f"{_CATEGORIES}.{new_id('cat')}", "from": None, "to": values}


def _require_window(start: datetime | None, end: datetime | None, *, field: str) -> None:
    if start is not None and end is not None and end <= start:
        raise _invalid(f"{field}.sales_end", "must be after sales_start")


def _price(given: Mapping[str, Any], currency: str, *, field: str) -> Money:
    """Return a price that can be charged; it may be zero. Raises ValidationFailed."""
    parsed = money.parse(given["amount"], currency)
    if given.get("currency") not in (None, currency) or parsed is None:
        raise _invalid(field, money.must_be_of(currency))
    money.require_chargeable(parsed, field=f"changes.{field}")
    return parsed


def applying(present: EventSnapshot, diff: Sequence[Difference]) -> tuple[list[Action], list[Write]]:
    """Return the update actions of the event, and the writes that change its categories and their stock.

    The writes fail if a category has changed after the read (optimistic lock). Raises InvalidState (a capacity under
    what is sold, another price than what was sold at), ValidationFailed (more writes than one transaction takes),
    NotFound (a removed venue or category).
    """
    of_event = {each["field"]: each["to"] for each in diff if not each["field"].startswith(f"{_CATEGORIES}.")}
    writes: list[Write] = []
    by_category: dict[str, dict[str, Any]] = {}
    for each in diff:
        parts = each["field"].split(".")
        if parts[0] == _CATEGORIES and len(parts) == 3:
            by_category.setdefault(parts[1], {})[parts[2]] = each["to"]
        elif parts[0] == _CATEGORIES:
            writes += categories.laying(_drafted(present, parts[1], each["to"]))
    if any(name in of_event for name in _TIMES):
        starts_at = (
            datetime.fromisoformat(of_event["starts_at"]) if "starts_at" in of_event else present.event.starts_at
        )
        writes += event_moves.conditions(present.event, starts_at=starts_at)
    if "venue_id" in of_event:
        venue = present.event.venue
        writes += venues.moving(venue.id if venue else None, of_event["venue_id"])
    known = {category.category_id: category for category in present.categories}
    for category_id, values in by_category.items():
        if category_id not in known:
            raise NotFound("A ticket category that should change is gone.")
        writes += _changing(known[category_id], values)
    if len(writes) > _WRITES_AT_MOST:
        raise _invalid(_CATEGORIES, "too much at once; ask for some of it in another request")
    return _changes_of(present.event, of_event), writes


def _changes_of(event: Event, to: Mapping[str, Any]) -> list[Action]:
    attributes = {"title": Event.title, "description": Event.description, "image_url": Event.image_url}
    actions: list[Action] = [
        attribute.remove() if to[name] is None else attribute.set(to[name])
        for name, attribute in attributes.items()
        if name in to
    ]
    if "venue_id" in to:
        venue = venues.get(to["venue_id"])
        gates = venues.gates_of(venue)
        actions += [Event.venue.set(venues.copy_of(venue)), Event.gates.set(gates) if gates else Event.gates.remove()]
        # A new start says so itself; the first venue of an event moves nobody.
        if event.venue is not None and "starts_at" not in to:
            actions.append(Event.moved_at.set(clock.now()))
    if any(name in to for name in _TIMES):
        starts_at, ends_at = (
            datetime.fromisoformat(to[name]) if name in to else getattr(event, name) for name in _TIMES
        )
        actions += events.moving(event, starts_at=starts_at, ends_at=ends_at)
        _require_gates(event, "ends_at" if "ends_at" in to else "starts_at")
    return actions


def _require_gates(event: Event, field: str) -> None:
    """Raise ValidationFailed where the gates of a moved event, each end of which moved on its own, would not open."""
    try:
        draft_rules.require_gates(event)
    except ValidationFailed as refused:
        said = "; ".join(f"{each['field']} {each['message']}" for each in refused.details or ())
        raise _invalid(field, f"does not fit the times of the gates: {said}. Ask the staff for it") from refused


def _drafted(present: EventSnapshot, category_id: str, given: Mapping[str, Any]) -> Category:
    last = max((category.position for category in present.categories), default=-1)
    draft = CategoryDraft(
        category_id=category_id,
        name=given["name"],
        tier=given.get("tier"),
        price=_price(given["price"], given["price"]["currency"], field=_CATEGORIES).minor,
        currency=given["price"]["currency"],
        capacity=given["capacity"],
        per_order_limit=given.get("per_order_limit", categories.PER_ORDER),
        sales_start=_moment(given.get("sales_start")),
        sales_end=_moment(given.get("sales_end")),
        position=last + 1,
    )
    return categories.new(present.event.event_id, draft)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _changing(category: Category, to: Mapping[str, Any]) -> list[Write]:
    """Return the writes that change a category. Its price only changes while no ticket of it was sold."""
    actions: list[Action] = []
    for name, value in to.items():
        if name == "price":
            price = _price(value, category.currency, field=name)
            _require_unsold(category, price)
            actions.append(Category.price.set(price.minor))
        elif value is None:
            actions.append(getattr(Category, name).remove())
        elif name in ("sales_start", "sales_end"):
            attribute = Category.sales_start if name == "sales_start" else Category.sales_end
            actions.append(attribute.set(datetime.fromisoformat(value)))
        else:
            actions.append(getattr(Category, name).set(value))
    unchanged: Condition = (Category.capacity == category.capacity) & (Category.price == category.price)
    writes = [operations.change(keys.events.category(category.event_id, category.category_id), actions, unchanged)]
    if "capacity" in to or "price" in to:
        by = int(to.get("capacity", category.capacity)) - category.capacity
        writes += stock.resize(category, by, while_unsold="price" in to)
    return writes


def _require_unsold(category: Category, price: Money) -> None:
    """Raise InvalidState, with both numbers, where tickets of a category were sold at its present price."""
    counted = stock.counts(category.event_id, [category], consistent=True)[category.category_id]
    gone = counted.sold + counted.returned
    if gone:
        present = Money(category.price, category.currency)
        raise InvalidState(
            f"{category.name}: the price cannot become {price.amount}, since {gone} of its tickets went at "
            f"{present.amount} {present.currency}. Add another category instead.",
            extra={"present": {"category_id": category.category_id, "sold": gone, "price": _wire(present)}},
        )
