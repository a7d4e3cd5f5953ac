"""The hand-over of cards on an exact engine: two shops, sixteen clerks, codes wrong, late and repeated, and deaths.

Every card ends in exactly one hand or back in stock, every customer pays once, every ticket is on one card, and all
totals are what the table adds up to. `ASSIGNMENTS=500` is the full size.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.ledger import account_names, account_totals
from chalicelib.domain.merchants import assignments, card_holds
from chalicelib.domain.tickets import tickets, transfers
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.errors import RateLimited, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Event, SweepMark, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.workers import schedules
from tests.support import card_states, engines, wallets
from tests.support.caches import forget_caches
from tests.support.codes import code_in, has_code, texts
from tests.support.deaths import LIFE, mortal
from tests.support.factories import make_event
from tests.support.shops import Shop, assert_handed_over_once, everything, make_shop, new_customer, stored
from tests.support.sizes import size_of
from tests.support.streams import StreamReader, project
from tests.truth.clerks import CLERKS, MINUTE, PATIENCE, Day, stored_status

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("assignments"), pytest.mark.timeout(2400)]

ASSIGNMENTS = size_of("ASSIGNMENTS", small=16, full=24)
CALLERS = 16
ADDRESS = "192.0.2.1"


@pytest.fixture(autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def give_tickets(customer: Account, events: list[Event]) -> list[Ticket]:
    holder = Holder(name="Holder", customer_id=customer.account_id)
    return [tickets.issue(TicketToIssue(event_id=e.event_id, holder=holder, number=new_id("n")[-8:])) for e in events]


def sweep_all() -> None:
    """Expire every hold, and sweep it."""
    mark = clock.now() - 2 * MINUTE
    operations.record(operations.put(SweepMark(*keys.jobs.sweep_mark("due"), minute=keys.jobs.minute(mark))))
    with clock.set_to(clock.now() + timedelta(hours=3)):
        for _ in range(20):
            if not schedules.sweep().handled:
                return
    raise AssertionError("the sweep has no end")


def test_whatever_befalls_two_shops_every_card_ends_in_one_hand_or_in_stock() -> None:
    stream = StreamReader()
    shops = make_shop(), make_shop("Saddar Mobiles")
    events = [make_event(), make_event()]
    customers = [new_customer() for _ in range(ASSIGNMENTS)]
    held = {customer.account_id: give_tickets(customer, events) for customer in customers}
    wanted = [shop.stock()[0] for _ in range(ASSIGNMENTS // 2) for shop in shops]
    strangers = [new_customer() for _ in wanted[::8]]
    day = Day(shops, list(zip(customers, wanted, strict=True)), strangers)

    began = time.monotonic()
    with mortal():
        day.open()
    took = time.monotonic() - began

    sweep_all()
    stream.drain()
    by_status = assert_handed_over_once([shop.id for shop in shops], drained=True)
    assert by_status.total() == ASSIGNMENTS
    assert set(by_status) <= {"active", "stock"}
    assert by_status["active"] >= ASSIGNMENTS * 3 // 4
    owners = assert_bound_to_one_card(held)
    assert len(owners) == by_status["active"]
    fees = by_status["active"] * config().card_fee
    assert account_totals.total(account_names.CARD_FEES, "PKR").minor == fees
    owed = [account_totals.total(account_names.merchant(shop.id), "PKR").minor for shop in shops]
    assert sum(owed) == -fees
    wallets.assert_balanced(wallets.books())
    print(f"\n{ASSIGNMENTS} cards, {2 * CLERKS} clerks, {took:.0f} s: {dict(by_status)}")
    print(f"{dict(sorted(day.told.items()))}")
    assert day.told["died"] > 0
    assert day.told["not in stock"] > 0


def assert_bound_to_one_card(held: dict[str, list[Ticket]]) -> set[str]:
    """Assert that one card opens each ticket of a customer with a card; return the customers with a card."""
    items = everything()
    own: dict[str, list[Any]] = defaultdict(list)
    for card in (item for item in items if isinstance(item, Card) and item.customer_id):
        own[card.customer_id].append(card)
    now = {item.ticket_id: item for item in items if isinstance(item, Ticket)}
    for customer_id, given in held.items():
        for ticket in given:
            opening = [
                card.uid for card in own[customer_id] if ticket.ticket_id in card.tickets.get(ticket.event_id, [])
            ]
            expected = [now[ticket.ticket_id].card_uid] if own[customer_id] else []
            assert opening == expected
    opened = [name for theirs in own.values() for card in theirs for ids in card.tickets.values() for name in ids]
    assert len(opened) == len(set(opened))
    return {customer_id for customer_id, theirs in own.items() if theirs}


# One hold, many at once.


def at_once(acts: list[Callable[[], object]]) -> Counter[str]:
    """Do all of these at the same moment; return how many were done, and why the others were refused."""
    told: Counter[str] = Counter()
    faults: list[BaseException] = []
    together = threading.Barrier(len(acts))

    def work(act: Callable[[], object]) -> None:
        together.wait(60)
        for _ in range(PATIENCE):
            try:
                act()
            except Unavailable:
                time.sleep(0.02)
                continue
            except Refusal as refusal:
                told[type(refusal).__name__] += 1
            except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
                faults.append(fault)
            else:
                told["done"] += 1
            return

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return told


def ahead(minutes: int, act: Callable[[], object]) -> Callable[[], object]:
    """Do something by a clock that is ahead."""

    def later() -> object:
        LIFE.offset = minutes * MINUTE
        return act()

    return later


def assign(shop: Shop, card: Card, customer: Account, operation_id: str | None = None) -> object:
    wanted = card_holds.AssignmentInput(card=card.uid, customer=customer.account_id, fee_collected=True)
    return assignments.assign(shop.id, wanted, operation_id=operation_id or new_id("op"))


def test_of_sixteen_who_want_the_same_card_one_has_it_held() -> None:
    shop = make_shop()
    (card,) = shop.stock()
    told = at_once([partial(assign, shop, card, new_customer()) for _ in range(CALLERS)])
    assert told == {"done": 1, "Conflict": CALLERS - 1}
    assert stored(card).status == "held"


def test_one_operation_sent_by_sixteen_at_once_holds_one_card_and_its_code_counts() -> None:
    shop, customer, operation_id = make_shop(), new_customer(), new_id("op")
    (card,) = shop.stock()
    texts()
    told = at_once([partial(assign, shop, card, customer, operation_id) for _ in range(CALLERS)])
    assert told["done"] >= 1
    assert set(told) <= {"done", "RateLimited"}
    assignment_id = stored(card).held_by
    # Where three of them were sent already, no more may be.
    with suppress(RateLimited):
        assignments.send_again(shop.id, assignment_id)
    codes = [code_in(text) for text in texts() if text["to"] == customer.mobile_number and has_code(text)]
    assert 1 <= len(codes) <= 3


@pytest.mark.parametrize("round_", range(3))
def test_of_a_code_shown_sixteen_times_and_sweeps_at_the_same_moment_exactly_one_wins(round_: int) -> None:
    shop, customer = make_shop(), new_customer()
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, customer)
    verify = [
        partial(assignments.verify, shop.id, assignment_id, code, address=ADDRESS, operation_id=new_id("op"))
        for _ in range(4)
    ]
    sweeps = [ahead(12, partial(card_holds.sweep, assignment_id)) for _ in range(CALLERS - 4)]
    with mortal():
        at_once([*verify[round_:], *sweeps, *verify[:round_]])
    now = stored(card)
    assert now.status in ("active", "stock")
    assert (now.customer_id == customer.account_id) == (now.status == "active")
    assert stored_status(assignment_id) == ("active" if now.status == "active" else "expired")
    assert_handed_over_once([shop.id])


def test_three_shops_that_hold_a_card_for_the_same_customer_each_hand_theirs_over_with_their_own_code() -> None:
    customer = new_customer()
    given = give_tickets(customer, [make_event() for _ in range(3)])
    shops = [make_shop() for _ in range(3)]
    held = [(shop, *shop.hold(shop.stock()[0], customer)) for shop in shops]
    told = at_once(
        [
            partial(assignments.verify, shop.id, assignment_id, code, address=ADDRESS, operation_id=new_id("op"))
            for shop, assignment_id, code in held
        ]
    )
    assert told == {"done": 3}
    sweep_all()
    assert assert_handed_over_once([shop.id for shop in shops]) == {"active": 3}
    assert customer.account_id in assert_bound_to_one_card({customer.account_id: given})


def test_a_clerk_who_sends_again_twice_at_once_leaves_a_code_that_counts() -> None:
    shop, customer = make_shop(), new_customer()
    (card,) = shop.stock()
    assignment_id, _ = shop.hold(card, customer)
    texts()
    at_once([partial(assignments.send_again, shop.id, assignment_id) for _ in range(2)])
    codes = [code_in(text) for text in texts() if text["to"] == customer.mobile_number and has_code(text)]
    told = Counter(
        tell(partial(assignments.verify, shop.id, assignment_id, code, address=ADDRESS, operation_id=new_id("op")))
        for code in codes
    )
    assert told["done"] == 1
    assert stored(card).status == "active"


def tell(act: Callable[[], object]) -> str:
    try:
        act()
    except Refusal as refusal:
        return type(refusal).__name__
    return "done"


def test_tickets_that_are_given_away_during_the_hand_over_end_on_one_card_of_whoever_has_them() -> None:
    shop, customer, taker = make_shop(), new_customer(), new_customer("Bilal Ahmed")
    shop.hand_over(shop.stock()[0], taker)
    given = give_tickets(customer, [make_event() for _ in range(CALLERS - 1)])
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, customer)
    verify = partial(assignments.verify, shop.id, assignment_id, code, address=ADDRESS, operation_id=new_id("op"))
    handing_on = [
        partial(
            transfers.transfer,
            customer.account_id,
            ticket.ticket_id,
            mobile_number=taker.mobile_number,
            message=None,
            operation_id=new_id("op"),
        )
        for ticket in given
    ]
    told = at_once([verify, *handing_on])
    assert told["done"] >= 1
    found = [tickets.get(ticket.ticket_id) for ticket in given]
    opening: dict[str, list[str]] = defaultdict(list)
    owners = {}
    for item in everything():
        if isinstance(item, Card) and item.customer_id in (customer.account_id, taker.account_id):
            owners[item.uid] = item.customer_id
            for ids in item.tickets.values():
                for ticket_id in ids:
                    opening[ticket_id].append(item.uid)
    for ticket in found:
        if stored(card).status == "active" or ticket.customer_id == taker.account_id:
            assert opening[ticket.ticket_id] == [ticket.card_uid]
            assert owners[ticket.card_uid] == ticket.customer_id


def test_eight_workers_that_are_told_the_same_count_every_card_once() -> None:
    stream, shop = StreamReader(), make_shop()
    stream.drain()
    made = shop.stock(40)
    for card in made[:5]:
        card_states.put_into(card.uid, CardStatus.BLOCKED)
    records = stream.read()
    at_once([partial(_project, records)] * 8)
    totals = operations.get(keys.merchants.totals(shop.id))
    assert totals is not None
    assert (totals.stock, totals.blocked) == (35, 5)


def _project(records: list[dict[str, Any]]) -> None:
    if project(records) != {"batchItemFailures": []}:
        raise Unavailable
