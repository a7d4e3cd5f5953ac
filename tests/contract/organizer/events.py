"""Requests of the organizers' portal: own events, their analytics, edit requests.

Each takes the ground (tests/contract/ground.py).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.schemas.examples import demo
from tests.contract.request import Request


def _edit(ground: Any) -> Request:
    """An event of its own, so that each edit request differs from the event."""
    now = clock.now()
    event = events.create(
        events.EventDraft(
            title="Evening",
            starts_at=now + timedelta(days=1),
            ends_at=now + timedelta(days=2),
            organizer_id=ground.organizer.account_id,
        )
    )
    return Request({"changes": {"title": "Late evening"}, "reason": "It begins later."}, {"event_id": event.event_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "organizer_dashboard_stats": lambda _: Request(),
    "organizer_events_list": lambda _: Request(query="status=published&search=gate&page_size=5"),
    "organizer_event": lambda _: Request(path={"event_id": demo.EVENT_ID}),
    "organizer_request_edit": _edit,
}
