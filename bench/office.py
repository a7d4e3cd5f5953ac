"""What the work of the back office asks of the table and of a processor, for each piece of it.

`python -m bench.office --pieces 200` measures it alone.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.meter import Meter
from tests.support import ground

PIECES = 200
# Of a settlement, which counts as one piece, and the most requests that it may make (issue of the back office).
SETTLED_ORDERS, MOST_OF_A_SETTLEMENT = 2_000, 40
# A step of a job reads its run and stores how far it came, beside its pieces.
_STEPS_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class OfficeCost:
    """The cost of one piece, of so many that were done together; CPU is of this process, without the engine's."""

    pieces: int
    requests: float
    read_units: float
    write_units: float
    seconds: float
    cpu_ms: float


def measure(pieces: int = PIECES, orders: int = SETTLED_ORDERS) -> dict[str, OfficeCost]:
    """Return the cost of a piece of each kind of work."""
    meter = Meter().attach()
    try:
        with ground.cloud(needs_dynamodb_local=True):
            from tests.support.caches import forget_caches

            forget_caches()
            found = {
                "card in bulk": _cost(meter, pieces, _bulk(pieces)),
                **_cancellation(meter, pieces),
                f"settlement of {orders:,} orders": _cost(meter, 1, _settlement(orders)),
                "move of a ticket to another category": _cost(meter, 1, _move()),
            }
            forget_caches()
            return found
    finally:
        meter.detach()


def _cost(meter: Meter, pieces: int, act: Callable[[], object]) -> OfficeCost:
    meter.reset()
    began, cpu = time.monotonic(), time.process_time()
    with meter.background("office"):
        act()
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    used: dict[str, Any] = meter.report()["background"]["office"]
    requests, read, write = (used[name] / pieces for name in ("dynamodb_requests", "read_units", "write_units"))
    return OfficeCost(pieces, requests, read, write, took / pieces, 1000 * cpu / pieces)


def _until_done(step: Callable[[], object]) -> None:
    for _ in range(_STEPS_AT_MOST):
        if step() is not True:
            return
    raise RuntimeError("the job has no end")


def _bulk(pieces: int) -> Callable[[], object]:
    from chalicelib.domain.card_office import bulk_cards
    from chalicelib.domain.card_office.bulk_cards import BulkInput
    from chalicelib.identifiers import new_id
    from chalicelib.vocabulary.cards import CardBatchAction

    csv = "\n".join(["uid", *(f"04BE{number:010X}" for number in range(pieces))])
    job_id = bulk_cards.begin(BulkInput(CardBatchAction.CREATE, csv=csv), by="adm_1", operation_id=new_id("op")).job_id
    return lambda: _until_done(lambda: bulk_cards.run_step(job_id))


def _cancellation(meter: Meter, pieces: int) -> dict[str, OfficeCost]:
    """Cancel an event with so many tickets; return what a refund costs to decide, and to pay back."""
    from chalicelib.domain.cancellations import runs
    from chalicelib.domain.payments import repayments
    from chalicelib.vocabulary.tickets import RefundRequestStatus
    from tests.support.cancelled import confirmed, make_staff, requests_of
    from tests.support.factories import make_organizer
    from tests.support.purchases import make_show
    from tests.support.settled import buy
    from tests.support.streams import StreamReader

    event, category = make_show(organizer_id=make_organizer().account_id, capacity=max(pieces, 500))
    stream = StreamReader()
    stream.skip()
    for _ in range(pieces // 2):
        buy(category, 2)
    stream.drain()
    begun = confirmed(make_staff(), event.event_id).json
    # Many tickets are above the threshold of a second person.
    job_id = begun["job_id"] or confirmed(make_staff(), event.event_id).json["job_id"]
    decided = _cost(meter, pieces, lambda: _until_done(lambda: runs.run_step(job_id)))
    owed = [one for one in requests_of(event.event_id) if one.status == RefundRequestStatus.APPROVED]

    def pay_back() -> None:
        for one in owed:
            repayments.pay_back(one.ticket_id, one.refund_id, one.payment_id)

    return {"refund of a cancellation": decided, "its pay-back on the sandbox": _cost(meter, pieces, pay_back)}


def _settlement(orders: int) -> Callable[[], object]:
    from chalicelib import clock
    from chalicelib.domain.payouts import settlements
    from tests.support import mixed_sales, settled
    from tests.support.factories import make_organizer

    sales = mixed_sales.make(make_organizer(), orders=orders, seed=7)

    def close() -> None:
        with settled.after(sales.event):
            settlements.close(sales.event.event_id, by=f"adm_{clock.now():%H}")

    return close


def _move() -> Callable[[], object]:
    from chalicelib.domain.events import categories
    from chalicelib.domain.events.categories import CategoryDraft
    from chalicelib.domain.sale import ticket_changes
    from chalicelib.domain.sale.ticket_changes import TicketChange
    from chalicelib.identifiers import new_id
    from tests.support import purchases
    from tests.support.factories import make_customer
    from tests.support.streams import StreamReader

    event, floor = purchases.make_show()
    gallery = categories.add(event.event_id, CategoryDraft(name="Gallery", price=int(floor.price), capacity=5))
    stream = StreamReader()
    stream.skip()
    order = purchases.book(make_customer(), floor, 2)
    purchases.pay(order)
    while stream.drain():
        pass
    wanted = TicketChange(reason="A better seat.", version=1, category_id=gallery.category_id)
    return lambda: ticket_changes.change(str(order.tickets[0]["ticket_id"]), wanted, operation_id=new_id("op"))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.office", description="Measure the work of the back office.")
    parser.add_argument("--pieces", type=int, default=PIECES, help="cards and tickets")
    parser.add_argument("--orders", type=int, default=SETTLED_ORDERS, help="orders of the event whose books close")
    wanted = parser.parse_args()
    for name, cost in measure(wanted.pieces, wanted.orders).items():
        units = f"{cost.read_units:.1f} read and {cost.write_units:.1f} write units"
        spent = f"{cost.cpu_ms:.1f} ms CPU, {1 / cost.seconds:.1f} a second"
        print(f"{name}: {cost.requests:.1f} requests, {units}, {spent} (of {cost.pieces:,})")


if __name__ == "__main__":
    main()
