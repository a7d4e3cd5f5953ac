"""Requests of the customers' door: statistics, payments, invoices.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request
from tests.purchases import put_payment


def _paid(ground: Any) -> Request:
    payment = put_payment(customer_id=ground.customer.account_id)
    return Request(path={"payment_id": payment.payment_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_analytics": lambda _: Request(),
    "customer_payments": lambda _: Request(query="status=succeeded&method=card&date_from=2026-01-01&page_size=5"),
    "customer_invoice": _paid,
}
