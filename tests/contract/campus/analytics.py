"""Requests of the campus portal: analytics."""

from collections.abc import Callable
from typing import Any

from chalicelib.vocabulary.campus import CampusRole
from tests.contract.request import Request
from tests.support.campus import make_campus_event

_HISTOGRAMS = ("hourly", "verification_time", "departments", "weekly")
_REPORTS = ("attendance_trends", "department_summary", "anomaly_detection")


def _of_event(ground: Any) -> Request:
    event = make_campus_event(ground.campus, ground.campus_users[CampusRole.ORGANIZER])
    return Request(path={"event_id": event.event_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_event_analytics": _of_event,
    "campus_realtime": _of_event,
    "campus_realtime_ticket": _of_event,
    "campus_dashboard": lambda _: Request(query="days=30"),
    "campus_refresh_dashboard": lambda _: Request(),
    **{f"campus_histogram_{name}": lambda _: Request(query="days=7") for name in _HISTOGRAMS},
    **{f"campus_{name}": lambda _: Request(query="days=30") for name in _REPORTS},
}
