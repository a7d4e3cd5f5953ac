"""Customers who pay through their portal, and the provider that calls back, for the tests of payments."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from chalicelib import clock
from chalicelib.clients.providers import Charge, Outcome, OutcomeStatus
from chalicelib.config import config
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import categories, stock
from chalicelib.domain.ledger import account_names, card_balances, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.payments import sandbox, sandbox_callbacks
from chalicelib.domain.payments.sandbox_callbacks import FAILED_KIND, PAYOUT_KIND, SUCCEEDED_KIND
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Category, Item, Journal, Order, Payment, Ticket
from chalicelib.vocabulary.cards import CardStatus, EntryType
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import card_states, moto_table, purchases
from tests.support.client import Answer, call
from tests.support.factories import customer_token


def ask(customer: Account, what: str, body: dict[str, Any], *, key: str | None = None) -> Answer:
    """Send a customer's request to `payments/process/` or `payments/confirm/`."""
    headers = {"idempotency-key": key} if key else {}
    return call("POST", f"/api/v1/payments/{what}/", body, token=customer_token(customer), headers=headers)


def process(customer: Account, order: Order, *, method: str = "card", key: str | None = None, **more: Any) -> Answer:
    return ask(customer, "process", {"booking_id": order.order_id, "method": method, **more}, key=key)


def confirm(customer: Account, payment_id: str, *, key: str | None = None) -> Answer:
    return ask(customer, "confirm", {"payment_id": payment_id}, key=key)


def told(payment: Payment, status: OutcomeStatus, **changes: Any) -> bytes:
    """Return the body of the sandbox's callback about a payment."""
    said = {
        "reference": payment.provider_reference or "sbx_unknown",
        "status": status,
        "amount": payment.amount,
        "currency": payment.currency,
        "failure_reason": "card_declined" if status is OutcomeStatus.FAILED else None,
    }
    event_id, kind = changes.pop("event_id", None) or new_id("sbe"), changes.pop("kind", None)
    outcome = Outcome(**{**said, **changes})
    default_kind = SUCCEEDED_KIND if outcome.status is OutcomeStatus.SUCCEEDED else FAILED_KIND
    body = {
        "id": event_id,
        "type": kind or default_kind,
        "payment_id": payment.payment_id,
        "reference": outcome.reference,
        "amount": outcome.amount,
        "currency": outcome.currency,
        "failure_reason": outcome.failure_reason,
    }
    return json.dumps(body).encode()


def told_of_payout(key: str) -> bytes:
    """Return the body of the sandbox's callback that a payout, by its key, is to be looked at."""
    return json.dumps({"id": new_id("sbe"), "type": PAYOUT_KIND, "reference": key}).encode()


def post_webhook(raw: bytes, *, signature: str | None = None, age: int = 0) -> Answer:
    """Send a callback, signed `age` seconds ago."""
    signature = signature or sandbox_callbacks.sign(raw, at=int(clock.now().timestamp()) - age)
    return call("POST", "/api/v1/payments/webhook/", raw=raw, headers={"gatehouse-signature": signature})


def charge_at_sandbox(payment_id: str) -> None:
    """Charge a payment on the provider's own page: the platform has not heard of it yet."""
    payment = stored(payment_id)
    charge = Charge(payment_id=payment_id, amount=payment.amount, currency=payment.currency)
    sandbox.Sandbox().confirm(charge, str(payment.provider_reference))


def stored(payment_id: str) -> Payment:
    payment = operations.get(keys.money.payment(payment_id))
    assert payment is not None
    return payment


def last_ticket(*, price: int = 150_000, currency: str = "PKR") -> Category:
    """Put a category on sale that has one ticket."""
    event = purchases.make_show()[0]
    draft = categories.CategoryDraft(name="Box", price=price, currency=currency, capacity=1)
    return categories.add(event.event_id, draft)


def order_of(order: Order) -> Order:
    found = operations.get(keys.sale.order(order.order_id))
    assert found is not None
    return found


def category_of(order: Order) -> Category:
    found = operations.get(keys.events.category(order.event_id, order.items[0]["category_id"]))
    assert found is not None
    return found


def tickets_of(order: Order) -> list[str]:
    """Return the stored states of an order's tickets."""
    places = [keys.tickets.ticket(line["ticket_id"]) for line in order.tickets]
    return sorted(ticket.status for ticket in operations.get_many(places).values())


def counts(category: Category) -> tuple[int, int, int]:
    """Return how many tickets of a category are free, reserved, sold."""
    found = stock.counts(category.event_id, [category], consistent=True)[category.category_id]
    return found.free, found.reserved, found.sold


def card_with(customer: Account, amount: int, *, uid: str, status: CardStatus = CardStatus.ACTIVE) -> Card:
    """Give a customer a card that holds an amount in minor units."""
    card = cards.register(CardRegistration(uid=uid, customer_id=customer.account_id))
    if amount:
        entries = [Posting(account_names.clearing("desk"), -amount), Posting(account_names.card(uid), amount)]
        writes = journals.post(
            journals.Movement(new_id("jrn"), type="reload", currency=config().currency, entries=entries, references={}),
            balances=[card_balances.of(uid)],
            card_entry_type=EntryType.RELOAD,
        )
        operations.commit(*writes)
    return card if status is CardStatus.ACTIVE else card_states.put_into(uid, status)


def all_raws(*kinds: str) -> list[dict[str, Any]]:
    """Return the raw items of these kinds in the table."""
    if moto_table.is_used():
        return moto_table.raws(*kinds)
    client: Any = operations.client()
    pages = client.get_paginator("scan").paginate(TableName=config().table_name, ConsistentRead=True)
    return [raw for page in pages for raw in page["Items"] if raw["kind"]["S"] in kinds]


def all_items() -> list[Item]:
    """Return everything that is stored of kinds that money rests on."""
    kinds = ("journal", "payment", "order", "ticket", "card_balance", "card_entry", "stock", "sandbox_charge")
    return [Item.from_raw_data(raw) for raw in all_raws(*kinds)]


def balances() -> Counter[str]:
    """Return the balance of every ledger account, by its entries."""
    sums: Counter[str] = Counter()
    for item in all_items():
        if isinstance(item, Journal):
            for entry in item.entries:
                sums[entry["account"]] += int(entry["amount"])
    return Counter({account: amount for account, amount in sums.items() if amount})


def returned_of(payment: Payment, journals: Iterable[Journal]) -> int:
    """Return how much of a payment left the provider's balance after the charge, by the ledger."""
    return sum(
        int(entry["amount"])
        for journal in journals
        if journal.references.get("payment_id") == payment.payment_id and journal.type == "moved"
        for entry in journal.entries
        if entry["account"].startswith("clearing:")
    )


def envelope(payment_id: str) -> dict[str, Any]:
    """Return the batch that the payments queue gives to its worker for a refund that is due."""
    body = {"detail-type": "payment.refund_due", "detail": {"payment_id": payment_id}}
    return {"Records": [{"messageId": "m1", "body": json.dumps(body)}]}


def assert_money_and_tickets_are_true() -> None:
    """Assert on the whole table each rule of payments that holds at every moment."""
    items = all_items()
    journals = {item.journal_id: item for item in items if isinstance(item, Journal)}
    payments = {item.payment_id: item for item in items if isinstance(item, Payment)}
    for journal in journals.values():
        assert sum(int(entry["amount"]) for entry in journal.entries) == 0
    for payment in payments.values():
        status, taken = payment.status, payment.taken
        charged = f"jrn_charge_{payment.payment_id}" in journals
        was_taken = status in (PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED)
        assert charged == (was_taken and payment.amount > 0), payment.payment_id
        assert returned_of(payment, journals.values()) == int(payment.returned or 0)
        if taken is not None:
            assert (status is PaymentStatus.REFUNDED) == (int(payment.returned or 0) >= taken)
        assert (payment.receipt_number is not None) == (was_taken and taken is None)
    for order in (item for item in items if isinstance(item, Order)):
        paying = [one for one in payments.values() if one.order_id == order.order_id and one.receipt_number is not None]
        paid_by = [one.payment_id for one in paying]
        mine = [item for item in items if isinstance(item, Ticket) and item.order_id == order.order_id]
        if order.status == OrderStatus.PAID:
            assert paid_by == [order.payment_id]
            fit = {TicketStatus.VALID, *([TicketStatus.REFUNDED] if paying[0].voided else [])}
            assert len(mine) == len(order.tickets)
            assert {ticket.status for ticket in mine} <= fit
        else:
            assert paid_by == []
            expected = len(order.tickets) if order.status == OrderStatus.RESERVED else 0
            assert [ticket.status for ticket in mine] == [TicketStatus.RESERVED] * expected


def batch_of(*bodies: dict[str, Any]) -> dict[str, Any]:
    """Return a batch of the payments queue with these facts in their envelopes."""
    return {"Records": [{"messageId": f"m{number}", "body": json.dumps(body)} for number, body in enumerate(bodies)]}
