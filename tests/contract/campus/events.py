"""Requests of the campus portal: events, their code and their roster, of the demo campus's organizer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.campus import CampusRole
from tests.contract.request import Request
from tests.support.campus import make_campus_event

_DEMO = {"event_id": demo.CAMPUS_EVENT_ID}


def _body() -> dict[str, Any]:
    begins = clock.now() + timedelta(days=1)
    return {
        "title": "Optics",
        "location": "Hall 3",
        "latitude": 31.5,
        "longitude": 74.3,
        "start_datetime": clock.to_text(begins),
        "end_datetime": clock.to_text(begins + timedelta(hours=2)),
        "campus": demo.CAMPUS,
        "expected": {"department": demo.DEPARTMENT},
        "retention": {"photos_days": 7},
        "second_window": {
            "start": clock.to_text(begins + timedelta(hours=3)),
            "end": clock.to_text(begins + timedelta(hours=4)),
        },
    }


def _own(ground: Any) -> dict[str, str]:
    event = make_campus_event(ground.campus, ground.campus_users[CampusRole.ORGANIZER])
    return {"event_id": event.event_id}


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_list_events": lambda _: Request(query="page_size=5&date_from=2026-01-01"),
    "campus_create_event": lambda _: Request(_body()),
    "campus_create_events": lambda _: Request({"events": [_body(), _body()]}),
    "campus_event": lambda _: Request(path=_DEMO),
    "campus_change_event": lambda ground: Request({"title": "Optics I", "is_active": True}, path=_own(ground)),
    "campus_delete_event": lambda ground: Request(path=_own(ground)),
    "campus_event_qr": lambda _: Request(path=_DEMO),
    "campus_refresh_qr": lambda ground: Request(path=_own(ground)),
    "campus_roster": lambda _: Request(path=_DEMO, query="page_size=5"),
    "campus_set_roster": lambda ground: Request({"student_ids": [demo.STUDENT_NUMBER]}, path=_own(ground)),
}
