"""Registration, log-in and refresh of the campus portal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from chalicelib import clock
from chalicelib.table.items import Campus
from tests.support.campus import PASSWORD, make_campus, make_campus_user, token_of
from tests.support.client import Answer, call

pytestmark = pytest.mark.usefixtures("moto_cloud")
AUTH = "/api/campus/auth"
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LOST = "a lost one of the tests"


@pytest.fixture
def campus(moto_cloud: None) -> Campus:  # noqa: ARG001  # the ground under it
    return make_campus(name="Main Campus")


def register(**changes: Any) -> Answer:
    body = {
        "username": "sana.khan",
        "email": "Sana@Campus.example.com",
        "password": PASSWORD,
        "first_name": "Sana",
        "last_name": "Khan",
        "student_id": "S-1",
        "department": "Physics",
        "campus": "Main Campus",
        "year_level": "2",
        **changes,
    }
    return call("POST", f"{AUTH}/register/", body)


def log_in(username: str, password: str = PASSWORD, **more: Any) -> Answer:
    return call("POST", f"{AUTH}/login/", {"username": username, "password": password}, **more)


def refresh(token: str, **more: Any) -> Answer:
    return call("POST", f"{AUTH}/refresh/", {"refresh": token}, **more)


def profile(access: str) -> Answer:
    return call("GET", f"{AUTH}/profile/", token=access)


@pytest.mark.usefixtures("campus")
def test_everybody_registers_as_a_student_and_is_logged_in() -> None:
    answer = register(role="admin", is_verified=True)
    assert answer.status == 201
    assert answer.json["message"] == "Registration successful"
    user = answer.json["user"]
    assert user == {
        "id": user["id"],
        "username": "sana.khan",
        "email": "sana@campus.example.com",
        "role": "student",
    }
    claims = jwt.decode(answer.json["tokens"]["access"], options={"verify_signature": False})
    assert (claims["user_id"], claims["role"], claims["aud"]) == (user["id"], "student", "campus")
    shown = profile(answer.json["tokens"]["access"]).json
    assert (shown["campus"], shown["student_id"], shown["is_verified"]) == ("Main Campus", "S-1", False)
    assert refresh(answer.json["tokens"]["refresh"]).status == 200


def test_user_name_and_address_both_log_in(campus: Campus) -> None:
    register(campus=campus.campus_id)
    for name in ("sana.khan", "SANA.Khan ", "sana@campus.example.com", " Sana@CAMPUS.example.com"):
        answer = log_in(name)
        assert answer.status == 200, name
        assert answer.json["user"] == {
            "id": answer.json["user"]["id"],
            "username": "sana.khan",
            "email": "sana@campus.example.com",
            "role": "student",
            "department": "Physics",
            "campus": "Main Campus",
            "is_verified": False,
        }
    assert log_in("sana.khan", LOST).code == "INVALID_CREDENTIALS"


@pytest.mark.usefixtures("campus")
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"email": "other@campus.example.com"}, "username"), ({"username": "other"}, "email")],
)
def test_the_refusal_of_a_taken_name_or_address_names_the_field(changes: dict[str, str], field: str) -> None:
    assert register().status == 201
    answer = register(**changes)
    assert (answer.status, answer.code) == (409, "ALREADY_EXISTS")
    assert answer.json["error"].startswith(f"{field}: ")
    assert answer.json["message"] == answer.json["error"]
    assert answer.json["details"][0]["field"] == field


@pytest.mark.usefixtures("campus")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"campus": "Nowhere"}, "campus: is not a known campus; known are: Main Campus"),
        ({"username": "sana@campus.example.com"}, "username: "),
        ({"email": "nobody"}, "email: "),
        ({"password": "short"}, "password: must have 12"),
        ({"password": "sana.khan2026"}, "password: "),
        ({"first_name": ""}, "first_name: "),
        ({"department": None}, "department: "),
    ],
)
def test_bad_input_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    answer = register(**changes)
    assert answer.status == 400
    assert answer.json["error"].startswith(field)
    assert answer.json["message"] == answer.json["error"]


@pytest.mark.usefixtures("campus")
def test_empty_optional_fields_count_as_left_out() -> None:
    access = register(student_id="", year_level="null").json["tokens"]["access"]
    assert (profile(access).json["student_id"], profile(access).json["year_level"]) == (None, None)


def test_the_refresh_token_of_the_log_in_stays_valid_for_30_days(campus: Campus) -> None:
    student = make_campus_user(campus)
    with clock.set_to(NOW):
        token = log_in(student.login).json["refresh"]
    for later in (timedelta(0), timedelta(seconds=25), timedelta(days=10), timedelta(days=29, hours=23)):
        with clock.set_to(NOW + later):
            answer = refresh(token)
            assert (answer.status, list(answer.json)) == (200, ["access"]), later
            assert profile(answer.json["access"]).status == 200
    with clock.set_to(NOW + timedelta(days=30)):
        assert refresh(token).code == "TOKEN_EXPIRED"


def test_log_out_ends_the_session_and_its_refresh_token(campus: Campus) -> None:
    student = make_campus_user(campus)
    first, second = log_in(student.login).json, log_in(student.login).json
    assert call("POST", f"{AUTH}/logout/", token=first["access"]).status == 200
    assert refresh(first["refresh"]).status == 401
    assert refresh(second["refresh"]).status == 200


def test_the_profile_is_for_campus_only(campus: Campus) -> None:
    assert profile(token_of(make_campus_user(campus))).status == 200
    assert call("GET", f"{AUTH}/profile/").status == 401
