"""An event that was deleted, or switched off before it was over, makes nobody absent and is in no rate."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.table.items import Account, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.support import sweeps
from tests.support.attended import attend, correct, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")
EVENTS = "/api/campus/events"


def get(caller: Account, path: str) -> Any:
    answer = call("GET", f"/api/campus/{path}", token=token_of(caller))
    assert answer.status == 200, answer.text
    return answer.json


def end(how: str, event: CampusEvent, by: Account) -> None:
    path = f"{EVENTS}/{event.event_id}/"
    if how == "deleted":
        assert call("DELETE", f"{path}delete/", token=token_of(by)).status == 204
    else:
        assert call("PUT", f"{path}update/", {"is_active": how == "switched on"}, token=token_of(by)).status == 200


class Term:
    """Two events of one day that expect the same three people: one came to the one, the two others to the other."""

    def __init__(self, *, by_rule: bool) -> None:
        self.campus, self.stream = make_campus(), StreamReader()
        self.organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.admin = make_campus_user(self.campus, role=CampusRole.ADMIN)
        # The rule is judged by who had registered, so all of them come before the events.
        names = ("there", "beside", "missing")
        self.people = {name: make_campus_user(self.campus, department="Botany", year_level="1") for name in names}
        self.stream.drain()
        rule = {"expected": {"department": "Botany"}} if by_rule else {}
        self.other = make_campus_event(self.campus, self.organizer, ends_at=NOW + timedelta(minutes=5))
        self.event = make_campus_event(self.campus, self.organizer, ends_at=NOW + timedelta(minutes=5), **rule)
        self.other = list_on_roster(self.other, *self.people.values())
        if not by_rule:
            self.event = list_on_roster(self.event, *self.people.values())
        attend(self.other, self.people["missing"], department="Botany")
        self.records = {
            name: attend(self.event, self.people[name], department="Botany") for name in ("there", "beside")
        }
        self.settle()

    def settle(self) -> None:
        self.stream.drain()
        work()
        sweeps.each_minute()

    def rates(self) -> list[Any]:
        """Return the rates of the day, by every view that shows one."""
        trends = get(self.admin, f"analytics/attendance-trends/?days=1&campus_id={self.campus.campus_id}")
        return [
            get(self.organizer, "analytics/dashboard/")["summary"]["rate"],
            get(self.admin, "analytics/dashboard/")["summary"]["avg_attendance_rate"],
            trends["series"][-1]["rate"],
        ]

    def absences(self) -> tuple[int, int]:
        """Return how often somebody who did not come is absent, and is expected."""
        missing = self.people["missing"]
        summary = get(missing, "analytics/dashboard/")["summary"]
        return summary["absent"], summary["expected"]


@pytest.mark.parametrize(
    ("how", "by_rule"),
    [
        ("deleted", False),
        ("switched off", True),
        pytest.param("deleted", True, marks=pytest.mark.by_day),
        pytest.param("switched off", False, marks=pytest.mark.by_day),
    ],
)
def test_a_cancelled_event_makes_nobody_absent_and_moves_no_rate(how: str, *, by_rule: bool) -> None:
    with clock.set_to(NOW):
        term = Term(by_rule=by_rule)
        assert term.rates() == [0.5] * 3
        end(how, term.event, term.organizer)
        term.settle()
    with clock.set_to(NOW + timedelta(hours=1)):
        assert term.rates() == [0.3333] * 3
        assert term.absences() == (0, 1)
        # What was submitted is there still.
        assert get(term.people["there"], "analytics/dashboard/")["summary"]["present"] == 1
        if how == "switched off":
            figures = get(term.organizer, f"events/{term.event.event_id}/analytics/")
            assert (figures["expected"], figures["submitted"], figures["rate"]) == (None, 2, None)
            assert get(term.organizer, f"events/{term.event.event_id}/attendance/?missing=true")["results"] == []
            end("switched on", term.event, term.organizer)
            term.settle()
            assert term.rates() == [0.5] * 3
            assert term.absences() == (1, 2)


@pytest.mark.parametrize("erased_first", [True, False])
def test_who_was_erased_still_attended_an_event_that_is_switched_off_and_on(*, erased_first: bool) -> None:
    with clock.set_to(NOW):
        term = Term(by_rule=False)
        steps: list[Callable[[], object]] = [
            lambda: correct(term.records["there"], erased_at=NOW),
            lambda: end("switched off", term.event, term.organizer),
        ]
        for step in steps if erased_first else steps[::-1]:
            step()
            term.settle()
        assert term.rates() == [0.3333] * 3
        end("switched on", term.event, term.organizer)
        term.settle()
        assert term.rates() == [0.5] * 3
        figures = get(term.organizer, f"events/{term.event.event_id}/analytics/")
        assert (figures["expected"], figures["submitted"], figures["rate"]) == (3, 2, 0.6667)


def test_an_event_that_is_put_away_after_its_end_keeps_its_absences() -> None:
    with clock.set_to(NOW):
        term = Term(by_rule=False)
    with clock.set_to(NOW + timedelta(hours=1)):
        end("switched off", term.event, term.organizer)
        term.settle()
        assert term.rates() == [0.5] * 3
        assert term.absences() == (1, 2)


def test_an_event_that_was_never_active_expects_nobody() -> None:
    with clock.set_to(NOW):
        campus, stream = make_campus(), StreamReader()
        organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
        event = make_campus_event(campus, organizer, ends_at=NOW + timedelta(minutes=5), is_active=False)
        list_on_roster(event, student)
        stream.drain()
        sweeps.each_minute()
    with clock.set_to(NOW + timedelta(hours=1)):
        summary = get(student, "analytics/dashboard/")["summary"]
        assert (summary["expected"], summary["absent"], summary["rate"]) == (0, 0, None)


@pytest.mark.parametrize(("minutes", "absences"), [(0, 0), (60, 1)])
def test_a_student_finds_no_absence_at_an_event_that_was_switched_off_before_its_end(
    minutes: int, absences: int
) -> None:
    with clock.set_to(NOW):
        campus = make_campus()
        organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
        event = make_campus_event(campus, organizer, ends_at=NOW + timedelta(minutes=5))
        listed = call(
            "PUT", f"{EVENTS}/{event.event_id}/roster/", {"users": [student.account_id]}, token=token_of(organizer)
        )
        assert listed.json["size"] == 1
    with clock.set_to(NOW + timedelta(minutes=minutes)):
        end("switched off", event, organizer)
    with clock.set_to(NOW + timedelta(hours=2)):
        for caller, path in ((student, "attendance/"), (organizer, f"events/{event.event_id}/attendance/")):
            assert len(get(caller, f"{path}?missing=true")["results"]) == absences
