"""Passwords of the campus portal: changed, forgotten, and who hears of it."""

from typing import Any

import pytest

from chalicelib.table.items import Account, Campus
from tests.support.campus import PASSWORD, make_campus, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.codes import code_for, texts

pytestmark = pytest.mark.usefixtures("moto_cloud")
AUTH = "/api/campus/auth"
NEW = "the next long password"


@pytest.fixture
def campus(moto_cloud: None) -> Campus:  # noqa: ARG001  # the ground under it
    return make_campus()


@pytest.fixture
def student(campus: Campus) -> Account:
    return make_campus_user(campus, student_id="ORYX-4711")


def post(act: str, body: Any, **more: Any) -> Answer:
    return call("POST", f"{AUTH}/{act}/", body, **more)


def log_in(student: Account, password: str = PASSWORD) -> Answer:
    return post("login", {"username": student.login, "password": password})


def change(student: Account, **changes: Any) -> Answer:
    body = {"old_password": PASSWORD, "new_password": NEW, **changes}
    return post("password-change", body, token=token_of(student))


def test_a_changed_password_ends_every_session_and_the_owner_hears_of_it(student: Account) -> None:
    pair = log_in(student).json
    texts()
    assert post("password-change", {"old_password": PASSWORD, "new_password": NEW}, token=pair["access"]).status == 200
    assert call("GET", f"{AUTH}/profile/", token=pair["access"]).status == 401
    assert post("refresh", {"refresh": pair["refresh"]}).status == 401
    (notice,) = texts()
    assert (notice["to"], "the password of your campus account was changed" in notice["body"]) == (student.email, True)
    assert log_in(student).status == 401
    assert log_in(student, NEW).status == 200


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"new_password": "short"}, "new_password: must have 12"),
        ({"new_password": "oryx-4711 oryx"}, "new_password: is mostly what others know"),
        ({"old_password": "another one"}, "The old password is wrong."),
    ],
)
def test_a_weak_or_unproven_change_is_refused(student: Account, changes: dict[str, str], problem: str) -> None:
    answer = change(student, **changes)
    assert answer.json["error"].startswith(problem), answer.text
    assert log_in(student).status == 200


def test_a_forgotten_password_is_reset_by_a_code_of_eight_digits(student: Account) -> None:
    refresh = log_in(student).json["refresh"]
    texts()
    assert post("password-reset", {"email": str(student.email).upper()}).status == 202
    (mail,) = texts()
    assert mail["to"] == student.email
    assert "resets your PASSWORD: never tell it to anybody. Asked in campus attendance" in mail["body"]
    assert post("password-reset", {"email": student.email}).status == 202
    code = code_for(str(student.email))
    assert len(code) == 8
    body = {"email": student.email, "code": code, "new_password": NEW}
    wrong = f"{(int(code) + 1) % 10**8:08}"
    assert post("password-reset-confirm", {**body, "code": wrong}).code == "OTP_INVALID"
    assert post("password-reset-confirm", body).status == 200
    assert post("refresh", {"refresh": refresh}).status == 401
    assert log_in(student, NEW).status == 200
    assert post("password-reset-confirm", {**body, "new_password": PASSWORD}).code == "OTP_INVALID"


def test_the_answer_does_not_show_whether_an_address_has_an_account(student: Account) -> None:
    known, unknown = (post("password-reset", {"email": email}) for email in (student.email, "no@campus.example.com"))
    assert (known.status, known.text) == (unknown.status, unknown.text) == (202, "{}")
    assert sorted(text["decoy"] for text in texts()) == [False, True]


def test_a_code_to_a_former_address_is_worth_nothing(student: Account) -> None:
    post("password-reset", {"email": student.email})
    code = code_for(str(student.email))
    changed = call("PUT", f"{AUTH}/profile/update/", {"email": "fresh@campus.example.com"}, token=token_of(student))
    assert changed.status == 200
    body = {"email": student.email, "code": code, "new_password": NEW}
    assert post("password-reset-confirm", body).code == "OTP_INVALID"
    (notice,) = texts()
    assert (notice["to"], "the email address of your campus account" in notice["body"]) == (student.email, True)
