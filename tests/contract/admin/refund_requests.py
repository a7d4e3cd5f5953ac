"""Requests of the staff's portal: refund requests."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.tickets import refund_requests
from chalicelib.identifiers import new_id
from tests.contract.request import Request
from tests.contract.webapp.tickets import fresh_ticket


def _opened(ground: Any) -> str:
    ticket_id = fresh_ticket(ground)["ticket_id"]
    asked = refund_requests.ask(ground.customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    return asked.refund_id


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_refund_requests": lambda _: Request(query="status=pending&page_size=5"),
    "admin_open_refund_request": lambda ground: Request({**fresh_ticket(ground), "reason": "The customer fell ill."}),
    "admin_decide_refund_request": lambda ground: Request(
        {"decision": "reject", "note": "Too late."}, path={"request_id": _opened(ground)}
    ),
}


def _requests(ground: Any) -> None:
    for _ in range(3):
        _opened(ground)


ROWS: tuple[Callable[[Any], object], ...] = (_requests,)
