"""Requests of the staff's portal: settlements and payouts. Each takes the ground (tests/contract/ground.py)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.vocabulary.payouts import PayoutStatus
from tests.contract.request import Request
from tests.support import paid_out
from tests.support.factories import make_organizer
from tests.support.purchases import make_show


def _payout(status: PayoutStatus, **changes: Any) -> Any:
    return paid_out.put_settled(make_organizer().account_id, status=status, asked_by="platform", **changes)


def _over(_: Any) -> Request:
    now = clock.now()
    event, _category = make_show(
        organizer_id=make_organizer().account_id, starts_at=now - timedelta(hours=5), ends_at=now - timedelta(hours=1)
    )
    return Request({"event_id": event.event_id})


def _again(_: Any) -> Request:
    event_id = _payout(PayoutStatus.CANCELLED).event_id
    return Request({"settlement_id": f"stl_{event_id.removeprefix('evt_')}"})


def _approved(_: Any) -> Request:
    waiting = _payout(PayoutStatus.AWAITING_SECOND, needs_second=True)
    return Request({"action": "approve"}, path={"payout_id": waiting.payout_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_payouts": lambda _: Request(query="status=scheduled&page_size=5"),
    "admin_settlements": lambda _: Request(query="ordering=-closed_at&page_size=5"),
    "admin_close_settlement": _over,
    "admin_create_payout": _again,
    "admin_payout": lambda _: Request(path={"payout_id": _payout(PayoutStatus.SCHEDULED).payout_id}),
    "admin_change_payout": _approved,
}
ROWS: list[Callable[[Any], object]] = [lambda _: _payout(PayoutStatus.SCHEDULED)] * 3
