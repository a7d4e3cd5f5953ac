"""Requests of the organizers' portal: own events, their analytics, edit requests.

Each takes the ground (tests/contract/ground.py).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.domain.organizers import event_drafts
from chalicelib.identifiers import new_id
from chalicelib.schemas.examples import demo
from chalicelib.schemas.organizer import events as organizer_schema
from tests.contract.request import Request
from tests.support.settings import configured


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


def _draft() -> dict[str, Any]:
    """The body of a draft whose times are to come, as `clock` has them."""
    begins = clock.now() + timedelta(days=30)
    return {
        "title": "Open air",
        "venue_id": demo.KNOWN_VENUE_ID,
        "starts_at": clock.to_text(begins),
        "ends_at": clock.to_text(begins + timedelta(hours=4)),
        "timezone": "Asia/Karachi",
        "ticket_categories": [{"name": "Standard", "tier": "standard", "price": "1500.00", "capacity": 100}],
    }


def _stored_draft(ground: Any) -> str:
    """A draft that was made for the request, without its daily limit."""
    given = organizer_schema.DraftIn.model_validate(_draft()).changes()
    with configured(LIMIT_DRAFTS_A_DAY=1_000_000):
        draft = event_drafts.create(ground.organizer.account_id, given, operation_id=new_id("op"))
    return draft.event.event_id


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "organizer_dashboard_stats": lambda _: Request(),
    "organizer_events_list": lambda _: Request(query="status=published&search=gate&page_size=5"),
    "organizer_event": lambda _: Request(path={"event_id": demo.EVENT_ID}),
    "organizer_request_edit": _edit,
    "organizer_create_draft": lambda _: Request(_draft()),
    "organizer_change_draft": lambda ground: Request({"title": "Open air 2"}, {"event_id": _stored_draft(ground)}),
    "organizer_submit_draft": lambda ground: Request(path={"event_id": _stored_draft(ground)}),
}
