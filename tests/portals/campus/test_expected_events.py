"""Which events expected a student: by roster or by rule, however many others there are, and as all of it changes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.analytics import attendance_counts
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.support.attended import attend
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")
LONG_AGO = NOW - timedelta(days=90)


class Term:
    """A campus with an organizer and a student of Physics, all of them there since long ago."""

    def __init__(self) -> None:
        self.stream = StreamReader()
        with clock.set_to(LONG_AGO):
            self.campus: Campus = make_campus()
            self.organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
            self.student = make_campus_user(self.campus, department="Physics", year_level="2")
        self.token = token_of(self.organizer)

    def event(self, *, days_ago: int = 1, **changes: Any) -> CampusEvent:
        begins = NOW - timedelta(days=days_ago, hours=2)
        times = {"starts_at": begins, "ends_at": begins + timedelta(hours=1)}
        return make_campus_event(self.campus, self.organizer, **{**times, **changes})

    def roster(self, event: CampusEvent, *people: Account, action: str = "replace") -> None:
        body = {"users": [each.account_id for each in people], "action": action}
        answer = call("PUT", f"/api/campus/events/{event.event_id}/roster/", body, token=token_of(self.organizer))
        assert answer.status == 200, answer.text
        assert answer.json["unknown"] == []

    def update(self, event: CampusEvent, **body: Any) -> None:
        path = f"/api/campus/events/{event.event_id}/update/"
        answer = call("PUT", path, body, token=token_of(self.organizer))
        assert answer.status == 200, answer.text

    def follow(self) -> None:
        """Project everything, with the jobs that it starts; the sweep does not run."""
        while self.stream.drain():
            work()

    def figures(self, *, days: int = 30, student: Account | None = None) -> tuple[int, int, float | None]:
        """Return how many events expected a student, how many they missed, and their rate."""
        self.follow()
        path = f"/api/campus/analytics/dashboard/?days={days}"
        answer = call("GET", path, token=token_of(student or self.student))
        assert answer.status == 200, answer.text
        summary = answer.json["summary"]
        return summary["expected"], summary["absent"], summary["rate"]


def text(moment: datetime) -> str:
    return clock.to_text(moment)


def test_a_student_misses_what_a_roster_or_a_rule_expected_before_the_figures_of_all_are_made() -> None:
    term = Term()
    with clock.set_to(NOW):
        attended, missed = term.event(days_ago=4), term.event(days_ago=3)
        term.roster(attended, term.student)
        term.roster(missed, term.student)
        attend(attended, term.student, submitted_at=attended.starts_at)
        term.event(days_ago=2, expected={"department": "physics", "year_level": "2"})
        assert term.figures() == (3, 2, 0.3333)


def test_a_rule_expects_those_who_fit_all_of_it() -> None:
    term = Term()
    own, other = {"campus_id": term.campus.campus_id}, {"campus_id": make_campus().campus_id}
    physics, second = {"department": " PHYSICS"}, {"year_level": "2"}
    naming = [physics, second, own, own | physics, own | second, physics | second, own | physics | second]
    others = [
        {"department": "Chemistry"},
        physics | {"year_level": "3"},
        other,
        other | physics,
        own | {"year_level": "1"},
    ]
    with clock.set_to(LONG_AGO):
        guest = make_campus_user(term.campus, department="Physics", year_level=None)
    with clock.set_to(NOW):
        for rule in (*naming, *others):
            term.event(expected=rule)
        assert term.figures() == (len(naming), len(naming), 0.0)
        assert term.figures(student=guest) == (3, 3, 0.0)


def test_a_months_events_of_one_rule_are_all_counted_however_many_they_are() -> None:
    term, count = Term(), attendance_counts.EVENTS_A_PART + 3
    with clock.set_to(NOW):
        events = [term.event(expected={"department": "Physics"}, title=f"Lecture {number}") for number in range(count)]
        assert term.figures() == (count, count, 0.0)
        # What leaves a part takes nothing else along.
        for event in (events[0], events[-1]):
            attend(event, term.student)
            term.update(event, expected={"department": "Chemistry"})
        assert term.figures() == (count - 2, count - 2, 0.0)


def test_who_comes_to_a_roster_or_leaves_it_is_expected_accordingly() -> None:
    term = Term()
    with clock.set_to(NOW):
        other, event = make_campus_user(term.campus), term.event()
        for people, expected in (((other,), 0), ((other, term.student), 1), ((other,), 0), ((term.student,), 1)):
            term.roster(event, *people)
            assert term.figures()[0] == expected
        term.roster(event, term.student, action="remove")
        assert term.figures() == (0, 0, None)


def test_an_event_that_moves_to_another_day_is_expected_there() -> None:
    term = Term()
    with clock.set_to(NOW):
        listed, ruled = term.event(days_ago=3), term.event(days_ago=3, expected={"department": "Physics"})
        term.roster(listed, term.student)
        assert term.figures(days=7) == (2, 2, 0.0)
        begins = NOW - timedelta(days=40)
        for event in (listed, ruled):
            ends = begins + timedelta(hours=1)
            term.update(event, start_datetime=text(begins), end_datetime=text(ends))
        assert term.figures(days=7) == (0, 0, None)
        assert term.figures(days=60) == (2, 2, 0.0)


def test_an_event_expects_nobody_once_it_is_deleted_or_switched_off_before_its_end() -> None:
    term = Term()
    with clock.set_to(NOW):
        events = [term.event(days_ago=2), term.event(days_ago=2, expected={"department": "Physics"})]
        term.roster(events[0], term.student)
        assert term.figures() == (2, 2, 0.0)
    with clock.set_to(events[0].starts_at):
        for event in events:
            term.update(event, is_active=False)
    with clock.set_to(NOW):
        assert term.figures() == (0, 0, None)
        for event in events:
            term.update(event, is_active=True)
        assert term.figures() == (2, 2, 0.0)
        for event in events:
            path = f"/api/campus/events/{event.event_id}/delete/"
            assert call("DELETE", path, token=token_of(term.organizer)).status in (200, 204)
        assert term.figures() == (0, 0, None)


def test_a_rule_that_is_set_later_or_replaced_by_a_roster_expects_whom_it_names() -> None:
    term = Term()
    with clock.set_to(NOW):
        event, other = term.event(), make_campus_user(term.campus)
        assert term.figures() == (0, 0, None)
        term.update(event, expected={"department": "Physics"})
        assert term.figures() == (1, 1, 0.0)
        term.roster(event, other)
        assert term.figures() == (0, 0, None)
        term.roster(event, other, action="remove")
        assert term.figures() == (1, 1, 0.0)


def test_a_student_who_changes_department_is_expected_where_they_were() -> None:
    term = Term()
    with clock.set_to(NOW):
        term.event(expected={"department": "Physics"})
        term.event(expected={"department": "Chemistry"})
        answer = call(
            "PUT", "/api/campus/auth/profile/update/", {"department": "chemistry"}, token=token_of(term.student)
        )
        assert answer.status == 200, answer.text
        assert term.figures()[0] == 1
    with clock.set_to(NOW + timedelta(days=3)):
        term.event(days_ago=1, expected={"department": "Chemistry"})
        term.event(days_ago=1, expected={"department": "Physics"})
        assert term.figures()[0] == 2


def test_an_excuse_beforehand_and_a_correction_of_it_hold_in_the_events_days() -> None:
    term = Term()
    with clock.set_to(NOW):
        event = term.event(days_ago=2)
        term.roster(event, term.student)
    with clock.set_to(NOW - timedelta(days=20)):
        body = {"student_id": term.student.account_id, "status": "excused", "reason": "ill"}
        path = f"/api/campus/events/{event.event_id}/attendance/"
        assert call("POST", path, body, token=token_of(term.organizer)).status == 201
    with clock.set_to(NOW):
        assert term.figures(days=7) == (1, 0, None)
        answer = call("POST", path, {**body, "status": "absent"}, token=token_of(term.organizer))
        assert answer.status in (200, 201), answer.text
        assert term.figures(days=7) == (1, 1, 0.0)


def test_a_place_on_a_roster_is_counted_once_however_often_the_stream_says_so() -> None:
    term = Term()
    with clock.set_to(NOW):
        event = term.event()
        term.roster(event, term.student)
        again = term.stream.fork()
        assert term.figures() == (1, 1, 0.0)
        again.drain()
        work()
        assert term.figures() == (1, 1, 0.0)
        mine = keys.campus_analytics.of_student(term.student.account_id)
        row = operations.get_raw([keys.campus_analytics.event_of_day(mine, "2026-11-26", event.event_id)], ["li"])
    assert row == [{"li": {"N": "1"}}]
