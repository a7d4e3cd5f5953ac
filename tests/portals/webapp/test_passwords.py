"""A customer's password: changed with the old one, reset by a code, guessed at ten times."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, sessions
from chalicelib.domain.access.sessions import Tokens
from chalicelib.table.items import Account
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")
NUMBER = "+923001234567"
NEW = "another long password"
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
USERS = "/api/v1/users"


@pytest.fixture
def customer(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_customer(mobile_number=NUMBER)


def change(token: str, **changes: str) -> Answer:
    return call(
        "POST", f"{USERS}/change-password/", {"old_password": PASSWORD, "new_password": NEW, **changes}, token=token
    )


def forgotten(number: str = NUMBER) -> Answer:
    return call("POST", f"{USERS}/forgot-password/request-otp/", {"mobile_number": number})


def reset(otp: str, **changes: Any) -> Answer:
    body = {"mobile_number": NUMBER, "otp": otp, "new_password": NEW, **changes}
    return call("POST", f"{USERS}/reset-password/", body)


def lives(pair: Tokens) -> tuple[int, int]:
    """Return how a session's two tokens are answered."""
    me = call("GET", f"{USERS}/me/", token=pair.access).status
    return me, call("POST", f"{USERS}/token/refresh/", {"refresh": pair.refresh}).status


def log_in(password: str) -> int:
    return call("POST", f"{USERS}/login/", {"mobile_number": NUMBER, "password": password}).status


class TestChange:
    """A change needs the old password and ends every session but the one that made it."""

    def test_the_other_sessions_end_and_this_one_goes_on(self, customer: Account) -> None:
        own, other = sessions.start(customer), sessions.start(customer)
        assert change(own.access).status == 200
        assert (lives(own), lives(other)) == ((200, 200), (401, 401))
        assert (log_in(PASSWORD), log_in(NEW)) == (401, 200)

    def test_that_holds_in_containers_that_read_it_from_the_table(self, customer: Account) -> None:
        own, other = sessions.start(customer), sessions.start(customer)
        change(own.access)
        forget_caches()
        assert (lives(own), lives(other)) == ((200, 200), (401, 401))

    def test_the_next_change_from_elsewhere_ends_it(self, customer: Account) -> None:
        own = sessions.start(customer)
        change(own.access)
        with clock.set_to(clock.now() + timedelta(seconds=2)):
            later = sessions.start(accounts.get(customer.account_id))
            assert change(later.access, old_password=NEW, new_password=PASSWORD).status == 200
            assert (lives(own), lives(later)) == ((401, 401), (200, 200))

    def test_a_closed_account_keeps_no_session(self, customer: Account) -> None:
        own = sessions.start(customer)
        change(own.access)
        close_account(customer.account_id)
        assert lives(own) == (401, 403)

    def test_a_session_that_was_ended_stays_ended(self, customer: Account) -> None:
        own = sessions.start(customer)
        change(own.access)
        call("POST", f"{USERS}/logout/", token=own.access)
        assert lives(own) == (401, 401)

    def test_a_wrong_old_password_changes_nothing(self, customer: Account) -> None:
        own, other = sessions.start(customer), sessions.start(customer)
        wrong = change(own.access, old_password="a wrong password")
        assert (wrong.status, wrong.code) == (401, "INVALID_CREDENTIALS")
        assert accounts.get(customer.account_id).password_hash == customer.password_hash
        assert (lives(own), lives(other)) == ((200, 200), (200, 200))

    @pytest.mark.parametrize("password", ["short", "password123", "x" * 257])
    def test_a_weak_new_password_is_named(self, password: str, customer: Account) -> None:
        answer = change(sessions.start(customer).access, new_password=password)
        assert answer.status == 400
        assert [one["field"] for one in answer.json["error"]["details"]] == ["new_password"]
        assert accounts.get(customer.account_id).password_hash == customer.password_hash

    def test_guesses_at_the_old_password_count_apart_from_those_at_the_door(self, customer: Account) -> None:
        own = sessions.start(customer)
        with clock.set_to(clock.now()):
            assert [change(own.access, old_password="a wrong password").status for _ in range(10)] == [401] * 10
            assert (change(own.access).status, log_in(PASSWORD)) == (429, 200)
            assert [log_in("a wrong password") for _ in range(10)] == [401] * 10
            assert log_in(PASSWORD) == 429
        assert accounts.get(customer.account_id).password_hash == customer.password_hash


class TestReset:
    """A forgotten password is reset by a code, once, and every session ends."""

    def test_the_code_sets_the_password_and_ends_all_sessions(self, customer: Account) -> None:
        pair = sessions.start(customer)
        begun = forgotten()
        assert (begun.status, begun.json["otp_required"]) == (202, True)
        code = code_for(NUMBER)
        assert reset(code).status == 200
        assert lives(pair) == (401, 401)
        assert (log_in(PASSWORD), log_in(NEW)) == (401, 200)
        assert reset(code, new_password="a third long password").code == "OTP_INVALID"

    def test_whoever_logs_in_a_millisecond_later_is_in(self, customer: Account) -> None:
        with clock.set_to(START):
            before = sessions.start(customer)
            forgotten()
            assert reset(code_for(NUMBER)).status == 200
            meanwhile = sessions.start(accounts.get(customer.account_id))
        with clock.set_to(START + timedelta(milliseconds=1)):
            assert [lives(pair) for pair in (before, meanwhile)] == [(401, 401), (401, 401)]
            assert lives(sessions.start(accounts.get(customer.account_id))) == (200, 200)

    def test_it_ends_also_the_session_that_a_change_has_kept(self, customer: Account) -> None:
        own = sessions.start(customer)
        change(own.access)
        forgotten()
        assert reset(code_for(NUMBER), new_password="a third long password").status == 200
        assert lives(own) == (401, 401)

    def test_a_weak_password_costs_no_try_and_leaves_the_code(self, customer: Account) -> None:
        forgotten()
        code = code_for(NUMBER)
        for _ in range(6):
            assert reset(code, new_password="short").json["error"]["details"][0]["field"] == "new_password"
        assert reset(code).status == 200
        assert accounts.get(customer.account_id).password_hash != customer.password_hash

    def test_who_was_locked_out_by_wrong_guesses_may_log_in_after_it(self, customer: Account) -> None:
        for _ in range(10):
            log_in("a wrong password")
        assert log_in(PASSWORD) == 429
        forgotten()
        assert reset(code_for(NUMBER)).status == 200
        assert log_in(NEW) == 200
        assert accounts.get(customer.account_id).sessions_end_before is not None

    def test_a_number_without_an_account_is_told_the_same_and_gets_nothing(self, customer: Account) -> None:
        known, unknown = forgotten(), forgotten("+923007654321")
        assert known.status == unknown.status == 202
        assert set(known.json) == set(unknown.json)
        assert [(text["to"] == NUMBER, text["decoy"]) for text in texts()] == [(True, False), (False, True)]
        assert customer.account_id not in unknown.text

    def test_no_code_resets_where_there_is_no_account(self) -> None:
        forgotten()
        answers = [reset(f"{n:08}") for n in range(6)]
        assert [answer.code for answer in answers] == ["OTP_INVALID"] * 5 + ["OTP_EXHAUSTED"]
