"""Requests of the customers' portal: a customer's tickets.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import Ticket
from tests.contract.request import Request

_EVENT_ID = "evt_01JDEM00000000000000000009"
_numbers = itertools.count(1)


def fresh_ticket(ground: Any) -> dict[str, str]:
    """Return the path of a paid ticket that can still be refunded."""
    now = clock.now()
    events.create(
        events.EventDraft(
            event_id=_EVENT_ID,
            title="An evening next week",
            starts_at=now + timedelta(days=7),
            ends_at=now + timedelta(days=8),
        )
    )
    holder = Holder(name=ground.customer.name, customer_id=ground.customer.account_id)
    ticket = tickets.issue(TicketToIssue(event_id=_EVENT_ID, holder=holder, number=f"T-{next(_numbers)}"))
    paid = [Ticket.price.set(250_000), Ticket.currency.set("PKR")]
    operations.record(operations.change(keys.tickets.ticket(ticket.ticket_id), paid, Ticket.pk.exists()))
    return {"ticket_id": ticket.ticket_id}


def _demo_ticket(_: Any) -> Request:
    return Request(path={"ticket_id": demo.ticket_id(1)})


def _given_to(number: str, **more: str) -> Callable[[Any], Request]:
    def request(ground: Any) -> Request:
        return Request({"mobile_number": number, **more}, path=fresh_ticket(ground))

    return request


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_tickets": lambda _: Request(query="page_size=5&upcoming=true"),
    "customer_ticket": _demo_ticket,
    "customer_ticket_qr_code": _demo_ticket,
    "customer_transfer_ticket": lambda ground: _given_to(ground.other_customer.mobile_number)(ground),
    "customer_gift_ticket": _given_to("+923009999999", name="Somebody", message="For you"),
    "customer_request_refund": lambda ground: Request({"reason": "I fell ill."}, path=fresh_ticket(ground)),
}
