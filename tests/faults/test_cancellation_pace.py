"""How fast a cancelled event is void and paid back; `CANCELLED_ORDERS=10000` makes it 20,000 tickets."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.domain.cancellations import runs
from chalicelib.domain.events import events, gate_control
from chalicelib.domain.payments import repayments
from chalicelib.table.keys.sale import EVENT_ORDER_SHARDS
from chalicelib.vocabulary.tickets import RefundRequestStatus
from tests.support import asked, sweeps
from tests.support.cancelled import confirmed, make_staff, progress, requests_of
from tests.support.factories import make_organizer
from tests.support.purchases import make_show
from tests.support.settled import buy
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_cancellation"), pytest.mark.timeout(3600)]
_ORDERS, _HANDS = int(os.environ.get("CANCELLED_ORDERS", "4")), 8


def test_a_cancelled_event_is_void_at_once_and_paid_back_at_its_pace(capsys: pytest.CaptureFixture[str]) -> None:
    sweeps.begin()
    event, category = make_show(organizer_id=make_organizer().account_id)
    stream = StreamReader()
    stream.skip()
    with ThreadPoolExecutor(_HANDS) as hands:
        list(hands.map(lambda _: buy(category, 2), range(_ORDERS)))
    stream.drain()
    staff = make_staff()
    began = time.monotonic()
    # Many tickets are above the threshold of a second person.
    begun = confirmed(staff, event.event_id).json
    job_id = begun["job_id"] or confirmed(make_staff(), event.event_id).json["job_id"]
    void = time.monotonic() - began + gate_control.REFRESH_SECONDS
    assert events.get(event.event_id).status == "cancelled"
    began = time.monotonic()
    with asked.requests() as to_refund:
        while runs.run_step(job_id) is True:
            pass
    refunded = time.monotonic() - began
    owed = [one for one in requests_of(event.event_id) if one.status == RefundRequestStatus.APPROVED]
    began = time.monotonic()
    with asked.requests() as to_pay, ThreadPoolExecutor(_HANDS) as hands:
        list(hands.map(lambda one: repayments.pay_back(one.ticket_id, one.refund_id, one.payment_id), owed))
    paid = time.monotonic() - began
    assert len(owed) == 2 * _ORDERS
    # A step reads its run, its orders and what they came to; conflicts of transactions are tried again.
    assert len(to_refund) <= 5 * len(owed) + 12 * EVENT_ORDER_SHARDS
    assert len(to_pay) <= 5 * len(owed)
    assert {one.status for one in requests_of(event.event_id)} == {"refunded"}
    assert progress(staff, event.event_id)["progress"]["total"] == 2 * _ORDERS
    each = len(to_refund) / len(owed), len(to_pay) / len(owed)
    pace = 2 * _ORDERS / (refunded + paid)
    with capsys.disabled():
        print(f"\n{2 * _ORDERS} tickets: void in {void:.1f} s, {refunded:.1f} s + {paid:.1f} s, {pace:.0f} refunds/s")
        print(f"requests per refund: {each[0]:.1f} to decide it, {each[1]:.1f} to pay it back")
