"""An organizer's log-in by password and code, and a forgotten password."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, tokens
from chalicelib.errors import InvalidCredentials
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_customer, make_merchant, make_organizer

pytestmark = pytest.mark.usefixtures("moto_cloud")
NUMBER, UNKNOWN = "+923021234567", "+923027654321"
BASE = "/api/organizer"
NEW_PASSWORD = "another long password"


@pytest.fixture
def organizer(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_organizer(contact_mobile=NUMBER)


def log_in(password: str = PASSWORD, number: str = NUMBER) -> Answer:
    return call("POST", f"{BASE}/login/", {"contact_mobile": number, "password": password})


def verify(otp: str, *, of: Answer | None = None) -> Answer:
    name = {"challenge_id": of.json["challenge_id"]} if of else {"contact_mobile": NUMBER}
    return call("POST", f"{BASE}/verify-otp/", {**name, "otp": otp})


def forget(number: str = NUMBER) -> Answer:
    return call("POST", f"{BASE}/forgot-password/", {"contact_mobile": number})


def reset(otp: str, new_password: str = NEW_PASSWORD, number: str = NUMBER) -> Answer:
    body = {"contact_mobile": number, "otp": otp, "new_password": new_password}
    return call("POST", f"{BASE}/reset-password/", body)


def logged_in() -> dict[str, str]:
    begun = log_in()
    answer: dict[str, str] = verify(code_for(NUMBER), of=begun).json
    return answer


def test_password_and_code_open_a_session_of_the_organizers_portal(organizer: Account) -> None:
    begun = log_in()
    assert (begun.status, begun.json["expires_in"], begun.json["otp_required"]) == (200, 300, True)
    answer = verify(code_for(NUMBER), of=begun)
    assert answer.status == 200, answer.text
    assert answer.json["organizer"] == {
        "id": organizer.account_id,
        "name": "Lahore Live",
        "contact_mobile": NUMBER,
        "email": "",
        "company_name": None,
        "address": None,
        "tax_number": None,
        "bank_account": None,
        "image_url": None,
        "status": "active",
    }
    principal = tokens.verify(answer.json["access"], Portal.ORGANIZER)
    session = operations.get(keys.access.session(principal.session_id))
    assert session is not None
    assert (session.portal, session.account_id) == ("organizer", organizer.account_id)
    for path in ("me", "profile"):
        assert call("GET", f"{BASE}/{path}/", token=answer.json["access"]).json == answer.json["organizer"]


def test_the_number_will_do_in_place_of_the_challenge(organizer: Account) -> None:
    log_in(number="0302 1234567")
    assert verify(code_for(organizer.login)).status == 200


def test_neither_challenge_nor_number_is_a_wrong_request() -> None:
    answer = call("POST", f"{BASE}/verify-otp/", {"otp": "123456"})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_customers_and_merchants_of_the_number_are_no_organizers(moto_cloud: None) -> None:  # noqa: ARG001  # the ground
    make_customer(mobile_number=NUMBER)
    make_merchant(mobile_number=NUMBER)
    assert (log_in().code, forget().status, texts()[0]["decoy"]) == ("INVALID_CREDENTIALS", 202, True)


def test_a_suspended_organizer_is_told_so_only_with_the_password(organizer: Account) -> None:
    begun = log_in()
    code = code_for(NUMBER)
    pair = logged_in()
    close_account(organizer.account_id)
    assert log_in("a wrong password").code == "INVALID_CREDENTIALS"
    refresh = call("POST", f"{BASE}/token/refresh/", {"refresh": pair["refresh"]})
    for refused in (log_in(), verify(code, of=begun), refresh):
        assert refused.status in (400, 403)
        assert refused.code in ("ACCOUNT_SUSPENDED", "OTP_INVALID")
    assert refresh.code == "ACCOUNT_SUSPENDED"
    assert call("GET", f"{BASE}/me/", token=pair["access"]).status == 401


class TestForgottenPassword:
    """A code to the number sets a new password, ends every session, and does not reveal who has an account."""

    def test_the_code_sets_the_password_and_ends_all_sessions(self, organizer: Account) -> None:
        pair = logged_in()
        assert forget().status == 202
        answer = reset(code_for(NUMBER))
        assert (answer.status, answer.json) == (200, {})
        assert (
            accounts.verify_password(Portal.ORGANIZER, NUMBER, NEW_PASSWORD, address="192.0.2.9").account_id
            == organizer.account_id
        )
        with pytest.raises(InvalidCredentials):
            accounts.verify_password(Portal.ORGANIZER, NUMBER, PASSWORD, address="192.0.2.9")
        assert call("POST", f"{BASE}/token/refresh/", {"refresh": pair["refresh"]}).status == 401
        assert call("GET", f"{BASE}/me/", token=pair["access"]).status == 401

    def test_unknown_numbers_get_the_same_answer_and_no_text(self, organizer: Account) -> None:
        known, unknown = forget(organizer.login), forget(UNKNOWN)
        assert (known.status, sorted(known.json), sorted(known.headers)) == (
            unknown.status,
            sorted(unknown.json),
            sorted(unknown.headers),
        )
        assert [text["decoy"] for text in texts()] == [False, True]
        wrong = [reset("00000000", number=number) for number in (NUMBER, UNKNOWN)]
        assert [(answer.status, answer.code) for answer in wrong] == [(400, "OTP_INVALID")] * 2

    def test_a_weak_password_spends_no_code(self, organizer: Account) -> None:
        forget(organizer.login)
        code = code_for(NUMBER)
        weak = reset(code, "short")
        assert (weak.status, weak.json["error"]["details"][0]["field"]) == (400, "new_password")
        assert reset(code).status == 200

    def test_a_code_resets_once_and_dies_after_five_minutes_or_five_tries(self, organizer: Account) -> None:
        start = organizer.created_at
        with clock.set_to(start):
            forget()
            code = code_for(NUMBER)
        with clock.set_to(start + timedelta(minutes=5)):
            assert reset(code).code == "OTP_EXPIRED"
            forget()
            code = code_for(NUMBER)
            wrong = f"{(int(code) + 1) % 10**8:08}"
            assert [reset(wrong).code for _ in range(5)] == ["OTP_INVALID"] * 5
            assert reset(code).code == "OTP_EXHAUSTED"
            forget()
            code = code_for(NUMBER)
            assert [reset(code).status for _ in range(2)] == [200, 400]

    def test_a_log_in_code_resets_nothing_and_a_reset_code_logs_nobody_in(self, organizer: Account) -> None:
        log_in()
        log_in_code = code_for(organizer.login)
        forget()
        reset_code = code_for(NUMBER)
        # Of another length: they are no codes at these doors.
        assert reset(log_in_code).code == "VALIDATION_ERROR"
        assert verify(reset_code).code == "VALIDATION_ERROR"
        assert reset(f"{log_in_code}00").code == "OTP_INVALID"
        beginning, end = reset_code[:6], reset_code[2:]
        assert verify(beginning if beginning != log_in_code else end).code == "OTP_INVALID"
        assert verify(log_in_code).status == 200

    def test_a_customers_reset_leaves_the_organizer_of_the_same_number_alone(self, organizer: Account) -> None:
        make_customer(mobile_number=organizer.login)
        call("POST", "/api/v1/users/forgot-password/request-otp/", {"mobile_number": NUMBER})
        code = code_for(NUMBER)
        assert reset(code).code == "OTP_INVALID"
        body = {"mobile_number": NUMBER, "otp": code, "new_password": NEW_PASSWORD}
        assert call("POST", "/api/v1/users/reset-password/", body).status == 200
        assert (
            accounts.verify_password(Portal.ORGANIZER, NUMBER, PASSWORD, address="192.0.2.9").account_id
            == organizer.account_id
        )


def test_changing_the_password_keeps_this_session_and_ends_the_others(organizer: Account) -> None:
    mine, other = logged_in(), logged_in()
    body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert call("POST", f"{BASE}/profile/change-password/", body, token=mine["access"]).status == 200
    statuses = [call("POST", f"{BASE}/token/refresh/", {"refresh": each["refresh"]}).status for each in (mine, other)]
    assert statuses == [200, 401]
    assert (
        accounts.verify_password(Portal.ORGANIZER, organizer.login, NEW_PASSWORD, address="192.0.2.9").account_id
        == organizer.account_id
    )


def test_logging_out_ends_the_session(organizer: Account) -> None:
    pair = logged_in()
    assert call("POST", f"{BASE}/logout/", token=pair["access"]).status == 200
    assert call("GET", f"{BASE}/me/", token=pair["access"]).status == 401
    assert accounts.get(organizer.account_id).status == "active"
