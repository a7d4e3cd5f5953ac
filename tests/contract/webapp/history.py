"""Requests of the customers' portal: statistics, payments, invoices.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.payments import payment_history
from chalicelib.domain.payments.payment_history import PaymentFilters
from tests.contract.request import Request
from tests.support.purchases import put_payment


def _paid(ground: Any) -> Request:
    payment = put_payment(customer_id=ground.customer.account_id)
    return Request(path={"payment_id": payment.payment_id})


def _listed(ground: Any) -> Request:
    """Ask for payments, of which there are some."""
    everything = PaymentFilters()
    while len(payment_history.of(ground.customer.account_id, everything, page_size=5, cursor=None).results) < 3:
        put_payment(customer_id=ground.customer.account_id)
    return Request(query="status=succeeded&method=card&date_from=2026-01-01&page_size=5")


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_analytics": lambda _: Request(),
    "customer_payments": _listed,
    "customer_invoice": _paid,
}
