"""Requests of the Tix portal: numbers, tickets and their scan.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.organizations import numbering
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.identifiers import new_id
from tests.contract.request import Request
from tests.contract.tix import quotas


def _fresh(ground: Any) -> Request:
    """A request about a ticket that was made for it."""
    quotas.renew(ground)
    admin = ground.tix_admin
    made = numbering.generate(
        str(admin.organization_id), GenerationInput(1, "RIGHT"), user_id=admin.account_id, operation_id=new_id("op")
    )
    return Request(path={"ticket_id": numbering.as_generated(made)[0].ticket_id})


def _generate(ground: Any) -> Request:
    quotas.renew(ground)
    return Request({"count": 2, "prefix": "RIGHT"})


def _clear(ground: Any) -> Request:
    quotas.renew(ground)
    return Request(query="confirm=Lahore%20Marathon")


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "tix_generate_tickets": _generate,
    "tix_tickets": lambda _: Request(query="page=1&limit=5"),
    "tix_clear_tickets": _clear,
    "tix_ticket": _fresh,
    "tix_delete_ticket": _fresh,
    "tix_scan_ticket": _fresh,
}
