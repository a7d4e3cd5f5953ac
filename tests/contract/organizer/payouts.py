"""Requests of the organizers' portal: payouts.

Each takes the ground (tests/contract/ground.py), whose demo organizer has an evening that is over and settled.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.payouts import settlements
from chalicelib.schemas.examples import demo
from tests.contract.request import Request


def _payout(_: Any) -> Request:
    settlement = settlements.close(demo.PAST_EVENT_ID, by="adm_test")
    return Request(path={"payout_id": settlement.payout_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "organizer_payouts": lambda _: Request(query="status=scheduled&scheduled_from=2026-01-01&page_size=5"),
    "organizer_payout": _payout,
    "organizer_payout_invoice": _payout,
}
