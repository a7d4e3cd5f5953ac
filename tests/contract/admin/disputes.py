"""Requests of the staff's portal: disputes."""

import itertools
from collections.abc import Callable
from typing import Any

from chalicelib import clock
from chalicelib.domain.payments import disputes
from chalicelib.table import keys, operations
from chalicelib.table.items import Dispute
from chalicelib.vocabulary.payments import DisputeStatus
from tests.contract.request import Request

_numbers = itertools.count(1)


def _dispute(ground: Any) -> str:
    payment_id, reference = f"pay_disputed{next(_numbers)}", "dp_1"
    dispute_id = disputes.id_of(payment_id, reference)
    stored = Dispute(
        *keys.disputes.dispute(dispute_id),
        dispute_id=dispute_id,
        payment_id=payment_id,
        provider="sandbox",
        reference=f"dp_{payment_id}",
        customer_id=ground.customer.account_id,
        amount=150_000,
        currency="PKR",
        status=DisputeStatus.OPEN,
        opened_at=clock.now(),
        revision=1,
    )
    operations.record(operations.put(stored))
    return dispute_id


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_disputes": lambda _: Request(query="status=open&page_size=5"),
    "admin_answer_dispute": lambda ground: Request(
        {"action": "contest", "evidence": "It was scanned."}, path={"dispute_id": _dispute(ground)}
    ),
}


def _disputes(ground: Any) -> None:
    for _ in range(3):
        _dispute(ground)


ROWS: tuple[Callable[[Any], object], ...] = (_disputes,)
