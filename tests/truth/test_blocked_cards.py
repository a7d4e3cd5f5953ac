"""Cards that are blocked while they are paid with and topped up: nothing is spent afterwards, nothing is lost."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest

from chalicelib.domain.cards import balances, card_requests, cards, own_cards
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import auto_reload, payments, reloads, resolution, sandbox
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders
from chalicelib.errors import Conflict, InsufficientBalance, InvalidState, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, CardEntry, Category, Order, Payment, SandboxCharge
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.cards import CardDelivery, CardStatus, EntryType
from chalicelib.vocabulary.payments import OrderStatus, PaymentMethod, PaymentStatus
from tests.support import engines, payers, purchases, wallets
from tests.support.caches import forget_caches
from tests.support.factories import make_customer
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]

ROUNDS = size_of("BLOCK_ROUNDS", small=3, full=6)
PATIENCE = 80
PRICE = 3_000
# The 32 callers of a round.
ORDERS, RELOADS, DIRECT, REFUNDS, TOPPED_UP, BLOCKS = 12, 6, 4, 3, 3, 4
RELOADED, SPENT, GIVEN_BACK, TOP_UP = 1_000, 700, 50, 5_000
HELD = 10 * PRICE


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@pytest.fixture(scope="module")
def category() -> Category:
    return purchases.make_show(price=PRICE)[1]


def patiently(act: Callable[[], object]) -> str:
    """Act until there is an answer, as a client does; return what it was."""
    for _ in range(PATIENCE):
        try:
            act()
        except Unavailable:
            time.sleep(0.01)
            continue
        except (InsufficientBalance, InvalidState, Conflict) as refusal:
            return type(refusal).__name__
        return "done"
    raise AssertionError(f"{PATIENCE} tries brought no answer")


def at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """Do all of these at the same moment, each in a thread of its own; return the answers."""
    together = threading.Barrier(len(acts))
    answers = [""] * len(acts)
    faults: list[BaseException] = []

    def work(place: int, act: Callable[[], object]) -> None:
        together.wait(60)
        try:
            answers[place] = patiently(act)
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return answers


def lines_of(uid: str) -> list[CardEntry]:
    raws = operations.query(keys.money.card_ledger(uid), consistent=True)
    return [CardEntry.from_raw_data(raw) for raw in raws]


@dataclass
class Round:
    """A customer's card that is used in every way at once, and a second one that is not used."""

    category: Category
    chance: random.Random
    customer: Account = field(default_factory=make_customer)
    lines_when_blocked: list[int] = field(default_factory=list)
    bought: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.card: Card = wallets.make_card(self.customer, holds=HELD)
        self.spare: Card = wallets.make_card(self.customer, holds=100)
        # So that some are before the block, and some behind it.
        self.blocked_after = self.chance.randint(0, ORDERS // 2)
        self.customer_id, self.uid = self.customer.account_id, self.card.uid
        auto_reload.change(
            self.customer_id,
            self.uid,
            enabled=True,
            threshold=AmountInput("10.00"),
            amount=AmountInput(Money(TOP_UP, wallets.CURRENCY).amount),
            token=sandbox.OK,
        )
        terms = PaymentTerms(method=PaymentMethod.WALLET, card_name=self.uid)
        self.orders: list[Order] = [purchases.book(self.customer, self.category) for _ in range(ORDERS)]
        self.opened: list[Payment] = [
            payments.start(self.customer_id, order_id=order.order_id, terms=terms, operation_id=new_id("op"))
            for order in self.orders
        ]
        asked = AmountInput(Money(RELOADED, wallets.CURRENCY).amount)
        self.reloads: list[Payment] = [
            reloads.reload(self.customer_id, self.uid, asked, operation_id=new_id("op")) for _ in range(RELOADS)
        ]

    def pay(self, payment_id: str) -> None:
        payments.confirm(self.customer_id, payment_id)
        self.bought.append(payment_id)

    def block(self) -> None:
        deadline = time.monotonic() + 60
        while len(self.bought) < self.blocked_after and time.monotonic() < deadline:
            time.sleep(0.001)
        cards.block(self.uid, customer_id=self.customer_id, reason="stolen")
        # It is answered: what is bought from here on has a later number.
        self.lines_when_blocked.append(card_balances.of(self.uid).entries)

    def play(self) -> Counter[str]:
        """Run all callers; return the number of answers by kind and result."""
        acts: list[tuple[str, Callable[[], object]]] = [
            *(("order", partial(self.pay, one.payment_id)) for one in self.opened),
            *(("reload", partial(payments.confirm, self.customer_id, one.payment_id)) for one in self.reloads),
            *(("direct", partial(wallets.spend, self.uid, SPENT, journal_id=new_id("jrn"))) for _ in range(DIRECT)),
            *(("refund", partial(wallets.give_back, self.uid, GIVEN_BACK)) for _ in range(REFUNDS)),
            *(("top-up", partial(auto_reload.run, self.uid, 1)) for _ in range(TOPPED_UP)),
            *(("block", self.block) for _ in range(BLOCKS)),
        ]
        self.chance.shuffle(acts)
        answers = at_once([act for _, act in acts])
        return Counter(f"{kind} {answer}" for (kind, _), answer in zip(acts, answers, strict=True))

    def assert_true(self, told: Counter[str]) -> None:
        """Hold what is stored to what was answered, and to the block."""
        lines, balance = lines_of(self.uid), card_balances.of(self.uid)
        bought = [line for line in lines if line.type == EntryType.PURCHASE]
        assert all(line.number <= min(self.lines_when_blocked) for line in bought)
        assert told["block done"] == BLOCKS
        assert told["reload done"] == RELOADS
        assert told["refund done"] == REFUNDS
        paid = [order.order_id for order in self.orders if orders.get(order.order_id).status == OrderStatus.PAID]
        assert len(paid) == told["order done"]
        assert Counter(line.reference for line in bought if line.amount == -PRICE) == Counter(paid)
        assert len(bought) == told["order done"] + told["direct done"]
        topped_up = [line for line in lines if line.type == EntryType.AUTO_RELOAD]
        assert len(topped_up) <= 1
        came = RELOADS * RELOADED + REFUNDS * GIVEN_BACK + len(topped_up) * TOP_UP
        went = told["order done"] * PRICE + told["direct done"] * SPENT
        assert balance.amount == HELD + came - went >= 0
        assert balance.frozen
        taken = sum(item.amount for item in charges(self.reloads) if item.status == "succeeded")
        assert taken == RELOADS * RELOADED

    def assert_nothing_more_is_spent(self) -> None:
        """Try to pay again, in every way, with the card that is blocked."""
        before = card_balances.of(self.uid).entries
        for one in self.opened:
            if resolution.get(one.payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION:
                assert patiently(partial(payments.confirm, self.customer_id, one.payment_id)) == "InvalidState"
        assert patiently(partial(wallets.spend, self.uid, 1)) == "InvalidState"
        asked = AmountInput("5.00")
        again = partial(reloads.reload, self.customer_id, self.uid, asked, operation_id=new_id("op"))
        assert patiently(again) == "InvalidState"
        auto_reload.run(self.uid, 2)
        assert card_balances.of(self.uid).entries == before


def charges(opened: list[Payment]) -> list[SandboxCharge]:
    places = [keys.money.sandbox_charge(one.provider_reference) for one in opened]
    return list(operations.get_many(places).values())


def test_a_card_that_is_blocked_while_it_is_used_spends_nothing_afterwards_and_loses_nothing(
    category: Category,
) -> None:
    told: Counter[str] = Counter()
    for number in range(ROUNDS):
        played = Round(category, random.Random(number))  # noqa: S311  # the order of the acts, not a secret
        answers = played.play()
        played.assert_true(answers)
        played.assert_nothing_more_is_spent()
        told += answers
        # The money is still its holder's: all of it moves to their other card, once, however many ask.
        held, operation_id = card_balances.of(played.uid).amount, new_id("op")
        moving = partial(balances.move, played.uid, played.spare.uid, operation_id=operation_id)
        assert at_once([moving] * 8) == ["done"] * 8
        assert card_balances.of(played.uid).amount == 0
        assert card_balances.of(played.spare.uid).amount == 100 + held
    payers.assert_money_and_tickets_are_true()
    wallets.assert_balanced(wallets.books(), drained=False)
    print(f"\n{ROUNDS} rounds of {sum(told.values()) // ROUNDS} callers: {dict(sorted(told.items()))}")
    assert told["order done"] + told["direct done"] > 0
    assert told["order InvalidState"] + told["direct InvalidState"] > 0


def test_of_32_who_block_the_same_card_all_are_told_so_and_the_first_reason_stays() -> None:
    customer = make_customer()
    card = wallets.make_card(customer, holds=700)
    blocks = [
        partial(own_cards.block, customer.account_id, card.card_id, reason=f"reason {number}") for number in range(32)
    ]
    assert at_once(blocks) == ["done"] * 32
    stored = operations.get(keys.cards.card(card.uid))
    assert stored is not None
    first = stored.block_reason
    assert own_cards.block(customer.account_id, card.card_id, reason="another").card.block_reason == first
    assert stored.status == CardStatus.BLOCKED
    assert (card_balances.of(card.uid).amount, card_balances.of(card.uid).frozen) == (700, True)


def test_of_32_who_ask_for_a_card_at_once_one_gets_it() -> None:
    customer_id = make_customer().account_id

    def ask(operation_id: str) -> None:
        card_requests.make(
            customer_id,
            delivery=CardDelivery.PICKUP,
            merchant_id=None,
            address=None,
            operation_id=operation_id,
        )

    same = new_id("op")
    answers = at_once([partial(ask, same if number % 2 else new_id("op")) for number in range(32)])
    stored = operations.query(keys.access.account(customer_id).pk, Begins(keys.cards.card_request(customer_id).sk))
    assert len(stored) == 1
    assert sorted(Counter(answers).items()) in (
        [("Conflict", 16), ("done", 16)],  # the repeated one came first, and gets the same answer each time
        [("Conflict", 31), ("done", 1)],
    )
