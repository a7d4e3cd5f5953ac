"""Requests of the staff's portal: customers.

Each takes the ground (tests/contract/ground.py). What changes a customer has a new one.
"""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request
from tests.support.factories import make_customer


def _new(body: Any = None, query: str = "") -> Callable[[Any], Request]:
    return lambda _: Request(body, path={"customer_id": make_customer().account_id}, query=query)


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_customers": lambda _: Request(query="status=active&search=ay&ordering=-created_at&created_from=2026-01-01"),
    "admin_customer": lambda ground: Request(path={"customer_id": ground.customer.account_id}),
    "admin_change_customer": _new({"name": "Nadia Iqbal", "labels": ["vip"], "version": 0}),
    "admin_customer_status": _new({"status": "suspended", "reason": "Chargebacks."}),
    "admin_customer_bookings": lambda ground: Request(
        path={"customer_id": ground.customer.account_id}, query="page_size=5"
    ),
    "admin_export_customer": _new(),
    "admin_erase_customer": _new(query="force=true"),
}
