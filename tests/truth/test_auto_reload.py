"""The automatic reload through the real pumps: purchase, stream, bus, rule, queue, worker, provider, ledger, SMS.

Every function is called as an unkind cloud calls it: each batch twice, and each message of the queue eight times
at once.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from types import ModuleType
from typing import Any

import pytest

import app
from chalicelib.domain.cards import cards
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import auto_reload, sandbox
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, CardEntry, Payment
from chalicelib.vocabulary.cards import EntryType
from infra.local import resources
from infra.local.meter import Meter
from infra.local.outbox import Outbox
from infra.local.pumps import Pumps, Source
from infra.local.resources import Cloud
from tests.local.conftest import wait_until
from tests.support import cloud as resources_of_tests
from tests.support import engines, wallets
from tests.support.caches import forget_caches
from tests.support.factories import make_customer
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]

CROSSINGS = size_of("CROSSINGS", small=4, full=12)
CALLERS = 8
THRESHOLD, AMOUNT = 50_000, 100_000
SECONDS = 90


class Unkind(ModuleType):
    """The app, whose stream receives every record twice, and whose payments worker runs eight times at once."""

    def __init__(self) -> None:
        super().__init__("unkind")
        self.app = app.app
        self._workers = ThreadPoolExecutor(CALLERS)

    def __getattr__(self, name: str) -> Any:
        return getattr(app, name)

    def stream(self, event: dict[str, Any], context: Any) -> Any:
        app.stream(event, context)
        return app.stream(event, context)

    def payments(self, event: dict[str, Any], context: Any) -> Any:
        answers = list(self._workers.map(lambda _: app.payments(event, context), range(CALLERS)))
        # As long as one of them failed, the message stays.
        failed = {one["itemIdentifier"] for answer in answers for one in answer["batchItemFailures"]}
        return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(failed)]}


@pytest.fixture(scope="module")
def sent() -> Iterator[Outbox]:
    """The platform with all its pumps running; yields what was sent."""
    with ExitStack() as running:
        # The pumps use this access key.
        cloud = running.enter_context(engines.endpoints(access_key="local"))
        resources.create_stack(Cloud(cloud.url, cloud.url))
        stream_arn = resources.create_table(cloud)
        running.callback(resources_of_tests.delete_table)
        forget_caches()
        running.callback(forget_caches)
        outbox = Outbox().attach()
        running.callback(outbox.detach)
        pumps = Pumps(
            Unkind(), Source(cloud.table_url, stream_arn, cloud.client("sqs"), cloud.client("s3")), meter=Meter()
        )
        pumps.start()
        running.callback(pumps.stop)
        yield outbox


@pytest.fixture
def customer(sent: Outbox) -> Account:  # noqa: ARG001  # the platform runs
    return make_customer()


def topped_up(customer: Account, token: str) -> Card:
    """Return a card that is at its threshold, with an automatic reload."""
    card = wallets.make_card(customer, holds=THRESHOLD)
    auto_reload.change(
        customer.account_id,
        card.uid,
        enabled=True,
        threshold=AmountInput("500.00"),
        amount=AmountInput("1000.00"),
        token=token,
    )
    return card


def lines(card: Card) -> list[CardEntry]:
    raws = operations.query(keys.money.card_ledger(card.uid), consistent=True)
    return [CardEntry.from_raw_data(raw) for raw in raws]


def count(card: Card, kind: EntryType = EntryType.AUTO_RELOAD) -> int:
    return sum(line.type == kind for line in lines(card))


def payments_of(customer: Account) -> list[Payment]:
    raws = operations.query(keys.money.customer_payments(customer.account_id).pk, index="gsi1")
    places = [keys.money.payment(raw["gsi1sk"]["S"]) for raw in raws]
    return list(operations.get_many(places).values())


def charges_of(customer: Account) -> list[str]:
    places = [keys.money.sandbox_charge(payment.provider_reference) for payment in payments_of(customer)]
    return [charge.status for charge in operations.get_many(places).values()]


def below(card: Card) -> None:
    """Spend what takes the card just below its threshold."""
    wallets.spend(card.uid, card_balances.of(card.uid).amount - THRESHOLD + 1)


def is_topped_up(card: Card, times: int) -> bool:
    return count(card) >= times


def is_declined(card: Card, times: int) -> bool:
    return int(card_balances.of(card.uid).auto_declines or 0) == times


def comes(holds: Callable[[], bool]) -> None:
    wait_until(holds, seconds=SECONDS)


def test_each_crossing_of_many_cards_is_topped_up_once(customer: Account, sent: Outbox) -> None:
    made = [topped_up(customer, sandbox.OK) for _ in range(CROSSINGS)]
    for round_number in (1, 2):
        with ThreadPoolExecutor(CALLERS) as buyers:
            list(buyers.map(below, made))
        for card in made:
            comes(partial(is_topped_up, card, round_number))
    # Another card's, behind all of these in the stream and the queue.
    last = topped_up(customer, sandbox.OK)
    below(last)
    comes(lambda: count(last) == 1)
    for card in made:
        assert count(card) == 2
        assert card_balances.of(card.uid).amount == THRESHOLD - 1 + AMOUNT
    paid = payments_of(customer)
    assert len(paid) == 2 * CROSSINGS + 1
    assert {(payment.purpose, payment.status) for payment in paid} == {("auto_reload", "succeeded")}
    assert charges_of(customer) == ["succeeded"] * len(paid)
    assert sent.messages(customer.mobile_number) == []


def test_a_charge_whose_answer_was_lost_is_made_once(customer: Account) -> None:
    card = topped_up(customer, sandbox.TIMEOUT)
    below(card)
    comes(lambda: count(card) == 1)
    assert charges_of(customer) == ["succeeded"]
    assert card_balances.of(card.uid).amount == THRESHOLD - 1 + AMOUNT


def test_three_declines_are_told_and_turn_the_reload_off(customer: Account, sent: Outbox) -> None:
    card = topped_up(customer, sandbox.DECLINED)
    for number in (1, 2, 3):
        wallets.credit(card.uid, AMOUNT)
        below(card)
        comes(partial(is_declined, card, number))
    comes(lambda: any("turned off" in text["body"] for text in sent.messages(customer.mobile_number)))
    after = card_balances.of(card.uid)
    assert (after.auto_declines, after.auto_enabled) == (3, False)
    assert after.serialize().get("auto_token") is None
    assert (count(card), charges_of(customer)) == (0, ["failed"] * 3)
    # Eight workers sent them at the same moment, so a message may arrive more than once, but never with another text.
    texts = {text["body"].partition("declined. ")[2] for text in sent.messages(customer.mobile_number)}
    assert texts == {"We try again the next time your balance runs low.", "It is turned off now."}


def test_a_card_that_is_blocked_after_the_purchase_is_charged_at_most_once_and_loses_nothing(
    customer: Account,
) -> None:
    made = [topped_up(customer, sandbox.OK) for _ in range(CALLERS)]

    def cross_and_block(card: Card) -> None:
        below(card)
        cards.block(card.uid, customer_id=customer.account_id, reason="stolen")

    with ThreadPoolExecutor(CALLERS) as holders:
        list(holders.map(cross_and_block, made))
    # Another's, since what the blocked cards hold moves on to their owner's active cards.
    last = topped_up(make_customer(), sandbox.OK)
    below(last)
    comes(lambda: count(last) == 1)
    comes(lambda: charges_of(customer) == ["succeeded"] * sum(count(card) for card in made))
    assert all(count(card) <= 1 for card in made)
    # What came and was not spent is on the cards, whichever of them holds it by now.
    moves = (EntryType.TRANSFER_IN, EntryType.TRANSFER_OUT)
    kept = sum(line.amount for card in made for line in lines(card) if line.type not in moves)
    assert sum(card_balances.of(card.uid).amount for card in made) == kept
