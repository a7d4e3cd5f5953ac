"""Requests of the staff's portal: events and organizers' edit requests.

Each takes the ground (tests/contract/ground.py).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.domain.organizers import edit_requests
from chalicelib.identifiers import new_id
from chalicelib.schemas.examples import demo
from tests.contract.request import Request


def _event(ground: Any) -> str:
    """An event of its own, on sale, that has sold nothing."""
    now = clock.now()
    draft = events.EventDraft(
        title="Evening",
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=2),
        organizer_id=ground.organizer.account_id,
    )
    return events.create(draft).event_id


def _new(ground: Any) -> Request:
    begins = clock.now() + timedelta(days=30)
    body = {
        "title": "Open air",
        "organizer_id": ground.organizer.account_id,
        "venue_id": demo.KNOWN_VENUE_ID,
        "starts_at": clock.to_text(begins),
        "ends_at": clock.to_text(begins + timedelta(hours=4)),
        "timezone": "Asia/Karachi",
        "platform_fee_percent": 7.5,
        "ticket_categories": [{"name": "Standard", "tier": "standard", "price": "1500.00", "capacity": 100}],
    }
    return Request(body)


def _decide(ground: Any) -> Request:
    event_id = _event(ground)
    asked = edit_requests.ask(
        ground.organizer.account_id,
        event_id,
        changes={"title": "Late evening"},
        reason="It begins later.",
        operation_id=new_id("op"),
    )
    return Request({"decision": "approve"}, path={"request_id": asked.id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_events": lambda _: Request(query="status=published&search=gate&ordering=-starts_at&page_size=5"),
    "admin_create_event": _new,
    "admin_event": lambda _: Request(path={"event_id": demo.EVENT_ID}),
    "admin_change_event": lambda ground: Request({"title": "Late evening"}, path={"event_id": _event(ground)}),
    "admin_delete_event": lambda ground: Request(path={"event_id": _event(ground)}),
    "admin_event_statistics": lambda _: Request(path={"event_id": demo.EVENT_ID}),
    "admin_edit_requests": lambda _: Request(query="status=pending&page_size=5"),
    "admin_decide_edit_request": _decide,
}
# An event, and the requests for changes that a list needs for a second page.
ROWS: list[Callable[[Any], object]] = [_event, _decide, _decide, _decide]
