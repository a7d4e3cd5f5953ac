"""What customers bought: booked and paid through the domain."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import categories
from chalicelib.domain.sale import orders, rules
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, Order, Payment
from chalicelib.vocabulary.payments import PaymentMethod, PaymentPurpose, PaymentStatus
from tests.support.factories import make_event


def make_show(*, gates_are_open: bool = False, **changes: Any) -> tuple[Event, Category]:
    """Create an event on sale with one category: an evening a week from now, in Lahore, at 1,500.00.

    Gates that are open now have been so since the earliest moment that the rules of events allow.
    """
    now = clock.now()
    price, capacity = changes.pop("price", 150_000), changes.pop("capacity", 500)
    settings: dict[str, Any] = {
        "title": "Qawwali Night",
        "category": "music",
        "timezone": "Asia/Karachi",
        "starts_at": now + timedelta(days=7),
        "ends_at": now + timedelta(days=7, hours=4),
        "scanning_opens_at": now if gates_are_open else None,
    }
    event = make_event(**{**settings, **changes})
    draft = categories.CategoryDraft(name="Standard", price=price, capacity=capacity, per_order_limit=20)
    return event, categories.add(event.event_id, draft)


def book(customer: Account, category: Category, quantity: int = 1, *, card_uid: str | None = None) -> Order:
    """Reserve tickets, perhaps to be opened by a card."""
    want = rules.RequestedTickets(category.category_id, quantity, [])
    return orders.book(customer, event_id=category.event_id, wants=[want], card_uid=card_uid, operation_id=new_id("op"))


def put_payment(**changes: Any) -> Payment:
    """Store a payment directly in the table."""
    payment_id = changes.pop("payment_id", None) or new_id("pay")
    settings: dict[str, Any] = {
        "purpose": PaymentPurpose.ORDER,
        "amount": 150_000,
        "currency": "PKR",
        "method": PaymentMethod.CARD,
        "provider": "sandbox",
        "status": PaymentStatus.SUCCEEDED,
        "receipt_number": f"R-{payment_id[-8:]}",
        "created_at": clock.now(),
        "settled_at": clock.now(),
    }
    settings |= changes
    place = keys.money.customer_payments(settings["customer_id"], payment_id)
    payment = Payment(*keys.money.payment(payment_id), gsi1=place, payment_id=payment_id, **settings)
    operations.record(operations.put(payment))
    return payment


def pay(order: Order, *, at: datetime | None = None) -> Payment:
    """Pay for a reserved order."""
    at = at or clock.now()
    payment_id = new_id("pay")
    operations.commit(*orders.fulfil(order, payment_id=payment_id, at=at))
    return put_payment(
        payment_id=payment_id,
        customer_id=order.customer_id,
        order_id=order.order_id,
        event_id=order.event_id,
        amount=order.total,
        created_at=at,
        settled_at=at,
    )


def refund(payment: Payment, amount: int | None = None) -> None:
    """Refund a payment, in full or up to an amount."""
    refunded = payment.amount if amount is None else amount
    actions = [Payment.refunded.set(refunded), Payment.status.set(PaymentStatus.REFUNDED)]
    operations.record(operations.change(keys.money.payment(payment.payment_id), actions))
