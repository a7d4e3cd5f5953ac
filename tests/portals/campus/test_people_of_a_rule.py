"""People who come, leave or change their group while an event goes on, and afterwards, and what a rule expects then."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.table.items import Account, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.support import sweeps
from tests.support.attended import attend
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
BEGINS = at("2026-11-27T10:00:00Z")
ENDS = BEGINS + timedelta(hours=1)
RULE: dict[str, Any] = {"department": "Physics", "year_level": "1"}


class Course:
    """A lecture of the first year, planned a week before, and those who were students then."""

    def __init__(self, people: int) -> None:
        self.stream = StreamReader()
        with clock.set_to(BEGINS - timedelta(days=7)):
            self.campus = make_campus()
            self.organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
            self.admin = make_campus_user(self.campus, role=CampusRole.ADMIN)
            self.people = [self.student() for _ in range(people)]
            self.follow()
            times = {"starts_at": BEGINS, "ends_at": ENDS}
            self.event: CampusEvent = make_campus_event(self.campus, self.organizer, expected=RULE, **times)
            self.follow()

    def student(self) -> Account:
        return make_campus_user(self.campus, **RULE)

    def follow(self) -> None:
        while self.stream.drain():
            work()

    def attend(self, *people: Account) -> None:
        for each in people:
            attend(self.event, each, department="Physics")
        self.follow()

    def change(self, person: Account, **body: Any) -> None:
        answer = call("PUT", "/api/campus/auth/profile/update/", body, token=token_of(person))
        assert answer.status == 200, answer.text
        self.follow()

    def office(self, person: Account, **body: Any) -> None:
        answer = call("PUT", f"/api/campus/users/{person.account_id}/", body, token=token_of(self.admin))
        assert answer.status == 200, answer.text
        self.follow()

    def end(self) -> None:
        """Sweep in the minutes after the end."""
        with clock.set_to(ENDS):
            sweeps.begin()
        with clock.set_to(ENDS + timedelta(minutes=2)):
            sweeps.each_minute()
            self.follow()

    def refresh(self) -> None:
        answer = call("POST", "/api/campus/analytics/dashboard/refresh/", token=token_of(self.organizer))
        assert answer.status == 200, answer.text
        self.follow()

    @property
    def figures(self) -> tuple[int | None, float | None]:
        found = self._get(f"events/{self.event.event_id}/analytics/")
        return found["expected"], found["rate"]

    @property
    def of_organizer(self) -> float | None:
        rate: float | None = self._get("analytics/dashboard/")["summary"]["rate"]
        return rate

    @property
    def missing(self) -> set[str]:
        found = self._get(f"events/{self.event.event_id}/attendance/?missing=true")
        return {each["student"]["id"] for each in found["results"]}

    def _get(self, path: str) -> Any:
        answer = call("GET", f"/api/campus/{path}", token=token_of(self.organizer))
        assert answer.status == 200, answer.text
        return answer.json


def test_who_registers_before_the_end_is_expected_also_where_nobody_comes() -> None:
    course = Course(1)
    with clock.set_to(BEGINS - timedelta(hours=1)):
        course.people.append(course.student())
        course.follow()
        assert course.figures == (2, 0.0)
    with clock.set_to(ENDS + timedelta(seconds=1)):
        assert course.figures == (2, 0.0)
        assert course.missing == {each.account_id for each in course.people}


def test_the_figures_of_days_have_those_who_were_expected_at_the_end() -> None:
    course = Course(1)
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(course.people[0])
        course.student()
        course.follow()
    course.end()
    with clock.set_to(ENDS + timedelta(hours=2)):
        assert course.of_organizer == 0.5
        left = course.student()
        course.office(left, is_active=False)
        course.refresh()
        assert (course.figures, course.of_organizer) == ((2, 0.5), 0.5)


@pytest.mark.parametrize("change", [{"year_level": "2"}, {"department": "Chemistry"}])
def test_who_came_and_changes_their_group_before_the_end_is_not_among_those_expected(change: dict[str, Any]) -> None:
    course = Course(3)
    first, second, absent = course.people
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(first, second)
        course.change(second, **change)
        assert (course.figures, course.missing) == ((2, 0.5), {absent.account_id})
        assert course.of_organizer == 0.5
        course.change(second, **RULE)
        assert course.figures == (3, 0.6667)


def test_who_came_and_is_locked_out_before_the_end_is_not_among_those_expected() -> None:
    course = Course(3)
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(*course.people[:2])
        course.office(course.people[0], is_active=False)
        assert course.figures == (2, 0.5)
        course.office(course.people[0], is_active=True)
        assert course.figures == (3, 0.6667)


def test_the_next_year_changes_no_rate_of_an_event_that_is_over() -> None:
    course = Course(3)
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(*course.people[:2])
    course.end()
    with clock.set_to(ENDS + timedelta(hours=2)):
        for each in course.people:
            course.change(each, year_level="2")
        course.refresh()
        assert (course.figures, course.of_organizer) == ((3, 0.6667), 0.6667)
