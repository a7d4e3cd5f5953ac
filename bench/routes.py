"""What each of the customers' routes asks of DynamoDB, with few things in the table and with many.

Each route gets the request that the contract's tests send it, from the demo customer, whose shelves are filled: so
many public events, tickets, ledger lines and payments. What a container keeps for some seconds is read beforehand.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench import ground
from infra.local.meter import Meter

SIZES = (100, 10_000)
CALLS = 3
# Measured again in a table that has grown, a route may cost this much more or less.
TOLERANCE = 0.10

# Read as they are: with filters they look at a bounded part of the shelf, until their page is full.
_LISTS = ("customer_tickets", "customer_payments", "customer_card_transactions", "public_events")


@dataclass(frozen=True, slots=True)
class RouteCost:
    """Of one call: requests and units before the answer."""

    requests: float
    read_units: float
    write_units: float


def measure(sizes: Iterable[int] = SIZES, *, calls: int = CALLS) -> dict[str, dict[int, RouteCost]]:
    """Return what each of the web app's routes costs at each size, by method and path."""
    found: dict[str, dict[int, RouteCost]] = {}
    for size in sizes:
        meter = Meter().attach()
        try:
            # A cloud of its own: what the calls themselves leave behind must not count as growth.
            with ground.cloud(needs_dynamodb_local=True):
                for name, cost in _measure(size, meter, calls=calls).items():
                    found.setdefault(name, {})[size] = cost
        finally:
            meter.detach()
    return found


def _measure(size: int, meter: Meter, *, calls: int) -> dict[str, RouteCost]:
    from chalicelib.vocabulary import Portal
    from tests.conftest import forget_caches
    from tests.contract.ground import lay, routes

    forget_caches()
    people = lay()
    _grow(people.customer, range(size))
    mine = [route for route in routes() if route.portal == Portal.WEBAPP.value]
    try:
        return {f"{route.method} {route.path}": _cost(people, route, meter, calls=calls) for route in mine}
    finally:
        forget_caches()


def _cost(people: Any, route: Any, meter: Meter, *, calls: int) -> RouteCost:
    for number in range(calls + 1):
        if number == 1:
            # The first call paid for what a container keeps.
            meter.reset()
        request, token = people.rightful(route), people.token(route)
        if route.operation_id in _LISTS:
            request = dataclasses.replace(request, query="")
        with meter.request("route"):
            answer = people.send(route, request, token=token)
        if answer.status >= 400:  # the refusals of HTTP
            raise RuntimeError(f"{route.method} {route.path} was answered {answer.status}: {answer.text[:200]}")
    # A route that asks nothing of the table is not in the report.
    used = meter.report()["requests"].get("route", {})
    return RouteCost(*(used.get(name, 0) / calls for name in ("dynamodb_requests", "read_units", "write_units")))


def _grow(customer: Any, numbers: range) -> None:
    """Put so many more public events, tickets, ledger lines and payments there, the latter three the customer's."""
    from chalicelib.domain import demo, tickets
    from chalicelib.domain.tickets import Holder, Order
    from chalicelib.table import operations

    holder = Holder(name=customer.name, customer_id=customer.account_id)
    tickets.issue_many(Order(event_id=demo.EVENT_ID, holder=holder, number=f"B-{number}") for number in numbers)
    operations.put_many(_payments(customer, numbers))
    operations.put_many(_events(numbers))
    _add_ledger_lines(len(numbers))


def _payments(customer: Any, numbers: range) -> Iterator[Any]:
    from chalicelib import clock
    from chalicelib.identifiers import new_id
    from chalicelib.table import keys
    from chalicelib.table.items import Payment

    for _ in numbers:
        payment_id = new_id("pay")
        shelf = keys.customer_payments(customer.account_id, payment_id)
        yield Payment(
            *keys.payment(payment_id),
            gsi1pk=shelf.pk,
            gsi1sk=shelf.sk,
            payment_id=payment_id,
            customer_id=customer.account_id,
            purpose="reload",
            card_uid="04A1B2C3D4E5F6",
            amount=100_000,
            currency="PKR",
            method="card",
            provider="sandbox",
            status="failed",
            created_at=clock.now(),
        )


def _events(numbers: range) -> Iterator[Any]:
    from chalicelib.domain import demo, events, listing_places
    from chalicelib.table import keys, operations
    from chalicelib.table.items import Category, Event, Listing

    model = events.get(demo.EVENT_ID)
    listing = operations.get(Listing, keys.listing(demo.EVENT_ID))
    (category,) = operations.get_many(Category, [keys.category(demo.EVENT_ID, "cat_demo_standard")]).values()
    if listing is None:
        raise RuntimeError("the demo event was not projected")
    for number in numbers:
        event_id = f"evt_bench{number:07}"
        starts_at = model.starts_at + timedelta(minutes=number)
        event = Event(
            *keys.event(event_id),
            event_id=event_id,
            title=f"Evening {number}",
            category=model.category,
            status=model.status,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=4),
            timezone=model.timezone,
            venue=model.venue,
            featured=True,
        )
        facts = listing_places.facts_of(event, [category])
        entries = listing_places.entries_of(event, facts, is_to_come=True)
        yield event
        yield Listing(
            *keys.listing(event_id),
            event_id=event_id,
            version=1,
            public=True,
            body={**listing.body, "id": event_id, "title": event.title},
            available=listing.available,
        )
        yield from entries


def _add_ledger_lines(count: int) -> None:
    from chalicelib import clock
    from chalicelib.domain import demo, ledger
    from chalicelib.table import keys, operations
    from chalicelib.table.items import CardBalance, CardEntry

    before = ledger.balance(demo.CARD_UID)
    first, amount = int(before.entries) + 1, int(before.amount)
    lines = (
        CardEntry(
            *keys.card_entry(demo.CARD_UID, number),
            entry_id=f"ent_{number}",
            uid=demo.CARD_UID,
            number=number,
            type="adjustment",
            amount=100,
            balance_after=amount + 100 * (number - first + 1),
            currency=before.currency,
            journal_id=f"jrn_{number}",
            created_at=clock.now(),
        )
        for number in range(first, first + count)
    )
    operations.put_many(lines)
    actions = [CardBalance.entries.set(first + count - 1), CardBalance.amount.set(amount + 100 * count)]
    operations.record(operations.change(CardBalance, keys.card_balance(demo.CARD_UID), actions))
