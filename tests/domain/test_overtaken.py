"""A decision on a stale read is not written after a faster writer; one thread, so the race occurs every time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import app
from chalicelib import clock
from chalicelib.clients.providers import Outcome, OutcomeStatus
from chalicelib.domain.access import otp
from chalicelib.domain.customers import registration
from chalicelib.domain.events import listings
from chalicelib.domain.payments import invoices, resolution
from chalicelib.domain.tickets import gifts, tickets, transfers
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.errors import OtpInvalid
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Gift, Payment
from chalicelib.vocabulary.access import OtpPurpose
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import Evening, beside, listed, make_evening
from tests.support import event_states, marked, notices, payers, purchases
from tests.support.catalogue import Show, assert_recount
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_customer
from tests.support.meanwhile import after, before
from tests.support.streams import StreamReader, project

Act = Callable[[], object]
Overtake = Callable[[Act], object]
PLACE = "192.0.2.1"
NUMBER = "+923007777777"


@pytest.fixture(autouse=True)
def table(moto_cloud: None) -> None:
    """Create a table for each test."""


@pytest.fixture
def overtake(table: None) -> Iterator[Overtake]:  # noqa: ARG001  # the cloud first
    """Run another act just before the next transaction is sent; fail if none is sent."""
    with ExitStack() as stack:
        yield lambda act: stack.enter_context(before("TransactWriteItems", act))


# Payments


def said(payment: Payment, status: OutcomeStatus) -> Outcome:
    return Outcome(payment.provider_reference, status, payment.amount, payment.currency, is_closed=True)


def test_a_failure_that_was_decided_on_before_a_success_does_not_undo_it(overtake: Overtake) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    payment = payers.stored(payers.process(customer, order).json["id"])
    overtake(lambda: resolution.settle(payment.payment_id, said(payment, OutcomeStatus.SUCCEEDED)))
    settled = resolution.settle(payment.payment_id, said(payment, OutcomeStatus.FAILED))
    assert settled.status == PaymentStatus.SUCCEEDED
    assert payers.order_of(order).status == OrderStatus.PAID
    payers.assert_money_and_tickets_are_true()


@pytest.mark.usefixtures("one_day")
def test_two_who_number_invoices_at_once_give_each_number_once(overtake: Overtake) -> None:
    customer = make_customer()
    first, second = (purchases.put_payment(customer_id=customer.account_id).payment_id for _ in range(2))
    overtake(lambda: invoices.number_all([second]))
    invoices.number_all([first])
    year = f"{clock.now():%Y}"
    assert [payers.stored(one).invoice_number for one in (second, first)] == [f"GH-{year}-00000{n}" for n in (1, 2)]
    series = operations.get(keys.money.invoice_series(year))
    assert series is not None
    assert series.last == 2


# Codes


def begin() -> tuple[str, str]:
    """Begin a registration; return its challenge and code."""
    sent = registration.register(
        mobile_number=NUMBER, password=PASSWORD, name="Sara Khan", email=None, date_of_birth=None, address="here"
    )
    return sent.challenge_id, code_for(NUMBER)


def test_of_two_who_show_one_code_the_second_is_refused() -> None:
    challenge_id, code = begin()
    first, second = (
        otp.verify(OtpPurpose.REGISTER, code, challenge_id=challenge_id, mobile_number=None, address=PLACE)
        for _ in range(2)
    )
    first.commit()
    with pytest.raises(OtpInvalid):
        second.commit()


def test_a_code_that_was_sent_anew_since_it_was_looked_at_is_refused() -> None:
    challenge_id, code = begin()
    proof = otp.verify(OtpPurpose.REGISTER, code, challenge_id=challenge_id, mobile_number=None, address=PLACE)
    otp.resend(challenge_id, address="here")
    with pytest.raises(OtpInvalid):
        proof.commit()
    otp.verify(
        OtpPurpose.REGISTER, code_for(NUMBER), challenge_id=challenge_id, mobile_number=None, address=PLACE
    ).commit()


# Tickets


@pytest.fixture
def evening(table: None) -> Evening:  # noqa: ARG001  # the cloud comes first
    return make_evening()


@pytest.fixture
def ayesha(table: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer()


@pytest.mark.parametrize("what", ["scanned", "cancelled", "renewed", "pledged", "transferred"])
def test_a_ticket_that_something_happened_to_since_it_was_read_does_not_move(
    evening: Evening, ayesha: Account, what: str
) -> None:
    ticket = evening.sell(ayesha)
    bilal, sara = make_customer(), make_customer()
    writes = transfers.handing_over(ticket, to=bilal)
    present = GiftInput(ticket.ticket_id, NUMBER)
    happens: dict[str, Act] = {
        "scanned": lambda: evening.scan(ticket_id=ticket.ticket_id),
        "cancelled": lambda: tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED),
        "renewed": lambda: marked.renew_credential(ticket.ticket_id),
        "pledged": lambda: gifts.give(ayesha.account_id, present, operation_id=new_id("op")),
        "transferred": lambda: operations.commit(*transfers.handing_over(ticket, to=sara)),
    }
    happens[what]()
    before = tickets.get(ticket.ticket_id).serialize()
    with pytest.raises(operations.ConditionFailed) as failure:
        operations.commit(*writes)
    assert 0 in failure.value.failures
    assert tickets.get(ticket.ticket_id).serialize() == before


def test_a_gift_whose_number_registers_at_the_same_moment_moves_at_once(
    overtake: Overtake, evening: Evening, ayesha: Account
) -> None:
    ticket = evening.sell(ayesha)
    registered: list[Account] = []
    overtake(lambda: registered.append(make_customer(mobile_number=NUMBER)))
    given = gifts.give(ayesha.account_id, GiftInput(ticket.ticket_id, NUMBER), operation_id=new_id("op"))
    records = StreamReader().read()
    project(records)
    assert app.alerts(notices.envelopes(notices.facts_of(records)), None) == {"batchItemFailures": []}
    assert given.status == "claimed"
    assert listed(registered[0]) == [ticket.ticket_id]
    assert NUMBER in [text["to"] for text in texts()]


def test_a_gift_that_was_taken_back_before_its_claim_stays_cancelled(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    gifts.give(ayesha.account_id, GiftInput(ticket.ticket_id, NUMBER), operation_id=new_id("op"))
    sara = make_customer(mobile_number=NUMBER)

    def take_back() -> None:
        own = GiftInput(ticket.ticket_id, ayesha.mobile_number)
        gifts.give(ayesha.account_id, own, operation_id=new_id("op"))

    with after("Query", take_back):
        assert gifts.claim_all(sara) == 0
    assert listed(ayesha) == [ticket.ticket_id]
    assert [one.status for one in beside(ticket.ticket_id, "GIFT#") if isinstance(one, Gift)] == ["cancelled"]


# The catalogue


def test_a_listing_that_was_projected_from_an_older_state_is_not_written(overtake: Overtake) -> None:
    event_id = Show("Jazz Night").put().event_id
    listings.project(event_id)

    def hide() -> None:
        event_states.put_into(event_id, EventStatus.DRAFT)
        listings.project(event_id)

    overtake(hide)
    listings.project(event_id)
    listing = operations.get(keys.events.listing(event_id))
    assert listing is not None
    assert not listing.public
    assert_recount()
