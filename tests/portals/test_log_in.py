"""Log-in: what the answer reveals, what it does not, and how many attempts are allowed."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, new_accounts
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, UsherRole
from infra.local.demo import demo_data
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.factories import PASSWORD, make_event, make_usher, with_second_factor, wrong_second_factor

pytestmark = pytest.mark.usefixtures("moto_cloud")


def log_in(event_id: str, username: str, password: str = PASSWORD) -> Answer:
    return call("POST", "/api/usher/login/", {"event_id": event_id, "username": username, "password": password})


def test_an_usher_gets_tokens_for_one_event_and_the_session_is_kept_without_the_token() -> None:
    event = make_event()
    answer = log_in(event.event_id, make_usher(event, username="gate-1").login).json
    assert answer["usher"]["roles"] == ["ushering"]
    assert (answer["event"]["id"], answer["token_type"], answer["expires_in"]) == (event.event_id, "Bearer", 900)
    session = operations.get(keys.access.session(answer["refresh"].partition(".")[0]))
    assert session is not None
    assert answer["refresh"] not in str(session.attribute_values)


def test_role_and_assignment_are_told_apart() -> None:
    event, other = make_event(), make_event()
    make_usher(event, username="desk", roles=(UsherRole.LEAVE_DESK,))
    make_usher(other, username="elsewhere")
    assert (log_in(event.event_id, "desk").status, log_in(event.event_id, "desk").code) == (403, "FORBIDDEN")
    assert log_in(event.event_id, "elsewhere").code == "NOT_ASSIGNED"


def test_a_wrong_password_and_an_unknown_name_are_told_alike() -> None:
    event = make_event()
    make_usher(event, username="gate-1")
    answers = [log_in(event.event_id, "gate-1", "wrong password"), log_in(event.event_id, "nobody", "wrong password")]
    assert [(answer.status, answer.code, answer.json["error"]["message"]) for answer in answers] == [
        (401, "INVALID_CREDENTIALS", "The log-in or the password is wrong.")
    ] * 2


def test_after_ten_failures_the_name_is_locked_for_the_window_also_for_the_right_password() -> None:
    event = make_event()
    make_usher(event, username="gate-1")
    for _ in range(10):
        assert log_in(event.event_id, "GATE-1", "wrong password").status == 401
    locked = log_in(event.event_id, "gate-1")
    assert (locked.status, locked.code) == (429, "RATE_LIMITED")
    assert 0 < int(locked.headers["retry-after"]) <= 900
    with clock.set_to(clock.now() + timedelta(minutes=16)):
        assert log_in(event.event_id, "gate-1").status == 200


def test_a_deactivated_usher_is_told_only_with_the_right_password() -> None:
    event = make_event()
    usher = make_usher(event, username="gate-1")
    close_account(usher.account_id)
    assert log_in(event.event_id, "gate-1").code == "ACCOUNT_SUSPENDED"
    assert log_in(event.event_id, "gate-1", "wrong password").code == "INVALID_CREDENTIALS"


class TestStaff:
    """Staff log in by mail address, with a second factor where it is switched on."""

    @pytest.fixture
    def admin(self) -> Account:
        return new_accounts.create_admin(email="Staff@example.com", password=PASSWORD, name="S", role=AdminRole.SUPPORT)

    @staticmethod
    def log_in(**more: str) -> Answer:
        return call("POST", "/api/auth/login/", {"email": "staff@EXAMPLE.com", "password": PASSWORD, **more})

    def test_a_role_is_told_with_what_it_may(self, admin: Account) -> None:
        answer = self.log_in().json
        assert answer["admin"] == {
            "id": admin.account_id,
            "email": "Staff@example.com",
            "name": "S",
            "role": "support",
            "permissions": ["support"],
        }
        assert call("GET", "/api/auth/me/", token=answer["access"]).json == answer["admin"]

    def test_a_second_factor_is_needed_and_taken_once(self, admin: Account) -> None:
        secret = with_second_factor(admin)
        code, wrong = pyotp.TOTP(secret).at(clock.now()), wrong_second_factor(secret, clock.now())
        assert self.log_in().status == 401
        assert self.log_in(totp=wrong).status == 401
        assert self.log_in(totp=code).status == 200
        assert self.log_in(totp=code).status == 401

    def test_a_code_is_taken_once_at_whatever_moment_it_comes_again(self, admin: Account) -> None:
        secret = with_second_factor(admin)
        start = datetime.fromtimestamp(int(clock.now().timestamp()) // 300 * 300, UTC)
        # The next steps have other codes.
        totp = pyotp.TOTP(secret)
        while (code := totp.at(start)) in {totp.at(start, counter_offset=step) for step in (-2, -1, 1, 2)}:
            start += timedelta(minutes=5)
        for seconds, status in ((-1, 200), (0, 401), (1, 401), (59, 401)):
            with clock.set_to(start + timedelta(seconds=seconds)):
                assert self.log_in(totp=code).status == status, seconds
        with clock.set_to(start + timedelta(seconds=61)):
            assert self.log_in(totp=pyotp.TOTP(secret).at(clock.now())).status == 200

    def test_a_new_password_ends_every_session(self, admin: Account) -> None:
        pair = self.log_in().json
        body = {"old_password": PASSWORD, "new_password": "another long password"}
        assert call("POST", "/api/auth/change-password/", body, token=pair["access"]).status == 200
        assert call("GET", "/api/auth/me/", token=pair["access"]).status == 401
        assert call("POST", "/api/auth/refresh/", {"refresh": pair["refresh"]}).status == 401
        assert self.log_in().status == 401
        assert accounts.get(admin.account_id).password_hash != admin.password_hash

    @pytest.mark.parametrize("password", ["short", "password123", "x" * 257])
    def test_a_weak_password_is_refused_and_the_old_one_stays(self, password: str, admin: Account) -> None:
        token = self.log_in().json["access"]
        body = {"old_password": PASSWORD, "new_password": password}
        answer = call("POST", "/api/auth/change-password/", body, token=token)
        assert answer.status == 400
        assert [one["field"] for one in answer.json["error"]["details"]] == ["new_password"]
        assert accounts.get(admin.account_id).password_hash == admin.password_hash
        assert self.log_in().status == 200


@pytest.mark.by_day
def test_loading_the_demo_twice_changes_nothing() -> None:
    def everything() -> list[dict[str, object]]:
        pages = operations.client().get_paginator("scan").paginate(TableName="gatehouse")
        return sorted((item for page in pages for item in page["Items"]), key=str)

    demo_data.load()
    before = everything()
    demo_data.load()
    assert everything() == before
