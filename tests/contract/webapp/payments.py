"""Requests of the customers' portal: payments.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib import clock
from chalicelib.domain.payments import payments, sandbox_callbacks
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.identifiers import new_id
from chalicelib.vocabulary.payments import PaymentMethod
from tests.contract.request import Request
from tests.contract.webapp import sale


def _process(ground: Any) -> Request:
    return Request({"booking_id": sale.order_id(ground), "method": "card"})


def _payment_id(ground: Any) -> str:
    return payments.start(
        ground.customer.account_id,
        order_id=sale.order_id(ground),
        terms=PaymentTerms(PaymentMethod.CARD),
        operation_id=new_id("op"),
    ).payment_id


def _webhook(_: Any) -> Request:
    raw = b'{"id": "sbx_evt_1", "type": "ping"}'
    return Request(
        headers={"gatehouse-signature": sandbox_callbacks.sign(raw, at=int(clock.now().timestamp()))}, raw=raw
    )


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_process_payment": _process,
    "customer_confirm_payment": lambda ground: Request({"payment_id": _payment_id(ground)}),
    "public_payment_webhook": _webhook,
}
