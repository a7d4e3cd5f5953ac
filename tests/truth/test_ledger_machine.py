"""The ledger against a model of a few lines: the same steps, in any order and through faults, the same books."""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from chalicelib.domain.background import changes
from chalicelib.domain.cards import balances
from chalicelib.domain.ledger import account_names, account_totals, card_balances, journals, postings
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import auto_reload, sandbox
from chalicelib.errors import InsufficientBalance, InvalidState, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, CardEntry
from chalicelib.vocabulary.cards import CardStatus, EntryType
from tests.support import card_states, engines, wallets
from tests.support.caches import forget_caches
from tests.support.factories import make_customer
from tests.support.sizes import size_of
from tests.support.streams import StreamReader
from tests.support.wire import Fault, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(3000)]

EXAMPLES = size_of("LEDGER_EXAMPLES", small=4, full=12)
STEPS = 30
FAULTS = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.BROKEN, Fault.CONFLICT)
TOP_UP = "1000.00"

AMOUNTS = st.integers(1, 2_500)
# Most of it happens to one card.
PLACES = st.sampled_from([0, 0, 0, 1, 2])
BEFALLS = st.one_of(st.none(), st.tuples(st.integers(0, 3), st.sampled_from(FAULTS)))
Befalls = tuple[int, Fault] | None
Outcome = type[Refusal] | None


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@dataclass
class Purse:
    """A card as the model has it."""

    uid: str
    status: CardStatus = CardStatus.ACTIVE
    threshold: int | None = None
    lines: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return self.lines[-1][2] if self.lines else 0

    def book(self, kind: EntryType, amount: int) -> None:
        self.lines.append((kind.value, amount, self.amount + amount))


@dataclass(frozen=True)
class Booking:
    """A movement on one card: its own id, and what it moves beside the card."""

    journal_id: str
    purse: Purse
    kind: EntryType
    amount: int
    against: tuple[Posting, ...]


class Ledger(RuleBasedStateMachine):
    """Steps on three cards of one customer."""

    reader: StreamReader

    @initialize()
    def open(self) -> None:
        self.customer: Account = make_customer()
        self.purses = [Purse(wallets.make_card(self.customer).uid) for _ in range(3)]
        self.event_id = f"evt_{uuid.uuid4().hex}"
        self.desk, self.adjustments = account_names.clearing(self.event_id), f"adjustments:{self.event_id}"
        self.done: list[Booking] = []
        self.totals: Counter[str] = Counter()
        self.crossed: set[str] = set()
        self.told: set[str] = set()
        for place, threshold in ((0, 4_000), (1, None)):
            self.book(self.booking(place, EntryType.RELOAD, 6_000), None)
            self.an_automatic_reload_is_set(place, threshold, None)

    def act(self, step: Callable[[], object], befalls: Befalls = None) -> Outcome:
        """Take a step, again where its fault brought no answer; return how it was refused."""
        with wire(retries=False) if befalls else nullcontext() as wired:
            if befalls and wired:
                wired.faults = {befalls[0]: befalls[1]}
            for _ in range(5):
                try:
                    step()
                except Unavailable:
                    continue
                except Refusal as refusal:
                    return type(refusal)
                return None
        raise AssertionError("no answer")

    def expected(self, booking: Booking) -> Outcome:
        """Return how the model refuses a booking, and book it where it does not."""
        if any(done.journal_id == booking.journal_id for done in self.done):
            return None
        purse = booking.purse
        if booking.kind is EntryType.PURCHASE and purse.status is not CardStatus.ACTIVE:
            return InvalidState
        before = purse.amount
        if before + booking.amount < 0:
            return InsufficientBalance
        self.done.append(booking)
        purse.book(booking.kind, booking.amount)
        for entry in booking.against:
            self.totals[entry.account] += entry.amount
        is_low = purse.threshold is not None and before >= purse.threshold > purse.amount
        if booking.kind is EntryType.PURCHASE and is_low:
            self.crossed.add(f"{purse.uid}/{len(purse.lines)}")
        return None

    def book(self, booking: Booking, befalls: Befalls) -> None:
        entries = [Posting(account_names.card(booking.purse.uid), booking.amount), *booking.against]
        told = self.act(lambda: wallets.book(booking.journal_id, booking.purse.uid, entries, booking.kind), befalls)
        assert told is self.expected(booking)

    def booking(self, place: int, kind: EntryType, amount: int) -> Booking:
        purse = self.purses[place]
        against = [Posting(self.adjustments, -amount)]
        if kind is EntryType.RELOAD:
            against = [Posting(self.desk, -amount)]
        elif kind is EntryType.PURCHASE:
            against, amount = postings.sale_entries("the card", event_id=self.event_id, amount=amount)[1:], -amount
        elif kind is EntryType.REFUND:
            fee = postings.fee_of(amount)
            against = postings.refund_entries("the card", event_id=self.event_id, amount=amount, fee=fee)[1:]
        return Booking(new_id("jrn"), purse, kind, amount, tuple(against))

    @rule(
        place=PLACES,
        kind=st.sampled_from([EntryType.RELOAD, EntryType.PURCHASE, EntryType.PURCHASE, EntryType.REFUND]),
        amount=AMOUNTS,
        befalls=BEFALLS,
    )
    def one_card_is_booked_on(self, place: int, kind: EntryType, amount: int, befalls: Befalls) -> None:
        self.book(self.booking(place, kind, amount), befalls)

    @rule(place=PLACES, amount=st.integers(-2_500, 2_500).filter(bool), befalls=BEFALLS)
    def a_balance_is_adjusted(self, place: int, amount: int, befalls: Befalls) -> None:
        self.book(self.booking(place, EntryType.ADJUSTMENT, amount), befalls)

    @rule(number=st.integers(0, 50), befalls=BEFALLS)
    def a_booking_is_repeated(self, number: int, befalls: Befalls) -> None:
        if self.done:
            self.book(self.done[number % len(self.done)], befalls)

    @rule(
        place=PLACES,
        kind=st.sampled_from([EntryType.RELOAD, EntryType.PURCHASE, EntryType.PURCHASE]),
        amount=AMOUNTS,
        meanwhile=st.sampled_from(["nothing", "booked on", "taken out of use", "threshold moved"]),
    )
    def somebody_reads_a_balance_and_writes_late(
        self, place: int, kind: EntryType, amount: int, meanwhile: str
    ) -> None:
        booking = self.booking(place, kind, amount)
        purse = booking.purse
        writes: list[operations.Write] = []

        def read() -> None:
            writes[:] = journals.post(
                journals.Movement(
                    booking.journal_id,
                    type=kind.value,
                    currency=wallets.CURRENCY,
                    entries=[Posting(account_names.card(purse.uid), booking.amount), *booking.against],
                    references={},
                ),
                balances=[card_balances.of(purse.uid)],
                card_entry_type=kind,
            )

        if (told := self.act(read)) is not None:
            assert told is self.expected(booking)
            return
        rested_on = self.rests_on(booking)
        if meanwhile == "booked on":
            self.book(self.booking(place, EntryType.RELOAD, 1), None)
        elif meanwhile == "taken out of use":
            self.a_card_changes_its_status(place, CardStatus.LOST)
        elif meanwhile == "threshold moved":
            self.an_automatic_reload_is_set(place, (purse.threshold or 0) + 1, None)
        is_as_it_was = self.rests_on(booking) == rested_on
        try:
            operations.commit(*writes)
        except operations.ConditionFailed:
            assert not is_as_it_was
        else:
            assert is_as_it_was
            assert self.expected(booking) is None

    def rests_on(self, booking: Booking) -> list[Any]:
        """Return what a booking was decided by."""
        purse = booking.purse
        same: list[Any] = [len(purse.lines)]
        return [*same, purse.status, purse.threshold] if booking.kind is EntryType.PURCHASE else same

    @rule(out=PLACES, into=PLACES, befalls=BEFALLS)
    def a_balance_moves(self, out: int, into: int, befalls: Befalls) -> None:
        source, target, operation_id = self.purses[out], self.purses[into], new_id("op")
        amount = source.amount
        moved: list[Money] = []

        def move() -> None:
            moved.append(balances.move(source.uid, target.uid, operation_id=operation_id))

        told = self.act(move, befalls)
        if source.status is CardStatus.ACTIVE or target.status is not CardStatus.ACTIVE:
            assert told is InvalidState
            return
        assert told is None
        if amount:
            source.book(EntryType.TRANSFER_OUT, -amount)
            target.book(EntryType.TRANSFER_IN, amount)
        move()
        assert set(moved) == {Money(amount, wallets.CURRENCY)}

    @rule(place=PLACES, status=st.sampled_from([CardStatus.ACTIVE, CardStatus.ACTIVE, CardStatus.LOST]))
    def a_card_changes_its_status(self, place: int, status: CardStatus) -> None:
        card_states.put_into(self.purses[place].uid, status)
        self.purses[place].status = status

    @rule(place=PLACES, threshold=st.sampled_from([None, 500, 4_000]), befalls=BEFALLS)
    def an_automatic_reload_is_set(self, place: int, threshold: int | None, befalls: Befalls) -> None:
        purse = self.purses[place]
        asked = AmountInput(Money(threshold, wallets.CURRENCY).amount) if threshold else None
        told = self.act(
            lambda: auto_reload.change(
                self.customer.account_id,
                purse.uid,
                enabled=threshold is not None,
                threshold=asked,
                amount=AmountInput(TOP_UP),
                token=sandbox.OK,
            ),
            befalls,
        )
        if threshold is not None and purse.status is not CardStatus.ACTIVE:
            assert told is InvalidState
            return
        assert told is None
        purse.threshold = threshold

    @rule(seed=st.integers(0, 1_000))
    def the_stream_tells(self, seed: int) -> None:
        """Deliver every new record, some of them twice, in any order."""
        chance = random.Random(seed)  # noqa: S311  # an order, not a secret
        records = self.reader.read()
        told = records + chance.choices(records, k=len(records) // 2) if records else []
        chance.shuffle(told)
        half = len(told) // 2
        for batch in (told[:half], told[half:]):
            facts = account_totals.follow([changes.change_of(record) for record in batch])
            self.told |= {fact.fact_id for fact in facts}

    @invariant()
    def balances_are_the_models(self) -> None:
        places = {purse.uid: keys.money.card_balance(purse.uid) for purse in self.purses}
        found = operations.get_many(places.values())
        for purse in self.purses:
            balance = found.get(places[purse.uid])
            stored = (balance.amount, balance.entries) if balance else (0, 0)
            assert stored == (purse.amount, len(purse.lines))
            assert purse.amount >= 0

    def teardown(self) -> None:
        if not hasattr(self, "purses"):
            return
        self.the_stream_tells(len(self.done))
        for purse in self.purses:
            raws = operations.query(keys.money.card_ledger(purse.uid), consistent=True)
            lines = [CardEntry.from_raw_data(raw) for raw in raws]
            assert [line.number for line in lines] == list(range(1, len(lines) + 1))
            assert [(line.type, line.amount, line.balance_after) for line in lines] == purse.lines
        for account in (self.desk, self.adjustments, account_names.sales(self.event_id)):
            assert account_totals.total(account, wallets.CURRENCY).minor == self.totals[account]
        assert self.told == self.crossed


def test_whatever_happens_the_books_are_the_models() -> None:
    Ledger.reader = StreamReader()
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
