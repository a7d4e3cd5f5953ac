"""The truth of the ledger, on an exact engine: every sum is right after any movements, also concurrent and repeated."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from chalicelib.domain.cards import balances
from chalicelib.domain.events import categories
from chalicelib.domain.ledger import account_names, account_totals, card_balances, journals, postings
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import payments, reloads
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.errors import InsufficientBalance, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, CardEntry, Category
from chalicelib.vocabulary.cards import CardStatus, EntryType
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus
from tests.support import engines, wallets
from tests.support.caches import forget_caches
from tests.support.factories import make_event
from tests.support.sizes import size_of
from tests.support.streams import StreamReader, project
from tests.support.wire import Fault, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(1500)]

OPERATIONS = size_of("LEDGER_OPERATIONS", small=160, full=600)
CUSTOMERS = 12
AT_ONCE = 8
CALLERS = 32
WALLET_RACES = 6
PATIENCE = 80
PRICE = 3_000
# Of a hundred operations: how often each kind, and of all requests: how many get a fault.
KINDS = {
    "reload": 20,
    "purchase": 26,
    "refund": 12,
    "adjustment": 12,
    "transfer": 12,
    "move": 8,
    "paid reload": 5,
    "wallet order": 5,
}
REPEATED = 0.3
FAULTY = 0.03
FAULTS = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.BROKEN, Fault.CONFLICT)
ResultT = TypeVar("ResultT")
Deltas = dict[str, int]


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@dataclass(frozen=True)
class Purse:
    """A customer with two cards that are active, and one that was lost."""

    customer: Account
    active: tuple[str, str]
    lost: str


@dataclass(frozen=True)
class Movement:
    """One thing that is to be booked once; its own id is what makes a repeat the same."""

    operation_id: str
    kind: str
    purse: Purse
    amount: int
    event_id: str
    uid: str
    other: str


@dataclass
class Bustle:
    """Everything that is booked, what was answered, and what a sampler saw meanwhile."""

    purses: list[Purse]
    category: Category
    done: dict[str, Deltas] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    samples: int = 0
    faults: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def uids(self) -> list[str]:
        return [uid for purse in self.purses for uid in (*purse.active, purse.lost)]

    def serve(self, queue: Iterator[Movement]) -> None:
        """Book one movement after the other, until none is left."""
        while not self.faults:
            with self._lock:
                movement = next(queue, None)
            if movement is None:
                return
            try:
                self.book(movement)
            except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
                self.faults.append(fault)

    def book(self, movement: Movement) -> None:
        try:
            deltas = patiently(lambda: ACTS[movement.kind](movement, self.category))
        except InsufficientBalance:
            with self._lock:
                self.refused.add(movement.operation_id)
                self.answers["refused"] += 1
            return
        with self._lock:
            self.answers[movement.kind] += 1
            # A repeat gets the answer of the first.
            assert self.done.setdefault(movement.operation_id, deltas) == deltas

    def watch(self) -> None:
        """Read every balance and its last line in one transaction, again and again."""
        while not self.over.wait(0.01):
            try:
                self._look()
            except Unavailable:
                continue
            except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
                self.faults.append(fault)
                return

    def _look(self) -> None:
        places = {uid: keys.money.card_balance(uid) for uid in self.uids}
        lately = operations.get_many(places.values())
        last = {uid: keys.money.card_entry(uid, lately[places[uid]].entries) for uid in self.uids}
        seen = operations.snapshot([*places.values(), *last.values()])
        for uid in self.uids:
            balance: Any = seen[places[uid]]
            line: Any = seen[last[uid]]
            assert balance.amount >= 0
            assert isinstance(line, CardEntry)
            if balance.entries == line.number:
                assert balance.amount == line.balance_after
        self.samples += 1

    def open(self, movements: list[Movement]) -> None:
        watcher = threading.Thread(target=self.watch)
        watcher.start()
        queue = iter(movements)
        try:
            together = [threading.Thread(target=self.serve, args=(queue,)) for _ in range(AT_ONCE)]
            for thread in together:
                thread.start()
            for thread in together:
                thread.join()
        finally:
            self.over.set()
            watcher.join()
        if self.faults:
            raise self.faults[0]


def patiently(act: Callable[[], ResultT]) -> ResultT:
    """Retry as a client does after a 503."""
    for _ in range(PATIENCE):
        try:
            return act()
        except Unavailable:
            time.sleep(0.005)
    raise AssertionError(f"{PATIENCE} tries brought no answer")


def _on_card(movement: Movement, amount: int, against: list[Posting], entry_type: EntryType) -> Deltas:
    entries = [Posting(account_names.card(movement.uid), amount), *against]
    wallets.book(f"jrn_{movement.operation_id}", movement.uid, entries, entry_type)
    return {movement.uid: amount}


def _reload(movement: Movement, _: Category) -> Deltas:
    against = [Posting(account_names.clearing("desk"), -movement.amount)]
    return _on_card(movement, movement.amount, against, EntryType.RELOAD)


def _purchase(movement: Movement, _: Category) -> Deltas:
    against = postings.sale_entries("the card", event_id=movement.event_id, amount=movement.amount)[1:]
    return _on_card(movement, -movement.amount, against, EntryType.PURCHASE)


def _refund(movement: Movement, _: Category) -> Deltas:
    fee = postings.fee_of(movement.amount)
    against = postings.refund_entries("the card", event_id=movement.event_id, amount=movement.amount, fee=fee)[1:]
    return _on_card(movement, movement.amount, against, EntryType.REFUND)


def _adjustment(movement: Movement, _: Category) -> Deltas:
    amount = movement.amount if movement.amount % 2 else -movement.amount
    return _on_card(movement, amount, [Posting("adjustments", -amount)], EntryType.ADJUSTMENT)


def _transfer(movement: Movement, _: Category) -> Deltas:
    amount, (out, into) = movement.amount, (movement.uid, movement.other)
    entries = [
        Posting(account_names.card(out), -amount, EntryType.TRANSFER_OUT),
        Posting(account_names.card(into), amount, EntryType.TRANSFER_IN),
    ]
    wallets.book(f"jrn_{movement.operation_id}", (out, into), entries)
    return {out: -amount, into: amount}


def _move(movement: Movement, _: Category) -> Deltas:
    lost, into = movement.purse.lost, movement.purse.active[0]
    moved = balances.move(lost, into, operation_id=movement.operation_id).minor
    return {lost: -moved, into: moved}


def _paid_reload(movement: Movement, _: Category) -> Deltas:
    customer_id, uid = movement.purse.customer.account_id, movement.purse.active[0]
    asked = AmountInput(Money(movement.amount, wallets.CURRENCY).amount)
    opened = reloads.reload(customer_id, uid, asked, operation_id=movement.operation_id)
    assert payments.confirm(customer_id, opened.payment_id).status == PaymentStatus.SUCCEEDED
    return {uid: movement.amount}


def _wallet_order(movement: Movement, category: Category) -> Deltas:
    customer, uid = movement.purse.customer, movement.purse.active[1]
    wants = [RequestedTickets(category.category_id, 1 + movement.amount % 3)]
    order = orders.book(customer, event_id=category.event_id, wants=wants, operation_id=movement.operation_id)
    terms = PaymentTerms(method=PaymentMethod.WALLET, card_name=uid)
    paid_with = f"{movement.operation_id}_pay"
    opened = payments.start(customer.account_id, order_id=order.order_id, terms=terms, operation_id=paid_with)
    assert payments.confirm(customer.account_id, opened.payment_id).status == PaymentStatus.SUCCEEDED
    return {uid: -order.total}


ACTS: dict[str, Callable[[Movement, Category], Deltas]] = {
    "reload": _reload,
    "purchase": _purchase,
    "refund": _refund,
    "adjustment": _adjustment,
    "transfer": _transfer,
    "move": _move,
    "paid reload": _paid_reload,
    "wallet order": _wallet_order,
}


def make_purse() -> Purse:
    account_id = new_id("cus")
    customer = Account(*keys.access.account(account_id), account_id=account_id, name="Holder")
    first, second = (wallets.make_card(customer, holds=5_000).uid for _ in range(2))
    return Purse(customer, (first, second), wallets.make_card(customer, status=CardStatus.LOST, holds=500).uid)


def movements(purses: list[Purse], chance: random.Random) -> list[Movement]:
    """Return random movements, some of them repeated, close enough to overlap."""
    made: list[Movement] = []
    while len(made) < OPERATIONS:
        if made and chance.random() < REPEATED:
            made.append(chance.choice(made[-2 * AT_ONCE :]))
            continue
        kind = chance.choices(list(KINDS), weights=list(KINDS.values()))[0]
        purse, other = chance.choice(purses), chance.choice(purses)
        # What was lost still takes refunds.
        uid = purse.lost if kind == "refund" and chance.random() < 0.5 else chance.choice(purse.active)
        target = next(one for one in other.active if one != uid)
        event_id = f"evt_{chance.randrange(5)}"
        made.append(Movement(new_id("op"), kind, purse, chance.randint(100, 4_000), event_id, uid, target))
    return made


def tell(records: list[dict[str, Any]], chance: random.Random) -> None:
    """Deliver all records to the stream's worker in any order, half of them twice, four batches at once."""
    told = records + chance.choices(records, k=len(records) // 2)
    chance.shuffle(told)
    batches: list[list[dict[str, Any]]] = []
    while told:
        size = chance.randint(1, 100)
        batches.append(told[:size])
        told = told[size:]
    with ThreadPoolExecutor(4) as workers:
        for _ in range(PATIENCE):
            answers = workers.map(project, batches)
            batches = [batch for batch, answer in zip(batches, answers, strict=True) if answer["batchItemFailures"]]
            if not batches:
                return
    raise AssertionError(f"{PATIENCE} tries left {len(batches)} batches untold")


def test_whatever_is_booked_and_however_often_every_sum_is_right() -> None:
    event = make_event()
    category = categories.add(
        event.event_id, categories.CategoryDraft(name="Standing", price=PRICE, capacity=50_000, shards=6)
    )
    stream = StreamReader()
    bustle = Bustle([make_purse() for _ in range(CUSTOMERS)], category)
    began_with = {uid: card_balances.of(uid).amount for uid in bustle.uids}
    chance = random.Random(OPERATIONS)  # noqa: S311  # the same bustle at every run
    asked = movements(bustle.purses, chance)
    befall = random.Random(1)  # noqa: S311  # faults, not a secret

    started = time.monotonic()
    with wire(retries=False) as wired:
        wired.choose = lambda: befall.choice(FAULTS) if befall.random() < FAULTY else None
        bustle.open(asked)
    booked = time.monotonic()

    assert bustle.done.keys() | bustle.refused == {movement.operation_id for movement in asked}
    assert bustle.samples > 5
    held: Counter[str] = Counter(began_with)
    for deltas in bustle.done.values():
        for uid, amount in deltas.items():
            held[uid] += amount
    assert {uid: card_balances.of(uid).amount for uid in bustle.uids} == {uid: held[uid] for uid in bustle.uids}
    records = stream.read()
    tell(records, chance)
    # What followers write themselves, such as balances that move to another card.
    while caused := stream.read():
        tell(caused, chance)
    found = wallets.books()
    wallets.assert_balanced(found)
    journals: dict[str, int] = defaultdict(int)
    for journal in found.journals:
        for entry in journal.entries:
            journals[entry["account"]] += int(entry["amount"])
    for account in (
        "adjustments",
        account_names.FEES,
        account_names.clearing("desk"),
        account_names.sales(event.event_id),
    ):
        assert account_totals.total(account, wallets.CURRENCY) == Money(journals[account], wallets.CURRENCY)
    repeats = len(asked) - len({movement.operation_id for movement in asked})
    print(
        f"\n{len(asked)} operations ({repeats} repeats) by {AT_ONCE} workers on {len(bustle.uids)} cards in "
        f"{booked - started:.0f} s, {len(wired.sent)} requests, {bustle.samples} samples; {dict(bustle.answers)}; "
        f"{len(found.journals)} journals, {len(records)} records, counted in {time.monotonic() - booked:.0f} s"
    )


def test_of_32_who_book_the_same_movement_one_does() -> None:
    uid = wallets.make_card(holds=1_000).uid

    def spend(_: int) -> None:
        patiently(lambda: wallets.spend(uid, 1_000, journal_id=f"jrn_{uid}"))

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(spend, range(CALLERS)))

    balance = card_balances.of(uid)
    assert (balance.amount, balance.entries) == (0, 2)


def test_of_32_who_confirm_the_same_wallet_payment_all_are_told_that_it_succeeded() -> None:
    event = make_event()
    category = categories.add(event.event_id, categories.CategoryDraft(name="Box", price=PRICE, capacity=100))
    for _ in range(WALLET_RACES):
        purse = make_purse()
        uid, customer = wallets.make_card(purse.customer, holds=PRICE).uid, purse.customer
        wants = [RequestedTickets(category.category_id, 1)]
        order = orders.book(customer, event_id=event.event_id, wants=wants, operation_id=new_id("op"))
        terms = PaymentTerms(method=PaymentMethod.WALLET, card_name=uid)
        opened = payments.start(
            customer.account_id, order_id=order.order_id, terms=terms, operation_id=new_id("op")
        ).payment_id
        together = threading.Barrier(CALLERS)

        def confirm(payment_id: str, customer_id: str = customer.account_id, start: Any = together) -> str:
            start.wait(60)
            return str(patiently(lambda: payments.confirm(customer_id, payment_id)).status)

        with ThreadPoolExecutor(CALLERS) as callers:
            told = list(callers.map(confirm, [opened] * CALLERS))
        assert told == [PaymentStatus.SUCCEEDED] * CALLERS
        assert card_balances.of(uid).amount == 0


def test_of_32_who_book_the_same_sale_by_a_provider_one_does() -> None:
    event_id = new_id("evt")
    entries = postings.sale_entries(account_names.clearing(event_id), event_id=event_id, amount=PRICE)

    def book(_: int) -> bool:
        writes = journals.post(
            journals.Movement(
                f"jrn_{event_id}", type="charge", currency=wallets.CURRENCY, entries=entries, references={}
            )
        )
        try:
            operations.commit(*writes)
        except operations.ConditionFailed:
            return False
        return True

    with ThreadPoolExecutor(CALLERS) as callers:
        assert list(callers.map(book, range(CALLERS))).count(True) == 1
