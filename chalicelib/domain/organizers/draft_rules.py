"""What a draft of an event must fulfil when it is written, submitted and published: pure rules over its fields."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.domain.events import categories
from chalicelib.domain.events.categories import CategoryDraft
from chalicelib.domain.events.events import FARTHEST, GATES_AROUND, LONGEST
from chalicelib.errors import ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table.items import Category, Event

# What a category cannot be without.
_NEEDED = ("name", "price", "capacity")

_Problem = tuple[str, str]


def require(event: Event, offered: Sequence[Category]) -> None:
    """Raise ValidationFailed, naming each field, where an event cannot be held as planned."""
    problems = [*_of_times(event), *_of_gates(event), *_of_categories(event, offered)]
    if problems:
        raise ValidationFailed(details=[{"field": field, "message": message} for field, message in problems])


def require_complete(event: Event, offered: Sequence[Category]) -> None:
    """Raise ValidationFailed where an event cannot be published: `require`, and what staff and customers must know."""
    missing = []
    if event.venue is None:
        missing.append(("venue_id", "is needed before an event is published"))
    if not offered:
        missing.append(("ticket_categories", "an event needs at least one before it is published"))
    if missing:
        raise ValidationFailed(details=[{"field": field, "message": message} for field, message in missing])
    require(event, offered)


def require_gates(event: Event) -> None:
    """Raise ValidationFailed, naming each field, where an event's gates or its refund deadline do not fit its times."""
    problems = list(_of_gates(event))
    if problems:
        raise ValidationFailed(details=[{"field": field, "message": message} for field, message in problems])


def _of_times(event: Event) -> Iterator[_Problem]:
    now = clock.now()
    if event.starts_at <= now:
        yield "starts_at", "must be in the future"
    if event.starts_at > now + FARTHEST:
        yield "starts_at", f"must be at most {FARTHEST.days} days ahead"
    if event.ends_at <= event.starts_at:
        yield "ends_at", "must be after starts_at"
    elif event.ends_at - event.starts_at > LONGEST:
        yield "ends_at", f"must be at most {LONGEST.days} days after starts_at"


def _of_gates(event: Event) -> Iterator[_Problem]:
    opens, closes, refunds = event.scanning_opens_at, event.scanning_closes_at, event.refunds_until
    if opens is not None and not event.starts_at - GATES_AROUND <= opens < event.ends_at:
        yield "scanning_opens_at", f"must be at most {GATES_AROUND.days} days before starts_at, and before ends_at"
    if closes is not None and not event.starts_at < closes <= event.ends_at + GATES_AROUND:
        yield "scanning_closes_at", f"must be after starts_at, and at most {GATES_AROUND.days} days after ends_at"
    if opens is not None and closes is not None and closes <= opens:
        yield "scanning_closes_at", "must be after scanning_opens_at"
    if refunds is not None and refunds > event.starts_at:
        yield "refund_deadline", "must not be after starts_at"


def _of_categories(event: Event, offered: Sequence[Category]) -> Iterator[_Problem]:
    names: set[str] = set()
    for place, category in enumerate(offered):
        field, name = f"ticket_categories.{place}", category.name.casefold()
        if name in names:
            yield f"{field}.name", "must differ from the other categories' names"
        names.add(name)
        for end in ("sales_start", "sales_end"):
            moment = getattr(category, end)
            if moment is not None and moment > event.ends_at:
                yield f"{field}.{end}", "must not be after the event's end"


def drafted(given: Sequence[Mapping[str, Any]], known: Sequence[str]) -> list[CategoryDraft]:
    """Return categories as requested; `known` are the ids of the draft's categories, which an `id` must name.

    Raises ValidationFailed.
    """
    found = [_drafted(each, field=f"ticket_categories.{place}", known=known) for place, each in enumerate(given)]
    ids = [draft.category_id for draft in found]
    if len(set(ids)) < len(ids):
        raise _invalid("ticket_categories", "names the same category twice")
    return found


def _drafted(given: Mapping[str, Any], *, field: str, known: Sequence[str]) -> CategoryDraft:
    category_id, currency = given.get("id"), config().currency
    missing = next((name for name in _NEEDED if given.get(name) is None), None)
    if missing is not None:
        raise _invalid(f"{field}.{missing}", "a category needs a name, a price and a capacity")
    if category_id is not None and category_id not in known:
        raise _invalid(f"{field}.id", "is no category of this event; leave it out for a new one")
    price = money.parse(given["price"]["amount"], currency)
    if price is None or given["price"].get("currency") not in (None, currency):
        raise _invalid(f"{field}.price", money.must_be_of(currency))
    money.require_chargeable(price, field=f"{field}.price")
    starts, ends = given.get("sales_start"), given.get("sales_end")
    if starts is not None and ends is not None and ends <= starts:
        raise _invalid(f"{field}.sales_end", "must be after sales_start")
    return CategoryDraft(
        category_id=category_id or new_id("cat"),
        name=given["name"],
        tier=given.get("tier"),
        price=price.minor,
        currency=currency,
        capacity=given["capacity"],
        per_order_limit=given.get("per_order_limit") or categories.PER_ORDER,
        sales_start=starts,
        sales_end=ends,
    )


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
