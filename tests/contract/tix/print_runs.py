"""Requests of the Tix portal: print runs, and voided tickets.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.organizations import numbering
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.domain.organizations.printing import print_runs
from chalicelib.identifiers import new_id
from chalicelib.vocabulary.numbered_tickets import PrintFormat
from tests.contract.request import Request
from tests.contract.tix import quotas


def _numbers(ground: Any) -> dict[str, Any]:
    """Numbers of a prefix that has tickets."""
    quotas.renew(ground)
    admin = ground.tix_admin
    made = numbering.generate(
        str(admin.organization_id), GenerationInput(1, "PRINT"), user_id=admin.account_id, operation_id=new_id("op")
    )
    first = numbering.as_generated(made)[0].number
    return {"prefix": "PRINT", "from": first, "to": first}


def _run(ground: Any) -> Request:
    numbers, admin = _numbers(ground), ground.tix_admin
    wanted = print_runs.PrintInput(
        prefix=numbers["prefix"], first=numbers["from"], last=numbers["to"], format=PrintFormat.CSV
    )
    operation_id = new_id("op")
    job_id = print_runs.begin(str(admin.organization_id), wanted, user_id=admin.account_id, operation_id=operation_id)
    return Request(path={"job_id": job_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "tix_print_tickets": lambda ground: Request({**_numbers(ground), "format": "csv"}),
    "tix_print_run": _run,
    "tix_void_tickets": lambda ground: Request({**_numbers(ground), "reason": "lost"}),
}
