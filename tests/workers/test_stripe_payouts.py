"""Payouts by Stripe: each is paid once under lost answers and lapsed keys, and one that comes back is owed again."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.clients import stripe_amounts
from chalicelib.clients.providers import Payee
from chalicelib.clients.providers.stripe_payouts import StripePayouts
from chalicelib.config import config
from chalicelib.domain.ledger import postings
from chalicelib.domain.ledger.account_names import clearing, in_transit, payable
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Payout
from chalicelib.vocabulary.payouts import PayoutStatus, PayoutWait
from tests.support import paid_out, payers, purchases, stripe_double, taken_back
from tests.support.client import call
from tests.support.factories import make_customer, token_of
from tests.support.paid_out import DONE, due
from tests.support.settings import configured
from tests.support.streams import StreamReader
from tests.support.stripe_double import API_KEY, GOOD, WEBHOOK_SECRET, StripeDouble, sign
from tests.support.stripe_ground import deliver, leave, point_at

pytestmark = pytest.mark.usefixtures("swept")
SIGNS = {"gross": 1, "refunds": -1, "platform_fee": -1, "taken_back": -1}
NET, CONNECT_SECRET = 95, "whsec_of_connected_accounts"


@pytest.fixture
def stripe(moto_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:  # noqa: ARG001  # comes first
    fields = {
        "stripe_api_key": API_KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "stripe_connect_webhook_secret": CONNECT_SECRET,
    }
    with stripe_double.running() as double, monkeypatch.context() as environment:
        environment.setenv("PAYOUT_PROVIDER", "stripe")
        config.cache_clear()
        point_at(double.url, environment, **fields)
        yield double
    leave()


def claimed() -> tuple[Account, Payout]:
    """Store a payout that the sweep has claimed."""
    organizer = paid_out.make_payee()
    payout = paid_out.put_settled(organizer.account_id, asked_by="platform")
    in_sweep = Payout.due_at(keys.jobs.due(clock.now(), payout.payout_id))
    operations.record(operations.change(payout.place, in_sweep))
    paid_out.claim(payout.payout_id)
    return organizer, payout


def pay(payout: Payout) -> Payout:
    """Deliver a payout's message until it is taken, as the queue does."""
    for _ in range(5):
        if paid_out.deliver(due(payout.payout_id)) == DONE:
            return paid_out.stored(payout.payout_id)
    raise AssertionError("the message is never taken")


def sweep_if_due(payout: Payout) -> Payout:
    if paid_out.stored(payout.payout_id).is_due:
        paid_out.sweep(payout.payout_id)
    return paid_out.stored(payout.payout_id)


def assert_paid_once(stripe: StripeDouble, organizer: Account, payout: Payout) -> None:
    assert (paid_out.stored(payout.payout_id).status, stripe.payouts.sent()) == (PayoutStatus.PAID, NET)
    assert [account for account in stripe.payouts.accounts if stripe.payouts.held(account)] == []
    assert payers.balances() == {payable(organizer.account_id): -NET, clearing("stripe"): NET}


def test_a_payout_goes_to_the_organizers_account_and_names_the_invoice(stripe: StripeDouble) -> None:
    organizer, payout = claimed()
    paid = pay(payout)
    (account,), (sent,) = stripe.payouts.accounts.values(), stripe.payouts.payouts.values()
    assert account["iban"] == paid_out.iban()
    assert (sent["amount"], sent["currency"], sent["statement_descriptor"]) == (NET, "pkr", payout.invoice_number)
    assert paid.reference == sent["id"]
    assert_paid_once(stripe, organizer, payout)


@pytest.mark.parametrize("answered", range(5))
@pytest.mark.by_day
def test_an_answer_that_is_lost_pays_once_also_after_the_keys_have_lapsed(stripe: StripeDouble, answered: int) -> None:
    organizer, payout = claimed()
    stripe.answers_left = answered
    assert paid_out.deliver(due(payout.payout_id)) != DONE
    stripe.answers_left = None
    # Where the account's own answer is lost, its key finds it; Stripe has no look-up for it.
    if answered:
        stripe.forget_keys()
    pay(payout)
    assert len(stripe.payouts.accounts) == 1
    assert len(stripe.payouts.transfers) == 1
    assert_paid_once(stripe, organizer, payout)


def test_one_account_is_opened_for_each_bank_account(stripe: StripeDouble) -> None:
    organizer, first = claimed()
    pay(first)
    second = paid_out.put_settled(organizer.account_id, status=PayoutStatus.PROCESSING, provider="stripe", attempt=1)
    pay(second)
    assert len(stripe.payouts.accounts) == 1
    paid_out.give_account(organizer, ending="03")
    third = paid_out.put_settled(organizer.account_id, status=PayoutStatus.PROCESSING, provider="stripe", attempt=1)
    pay(third)
    assert [one["iban"] for one in stripe.payouts.accounts.values()] == [paid_out.iban(), paid_out.iban("03")]


def test_a_payout_on_its_way_is_paid_when_stripe_says_so(stripe: StripeDouble) -> None:
    organizer, payout = claimed()
    stripe.payouts.payout_status = "in_transit"
    assert pay(payout).status == PayoutStatus.PROCESSING
    (sent,) = stripe.payouts.payouts.values()
    sent["status"] = "paid"
    event = stripe.payouts.event("payout.paid", sent)
    # Events of connected accounts are signed with the secret of their own endpoint.
    body = json.dumps(event).encode()
    assert deliver(body, signature=sign(body, secret="whsec_of_nobody")).status == 400
    assert deliver(body, signature=sign(body, secret=CONNECT_SECRET)).status == 200
    sweep_if_due(payout)
    assert_paid_once(stripe, organizer, payout)


def test_what_has_reached_the_account_but_not_the_bank_goes_on_later(stripe: StripeDouble) -> None:
    organizer, payout = claimed()
    stripe.payouts.is_slow = True
    assert pay(payout).status == PayoutStatus.PROCESSING
    assert payers.balances() == {payable(organizer.account_id): -NET, in_transit("stripe"): NET}
    stripe.payouts.is_slow = False
    sweep_if_due(payout)
    assert_paid_once(stripe, organizer, payout)


def test_a_balance_that_is_too_small_delays_a_payout(stripe: StripeDouble) -> None:
    organizer, payout = claimed()
    stripe.payouts.funds = NET - 1
    waiting = pay(payout)
    assert (waiting.status, waiting.waits_for) == (PayoutStatus.SCHEDULED, PayoutWait.PROVIDER_BALANCE)
    stripe.payouts.funds = NET
    sweep_if_due(payout)
    # Stripe repeats its refusal under the first key, so this is another try.
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        pay(payout)
    assert_paid_once(stripe, organizer, payout)


def test_a_payout_that_bounces_after_it_was_paid_is_owed_again_and_paid_by_a_retry(stripe: StripeDouble) -> None:
    organizer, payout = claimed()
    sent = str(pay(payout).reference)
    event = stripe.payouts.fail(sent)
    for _ in range(2):
        assert deliver(event).status == 200
        bounced = sweep_if_due(payout)
    assert (bounced.status, bounced.failure_reason) == (PayoutStatus.FAILED, "account_closed")
    assert set(payers.balances().values()) <= {0}
    # The money is ours again, so another attempt does not send it twice.
    assert [one["reversed"] for one in stripe.payouts.transfers.values()] == [True]
    # Its reversal is reported too, and changes nothing.
    assert deliver(stripe.payouts.events[-1]).status == 200
    paid_out.give_account(organizer, ending="03")
    assert paid_out.act(payout.payout_id, "retry", paid_out.staff()).status == 200
    paid_out.claim(payout.payout_id)
    pay(payout)
    assert_paid_once(stripe, organizer, payout)


def test_a_transfer_that_was_reversed_before_its_payout_has_failed(stripe: StripeDouble) -> None:
    _, payout = claimed()
    stripe.payouts.is_slow = True
    pay(payout)
    (transfer,) = stripe.payouts.transfers.values()
    transfer["reversed"] = True
    assert deliver(stripe.payouts.event("transfer.reversed", transfer)).status == 200
    failed = sweep_if_due(payout)
    assert (failed.status, failed.failure_reason) == (PayoutStatus.FAILED, "transfer_reversed")
    assert stripe.payouts.sent() == 0


def test_a_refusal_of_stripe_is_shown_and_can_be_retried(stripe: StripeDouble) -> None:
    organizer, payout = claimed()
    stripe.payouts.refusal = "insufficient_capabilities_for_transfer"
    failed = pay(payout)
    assert (failed.status, failed.failure_reason) == (PayoutStatus.FAILED, "insufficient_capabilities_for_transfer")
    stripe.payouts.refusal = None
    assert paid_out.act(payout.payout_id, "retry", paid_out.staff()).status == 200
    paid_out.claim(payout.payout_id)
    pay(payout)
    assert_paid_once(stripe, organizer, payout)


def test_the_same_payee_has_one_account(stripe: StripeDouble) -> None:
    payee = Payee("org_1/a", "Lahore Live", paid_out.iban(), "PKR")
    assert StripePayouts().receiver(payee) == StripePayouts().receiver(payee)
    assert len(stripe.payouts.accounts) == 1


# One currency for each pair of steps: of a charge, and of a payout.
STEPS = {
    (stripe_amounts.step(code), stripe_amounts.payout_step(code)): code
    for code in sorted(stripe_amounts.SUPPORTED)
    if stripe_amounts.payout_step(code) > 1
}


@pytest.mark.parametrize("currency", STEPS.values())
def test_what_no_bank_can_be_sent_stays_the_organizers_and_raises_the_next_payout(
    stripe: StripeDouble, currency: str
) -> None:
    organizer, stream, step = paid_out.make_payee(), StreamReader(), stripe_amounts.payout_step(currency)
    # Five percent of it leave last digits that are not 0.
    price, nets, carried = 20_130 * stripe_amounts.step(currency), list[int](), 0
    with configured(CURRENCY=currency, SECOND_PERSON_OVER=f"{currency}:9999999"):
        for _ in range(2):
            event, standard = purchases.make_show(organizer_id=organizer.account_id, price=price)
            customer = make_customer()
            opened = payers.process(customer, purchases.book(customer, standard), payment_token=GOOD).json
            assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
            taken_back.project_all(stream)
            assert paid_out.close_after(event).status == 201
            taken_back.project_all(stream)
            payout = paid_out.of_event(event.event_id)
            whole = price - postings.fee_of(price) + carried
            carried = whole % step
            assert (payout.net, bool(nets or carried)) == (whole - carried, True)
            owed = operations.get(keys.money.organizer_debt(organizer.account_id, currency))
            assert owed is not None
            assert owed.owed == -carried
            paid_out.claim(payout.payout_id)
            assert pay(payout).status == PayoutStatus.PAID
            nets.append(payout.net)
            shown = call("GET", f"/api/organizer/payouts/{payout.payout_id}/", token=token_of(organizer)).json
            assert float(shown["net"]["amount"]) == pytest.approx(
                sum(float(shown[name]["amount"]) * sign for name, sign in SIGNS.items())
            )
    assert stripe.payouts.sent() == stripe_amounts.to_stripe(sum(nets), currency)
    assert payers.balances()[payable(organizer.account_id)] == 0
