"""A merchant's number changes by password and a code to the new one, together with the log-in or not at all."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.contract.ground import stored
from tests.support.asked import requests
from tests.support.client import Answer, call
from tests.support.codes import code_for, code_in, texts
from tests.support.factories import PASSWORD, make_customer, make_merchant, token_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
OLD, NEW = "+923011234567", "+923017654321"
BASE = "/api/merchant"


@pytest.fixture
def merchant(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_merchant(mobile_number=OLD)


@pytest.fixture
def token(merchant: Account) -> str:
    return token_of(merchant)


def begin(token: str, new_mobile: str = NEW, password: str = PASSWORD, **more: Any) -> Answer:
    return call("POST", f"{BASE}/change-mobile/", {"new_mobile": new_mobile, "password": password}, token=token, **more)


def verify(token: str, challenge_id: str, otp: str) -> Answer:
    return call("POST", f"{BASE}/verify-mobile-change/", {"challenge_id": challenge_id, "otp": otp}, token=token)


def begun(token: str, new_mobile: str = NEW) -> tuple[str, str]:
    """Begin a change; return its challenge and code."""
    challenge_id = begin(token, new_mobile).json["challenge_id"]
    return challenge_id, code_for(new_mobile)


def owner_of(number: str) -> str | None:
    login = operations.get(keys.access.login(Portal.MERCHANT, number))
    return login.account_id if login else None


def test_the_code_to_the_new_number_moves_the_log_in(merchant: Account, token: str) -> None:
    challenge_id, code = begun(token)
    assert owner_of(NEW) is None
    answer = verify(token, challenge_id, code)
    assert answer.status == 200, answer.text
    assert (answer.json["id"], answer.json["mobile_number"]) == (merchant.account_id, NEW)
    assert (owner_of(OLD), owner_of(NEW)) == (None, merchant.account_id)
    account = accounts.get(merchant.account_id)
    assert (account.login, account.mobile_number) == (NEW, NEW)
    statuses = [
        call("POST", f"{BASE}/login/", {"mobile_number": number, "password": PASSWORD}).status for number in (OLD, NEW)
    ]
    assert statuses == [401, 200]
    assert call("GET", f"{BASE}/settings/", token=token).status == 200


def test_the_old_number_is_told(token: str) -> None:
    challenge_id, code = begun(token)
    verify(token, challenge_id, code)
    (text,) = texts()
    assert (text["to"], "changed" in text["body"]) == (OLD, True)
    assert NEW not in text["body"]


def test_it_takes_the_password(merchant: Account, token: str) -> None:
    before = stored()
    wrong = begin(token, password="a wrong password")
    assert (wrong.status, wrong.code) == (401, "INVALID_CREDENTIALS")
    assert (texts(), stored()) == ([], before)
    for _ in range(9):
        begin(token, password="a wrong password")
    assert begin(token).code == "RATE_LIMITED"
    assert accounts.get(merchant.account_id).login == OLD


def test_ones_own_number_is_refused(token: str) -> None:
    answer = begin(token, OLD)
    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "new_mobile")
    assert texts() == []


def test_who_has_the_number_is_not_told_before_the_code_is_proven(token: str) -> None:
    make_merchant(mobile_number=NEW)
    free = "+923017654322"
    begin(token, "+923017654323")
    answers: list[Answer] = []
    asked: list[Any] = []
    for number in (NEW, free):
        with requests() as found:
            answers.append(begin(token, number, address=f"192.0.2.{len(asked)}"))
        asked.append(found)
    told = [(answer.status, sorted(answer.json), sorted(answer.headers)) for answer in answers]
    assert told[0] == told[1]
    assert told[0][:2] == (200, ["challenge_id", "expires_in", "otp_required"])
    assert asked[0] == asked[1]
    assert {len(code_in(text)) for text in texts()} == {6}


def test_a_number_in_use_is_409_and_nothing_moves(merchant: Account, token: str) -> None:
    challenge_id, code = begun(token)
    other = make_merchant(mobile_number=NEW)  # taken meanwhile
    answer = verify(token, challenge_id, code)
    assert (answer.status, answer.code) == (409, "ALREADY_EXISTS")
    assert (owner_of(OLD), owner_of(NEW)) == (merchant.account_id, other.account_id)
    assert accounts.get(merchant.account_id).login == OLD
    assert texts() == []
    challenge = operations.get(keys.access.challenge(challenge_id))
    assert challenge is not None
    assert challenge.used_at is None


def test_a_number_that_is_only_a_customers_may_be_taken(merchant: Account, token: str) -> None:
    make_customer(mobile_number=NEW)
    assert verify(token, *begun(token)).status == 200
    assert owner_of(NEW) == merchant.account_id


def test_a_code_moves_the_log_in_once(token: str) -> None:
    challenge_id, code = begun(token)
    assert verify(token, challenge_id, code).status == 200
    again = verify(token, challenge_id, code)
    assert (again.status, again.code) == (400, "OTP_INVALID")


def test_another_shops_challenge_is_no_ones_and_loses_no_try(merchant: Account, token: str) -> None:
    challenge_id, code = begun(token)
    other = make_merchant()
    for _ in range(6):
        assert verify(token_of(other), challenge_id, code).code == "OTP_INVALID"
    assert accounts.get(other.account_id).login == other.login
    assert verify(token, challenge_id, code).status == 200
    assert owner_of(NEW) == merchant.account_id


def test_five_wrong_codes_kill_the_right_one(merchant: Account, token: str) -> None:
    challenge_id, code = begun(token)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert [verify(token, challenge_id, wrong).code for _ in range(5)] == ["OTP_INVALID"] * 5
    assert verify(token, challenge_id, code).code == "OTP_EXHAUSTED"
    assert accounts.get(merchant.account_id).login == OLD


def test_a_code_is_good_for_five_minutes(token: str, merchant: Account) -> None:
    challenge_id, code = begun(token)
    with clock.set_to(clock.now() + timedelta(minutes=5, seconds=1)):
        assert verify(token, challenge_id, code).code == "OTP_EXPIRED"
    assert accounts.get(merchant.account_id).login == OLD


def test_the_next_of_two_changes_leaves_one_log_in(merchant: Account, token: str) -> None:
    first, second = begun(token), begun(token, "+923017654322")
    assert verify(token, *first).status == 200
    assert verify(token, *second).status == 200
    assert [owner_of(number) for number in (OLD, NEW, "+923017654322")] == [None, None, merchant.account_id]


def test_a_log_in_code_to_the_old_number_opens_nothing_more(token: str) -> None:
    waiting = call("POST", f"{BASE}/login/", {"mobile_number": OLD, "password": PASSWORD}).json["challenge_id"]
    old_code = code_for(OLD)
    assert verify(token, *begun(token)).status == 200
    answer = call("POST", f"{BASE}/verify-otp/", {"challenge_id": waiting, "otp": old_code})
    assert (answer.status, answer.code) == (400, "OTP_INVALID")


def test_a_changed_password_voids_a_change_that_was_begun_with_the_old(merchant: Account, token: str) -> None:
    challenge_id, code = begun(token)
    body = {"old_password": PASSWORD, "new_password": "another long password"}
    assert call("POST", f"{BASE}/change-password/", body, token=token).status == 200
    assert verify(token, challenge_id, code).code == "OTP_INVALID"
    assert owner_of(OLD) == merchant.account_id


def test_three_codes_in_a_quarter_of_an_hour_go_to_one_number(token: str) -> None:
    other = token_of(make_merchant())
    assert [begin(each).status for each in (token, other, token, other)] == [200, 200, 200, 429]
