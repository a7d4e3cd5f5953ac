"""Two deeds that meet on an exact engine: one is done, and money, seats and tickets agree afterwards."""

from collections import Counter
from collections.abc import Iterator

import pytest

from chalicelib.domain.cards import balances
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.readings import Reading
from chalicelib.domain.ledger import account_names
from chalicelib.domain.payments import payments, reconciliation, refunds
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import gifts, refund_requests, tickets, transfers
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.errors import InvalidState
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Payment, RefundRequest, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus
from tests.faults import scenarios
from tests.faults.test_claims import at_once
from tests.portals.webapp.evening import Evening, make_evening
from tests.support import card_states, engines, event_states, payers, purchases, wallets
from tests.support.caches import forget_caches
from tests.support.factories import make_customer, unused_number
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("sale"), pytest.mark.timeout(900)]

ROUNDS = size_of("DEED_ROUNDS", small=1, full=8)
PRICE = 150_000


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def bought(evening: Evening, customer: Account, method: PaymentMethod) -> str:
    """Open a payment for one ticket of a fresh order."""
    order = purchases.book(customer, evening.category)
    terms = PaymentTerms(method, token="tok_ok" if method is PaymentMethod.CARD else None)  # the sandbox's, no secret
    return payments.start(
        customer.account_id, order_id=order.order_id, terms=terms, operation_id=new_id("op")
    ).payment_id


def ticket_of(payment_id: str) -> Ticket:
    order = orders.get(payers.stored(payment_id).order_id)
    return tickets.get(order.tickets[0]["ticket_id"])


def seats(evening: Evening) -> tuple[int, int, int]:
    """Return how many seats of an event are free, reserved and sold."""
    return payers.counts(evening.category)


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_ticket_is_returned_or_scanned_and_its_seat_and_money_follow(_: int) -> None:
    evening, customer = make_evening(), make_customer()
    card = wallets.make_card(customer, holds=PRICE)
    payment_id = bought(evening, customer, PaymentMethod.WALLET)
    payments.confirm(customer.account_id, payment_id)
    ticket = ticket_of(payment_id)
    asked = refund_requests.ask(customer.account_id, ticket.ticket_id, reason="ill", operation_id=new_id("op"))
    caller, code = scenarios.caller(evening.event.event_id), tickets.code(ticket)

    def act(number: int) -> ScanDecision | RefundRequest:
        if number % 2:
            return refunds.approve(ticket.ticket_id, asked.refund_id, by=f"adm_{number}")
        return checkin.scan(caller, Reading(scenarios.scan_id(), code=code))

    answers = at_once(act)
    admitted = sum(isinstance(one, ScanDecision) and one.result == "valid" for one in answers)
    returned = any(isinstance(one, RefundRequest) and one.status == "refunded" for one in answers)
    after = tickets.get(ticket.ticket_id)
    assert admitted + returned == 1
    assert (after.status == "refunded", after.admission is not None) == (returned, admitted == 1)
    assert seats(evening) == ((500, 0, 0) if returned else (499, 0, 1))
    assert wallets.books().balances[card.uid].amount == (PRICE if returned else 0)


@pytest.mark.parametrize("_", range(ROUNDS))
def test_an_event_that_is_cancelled_while_many_pay_keeps_no_money_for_nothing(_: int) -> None:
    evening = make_evening()
    buyers = [make_customer() for _ in range(8)]
    for buyer in buyers[::2]:
        wallets.make_card(buyer, holds=PRICE)
    methods = (PaymentMethod.WALLET, PaymentMethod.CARD)
    opened = [bought(evening, buyer, methods[place % 2]) for place, buyer in enumerate(buyers)]

    def act(number: int) -> Payment | None:
        if number == 20:
            event_states.put_into(evening.event.event_id, EventStatus.CANCELLED)
            return None
        return payments.confirm(buyers[number % 8].account_id, opened[number % 8])

    answers = at_once(act)
    found = [payers.stored(payment_id) for payment_id in opened]
    for payment in found:
        reconciliation.refund(payment.payment_id)
        paid = payment.status is PaymentStatus.SUCCEEDED
        assert (ticket_of(payment.payment_id).status == "valid") == paid
        assert payment.status in (
            PaymentStatus.SUCCEEDED,
            PaymentStatus.REQUIRES_CONFIRMATION,
            PaymentStatus.FAILED,
            PaymentStatus.REFUND_DUE,
        )
    kept = Counter(payment.status for payment in found)[PaymentStatus.SUCCEEDED]
    assert {type(one) for one in answers} <= {Payment, type(None), InvalidState}
    assert seats(evening) == (492, 8 - kept, kept)
    sums = payers.balances()
    sold = sums[f"sales:{evening.event.event_id}"]
    assert (sum(sums.values()), sums[account_names.REFUNDS_DUE]) == (0, 0)
    assert sold == kept * (PRICE - PRICE // 20)
    # What was sold all the same is returned by its owner.
    for payment in found:
        if payment.status is PaymentStatus.SUCCEEDED:
            ticket_id = ticket_of(payment.payment_id).ticket_id
            asked = refund_requests.ask(payment.customer_id, ticket_id, reason="off", operation_id=new_id("op"))
            refunds.approve(ticket_id, asked.refund_id, by="adm_1")
    assert seats(evening) == (492 + kept, 8 - kept, 0)


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_lost_cards_balance_moves_once_while_refunds_arrive_on_it(_: int) -> None:
    customer = make_customer()
    lost, spare = wallets.make_card(customer, holds=5_000), wallets.make_card(customer)
    card_states.put_into(lost.uid, CardStatus.LOST)

    def act(number: int) -> int:
        if number % 4 == 0:
            wallets.give_back(lost.uid, 100)
        return balances.gather(customer.account_id)

    at_once(act)
    balances.gather(customer.account_id)
    books = wallets.books()
    assert (books.balances[lost.uid].amount, books.balances[spare.uid].amount) == (0, 5_000 + 8 * 100)
    moved = [journal for journal in books.journals if journal.type == "transfer" and journal.entries]
    assert (
        sum(max(entry["amount"], 0) for one in moved for entry in one.entries if spare.uid in entry["account"]) == 5_800
    )


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_ticket_goes_one_way_when_all_its_owners_deeds_meet(_: int) -> None:
    evening, customer, taker = make_evening(), make_customer(), make_customer()
    purchases.pay(order := purchases.book(customer, evening.category))
    ticket_id = str(order.tickets[0]["ticket_id"])

    def act(number: int) -> str:
        match number % 4:
            case 0:
                transfers.transfer(
                    customer.account_id,
                    ticket_id,
                    mobile_number=str(taker.mobile_number),
                    message=None,
                    operation_id=new_id("op"),
                )
                return "moved"
            case 1:
                gift = GiftInput(ticket_id, unused_number("6"))
                gifts.give(customer.account_id, gift, operation_id=new_id("op"))
                return "gifted"
            case 2:
                refund_requests.ask(customer.account_id, ticket_id, reason="ill", operation_id=new_id("op"))
                return "asked"
            case _:
                event_states.put_into(evening.event.event_id, EventStatus.CANCELLED)
                return "cancelled"

    won = Counter(one for one in at_once(act) if isinstance(one, str))
    ticket = tickets.get(ticket_id)
    assert won["cancelled"] == 8
    # A gift may replace a gift.
    assert sum(won[name] > 0 for name in ("moved", "gifted", "asked")) <= 1
    assert (ticket.customer_id == taker.account_id) == (won["moved"] == 1)
    assert (ticket.pledge is not None) == (won["gifted"] + won["asked"] > 0)
    assert seats(evening) == (499, 0, 1)
