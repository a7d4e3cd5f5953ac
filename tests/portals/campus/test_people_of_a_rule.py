"""People who come, leave or change their group while an event goes on, and afterwards, and what a rule expects then."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance.attendance_ids import attendance_id
from chalicelib.domain.campus.privacy import campus_erasure
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

    def set_rule(self, rule: dict[str, Any]) -> None:
        path = f"/api/campus/events/{self.event.event_id}/update/"
        answer = call("PUT", path, {"expected": rule}, token=token_of(self.organizer))
        assert answer.status == 200, answer.text
        self.follow()

    def erase(self, person: Account) -> None:
        job_id = campus_erasure.begin(person.account_id, by="operator")
        self.follow()
        with clock.set_to(clock.now() + campus_erasure.QUIET):
            while campus_erasure.run_step(job_id):
                pass
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
        return self.missing_by_page(100)

    def missing_by_page(self, size: int) -> set[str]:
        path, found, cursor = f"events/{self.event.event_id}/attendance/?missing=true", list[str](), ""
        while True:
            page = self._get(f"{path}&page_size={size}{cursor}")
            found += [each["student"]["id"] for each in page["results"]]
            if page["next"] is None:
                assert len(found) == len({*found})
                return {*found}
            cursor = f"&cursor={page['next']}"

    def own(self, person: Account) -> tuple[int, int, float | None]:
        """Return how often a student was expected and absent, and their rate, by their own dashboard."""
        summary = self._get("analytics/dashboard/", person)["summary"]
        return summary["expected"], summary["absent"], summary["rate"]

    def own_missing(self, person: Account) -> list[str]:
        found = self._get(f"attendance/?missing=true&event={self.event.event_id}", person)
        return [each["id"] for each in found["results"]]

    def appeal(self, person: Account) -> int:
        place = f"/api/campus/attendance/{attendance_id(self.event.event_id, person.account_id)}/appeal/"
        body = {"statement": "I was there", "event_id": self.event.event_id}
        return call("POST", place, body, token=token_of(person)).status

    def _get(self, path: str, account: Account | None = None) -> Any:
        answer = call("GET", f"/api/campus/{path}", token=token_of(account or self.organizer))
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


@pytest.mark.parametrize("change", [{"year_level": "2"}, {"department": "Chemistry"}])
def test_who_moves_to_another_group_has_missed_what_their_former_one_had(change: dict[str, Any]) -> None:
    course = Course(3)
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(course.people[0])
    course.end()
    with clock.set_to(ENDS + timedelta(hours=2)):
        moved, stays = course.people[1:]
        course.change(moved, **change)
        assert (course.figures, course.missing) == ((3, 0.3333), {moved.account_id, stays.account_id})
        assert course.missing_by_page(1) == course.missing
        assert course.own(moved) == course.own(stays) == (1, 1, 0.0)
        assert course.own_missing(moved) == [attendance_id(course.event.event_id, moved.account_id)]
        assert course.appeal(moved) == 201
        course.change(moved, **RULE)
        assert course.missing == {moved.account_id, stays.account_id}


@pytest.mark.parametrize("former", [{"year_level": "2"}, {"department": "Chemistry"}])
def test_who_joins_a_group_has_missed_nothing_that_was_before(former: dict[str, Any]) -> None:
    course = Course(2)
    with clock.set_to(BEGINS - timedelta(hours=1)):
        joins = make_campus_user(course.campus, **RULE | former)
        course.follow()
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(course.people[0])
    course.end()
    with clock.set_to(ENDS + timedelta(hours=2)):
        course.change(joins, **{name: RULE[name] for name in former})
        assert (course.figures, course.missing) == ((2, 0.5), {course.people[1].account_id})
        assert course.own(joins) == (0, 0, None)
        assert (course.own_missing(joins), course.appeal(joins)) == ([], 404)


def test_who_comes_back_has_missed_nothing_that_was_meanwhile() -> None:
    course = Course(3)
    away, came, absent = course.people
    with clock.set_to(BEGINS - timedelta(days=1)):
        course.office(away, is_active=False)
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(came)
    course.end()
    with clock.set_to(ENDS + timedelta(hours=2)):
        course.office(away, is_active=True)
        course.office(absent, is_active=False)
        course.office(absent, is_active=True)
    with clock.set_to(ENDS + timedelta(hours=3)):
        assert (course.figures, course.missing) == ((2, 0.5), {absent.account_id})
        assert (course.own(away), course.own_missing(away)) == ((0, 0, None), [])
        assert course.own(absent) == (1, 1, 0.0)


def test_a_rule_that_is_set_later_expects_those_who_were_in_its_group() -> None:
    course = Course(3)
    moved, left, came = course.people
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(came)
        joins = make_campus_user(course.campus, department="Chemistry", year_level="1")
        course.follow()
    course.end()
    with clock.set_to(ENDS + timedelta(hours=2)):
        course.change(moved, department="Chemistry")
        course.office(left, is_active=False)
        course.change(joins, department="Physics")
        course.student()
        course.follow()
        course.set_rule({"department": "Physics"})
        assert (course.figures, course.missing) == ((3, 0.3333), {moved.account_id, left.account_id})
        assert course.of_organizer == 0.3333


@pytest.mark.parametrize("is_first", [True, False])
def test_who_is_erased_before_the_end_is_not_among_those_expected(*, is_first: bool) -> None:
    course = Course(4)
    with clock.set_to(BEGINS + timedelta(minutes=5)):
        course.attend(*course.people[:2])
    with clock.set_to(BEGINS + timedelta(minutes=10)):
        course.erase(course.people[0] if is_first else course.people[2])
        assert course.figures == ((3, 0.3333) if is_first else (3, 0.6667))
    course.end()
    with clock.set_to(ENDS + timedelta(hours=2)):
        assert course.figures == ((3, 0.3333) if is_first else (3, 0.6667))
        assert course.of_organizer == course.figures[1]
        assert len(course.missing) == (2 if is_first else 1)
        course.erase(course.people[1])
        course.refresh()
        assert course.figures == ((3, 0.3333) if is_first else (3, 0.6667))
        assert course.of_organizer == course.figures[1]
