"""Requests of the staff's portal: tickets."""

import itertools
from collections.abc import Callable
from typing import Any

from chalicelib.domain.tickets import staff_tickets
from tests.contract.request import Request
from tests.contract.webapp.tickets import fresh_ticket

_numbers = itertools.count(1)


def _change(ground: Any) -> Request:
    path = fresh_ticket(ground)
    version = staff_tickets.get(path["ticket_id"]).version
    return Request({"holder_name": "Ayesha Khan", "reason": "Misspelled.", "version": version}, path)


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_tickets": lambda _: Request(query="status=valid&page_size=5"),
    "admin_ticket": lambda ground: Request(path=fresh_ticket(ground)),
    "admin_change_ticket": _change,
    "admin_check_in": lambda ground: Request({"scan_id": f"scn_byhand{next(_numbers):06}"}, fresh_ticket(ground)),
    "admin_transfer_ticket": lambda ground: Request(
        {"mobile_number": ground.other_customer.mobile_number, "reason": "Asked by phone."}, fresh_ticket(ground)
    ),
}
