"""A whole campus behind one address registers and logs in within ten minutes, and guessing there stays limited."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.access import limits, throttle
from chalicelib.domain.access.limits import Budget
from chalicelib.table import operations
from chalicelib.table.items import Throttle
from chalicelib.vocabulary.access import Portal
from tests.support.campus import PASSWORD, make_campus, make_campus_user
from tests.support.client import Answer, call
from tests.support.sizes import size_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
STUDENTS = size_of("CAMPUS_STUDENTS", small=30, full=1_000)
CROWD = 1_000
ADDRESS, START = "198.51.100.1", datetime(2026, 11, 20, 8, 1, tzinfo=UTC)
LOST = "a lost one of the tests"


def count_before(budget: Budget, whom: str, tries: int, *, portal: bool = False) -> None:
    """Count tries as if others of the crowd had made them already."""
    name = f"{budget.name} {Portal.CAMPUS}" if portal else budget.name
    place, _ = throttle.window_place(name, whom, budget.window)
    operations.record(operations.put(Throttle(*place, tries=tries, ttl=int(clock.now().timestamp()) + 3_600)))


def log_in(name: str, password: str = PASSWORD) -> Answer:
    return call("POST", "/api/campus/auth/login/", {"username": name, "password": password}, address=ADDRESS)


def test_a_thousand_students_register_and_log_in_behind_one_address_in_ten_minutes() -> None:
    make_campus(name="Main Campus")
    with clock.set_to(START):
        count_before(limits.REGISTRATIONS_AT_CAMPUS, limits.network(ADDRESS), CROWD - STUDENTS)
    for number in range(STUDENTS):
        with clock.set_to(START + timedelta(minutes=5) * number / STUDENTS):
            body = {
                "username": f"student{number}",
                "email": f"student{number}@campus.example.com",
                "password": PASSWORD,
                "first_name": "Sana",
                "last_name": "Khan",
                "student_id": f"S-{number}",
                "department": "Physics",
                "campus": "main campus",
            }
            answer = call("POST", "/api/campus/auth/register/", body, address=ADDRESS)
            assert answer.status == 201, answer.text
    for number in range(STUDENTS):
        with clock.set_to(START + timedelta(minutes=5) * (1 + number / STUDENTS)):
            # Every fifth mistypes the password once.
            if number % 5 == 0:
                assert log_in(f"student{number}", LOST).code == "INVALID_CREDENTIALS"
            assert log_in(f"student{number}").status == 200, number


def test_one_student_is_guessed_ten_times_by_name_and_address_together() -> None:
    student = make_campus_user(make_campus())
    with clock.set_to(START):
        tried = [log_in(name, LOST) for name in [student.login, str(student.email)] * 5]
        assert {answer.code for answer in tried} == {"INVALID_CREDENTIALS"}
        for name in (student.login, str(student.email), str(student.email).upper()):
            refused = log_in(name)
            assert (refused.status, refused.code) == (429, "RATE_LIMITED")
            assert int(refused.headers["retry-after"]) > 0
        # Nobody else behind the address is refused.
        assert log_in(make_campus_user(make_campus()).login).status == 200


def test_from_a_thousand_wrong_passwords_an_address_is_refused_guessing_but_not_a_first_try() -> None:
    student, other = make_campus_user(make_campus()), make_campus_user(make_campus())
    with clock.set_to(START):
        count_before(limits.WRONG_PASSWORDS_FROM_CAMPUS, limits.network(ADDRESS), 999, portal=True)
        assert log_in(student.login, LOST).code == "INVALID_CREDENTIALS"
        assert log_in(student.login, LOST).code == "RATE_LIMITED"
        assert log_in(other.login).status == 200


def test_registrations_of_more_than_any_campus_are_refused() -> None:
    with clock.set_to(START):
        count_before(limits.REGISTRATIONS_AT_CAMPUS, limits.network(ADDRESS), limits.REGISTRATIONS_AT_CAMPUS.allowed)
        body = {"username": "one", "email": "one@campus.example.com", "password": PASSWORD, "first_name": "Sana"}
        full = {**body, "last_name": "Khan", "department": "Physics", "campus": "Main Campus"}
        answer = call("POST", "/api/campus/auth/register/", full, address=ADDRESS)
    assert (answer.status, answer.code) == (429, "RATE_LIMITED")
    assert "registrations from your address" in answer.json["error"]
