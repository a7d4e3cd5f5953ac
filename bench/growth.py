"""Data that fills the demo's lists for the bench: written straight into the table.

Public events; tickets, payments and ledger lines of the customer; cards of the merchant, in stock and handed out;
payouts and events over a year old of the organizer; numbered tickets of the organization.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any


def grow(people: Any, numbers: range) -> None:
    """Write so many of each kind; `people` is the ground of the contract's tests."""
    from chalicelib.domain.tickets import tickets
    from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
    from chalicelib.schemas.examples import demo
    from chalicelib.table import operations

    customer = people.customer
    holder = Holder(name=customer.name, customer_id=customer.account_id)
    tickets.issue_many(TicketToIssue(event_id=demo.EVENT_ID, holder=holder, number=f"B-{number}") for number in numbers)
    operations.put_many(_payments(customer, numbers))
    operations.put_many(_events(numbers))
    operations.put_many(_old_events(people.organizer, numbers))
    operations.put_many(_payouts(people.organizer, numbers))
    operations.put_many(_cards(people.merchant, numbers))
    _add_ledger_lines(len(numbers))
    _number_tickets(people.tix_admin, len(numbers))


def _number_tickets(admin: Any, count: int) -> None:
    """Generate as many numbered tickets; the newest page begins within a thousand, as most do."""
    from chalicelib.config import config
    from chalicelib.domain.organizations import numbering
    from chalicelib.domain.organizations.numbering import GenerationInput
    from chalicelib.identifiers import new_id

    organization_id, left = str(admin.organization_id), count + 150
    while left:
        wanted = GenerationInput(min(left, config().limits.numbers_at_once), "BENCH")
        numbering.generate(organization_id, wanted, user_id=admin.account_id, operation_id=new_id("op"))
        left -= wanted.quantity


def _old_events(organizer: Any, numbers: range) -> Iterator[Any]:
    from chalicelib import clock
    from chalicelib.domain.events import events
    from chalicelib.schemas.examples import demo
    from chalicelib.table import keys
    from chalicelib.table.items import Event

    model = events.get(demo.EVENT_ID)
    for number in numbers:
        event_id, starts_at = f"evt_past{number:07}", model.starts_at - timedelta(days=400, minutes=number)
        place = keys.organizers.organizer_events(organizer.account_id, clock.to_text(starts_at), event_id)
        yield Event(
            *keys.events.event(event_id),
            gsi1=place,
            event_id=event_id,
            title=f"Evening {number}",
            status=model.status,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=4),
            timezone=model.timezone,
            organizer_id=organizer.account_id,
        )


def _payouts(organizer: Any, numbers: range) -> Iterator[Any]:
    from chalicelib import clock
    from chalicelib.table import keys
    from chalicelib.table.items import Payout

    line = {"category_id": "cat_1", "description": "Standard", "quantity": 1, "refunded_quantity": 0}
    line |= {"gross": 100, "refunds": 0, "platform_fee": 5}
    for number in numbers:
        # Older than the demo's own, so that the newest page is the same.
        payout_id = f"pto_0{number:025}"
        place = keys.money.organizer_payouts(organizer.account_id, payout_id)
        yield Payout(
            *keys.money.payout(payout_id),
            gsi1=place,
            payout_id=payout_id,
            organizer_id=organizer.account_id,
            event_id=f"evt_past{number:07}",
            event_title=f"Evening {number}",
            status="paid",
            gross=100,
            refunds=0,
            platform_fee=5,
            net=95,
            currency="PKR",
            lines=[line],
            invoice_number=f"GHP-2025-{number:06}",
            scheduled_for="2025-10-01",
            created_at=clock.now(),
        )


def _cards(merchant: Any, numbers: range) -> Iterator[Any]:
    """Every second card is in stock; the others were handed out, each to another customer."""
    from chalicelib import clock
    from chalicelib.identifiers import card_id_of, new_id
    from chalicelib.table import keys
    from chalicelib.table.items import Assignment, Card

    for number in numbers:
        uid, now = f"05B0{number:010X}", clock.now()
        status = ("stock", "active")[number % 2]
        place, customer_id = keys.cards.merchant_cards(merchant.account_id, status, uid), f"cus_{number}"
        card = Card(
            *keys.cards.card(uid),
            gsi2=place,
            card_id=card_id_of(uid, created_at=now),
            uid=uid,
            type="uid",
            status=status,
            merchant_id=merchant.account_id,
        )
        if status == "active":
            card.customer_id, card.assigned_at = customer_id, now
            card.gsi1pk, card.gsi1sk = keys.cards.customer_cards(customer_id, card.card_id)
            handed, assignment_id = (
                keys.merchants.merchant_assigned(merchant.account_id, clock.to_text(now), uid),
                new_id("asg"),
            )
            yield Assignment(
                *keys.merchants.assignment(assignment_id),
                gsi1=handed,
                assignment_id=assignment_id,
                merchant_id=merchant.account_id,
                customer_id=customer_id,
                card_uid=uid,
                card_id=card.card_id,
                status="active",
                fee=0,
                currency="PKR",
                created_at=now,
                expires_at=now,
            )
        yield card


def _payments(customer: Any, numbers: range) -> Iterator[Any]:
    from chalicelib import clock
    from chalicelib.identifiers import new_id
    from chalicelib.table import keys
    from chalicelib.table.items import Payment

    for _ in numbers:
        payment_id = new_id("pay")
        shelf = keys.money.customer_payments(customer.account_id, payment_id)
        yield Payment(
            *keys.money.payment(payment_id),
            gsi1=shelf,
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
    from chalicelib.domain.events import events, listing_places
    from chalicelib.schemas.examples import demo
    from chalicelib.table import keys, operations
    from chalicelib.table.items import Event, Listing

    model = events.get(demo.EVENT_ID)
    listing = operations.get(keys.events.listing(demo.EVENT_ID))
    (category,) = operations.get_many([keys.events.category(demo.EVENT_ID, "cat_demo_standard")]).values()
    if listing is None:
        raise RuntimeError("the demo event was not projected")
    for number in numbers:
        event_id = f"evt_bench{number:07}"
        starts_at = model.starts_at + timedelta(minutes=number)
        event = Event(
            *keys.events.event(event_id),
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
            *keys.events.listing(event_id),
            event_id=event_id,
            version=1,
            public=True,
            body={**listing.body, "id": event_id, "title": event.title},
            available=listing.available,
        )
        yield from entries


def _add_ledger_lines(count: int) -> None:
    from chalicelib import clock
    from chalicelib.domain.ledger import card_balances
    from chalicelib.schemas.examples import demo
    from chalicelib.table import keys, operations
    from chalicelib.table.items import CardBalance, CardEntry

    before = card_balances.of(demo.CARD_UID)
    first, amount = before.entries + 1, before.amount
    lines = (
        CardEntry(
            *keys.money.card_entry(demo.CARD_UID, number),
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
    operations.record(operations.change(keys.money.card_balance(demo.CARD_UID), actions))
