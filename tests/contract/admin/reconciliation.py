"""Requests of the staff's portal: the daily reconciliation."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.table import keys, operations
from chalicelib.table.items import Difference
from chalicelib.vocabulary.payments import DifferenceKind, DifferenceState
from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_reconciliation": lambda _: Request(query="date=2026-11-19&page_size=5"),
}


def _differences(_: Any) -> None:
    yesterday = (clock.now().date() - timedelta(days=1)).isoformat()
    for number in range(3):
        name = f"missing-sbx_{number}"
        difference = Difference(
            *keys.reconciliation.difference(yesterday, name),
            difference_id=name,
            date=yesterday,
            kind_of=DifferenceKind.MISSING,
            state=DifferenceState.OPEN,
            owner="finance",
            reference=f"sbx_{number}",
            provider_amount=100,
            provider_currency="PKR",
            found_at=clock.now(),
        )
        operations.record(operations.put(difference))


ROWS: tuple[Callable[[Any], object], ...] = (_differences,)
