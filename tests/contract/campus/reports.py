"""Requests of the campus portal: reports."""

from collections.abc import Callable
from typing import Any

from chalicelib import clock
from chalicelib.domain.campus.reports import report_registry
from chalicelib.domain.campus.reports.report_registry import ReportFacts, ReportHashes
from chalicelib.identifiers import new_id
from chalicelib.vocabulary.campus import CampusRole, ReportFormat, ReportKind
from tests.contract.request import Request
from tests.support.campus import make_campus_event


def _verify(_: Any) -> Request:
    facts = ReportFacts(
        report_id=new_id("rep"),
        kind=ReportKind.ATTENDANCE,
        format=ReportFormat.CSV,
        generated_at=clock.now(),
        generated_by=new_id("usr"),
        row_count=1,
    )
    report_registry.register(facts, ReportHashes(full="a" * 64, redacted="b" * 64))
    return Request(path={"report_id": facts.report_id}, query=f"sha256={'B' * 64}")


def _event_of(ground: Any) -> str:
    """Return an event of the teacher of the ground, with nobody in it."""
    return make_campus_event(ground.campus, ground.campus_users[CampusRole.ORGANIZER]).event_id


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_attendance_report": lambda _: Request(query="format=json"),
    "campus_official_report": lambda ground: Request(query=f"event={_event_of(ground)}"),
    "campus_photo_report": lambda ground: Request(query=f"event={_event_of(ground)}"),
    "campus_individual_report": lambda ground: Request(
        path={"user_id": ground.campus_users[CampusRole.STUDENT].account_id}
    ),
    "campus_verify_report": _verify,
}
