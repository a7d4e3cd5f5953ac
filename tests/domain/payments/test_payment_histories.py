"""Random histories of one order's payments: after each step the money agrees with the books, and tickets exist once.

The provider here is honest. It reports what it did, but late, twice, out of order or never.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chalicelib import clock
from chalicelib.clients.providers import OutcomeStatus
from chalicelib.table import operations
from chalicelib.table.items import SandboxCharge
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import payers
from tests.support.moto_table import restore, snapshot
from tests.support.payment_steps import LATE, World, attempt
from tests.support.sizes import size_of

EXAMPLES = size_of("PAYMENT_HISTORIES", small=6, full=15)
LONGEST = int(os.environ.get("PAYMENT_HISTORY_STEPS", "12"))
BOOKED = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_DUE)
PAYMENT_TOKENS = st.sampled_from(["tok_ok", "tok_declined", "tok_timeout"])


def charges() -> dict[str, SandboxCharge]:
    """Return the provider's own books, by reference."""
    found = [SandboxCharge.from_raw_data(raw) for raw in payers.all_raws("sandbox_charge")]
    return {charge.reference: charge for charge in found}


def held(charge: SandboxCharge) -> int:
    """Return what a provider has of a customer's money."""
    return charge.amount - int(charge.refunded or 0) if charge.status == "succeeded" else 0


def effects() -> list[str]:
    """Return every stored item of the sale and its payments, as raw text."""
    kinds = ("payment", "order", "ticket", "stock", "journal", "card_balance", "card_entry", "provider_event")
    return sorted(json.dumps(raw, sort_keys=True, default=bytes.hex) for raw in payers.all_raws(*kinds))


class Histories(RuleBasedStateMachine):
    """Steps of a customer, a provider, a sweep and another buyer, in any order."""

    world: World
    start: bytes

    def __init__(self) -> None:
        super().__init__()
        restore(self.start)
        self.now = self.world.order.created_at
        self.callbacks: list[bytes] = []
        self.taken: set[bytes] = set()

    def act(self, step: Callable[[], Any]) -> None:
        with clock.set_to(self.now):
            attempt(step)
            self.tell()

    def tell(self) -> None:
        """Make the provider store a callback for each closed charge, once."""
        known = charges()
        for payment in self.world.payments():
            charge = known.get(payment.provider_reference or "")
            if charge is None or charge.status not in ("succeeded", "failed"):
                continue
            status = OutcomeStatus(charge.status)
            raw = payers.told(payment, status, event_id=f"sbe_{charge.status}_{payment.payment_id}")
            if raw not in self.callbacks:
                self.callbacks.append(raw)

    @rule(method=st.sampled_from(PaymentMethod), token=PAYMENT_TOKENS)
    def process(self, method: PaymentMethod, token: str) -> None:
        self.act(lambda: self.world.process(method, token))

    @precondition(lambda self: any(self.world.payments()))
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        opened = sorted(payment.payment_id for payment in self.world.payments())
        chosen = opened[data.draw(st.integers(0, len(opened) - 1))]
        self.act(lambda: self.world.confirm(chosen))

    @precondition(lambda _: any(charge.status == "open" for charge in charges().values()))
    @rule(status=st.sampled_from(["succeeded", "failed"]))
    def pay_at_the_providers_page(self, status: str) -> None:
        charge = next(charge for charge in charges().values() if charge.status == "open")
        charge.status = status
        self.act(lambda: operations.record(operations.put(charge)))

    @precondition(lambda self: self.callbacks)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        raw = self.callbacks[data.draw(st.integers(0, len(self.callbacks) - 1))]
        before = effects() if raw in self.taken else None
        with clock.set_to(self.now):
            assert payers.post_webhook(raw).status == 200
        self.taken.add(raw)
        if before is not None:
            assert effects() == before, "the same callback had a second effect"

    @rule()
    def let_time_pass(self) -> None:
        self.now = self.world.order.expires_at + LATE
        self.act(self.world.expire)

    @rule()
    def sell_to_other(self) -> None:
        self.act(self.world.sell_to_other)

    @rule()
    def refund(self) -> None:
        self.act(self.world.refund)

    @invariant()
    def tickets_are_issued_once(self) -> None:
        payers.assert_money_and_tickets_are_true()
        free, reserved, sold = payers.counts(self.world.category)
        assert free + reserved + sold == 1
        assert sold == payers.tickets_of(self.world.order).count(TicketStatus.VALID)
        statuses = [payment.status for payment in self.world.payments()]
        assert statuses.count(PaymentStatus.SUCCEEDED) == sold

    @invariant()
    def what_the_provider_holds_is_what_is_booked(self) -> None:
        books = charges()
        booked = 0
        for payment in self.world.payments():
            charge = books.get(payment.provider_reference or "")
            if charge is None:
                continue
            assert int(charge.refunded or 0) <= charge.amount
            if payment.status in BOOKED:
                assert held(charge) == charge.amount == payment.amount
                booked += held(charge)
            elif payment.status == PaymentStatus.REFUNDED:
                assert held(charge) == 0
        assert payers.balances()["clearing:sandbox"] == -booked

    def teardown(self) -> None:
        """Deliver every outstanding callback; after that every charge is accounted for."""
        self.now = self.world.order.expires_at + LATE
        for raw in reversed(self.callbacks):
            with clock.set_to(self.now):
                assert payers.post_webhook(raw).status == 200
        for step in (self.world.expire, self.world.refund):
            self.act(step)
        self.tickets_are_issued_once()
        self.what_the_provider_holds_is_what_is_booked()
        assert payers.balances()["clearing:sandbox"] == -sum(held(charge) for charge in charges().values())
        for payment in self.world.payments():
            assert payment.status in (PaymentStatus.SUCCEEDED, PaymentStatus.FAILED, PaymentStatus.REFUNDED)
            assert payment.gsi2pk is None


@pytest.mark.usefixtures("moto_cloud", "no_pause")
def test_whatever_happens_the_money_is_where_the_books_say() -> None:
    Histories.world = World()
    Histories.start = snapshot()
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=LONGEST,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
