"""Requests of the Tix portal: batches for sellers.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.money import AmountInput
from chalicelib.domain.organizations import batches, numbering
from chalicelib.domain.organizations.batches import BatchInput
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.domain.organizations.voiding import NumberSpan
from chalicelib.identifiers import new_id
from tests.contract.request import Request
from tests.contract.tix import quotas


def _number(ground: Any) -> int:
    quotas.renew(ground)
    admin = ground.tix_admin
    made = numbering.generate(
        str(admin.organization_id), GenerationInput(1, "SELL"), user_id=admin.account_id, operation_id=new_id("op")
    )
    return int(numbering.as_generated(made)[0].number)


def _create(ground: Any) -> Request:
    number = _number(ground)
    return Request({"seller": "Bilal", "prefix": "SELL", "from": number, "to": number, "price": "500.00"})


def _settle(ground: Any) -> Request:
    number, admin = _number(ground), ground.tix_admin
    wanted = BatchInput("Bilal", NumberSpan("SELL", number, number), AmountInput("500.00"))
    batch = batches.create(str(admin.organization_id), wanted, user_id=admin.account_id, operation_id=new_id("op"))
    return Request({"returned": [{"from": number, "to": number}], "cash": "0.00"}, {"batch_id": batch.id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "tix_batches": lambda _: Request(query="page_size=5&status=open"),
    "tix_create_batch": _create,
    "tix_settle_batch": _settle,
}
