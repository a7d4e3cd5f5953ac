"""An event that moves to another campus takes its records and appeals along, and its staff have all of them."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance.attendance_ids import attendance_id
from chalicelib.table.items import Account
from chalicelib.vocabulary.campus import CampusRole
from tests.support.attended import attend, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.factories import at
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")


def ask(by: Account, path: str, body: Any = None, *, method: str | None = None) -> Answer:
    return call(method or ("GET" if body is None else "POST"), f"/api/campus/{path}", body, token=token_of(by))


def test_records_and_appeals_follow_their_event_to_another_campus() -> None:
    here, there, stream = make_campus(), make_campus(), StreamReader()
    organizer, admin = make_campus_user(here, role=CampusRole.ORGANIZER), make_campus_user(here, role=CampusRole.ADMIN)
    before, after = (make_campus_user(campus, role=CampusRole.SUPERVISOR) for campus in (here, there))
    present, absent = make_campus_user(here), make_campus_user(here)
    with clock.set_to(NOW):
        event = make_campus_event(here, organizer, ends_at=NOW + timedelta(minutes=1))
        event = list_on_roster(event, present, absent)
        record = attend(event, present, flags={"impossible_travel": {"speed": 900}})
    absence = attendance_id(event.event_id, absent.account_id)
    with clock.set_to(NOW + timedelta(hours=1)):
        own = ask(present, f"attendance/{record.attendance_id}/appeal/", {"statement": "I was in time."})
        none = ask(absent, f"attendance/{absence}/appeal/", {"statement": "I came.", "event_id": event.event_id})
        assert (own.status, none.status) == (201, 201)
        stream.drain()
        assert ask(admin, f"events/{event.event_id}/update/", {"campus": there.campus_id}, method="PUT").status == 200
        stream.drain()
        work()
        stream.drain()
        for campus, number in ((here, 0), (there, 1)):
            path = f"analytics/anomaly-detection/?campus_id={campus.campus_id}"
            assert len(ask(admin, path).json["anomalies"]) == number
        for supervisor, number in ((before, 0), (after, 1)):
            assert ask(supervisor, f"attendance/{record.attendance_id}/").status == (200 if number else 404)
            assert ask(supervisor, f"attendance/{record.attendance_id}/history/").status == (200 if number else 404)
            assert len(ask(supervisor, "attendance/").json["results"]) == number
            assert ask(supervisor, "reports/attendance/").json["totals"]["records"] == number
            assert len(ask(supervisor, "appeals/").json["results"]) == 2 * number
        decision = {"decision": "correct", "status": "late", "note": "You came at five past."}
        for attendance in (record.attendance_id, absence):
            assert ask(before, f"attendance/{attendance}/verify/", decision).status == 404
            answer = ask(after, f"attendance/{attendance}/verify/", decision)
            assert (answer.status, answer.json["status"]) == (200, "late"), answer.text
        assert ask(organizer, f"attendance/{absence}/").json["appeal"]["status"] == "corrected"
