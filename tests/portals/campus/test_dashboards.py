"""Dashboards, trends and departments: what each role sees, of which days, and never a rate without a roster."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import sessions
from chalicelib.table import operations
from chalicelib.table.items import Account, CampusEvent
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus, CampusRole, VerificationStatus
from tests.support import sweeps, whole_store
from tests.support.attended import attend, correct, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")
BASE = "/api/campus/analytics"
DASHBOARD = f"{BASE}/dashboard/"


def show(caller: Account, path: str = DASHBOARD, **query: Any) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    answer = call("GET", f"{path}?{asked}" if asked else path, token=token_of(caller))
    assert answer.status == 200, answer.text
    return answer.json


def test_admins_see_all_campuses_and_no_rate_without_a_roster() -> None:
    here, there, stream = make_campus(), make_campus(), StreamReader()
    with clock.set_to(NOW):
        for campus in (here, there):
            organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
            event = make_campus_event(campus, organizer)
            attend(event, make_campus_user(campus, first_name="Zara"), department="Physics")
            attend(event, make_campus_user(campus), verification_status=VerificationStatus.PENDING)
        stream.drain()
        sweeps.each_minute()
        found = show(make_campus_user(here, role=CampusRole.HR))
    assert found["summary"]["avg_attendance_rate"] is None
    assert found["summary"]["total_events"] >= 2
    assert found["summary"]["pending_count"] >= 2
    assert {"department": "Physics", "avg_rate": None} in found["top_departments"]
    assert "Zara" in {entry["first_name"] for entry in found["recent_activity"]}
    assert found["date_range"] == {"start": "2026-10-29", "end": "2026-11-27"}


def test_organizers_see_their_own_events_and_supervisors_those_of_their_campus() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, colleague = (make_campus_user(campus, role=CampusRole.ORGANIZER) for _ in range(2))
    students = [make_campus_user(campus) for _ in range(4)]
    with clock.set_to(NOW):
        mine = list_on_roster(make_campus_event(campus, organizer, title="Mine"), *students)
        theirs = make_campus_event(campus, colleague, title="Theirs")
        attend(mine, students[0])
        attend(mine, students[1], verification_status=VerificationStatus.FLAGGED)
        attend(theirs, students[2])
        stream.drain()
        found = show(organizer)
        assert found["summary"] == {"events": 1, "submissions": 2, "pending": 0, "flagged": 1, "rate": 0.5}
        assert found["events"] == [{"id": mine.event_id, "title": "Mine", "submitted": 2, "rate": 0.5}]
        assert len(found["recent_activity"]) == 2
        found = show(make_campus_user(campus, role=CampusRole.SUPERVISOR))
        assert {line["title"] for line in found["events"]} == {"Mine", "Theirs"}
        assert found["summary"]["submissions"] == 3
        elsewhere = show(make_campus_user(make_campus(), role=CampusRole.SUPERVISOR))
    assert elsewhere["summary"] == {"events": 0, "submissions": 0, "pending": 0, "flagged": 0, "rate": None}


def test_students_see_their_own_figures_and_what_they_missed() -> None:
    campus, stream = make_campus(), StreamReader()
    with clock.set_to(NOW - timedelta(days=60)):
        organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)

    def on(days_ago: int, **changes: Any) -> CampusEvent:
        begins = NOW - timedelta(days=days_ago, hours=2)
        return make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1), **changes)

    with clock.set_to(NOW):
        missed, first, second, excused = (list_on_roster(on(days), student) for days in (4, 3, 2, 1))
        of_rule = on(6, expected={"department": "physics"})
        on(1, expected={"department": "Chemistry"})
        not_over = list_on_roster(make_campus_event(campus, organizer), student)
        for event, days in ((first, 3), (second, 2), (excused, 1)):
            status = AttendanceStatus.EXCUSED if event is excused else AttendanceStatus.PRESENT
            record = attend(event, student, submitted_at=NOW - timedelta(days=days, hours=2), status=status)
        correct(record, appeal_status=AppealStatus.OPEN)
        stream.drain()
        sweeps.each_minute()
        found = show(student)
    assert {missed.event_id, of_rule.event_id, not_over.event_id}
    assert found["summary"] == {
        "expected": 5,
        "present": 2,
        "late": 0,
        "left_early": 0,
        "excused": 1,
        "absent": 2,
        "rate": 0.5,
        "flagged": 0,
        "open_appeals": 1,
    }
    assert [record["event"]["id"] for record in found["recent"]] == [each.event_id for each in (excused, second, first)]
    assert found["streak"] == 2


def test_an_event_that_moves_or_is_deleted_takes_its_figures_along() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, other = (make_campus_user(campus, role=CampusRole.ORGANIZER) for _ in range(2))
    with clock.set_to(NOW):
        event = make_campus_event(campus, organizer)
        attend(event, make_campus_user(campus))
        stream.drain()
        operations.record(operations.change(event.place, [CampusEvent.organizer_id.set(other.account_id)]))
        _drain_with_jobs(stream)
        assert show(organizer)["summary"]["submissions"] == 0
        assert [line["submitted"] for line in show(other)["events"]] == [1]
        operations.record(operations.change(event.place, [CampusEvent.deleted_at.set(NOW)]))
        _drain_with_jobs(stream)
        found = show(other)
    assert (found["summary"]["events"], found["events"]) == (0, [])


def test_who_is_listed_after_or_taken_off_the_roster_counts_accordingly() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    students = [make_campus_user(campus) for _ in range(3)]
    with clock.set_to(NOW):
        event = make_campus_event(campus, organizer)
        attend(event, students[0])
        attend(event, students[1])
        stream.drain()
        for listed, rate in ((students, 0.6667), (students[1:], 0.5), (students[2:], 0.0)):
            body = {"users": [student.account_id for student in listed]}
            path = f"/api/campus/events/{event.event_id}/roster/"
            assert call("PUT", path, body, token=token_of(organizer)).status == 200
            _drain_with_jobs(stream)
            assert show(organizer)["summary"]["rate"] == rate


def test_a_refresh_counts_again_what_was_not_counted_and_is_limited() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    with clock.set_to(NOW):
        record = attend(make_campus_event(campus, organizer), student)
        stream.drain()
        correct(record, status=AttendanceStatus.LATE)
        stream.skip()
        assert show(student)["summary"]["present"] == 1
        answer = call("POST", f"{DASHBOARD}refresh/", token=token_of(student))
        assert (answer.status, answer.json["recounting"]) == (200, False)
        assert answer.json["dashboard"]["summary"]["late"] == 1
        assert call("POST", f"{DASHBOARD}refresh/", token=token_of(organizer)).json["recounting"] is True
        statuses = [call("POST", f"{DASHBOARD}refresh/", token=token_of(student)).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]


@pytest.mark.parametrize("days", ["0", "100000", "367", "-1"])
@pytest.mark.parametrize(
    "path", ["dashboard/", "histograms/weekly-pattern/", "attendance-trends/", "anomaly-detection/"]
)
def test_days_out_of_range_are_refused_with_the_range(path: str, days: str) -> None:
    admin = make_campus_user(make_campus(), role=CampusRole.ADMIN)
    answer = call("GET", f"{BASE}/{path}?days={days}", token=token_of(admin))
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "days")
    assert "between 1 and 366" in answer.text


@pytest.mark.parametrize("path", ["attendance-trends/", "anomaly-detection/", "department-summary/"])
def test_only_the_office_sees_trends_anomalies_and_departments(path: str) -> None:
    campus = make_campus()
    statuses = {}
    for role in CampusRole:
        answer = call("GET", f"{BASE}/{path}", token=token_of(make_campus_user(campus, role=role)))
        statuses[role.value] = (answer.status, answer.json.get("message"))
    refused = (403, "Permission denied")
    assert {role: statuses[role] for role in ("student", "supervisor", "organizer")} == dict.fromkeys(
        ("student", "supervisor", "organizer"), refused
    )
    assert (statuses["hr"][0], statuses["admin"][0]) == (200, 200)


def test_trends_have_every_day_and_the_mean_of_a_week() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    with clock.set_to(NOW):
        for days_ago, count in ((9, 7), (1, 14), (0, 7)):
            begins = NOW - timedelta(days=days_ago)
            event = make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1))
            for number in range(count):
                attend(event, f"usr_{days_ago}_{number}", submitted_at=begins)
        stream.drain()
        found = show(
            make_campus_user(campus, role=CampusRole.ADMIN),
            f"{BASE}/attendance-trends/",
            days=4,
            campus_id=campus.campus_id,
        )
    assert found["window"] == 7
    assert [(row["date"], row["submitted"], row["moving_average"], row["rate"]) for row in found["series"]] == [
        ("2026-11-24", 0, 1.0, None),
        ("2026-11-25", 0, 0.0, None),
        ("2026-11-26", 14, 2.0, None),
        ("2026-11-27", 7, 3.0, None),
    ]


def test_a_department_has_a_rate_of_the_events_whose_rule_names_it() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    with clock.set_to(NOW):
        students = [make_campus_user(campus, department="Botany") for _ in range(4)]
        _drain_with_jobs(stream)
        for _ in range(2):
            event = make_campus_event(
                campus, organizer, expected={"department": "botany", "campus_id": campus.campus_id}
            )
            attend(event, students[0], department="Botany")
        attend(event, students[1], department="botany", verification_status=VerificationStatus.PENDING)
        attend(event, make_campus_user(campus, department="Zoology"), department="Zoology")
        stream.drain()
        admin = make_campus_user(campus, role=CampusRole.ADMIN)
        found = show(admin, f"{BASE}/department-summary/", campus_id=campus.name)["departments"]
    assert found == [
        {
            "department": "Botany",
            "events": 2,
            "expected": 8,
            "submitted": 3,
            "rate": 0.375,
            "verified": 2,
            "pending": 1,
            "flagged": 0,
        },
        {
            "department": "Zoology",
            "events": 1,
            "expected": None,
            "submitted": 1,
            "rate": None,
            "verified": 1,
            "pending": 0,
            "flagged": 0,
        },
    ]


def _drain_with_jobs(stream: StreamReader) -> None:
    """Project everything, with the jobs that it starts."""
    while stream.drain():
        work()


@pytest.mark.parametrize("role", CampusRole)
def test_who_logged_out_or_was_deactivated_sees_no_dashboard_from_then_on(role: CampusRole) -> None:
    campus = make_campus()
    admin, person = make_campus_user(campus, role=CampusRole.ADMIN), make_campus_user(campus, role=role)
    sessions_of = [sessions.start(person) for _ in range(2)]

    def statuses() -> list[int]:
        return [call("GET", DASHBOARD, token=each.access).status for each in sessions_of]

    assert statuses() == [200, 200]
    body = {"refresh": sessions_of[0].refresh}
    assert call("POST", "/api/campus/auth/logout/", body, token=sessions_of[0].access).status in (200, 204)
    assert statuses() == [401, 200]
    path = f"/api/campus/users/{person.account_id}/"
    assert call("PUT", path, {"is_active": False}, token=token_of(admin)).status == 200
    assert statuses() == [401, 401]


def test_names_of_submissions_follow_an_event_that_moves_and_an_erased_name_is_nowhere() -> None:
    here, there, stream = make_campus(), make_campus(), StreamReader()
    organizer, other = (make_campus_user(here, role=CampusRole.ORGANIZER) for _ in range(2))
    watching = [make_campus_user(campus, role=CampusRole.SUPERVISOR) for campus in (here, there)]
    student, erased = make_campus_user(here, first_name="Zara"), make_campus_user(here, first_name="Yusuf")

    def names(person: Account) -> list[str]:
        return sorted(each["first_name"] for each in show(person)["recent_activity"])

    with clock.set_to(NOW):
        event = make_campus_event(here, organizer)
        attend(event, student)
        record = attend(event, erased)
        stream.drain()
        assert [names(person) for person in (organizer, watching[0])] == [["Yusuf", "Zara"]] * 2
        moved = [CampusEvent.organizer_id.set(other.account_id), CampusEvent.campus_id.set(there.campus_id)]
        operations.record(operations.change(event.place, moved))
        _drain_with_jobs(stream)
        assert [names(person) for person in (other, watching[1])] == [["Yusuf", "Zara"]] * 2
        assert [names(person) for person in (organizer, watching[0])] == [[], []]
        correct(record, erased_at=NOW)
        stream.drain()
        assert [names(person) for person in (other, watching[1])] == [["Zara"]] * 2
    assert not [each for each in whole_store.dump() if "RECENT" in each and "Yusuf" in each]
