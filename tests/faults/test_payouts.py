"""An event's books, closed by many at once, during late sales and refunds, and by requests that fail.

`PAYOUT_ORDERS=200` for the full size.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest

from chalicelib import clock
from chalicelib.domain.ledger import account_names, debts
from chalicelib.domain.organizers import organizer_dashboard
from chalicelib.domain.payouts import payouts, settlement_figures, settlements
from chalicelib.errors import InvalidState, Unavailable
from chalicelib.table.items import Account, Category, Event, Settlement
from tests.support import payers, settled, taken_back
from tests.support.factories import make_organizer
from tests.support.sizes import size_of
from tests.support.streams import StreamReader
from tests.support.wire import Fault, each_request_failing

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_refunds"), pytest.mark.timeout(1800)]

CALLERS = 32
ORDERS = size_of("PAYOUT_ORDERS", small=4, full=6)
BEFALLING = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.CONFLICT)
ResultT = TypeVar("ResultT")


def over(stream: StreamReader, organizer: Account) -> tuple[Event, Category]:
    """Create an event of which something was sold, all of it counted."""
    event, standard, _ = settled.make_evening(organizer)
    settled.buy(standard, 2)
    stream.drain()
    return event, standard


def until_it_is_done(act: Callable[[], ResultT]) -> ResultT:
    """Retry as a client does after a 503."""
    for _ in range(50):
        with suppress(Unavailable):
            return act()
    raise AssertionError("it is never done")


def written(*events: Event) -> dict[str, list[dict[str, Any]]]:
    """Return what the closings of these events left in the table."""
    names = {event.event_id for event in events}
    found: dict[str, list[dict[str, Any]]] = {"settlement": [], "payout": [], "journal": [], "invoice": []}
    for raw in payers.all_raws("settlement", "payout", "journal"):
        if raw.get("event_id", {}).get("S") in names or any(
            f"jrn_settlement_{name}" in raw["pk"]["S"] for name in names
        ):
            found[raw["kind"]["S"]].append(raw)
    of_payouts = {raw["payout_id"]["S"] for raw in found["payout"]}
    found["invoice"] = [raw for raw in payers.all_raws("invoice") if raw.get("payout_id", {}).get("S") in of_payouts]
    return found


def assert_closed_once(event: Event, organizer: Account, closed: set[str | None]) -> None:
    found = written(event)
    assert {kind: len(raws) for kind, raws in found.items()} == dict.fromkeys(found, 1)
    assert closed == {found["payout"][0]["payout_id"]["S"]}
    assert found["settlement"][0]["payout_id"] == found["payout"][0]["payout_id"]
    assert organizer_dashboard.dashboard(organizer.account_id).pending_payouts.minor == 285_000
    assert payers.balances()[account_names.payable(organizer.account_id)] == 285_000


def assert_no_gap_in_the_series() -> None:
    numbers = sorted(raw["number"]["S"] for raw in payers.all_raws("invoice") if "payout_id" in raw)
    assert [int(number.rpartition("-")[2]) for number in numbers] == list(range(1, len(numbers) + 1))


def test_of_many_who_close_an_event_at_once_one_does(stream: StreamReader) -> None:
    organizer = make_organizer()
    event, _ = over(stream, organizer)
    unsold, _, _ = settled.make_evening(organizer)

    def close(number: int) -> list[tuple[str, str | None, str]]:
        by = f"adm_{number}"
        names = (event.event_id, unsold.event_id)
        found = [until_it_is_done(partial(settlements.close, name, by=by)) for name in names]
        return [(one.event_id, one.payout_id, one.closed_by) for one in found]

    with settled.after(unsold), ThreadPoolExecutor(CALLERS) as together:
        closed = {one for answer in together.map(close, range(CALLERS)) for one in answer}
    assert len(closed) == 2
    assert_closed_once(event, organizer, {payout_id for name, payout_id, _ in closed if name == event.event_id})
    assert [(len(raws), kind) for kind, raws in written(unsold).items() if raws] == [(1, "settlement")]
    assert_no_gap_in_the_series()


def test_events_closed_at_once_deduct_a_debt_once(stream: StreamReader) -> None:
    organizer, debt = make_organizer(), 400_000
    first, standard, _ = settled.make_evening(organizer)
    order = settled.buy(standard, 4)
    shows = [over(stream, organizer)[0] for _ in range(4)]

    def close(event: Event) -> Settlement:
        return until_it_is_done(lambda: settlements.close(event.event_id, by="adm_1"))

    with settled.after(shows[-1]):
        close(first)
        taken_back.lose(order, debt, stream)
        owed = debts.of(organizer.account_id, "PKR")
        with ThreadPoolExecutor(CALLERS) as together:
            closed = {one.event_id: one for one in together.map(close, shows * (CALLERS // len(shows)))}
    assert (owed.owed, debts.of(organizer.account_id, "PKR").owed) == (debt, 0)
    assert sum(int(one.taken_back or 0) for one in closed.values()) == debt
    balances = payers.balances()
    assert balances.get(account_names.owed(organizer.account_id), 0) == 0
    assert balances[account_names.payable(organizer.account_id)] == 2 * 285_000 + 4 * 285_000 - debt


def test_events_closed_at_once_get_numbers_without_a_gap(stream: StreamReader) -> None:
    organizer = make_organizer()
    shows = [over(stream, organizer)[0] for _ in range(4)]

    def close(event: Event) -> Settlement:
        return until_it_is_done(lambda: settlements.close(event.event_id, by="adm_1"))

    with settled.after(shows[-1]), ThreadPoolExecutor(8) as together:
        list(together.map(close, shows * 2))
    found = written(*shows)
    assert {kind: len(raws) for kind, raws in found.items()} == dict.fromkeys(found, 4)
    assert_no_gap_in_the_series()
    assert organizer_dashboard.dashboard(organizer.account_id).pending_payouts.minor == 4 * 285_000


@pytest.mark.parametrize("fault", BEFALLING)
def test_a_closing_whose_requests_fail_leaves_all_of_it_or_nothing(fault: Fault, stream: StreamReader) -> None:
    organizer = make_organizer()
    event, _ = over(stream, organizer)
    seen: set[str | None] = set()

    def close() -> None:
        seen.add(settlements.close(event.event_id, by="adm_1").payout_id)

    with settled.after(event):
        for _ in each_request_failing(close, fault, BEFALLING):
            counts = {len(raws) for raws in written(event).values()}
            assert counts in ({0}, {1})
    assert_closed_once(event, organizer, seen)
    assert_no_gap_in_the_series()


def test_what_is_sold_and_given_back_while_the_books_close_is_in_them_or_beside_them(stream: StreamReader) -> None:
    organizer = make_organizer()
    late = clock.now() + timedelta(days=60)
    event, standard, box = settled.make_evening(organizer, refunds_until=late)
    held = [settled.buy((standard, box)[number % 2], 2) for number in range(ORDERS)]
    # Asked for in time; staff answer later.
    asked = [settled.ask_back(order) for order in held]
    waiting = [settled.expired((standard, box)[number % 2]) for number in range(ORDERS)]
    stream.drain()
    closed: list[Settlement] = []

    def act(number: int) -> None:
        """Close the books, confirm a late payment, or refund a ticket; the stream delivers the changes meanwhile."""
        kind, place = divmod(number, ORDERS)
        if kind == 0:
            payers.confirm(*waiting[place])
        elif kind == 1:
            settled.approve(asked[place])
        else:
            with suppress(InvalidState, Unavailable):
                closed.append(settlements.close(event.event_id, by=f"adm_{number}"))

    order = [kind * ORDERS + place for place in range(ORDERS) for kind in (2, 0, 1, 2)]
    with settled.after(event):
        with ThreadPoolExecutor(8) as together:
            for start in range(0, len(order), 8):
                list(together.map(act, order[start : start + 8]))
                stream.drain()
        settlement = settlements.close(event.event_id, by="adm_last")
    assert {one.payout_id for one in closed} <= {settlement.payout_id}
    shown = payouts.detail(organizer.account_id, settlement.payout_id)
    beside = shown.adjustments.net.minor if shown.adjustments else 0
    balances = payers.balances()
    assert balances[account_names.payable(organizer.account_id)] == shown.net.minor == settlement.net
    assert balances[account_names.sales(event.event_id)] == beside
    assert sum(line.net.minor for line in shown.lines) == shown.net.minor
    assert sum(line.platform_fee.minor for line in shown.lines) == shown.platform_fee.minor
    stood = settlement_figures.sold_so_far(event.event_id)
    assert shown.net.minor + beside == stood.net
    # What was paid after the event's end is returned, not sold.
    assert stood.gross == sum(one.total for one in held)
