"""Events that are over, with sales through the customers' portal, and stored payouts."""

from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import categories, events
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import refunds
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import refund_requests
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, Order, Payout, RefundRequest
from chalicelib.vocabulary.payouts import PayoutStatus
from tests.support import payers
from tests.support.factories import make_customer
from tests.support.purchases import book, make_show


def put_payout(organizer_id: str, **changes: Any) -> Payout:
    """Store a payout directly in the table."""
    payout_id = new_id("pto")
    settings: dict[str, Any] = {
        "event_id": "evt_01JDEM00000000000000000ER1",
        "event_title": "Over",
        "status": PayoutStatus.SCHEDULED,
        "gross": 100,
        "refunds": 0,
        "platform_fee": 5,
        "net": 95,
        "currency": "PKR",
        "lines": [],
        "invoice_number": "GHP-2026-000009",
        "scheduled_for": "2026-11-28",
        "created_at": clock.now(),
    }
    place = keys.money.organizer_payouts(organizer_id, payout_id)
    payout = Payout(
        *keys.money.payout(payout_id),
        gsi1=place,
        payout_id=payout_id,
        organizer_id=organizer_id,
        **{**settings, **changes},
    )
    operations.record(operations.put(payout))
    return payout


def make_evening(organizer: Account, **changes: Any) -> tuple[Event, Category, Category]:
    """Create an event on sale with two categories: one at 1,500.00, another at 2,333.33."""
    event, standard = make_show(organizer_id=organizer.account_id, **changes)
    return (
        event,
        standard,
        categories.add(event.event_id, categories.CategoryDraft(name="Box", tier="VIP", price=233_333, capacity=500)),
    )


def buy(category: Category, quantity: int = 1) -> Order:
    """Buy tickets through the customers' portal."""
    customer = make_customer()
    order = book(customer, category, quantity)
    if not order.total:
        opened = payers.process(customer, order).json
    else:
        opened = payers.process(customer, order, token="tok_ok").json  # the sandbox's, no secret
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    return payers.order_of(order)


def expired(category: Category) -> tuple[Account, str]:
    """Open a customer's payment and expire their reservation; return both for a late payment."""
    customer = make_customer()
    order = book(customer, category)
    opened = payers.process(customer, order, token="tok_ok").json  # the sandbox's, no secret
    with clock.set_to(order.expires_at):
        assert orders.expire(order.order_id)
    return customer, opened["id"]


def ask_back(order: Order, place: int = 0) -> RefundRequest:
    """Request the refund of a ticket of an order, as its customer."""
    ticket_id = order.tickets[place]["ticket_id"]
    return refund_requests.ask(order.customer_id, ticket_id, reason="Ill", operation_id=new_id("op"))


def approve(asked: RefundRequest, *, amount: str | None = None) -> RefundRequest:
    """Approve a requested refund, as staff."""
    money = AmountInput(amount) if amount else None
    return refunds.approve(asked.ticket_id, asked.refund_id, by="adm_1", amount=money)


def give_back(order: Order, place: int = 0, *, amount: str | None = None) -> RefundRequest:
    """Return a ticket of an order: the customer requests the refund, and staff approve it."""
    return approve(ask_back(order, place), amount=amount)


def after(event: Event) -> Any:
    """Hold the clock where an event is over."""
    return clock.set_to(events.get(event.event_id).ends_at + timedelta(minutes=1))
