"""The table of price, method and deed: each price can be paid with each method, and comes back the same way.

The sale's deeds in each state of the event are here too: what was not charged stays with the customer, and what was
charged for nothing is owed back.
"""

import pytest

from chalicelib import clock
from chalicelib.clients.providers import Charge, OutcomeStatus
from chalicelib.domain.events import stock
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.payments import providers, reconciliation, refunds, repayments
from chalicelib.domain.sale import orders, sales_totals
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Order, Payment, RefundRequest, Ticket
from chalicelib.vocabulary.payments import PaymentMethod
from tests.portals.webapp.evening import Evening, ask, beside, make_evening
from tests.portals.webapp.test_ticket_states import BY_EVENT, CODES, EVENTS, assert_stock_is_true, happening
from tests.support import fault_days, payers, purchases, wallets
from tests.support.client import Answer, call
from tests.support.factories import customer_token
from tests.support.shops import new_customer
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")

HELD = 1_000_000
PRICES = (0, 150_000)
METHODS = tuple(PaymentMethod)
PAID = [(price, method) for price in PRICES for method in METHODS]


def process(customer: Account, order: Order, method: PaymentMethod) -> Answer:
    token = {"token": "tok_ok"} if method is PaymentMethod.CARD and order.total else {}
    return payers.process(customer, order, method=method, **token)


def counted(evening: Evening) -> stock.StockCounts:
    category = evening.category
    return stock.counts(category.event_id, [category], consistent=True)[category.category_id]


def held(card: Card) -> int:
    return int(wallets.books().balances[card.uid].amount)


@pytest.mark.parametrize(("price", "method"), PAID)
def test_each_price_is_paid_with_each_method_and_comes_back_the_same_way(price: int, method: PaymentMethod) -> None:
    stream, customer, evening = StreamReader(), new_customer(), make_evening(price=price)
    card = wallets.make_card(customer, holds=HELD)
    order = purchases.book(customer, evening.category, 2)
    opened = process(customer, order, method)
    assert payers.confirm(customer, opened.json["id"]).json["status"] == "succeeded"
    spent = price if method is PaymentMethod.WALLET else 0
    assert held(card) == HELD - 2 * spent

    first = order.tickets[0]["ticket_id"]
    asked = ask(customer, "POST", f"{first}/refund-request/", {"reason": "I fell ill."})
    assert (asked.status, asked.json["status"]) == (201, "pending")
    assert asked.json["amount"]["amount"] == f"{price // 100}.00"
    stream.drain()
    # Nobody has to decide where no money moves.
    assert (tickets.get(first).status == "refunded") == (price == 0)
    if price:
        refunds.approve(first, asked.json["id"], by="adm_1")
    stream.drain()
    repayments.pay_back(first, asked.json["id"])

    (request,) = (one for one in beside(first, "REFUND#") if isinstance(one, RefundRequest))
    assert (request.status, request.amount) == ("refunded", price)
    assert (tickets.get(first).status, tickets.get(order.tickets[1]["ticket_id"]).status) == ("refunded", "valid")
    now = counted(evening)
    assert (now.free, now.sold, now.returned) == (499, 1, 1)
    assert held(card) == HELD - spent
    assert payers.stored(opened.json["id"]).status == "succeeded"
    balances = payers.balances()
    assert sum(balances.values()) == 0
    assert sum(amount for account, amount in balances.items() if account.startswith(("sales:", "fees"))) == price
    assert balances["refunds_due"] == 0
    sums = operations.get(keys.sale.sales_totals(order.event_id, sales_totals.TOTALS))
    assert sums is not None
    assert (sums.tickets, sums.refunded_tickets, sums.revenue - sums.refunded) == (2, 1, price)
    # The seat is for somebody else, and for the same customer.
    assert purchases.book(customer, evening.category, 19).status == "reserved"
    stream.drain()
    wallets.assert_balanced(wallets.books())


def test_a_free_booking_needs_no_card_and_a_free_ticket_that_was_used_is_not_returned() -> None:
    stream, customer, evening = StreamReader(), new_customer(), make_evening(price=0)
    order = purchases.book(customer, evening.category)
    opened = process(customer, order, PaymentMethod.WALLET)
    assert payers.confirm(customer, opened.json["id"]).json["status"] == "succeeded"
    ticket_id = order.tickets[0]["ticket_id"]
    assert ask(customer, "POST", f"{ticket_id}/refund-request/", {"reason": "I fell ill."}).status == 201
    assert evening.scan(ticket_id=ticket_id) == ("valid", None)
    stream.drain()
    assert tickets.get(ticket_id).status == "valid"
    assert (counted(evening).free, counted(evening).sold) == (499, 1)


def row(deed: Deed, event: str) -> str | None:
    return CODES[BY_EVENT[deed][EVENTS.index(event)]]


def book(evening: Evening) -> Answer:
    item = {"category_id": evening.category.category_id, "quantity": 1}
    body = {"event_id": evening.event.event_id, "items": [item]}
    return call("POST", "/api/v1/tickets/book/", body, token=customer_token(new_customer()))


def charge(payment: Payment) -> None:
    """Charge a payment at its provider, which calls back."""
    asked = Charge(payment_id=payment.payment_id, amount=payment.amount, currency=payment.currency)
    providers.named(payment.provider).confirm(asked, payment.provider_reference)
    assert payers.post_webhook(payers.told(payment, OutcomeStatus.SUCCEEDED)).status == 200


def tickets_of(evening: Evening) -> int:
    """Return how many tickets of an event are stored, paid or reserved."""
    return sum(isinstance(item, Ticket) and item.event_id == evening.event.event_id for item in payers.all_items())


SALES = [(event, price, method) for event in EVENTS for price, method in PAID]


@pytest.mark.parametrize(("event", "price", "method"), fault_days.part(SALES, 0, of=10))
def test_the_sale_asks_the_events_state_at_each_step(event: str, price: int, method: PaymentMethod) -> None:
    customer, evening = new_customer(), make_evening(price=price)
    card = wallets.make_card(customer, holds=HELD)
    fresh, confirmed, in_time, late = (purchases.book(customer, evening.category) for _ in range(4))
    opened, *charged = (process(customer, order, method).json["id"] for order in (confirmed, in_time, late))
    with clock.set_to(late.expires_at):
        assert orders.expire(late.order_id)
    is_sold, code = row(Deed.SETTLE, event) is None, row(Deed.CHECK_OUT, event)
    with happening(evening, event):
        assert book(evening).code == row(Deed.BOOK, event)
        assert (process(customer, fresh, method).code, payers.confirm(customer, opened).code) == (code, code)
        for payment_id in charged if payers.stored(opened).provider == "sandbox" else ():
            charge(payers.stored(payment_id))
            assert payers.stored(payment_id).status == ("succeeded" if is_sold else "refund_due")
            assert reconciliation.refund(payment_id) == (not is_sold)
        assert_stock_is_true(evening.category)
    assert held(card) == HELD - (price if is_sold and method is PaymentMethod.WALLET else 0)
    assert sum(payers.balances().values()) == payers.balances()["refunds_due"] == 0
    assert tickets_of(evening) == counted(evening).sold + counted(evening).reserved
