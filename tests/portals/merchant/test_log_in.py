"""A merchant's log-in: password, then a code to the number; the same number may be a customer's and an organizer's."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, tokens
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_customer, make_merchant, make_organizer

pytestmark = pytest.mark.usefixtures("moto_cloud")
NUMBER = "+923011234567"
BASE = "/api/merchant"


@pytest.fixture
def merchant(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_merchant(mobile_number=NUMBER)


def log_in(password: str = PASSWORD, number: str = NUMBER) -> Answer:
    return call("POST", f"{BASE}/login/", {"mobile_number": number, "password": password})


def verify(otp: str, *, of: Answer | None = None) -> Answer:
    name = {"challenge_id": of.json["challenge_id"]} if of else {"mobile_number": NUMBER}
    return call("POST", f"{BASE}/verify-otp/", {**name, "otp": otp})


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_password_and_code_open_a_session_of_the_merchants_portal(merchant: Account) -> None:
    begun = log_in()
    assert begun.status == 200
    assert begun.json == {"otp_required": True, "challenge_id": begun.json["challenge_id"], "expires_in": 300}
    answer = verify(code_for(NUMBER), of=begun)
    assert answer.status == 200, answer.text
    assert answer.json["merchant"] == {
        "id": merchant.account_id,
        "name": "Liberty Books",
        "mobile_number": NUMBER,
        "email": None,
        "address": "",
        "city": "",
        "status": "active",
        "card_fee": {"amount": "500.00", "currency": "PKR"},
    }
    principal = tokens.verify(answer.json["access"], Portal.MERCHANT)
    assert (principal.id, principal.claims) == (merchant.account_id, {})
    session = operations.get(keys.access.session(principal.session_id))
    assert session is not None
    assert (session.portal, session.account_id) == ("merchant", merchant.account_id)
    assert call("GET", f"{BASE}/settings/", token=answer.json["access"]).status == 200


def test_a_national_number_and_the_number_in_place_of_the_challenge_will_do(merchant: Account) -> None:
    assert log_in(number="0301 1234567").status == 200
    assert verify(code_for(NUMBER)).json["merchant"]["id"] == merchant.account_id


def test_a_wrong_password_and_an_unknown_number_are_told_the_same_and_sent_nothing(merchant: Account) -> None:
    answers = [log_in("a wrong password"), log_in(number="+923017654321")]
    told = [{**answer.json["error"], "request_id": ""} for answer in answers]
    assert told[0] == told[1]
    assert [(answer.status, answer.code) for answer in answers] == [(401, "INVALID_CREDENTIALS")] * 2
    assert texts() == []
    assert accounts.get(merchant.account_id).login == NUMBER


def test_ten_wrong_passwords_lock_the_shop_and_not_the_customer_of_the_same_number(merchant: Account) -> None:
    make_customer(mobile_number=NUMBER)
    for _ in range(10):
        assert log_in("a wrong password").status == 401
    locked = log_in()
    assert (locked.status, locked.code) == (429, "RATE_LIMITED")
    assert 0 < int(locked.headers["retry-after"]) <= 900
    body = {"mobile_number": NUMBER, "password": PASSWORD}
    assert call("POST", "/api/v1/users/login/", body).status == 200
    assert accounts.get(merchant.account_id).status == "active"


def test_a_code_is_taken_once_and_five_wrong_ones_kill_it(merchant: Account) -> None:
    begun = log_in()
    code = code_for(NUMBER)
    assert verify(code, of=begun).json["merchant"]["id"] == merchant.account_id
    assert verify(code, of=begun).code == "OTP_INVALID"
    begun = log_in()
    code = code_for(NUMBER)
    assert [verify(other_than(code), of=begun).code for _ in range(5)] == ["OTP_INVALID"] * 5
    assert verify(code, of=begun).code == "OTP_EXHAUSTED"


def test_a_code_is_good_for_five_minutes(merchant: Account) -> None:
    start = merchant.created_at
    with clock.set_to(start):
        begun = log_in()
        code = code_for(NUMBER)
    with clock.set_to(start + timedelta(minutes=5)):
        assert verify(code, of=begun).code == "OTP_EXPIRED"


def test_one_number_may_be_customer_merchant_and_organizer_each_with_codes_of_their_own(merchant: Account) -> None:
    make_customer(mobile_number=NUMBER)
    make_organizer(contact_mobile=merchant.login)
    doors: dict[str, tuple[str, str, Callable[[Answer], dict[str, str]]]] = {
        "merchant": (f"{BASE}/login/", f"{BASE}/verify-otp/", lambda _: {"mobile_number": NUMBER}),
        "customer": (
            "/api/v1/users/login/",
            "/api/v1/users/verify-login-otp/",
            lambda _: {"mobile_number": NUMBER},
        ),
        "organizer": (
            "/api/organizer/login/",
            "/api/organizer/verify-otp/",
            lambda begun: {"challenge_id": begun.json["challenge_id"]},
        ),
    }
    codes: dict[str, tuple[str, dict[str, str]]] = {}
    for name, (begin, _, shown) in doors.items():
        field = "contact_mobile" if name == "organizer" else "mobile_number"
        begun = call("POST", begin, {field: NUMBER, "password": PASSWORD})
        codes[name] = code_for(NUMBER), shown(begun)
    for name, (_, end, _) in doors.items():
        for other, (code, shown_by) in codes.items():
            if other != name and "challenge_id" in shown_by and code != codes[name][0]:
                assert call("POST", end, {**shown_by, "otp": code}).code == "OTP_INVALID"
    for name, (_, end, _) in doors.items():
        code, shown_by = codes[name]
        assert call("POST", end, {**shown_by, "otp": code}).status == 200, name


def test_three_codes_of_a_portal_and_six_of_all_go_to_one_number_in_a_quarter_of_an_hour(merchant: Account) -> None:
    make_customer(mobile_number=merchant.login)
    make_organizer(contact_mobile=merchant.login)
    assert [log_in().status for _ in range(4)] == [200, 200, 200, 429]
    body = {"mobile_number": NUMBER, "password": PASSWORD}
    assert [call("POST", "/api/v1/users/login/", body).status for _ in range(4)] == [200, 200, 200, 429]
    body = {"contact_mobile": NUMBER, "password": PASSWORD}
    limited = call("POST", "/api/organizer/login/", body)
    assert (limited.status, limited.code) == (429, "RATE_LIMITED")
    assert len(texts()) == 6


def test_a_merchants_code_is_not_sent_again_by_the_customers_door(merchant: Account) -> None:
    begun = log_in()
    before = operations.get(keys.access.challenge(begun.json["challenge_id"]))
    assert before is not None
    code = code_for(merchant.login)
    again = call("POST", "/api/v1/users/resend-otp/", {"challenge_id": begun.json["challenge_id"]})
    assert again.status == 202
    assert texts() == []
    assert verify(code, of=begun).status == 200


def test_a_suspended_shop_is_told_so_only_with_its_password(merchant: Account) -> None:
    begun = log_in()
    code = code_for(NUMBER)
    close_account(merchant.account_id)
    assert log_in("a wrong password").code == "INVALID_CREDENTIALS"
    for refused in (log_in(), verify(code, of=begun)):
        assert (refused.status, refused.code) == (403, "ACCOUNT_SUSPENDED")


def test_a_changed_password_voids_a_code_that_was_sent_before_and_ends_other_sessions(merchant: Account) -> None:
    begun = log_in()
    first = verify(code_for(NUMBER), of=begun).json
    begun = log_in()
    second = verify(code_for(NUMBER), of=begun).json
    waiting = log_in()
    code = code_for(NUMBER)
    body = {"old_password": PASSWORD, "new_password": "another long password"}
    wrong = call(
        "POST", f"{BASE}/change-password/", {**body, "old_password": "a wrong password"}, token=first["access"]
    )
    assert (wrong.status, wrong.code) == (401, "INVALID_CREDENTIALS")
    assert call("POST", f"{BASE}/change-password/", body, token=first["access"]).status == 200
    assert verify(code, of=waiting).code == "OTP_INVALID"
    refreshed = [
        call("POST", f"{BASE}/token/refresh/", {"refresh": each["refresh"]}).status for each in (first, second)
    ]
    assert refreshed == [200, 401]
    assert (
        accounts.verify_password(Portal.MERCHANT, NUMBER, "another long password", address="192.0.2.9").account_id
        == merchant.account_id
    )


def test_logging_out_ends_the_session_and_its_tokens(merchant: Account) -> None:
    begun = log_in()
    pair = verify(code_for(merchant.login), of=begun).json
    assert call("POST", f"{BASE}/logout/", token=pair["access"]).status == 200
    assert call("GET", f"{BASE}/settings/", token=pair["access"]).status == 401
    assert call("POST", f"{BASE}/token/refresh/", {"refresh": pair["refresh"]}).status == 401


def test_a_merchants_tokens_open_no_other_portal(merchant: Account) -> None:
    begun = log_in()
    pair = verify(code_for(merchant.login), of=begun).json
    assert call("GET", "/api/v1/users/me/", token=pair["access"]).status == 401
    assert call("GET", "/api/organizer/me/", token=pair["access"]).status == 401
    assert call("POST", "/api/v1/users/token/refresh/", {"refresh": pair["refresh"]}).status == 401
