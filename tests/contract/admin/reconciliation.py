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
    # Without a day the list is of yesterday, which is today once this run has passed midnight.
    today = clock.now().date()
    for day in (today - timedelta(days=1), today):
        for number in range(3):
            operations.record(operations.put(_difference(day.isoformat(), number)))


def _difference(day: str, number: int) -> Difference:
    name = f"missing-sbx_{number}"
    return Difference(
        *keys.reconciliation.difference(day, name),
        difference_id=name,
        date=day,
        kind_of=DifferenceKind.MISSING,
        state=DifferenceState.OPEN,
        owner="finance",
        reference=f"sbx_{number}",
        provider_amount=100,
        provider_currency="PKR",
        found_at=clock.now(),
    )


ROWS: tuple[Callable[[Any], object], ...] = (_differences,)
