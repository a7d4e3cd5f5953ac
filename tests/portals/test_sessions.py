"""Sessions over HTTP: what a log-in permits, and what ends it."""

from collections.abc import Callable
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, new_accounts, sessions
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, Session
from chalicelib.vocabulary.access import AdminRole, Portal
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.factories import PASSWORD, make_event, make_usher

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def event() -> Event:
    return make_event()


@pytest.fixture
def usher(event: Event) -> Account:
    return make_usher(event, username="gate-1")


@pytest.fixture
def pair(event: Event, usher: Account) -> sessions.Tokens:
    return sessions.start(usher, event_id=event.event_id)


def refresh(token: str) -> Answer:
    return call("POST", "/api/usher/token/refresh/", {"refresh": token})


def works(access: str) -> bool:
    return call("GET", "/api/usher/events/", token=access).status == 200


def stored(token: str) -> Session:
    session = operations.get(keys.access.session(token.partition(".")[0]))
    assert session is not None
    return session


def test_a_refresh_spends_the_token_and_the_access_token_that_comes_opens_the_door(pair: sessions.Tokens) -> None:
    answer = refresh(pair.refresh).json
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)
    assert answer["refresh"] != pair.refresh
    assert works(answer["access"])
    assert stored(pair.refresh).generation == 2
    assert refresh(answer["refresh"]).status == 200


def test_a_lost_answer_is_given_again_within_twenty_seconds_and_not_after(pair: sessions.Tokens) -> None:
    start = clock.now()
    with clock.set_to(start):
        successor = refresh(pair.refresh).json["refresh"]
    with clock.set_to(start + sessions.GRACE):
        assert refresh(pair.refresh).json["refresh"] == successor
    with clock.set_to(start + sessions.GRACE + timedelta(milliseconds=1)):
        reused = refresh(pair.refresh)
    assert (reused.status, reused.code) == (401, "TOKEN_REUSED")


def test_a_token_that_was_used_twice_ends_the_session_for_thief_and_owner(pair: sessions.Tokens) -> None:
    mine = refresh(pair.refresh).json
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        assert refresh(pair.refresh).code == "TOKEN_REUSED"
        assert refresh(mine["refresh"]).status == 401
        assert not works(mine["access"])
    assert stored(pair.refresh).ended_at is not None


def test_a_refresh_token_lives_thirty_days(pair: sessions.Tokens) -> None:
    with clock.set_to(clock.now() + timedelta(days=29, hours=23)):
        assert refresh(pair.refresh).status == 200
    with clock.set_to(clock.now() + timedelta(days=30, seconds=1)):
        expired = refresh(pair.refresh)
    assert (expired.status, expired.code) == (401, "TOKEN_EXPIRED")
    # What has expired for good is not refreshed.
    assert expired.json["error"]["message"] == "The session has expired. Log in again."


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.replace(".1.", ".2."), lambda _: "x"]
)
def test_a_refresh_token_that_the_platform_did_not_make_ends_nobodys_session(
    spoil: Callable[[str], str], pair: sessions.Tokens
) -> None:
    answer = refresh(spoil(pair.refresh))
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert "refresh token" in answer.json["error"]["message"]
    assert stored(pair.refresh).ended_at is None
    assert refresh(pair.refresh).status == 200


def test_a_log_out_ends_this_session_and_no_other(event: Event, usher: Account, pair: sessions.Tokens) -> None:
    other = sessions.start(usher, event_id=event.event_id)
    assert call("POST", "/api/usher/logout/", token=pair.access).status == 200
    assert not works(pair.access)
    assert refresh(pair.refresh).status == 401
    assert works(other.access)


def test_a_deactivated_usher_is_out_of_every_session(event: Event, usher: Account, pair: sessions.Tokens) -> None:
    other = sessions.start(usher, event_id=event.event_id)
    close_account(usher.account_id)
    for one in (pair, other):
        assert not works(one.access)
        assert (refresh(one.refresh).status, refresh(one.refresh).code) == (403, "ACCOUNT_SUSPENDED")


def test_a_new_password_ends_the_sessions_that_the_old_one_began(event: Event, pair: sessions.Tokens) -> None:
    usher = accounts.find(Portal.USHER, "gate-1")
    assert usher is not None
    accounts.change_password(usher.account_id, old_password=PASSWORD, new_password="a wholly new one")
    assert not works(pair.access)
    assert refresh(pair.refresh).status == 401
    with clock.set_to(clock.now() + timedelta(seconds=2)):
        body = {"event_id": event.event_id, "username": "gate-1", "password": "a wholly new one"}
        assert works(call("POST", "/api/usher/login/", body).json["access"])


def test_who_is_no_longer_assigned_is_not_refreshed(usher: Account, pair: sessions.Tokens) -> None:
    operations.record(operations.change(keys.access.account(usher.account_id), [Account.event_ids.set([])]))
    assert refresh(pair.refresh).code == "NOT_ASSIGNED"


class TestCookie:
    """A browser of the staff keeps its refresh token where no script reads it."""

    @pytest.fixture
    def login(self) -> Answer:
        new_accounts.create_admin(email="a@example.com", password=PASSWORD, name="A", role=AdminRole.ADMIN)
        return call("POST", "/api/auth/login/?cookie=1", {"email": "a@example.com", "password": PASSWORD})

    @staticmethod
    def refresh(cookie: str, csrf: str | None) -> Answer:
        headers = {"cookie": f"other=1; gatehouse_refresh={cookie}", **({"x-csrf-token": csrf} if csrf else {})}
        return call("POST", "/api/auth/refresh/", {}, headers=headers)

    @staticmethod
    def cookie_of(answer: Answer) -> Any:
        return SimpleCookie(answer.headers["set-cookie"])["gatehouse_refresh"]

    def test_the_token_stands_in_the_cookie_alone(self, login: Answer) -> None:
        cookie = self.cookie_of(login)
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Strict")
        assert (cookie["path"], cookie["max-age"]) == ("/api/auth", str(30 * 24 * 3600))
        assert login.json["refresh"] is None
        assert cookie.value not in login.text

    def test_each_refresh_brings_the_next_cookie_with_its_own_csrf_token(self, login: Answer) -> None:
        first = self.cookie_of(login).value
        second = self.refresh(first, login.json["csrf_token"])
        assert second.json["refresh"] is None
        assert self.cookie_of(second).value != first
        assert second.json["csrf_token"] != login.json["csrf_token"]
        assert self.refresh(self.cookie_of(second).value, login.json["csrf_token"]).status == 401
        assert self.refresh(self.cookie_of(second).value, second.json["csrf_token"]).status == 200

    def test_a_cookies_token_is_not_taken_from_a_body(self, login: Answer) -> None:
        token = self.cookie_of(login).value
        assert call("POST", "/api/auth/refresh/", {"refresh": token}).status == 401
        assert self.refresh(token, None).status == 401
        assert self.refresh(token, login.json["csrf_token"]).status == 200

    def test_a_log_out_drops_the_cookie(self, login: Answer) -> None:
        token = self.cookie_of(login).value
        headers = {"cookie": f"gatehouse_refresh={token}"}
        answer = call("POST", "/api/auth/logout/", token=login.json["access"], headers=headers)
        assert self.cookie_of(answer)["max-age"] == "0"
        assert self.refresh(token, login.json["csrf_token"]).status == 401
