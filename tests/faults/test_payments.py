"""Payments on the exact engine: 32 at once settle once, and after any fault money and tickets are right."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.clients.providers import OutcomeStatus
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import payments, reconciliation, reloads
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders, rules
from chalicelib.errors import Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Order
from chalicelib.vocabulary.payments import OrderStatus, PaymentMethod, PaymentStatus
from tests.support import payers, purchases
from tests.support.client import Answer
from tests.support.factories import make_customer
from tests.support.wire import Fault, befallings, requests_of, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_payments"), pytest.mark.timeout(900)]

CALLERS = 32
PATIENCE = 40


def start(customer: Account, order: Order, method: PaymentMethod = PaymentMethod.CARD, token: str | None = None) -> str:
    terms = PaymentTerms(method, token=token)
    return payments.start(
        customer.account_id, order_id=order.order_id, terms=terms, operation_id=new_id("op")
    ).payment_id


def new_uid() -> str:
    return f"04{new_id('x')[-6:].encode().hex()}".upper()


def patiently(act: Callable[[], object]) -> None:
    """Act until there is an answer, as a caller with a retry does."""
    for _ in range(PATIENCE):
        try:
            act()
        except Unavailable:
            continue
        except Refusal:
            return
        return
    raise AssertionError(f"{PATIENCE} tries brought no answer")


def at_once(*acts: Callable[[], object]) -> None:
    """Run these acts in turn in 32 threads at the same moment."""
    faults: list[BaseException] = []
    together = threading.Barrier(CALLERS)

    def work(number: int) -> None:
        together.wait()
        try:
            patiently(acts[number % len(acts)])
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def deliver(payment_id: str, status: OutcomeStatus, event_id: str) -> Callable[[], None]:
    raw = payers.told(payers.stored(payment_id), status, event_id=f"{event_id}_{payment_id}")

    def post() -> None:
        if payers.post_webhook(raw).status == 503:
            raise Unavailable

    return post


def test_confirmations_callbacks_and_the_expiry_at_once_settle_once() -> None:
    category = payers.last_ticket()
    customer = make_customer()
    order = purchases.book(customer, category)
    payment_id = start(customer, order)
    with clock.set_to(order.expires_at + timedelta(seconds=1)):
        at_once(
            lambda: payments.confirm(customer.account_id, payment_id),
            deliver(payment_id, OutcomeStatus.SUCCEEDED, "sbe_a"),
            lambda: orders.expire(order.order_id),
            deliver(payment_id, OutcomeStatus.FAILED, "sbe_b"),
        )
    payers.assert_money_and_tickets_are_true()
    # No other order had the stock, so the late success is honoured.
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.tickets_of(order) == ["valid"]
    assert payers.counts(category) == (0, 0, 1)


def test_a_late_success_and_another_buyer_at_once_share_one_ticket() -> None:
    category = payers.last_ticket()
    customer, other = make_customer(), make_customer()
    order = purchases.book(customer, category)
    payment_id = start(customer, order)
    want = rules.RequestedTickets(category.category_id, 1, [])
    with clock.set_to(order.expires_at + timedelta(seconds=1)):
        orders.expire(order.order_id)
        at_once(
            lambda: payments.confirm(customer.account_id, payment_id),
            lambda: orders.book(other, event_id=order.event_id, wants=[want], operation_id=new_id("op")),
            lambda: reconciliation.refund(payment_id),
        )
        patiently(lambda: reconciliation.refund(payment_id))
    payers.assert_money_and_tickets_are_true()
    status = payers.stored(payment_id).status
    free, reserved, sold = payers.counts(category)
    assert (status, free, reserved, sold) in (
        (PaymentStatus.SUCCEEDED, 0, 0, 1),
        (PaymentStatus.REFUNDED, 0, 1, 0),
    )


def test_a_card_by_its_provider_and_a_wallet_at_once_pay_one_booking_once() -> None:
    category = payers.last_ticket()
    customer = make_customer()
    uid = new_uid()
    payers.card_with(customer, 200_000, uid=uid)
    order = purchases.book(customer, category)
    by_card, by_wallet = start(customer, order), start(customer, order, PaymentMethod.WALLET)
    payers.charge_at_sandbox(by_card)
    at_once(
        lambda: payments.confirm(customer.account_id, by_card),
        lambda: payments.confirm(customer.account_id, by_wallet),
        deliver(by_card, OutcomeStatus.SUCCEEDED, "sbe_c"),
    )
    for _ in range(2):
        patiently(lambda: reconciliation.refund(by_card))
    payers.assert_money_and_tickets_are_true()
    statuses = (payers.stored(by_card).status, payers.stored(by_wallet).status)
    assert statuses in (
        (PaymentStatus.SUCCEEDED, PaymentStatus.FAILED),
        (PaymentStatus.REFUNDED, PaymentStatus.SUCCEEDED),
    )
    assert payers.order_of(order).status == OrderStatus.PAID


def test_a_wallet_is_never_overdrawn_by_bookings_that_are_paid_at_once() -> None:
    _, category = purchases.make_show()
    customer = make_customer()
    uid = new_uid()
    payers.card_with(customer, 450_000, uid=uid)
    ids = [start(customer, purchases.book(customer, category), PaymentMethod.WALLET) for _ in range(8)]
    at_once(*[lambda payment_id=one: payments.confirm(customer.account_id, payment_id) for one in ids])
    payers.assert_money_and_tickets_are_true()
    statuses = [payers.stored(one).status for one in ids]
    assert statuses.count(PaymentStatus.SUCCEEDED) == 3
    assert payers.balances()[f"card:{uid}"] == 0


def test_one_booking_opens_one_payment_for_callers_at_once() -> None:
    _, category = purchases.make_show()
    customer = make_customer()
    order = purchases.book(customer, category)
    opened: set[str] = set()
    at_once(lambda: opened.add(start(customer, order)))
    assert len(opened) == 1


@pytest.mark.parametrize("is_late", [False, True])
def test_everything_at_once_through_the_doors_settles_one_payment_once(is_late: bool) -> None:
    category = payers.last_ticket()
    customer = make_customer()
    order = purchases.book(customer, category)
    payment_id = payers.process(customer, order, key="before").json["id"]
    answers: list[Answer] = []
    success = deliver(payment_id, OutcomeStatus.SUCCEEDED, "sbe_e")

    def ask(send: Callable[[], Answer]) -> Callable[[], None]:
        def send_once() -> None:
            answer = send()
            if answer.status == 503 or answer.code == "IDEMPOTENCY_IN_PROGRESS":
                raise Unavailable
            answers.append(answer)

        return send_once

    with clock.set_to(order.expires_at + timedelta(seconds=1) if is_late else clock.now()):
        at_once(
            ask(lambda: payers.process(customer, order)),
            ask(lambda: payers.process(customer, order, key="one")),
            ask(lambda: payers.confirm(customer, payment_id)),
            ask(lambda: payers.confirm(customer, payment_id, key="two")),
            success,
            deliver(payment_id, OutcomeStatus.FAILED, "sbe_f"),
            lambda: orders.expire(order.order_id),
            lambda: reconciliation.reconcile(payment_id),
        )
    assert {answer.status for answer in answers} <= {200, 201, 409}, [answer.text for answer in answers]
    payers.assert_money_and_tickets_are_true()
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.tickets_of(order) == ["valid"]
    assert payers.counts(category) == (0, 0, 1)
    paid_for = [raw for raw in payers.all_raws("payment") if raw.get("order_id", {}).get("S") == order.order_id]
    assert [raw["status"]["S"] for raw in paid_for].count("succeeded") == 1


def test_requests_with_one_key_at_once_are_one_payment() -> None:
    customer = make_customer()
    uid = new_uid()
    payers.card_with(customer, 0, uid=uid)
    body = {"method": "card", "card_id": uid, "amount": "100"}
    with_key: set[str] = set()
    without: set[str] = set()

    def ask(ids: set[str], key: str | None) -> Callable[[], None]:
        def send() -> None:
            answer = payers.ask(customer, "process", body, key=key)
            if answer.status != 201:
                raise Unavailable
            ids.add(answer.json["id"])

        return send

    at_once(ask(with_key, "a-reload"), ask(without, None))
    assert len(with_key) == 1
    assert len(without) == CALLERS // 2
    for payment_id in with_key | without:
        payments.confirm(customer.account_id, payment_id)
    assert payers.balances()[f"card:{uid}"] == 10_000 * (1 + CALLERS // 2)
    payers.assert_money_and_tickets_are_true()


@dataclass
class Deed:
    """What is done while the wire fails, when, and what must have become of which payment then."""

    act: Callable[[], object]
    at: datetime
    payment_id: Callable[[], str]
    expected: PaymentStatus = PaymentStatus.SUCCEEDED


def prepare(what: str) -> Deed:
    """Bring a payment to where a deed is about to be done."""
    category = payers.last_ticket()
    customer = make_customer()
    order = purchases.book(customer, category)
    operation_id = new_id("op")
    terms = PaymentTerms(PaymentMethod.WALLET if what == "wallet" else PaymentMethod.CARD)
    late = order.expires_at + timedelta(seconds=1)

    def begin() -> str:
        started = payments.start(customer.account_id, order_id=order.order_id, terms=terms, operation_id=operation_id)
        return started.payment_id

    def confirm() -> object:
        return payments.confirm(customer.account_id, payment_id)

    if what == "process":
        return Deed(begin, clock.now(), begin, PaymentStatus.REQUIRES_CONFIRMATION)
    if what == "reload":
        uid = new_uid()
        payers.card_with(customer, 0, uid=uid)
        payment_id = reloads.reload(
            customer.account_id, uid, AmountInput("100.00"), operation_id=operation_id
        ).payment_id
        return Deed(confirm, clock.now(), lambda: payment_id)
    if what == "wallet":
        payers.card_with(customer, 150_000, uid=new_uid())
    payment_id = begin()
    if what in ("confirm", "wallet"):
        return Deed(confirm, clock.now(), lambda: payment_id)
    if what == "webhook":
        return Deed(deliver(payment_id, OutcomeStatus.SUCCEEDED, "sbe_d"), clock.now(), lambda: payment_id)
    with clock.set_to(late):
        orders.expire(order.order_id)
        if what == "late":
            return Deed(confirm, late, lambda: payment_id)
        purchases.book(make_customer(), category)
        if what == "too late":
            return Deed(confirm, late, lambda: payment_id, PaymentStatus.REFUND_DUE)
        confirm()
    return Deed(lambda: reconciliation.refund(payment_id), late, lambda: payment_id, PaymentStatus.REFUNDED)


BEFALLING = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.BROKEN, Fault.CONFLICT, Fault.THROTTLED)


@pytest.mark.parametrize("what", ["process", "confirm", "wallet", "webhook", "reload", "late", "too late", "refund"])
def test_whichever_request_a_fault_befalls_the_repeat_brings_the_same_end(what: str) -> None:
    whole = prepare(what)
    with clock.set_to(whole.at):
        requests = requests_of(whole.act)
    assert requests > 1
    for place, fault in befallings(requests, BEFALLING):
        deed = prepare(what)
        with clock.set_to(deed.at), wire(retries=False) as line:
            line.faults[place] = fault
            patiently(deed.act)
            assert len(line.sent) > place
        assert payers.stored(deed.payment_id()).status == deed.expected, (fault, place)
    payers.assert_money_and_tickets_are_true()
