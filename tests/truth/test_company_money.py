"""Races about the company's money, on an exact engine: 32 callers at once have the effect of one."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.finance import profits
from chalicelib.domain.finance.profits import Share
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payouts import paying, settlements, staff_payouts
from chalicelib.errors import Refusal
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Payout
from chalicelib.vocabulary.payouts import PayoutAction, PayoutStatus
from tests.support import engines, mixed_sales, paid_out
from tests.support.caches import forget_caches
from tests.support.factories import make_organizer

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("company_money"), pytest.mark.timeout(900)]
CALLERS = 32


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def at_once(act: Callable[[int], object]) -> Counter[str]:
    """Run 32 callers at once, and count what each came to."""
    gate = threading.Barrier(CALLERS)

    def run(number: int) -> str:
        gate.wait()
        try:
            return str(act(number))
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(CALLERS) as hands:
        return Counter(hands.map(run, range(CALLERS)))


def waiting() -> Payout:
    organizer = paid_out.make_payee()
    return paid_out.put_settled(
        organizer.account_id, status=PayoutStatus.AWAITING_SECOND, needs_second=True, asked_by="adm_0"
    )


def test_of_32_who_approve_one_is_recorded_and_the_one_who_asked_never() -> None:
    payout = waiting()

    def approve(number: int) -> str:
        return str(staff_payouts.act(payout.payout_id, PayoutAction.APPROVE, by=f"adm_{number}").approved_by)

    came_to = at_once(approve)
    by = str(paid_out.stored(payout.payout_id).approved_by)
    assert by != "adm_0"
    # The one who asked is refused, or is shown the approval of another.
    assert came_to[by] + came_to["SECOND_PERSON_NEEDED"] == CALLERS
    assert (paid_out.stored(payout.payout_id).revision, came_to["SECOND_PERSON_NEEDED"] <= 1) == (1, True)


def test_a_second_person_who_races_a_cancel_leaves_one_end_and_pays_at_most_once() -> None:
    payout = waiting()

    def decide(number: int) -> str:
        action = PayoutAction.CANCEL if number % 2 else PayoutAction.APPROVE
        staff_payouts.act(payout.payout_id, action, by=f"adm_x{number}")
        paying.take_due(payout.payout_id)
        return str(paying.pay(payout.payout_id))

    came_to = at_once(decide)
    stored = paid_out.stored(payout.payout_id)
    transfer = operations.get(keys.money.sandbox_payout(payout.payout_id))
    if stored.status == PayoutStatus.CANCELLED:
        assert transfer is None
        assert came_to["True"] == 0
    else:
        assert stored.status == PayoutStatus.PAID
        assert (transfer is not None, came_to["True"]) == (True, 1)


def test_of_32_who_close_the_books_of_an_event_one_settlement_and_one_payout_come() -> None:
    sales = mixed_sales.make(make_organizer(), orders=30, seed=11)
    with clock.set_to(sales.event.ends_at + timedelta(minutes=1)):
        came_to = at_once(lambda number: settlements.close(sales.event.event_id, by=f"adm_{number}").payout_id)
    assert len(came_to) == 1
    payout = paid_out.of_event(sales.event.event_id)
    assert (payout.payout_id, payout.net) == (next(iter(came_to)), sales.net)


def test_32_withdrawals_at_once_never_exceed_the_partners_share() -> None:
    mixed_sales.make(make_organizer(), orders=30, seed=12)
    month = clock.now().date().replace(day=1)
    profits.set_shares([Share("Ayesha", 6_000), Share("Bilal", 4_000)], valid_from=month, by="adm_1")
    share = profits.entitlement("Bilal").amount
    each = share // 10 + 1
    text = AmountInput(f"{each // 100}.{each % 100:02d}")

    def withdraw(number: int) -> str:
        return profits.withdraw("Bilal", text, by=f"adm_{number}", operation_id=new_id("op")).status

    came_to = at_once(withdraw)
    assert came_to == {"done": 9, "INSUFFICIENT_BALANCE": CALLERS - 9}
    account = operations.get(keys.finance.partner_account("Bilal"))
    assert account is not None
    assert account.withdrawn == 9 * each <= share
