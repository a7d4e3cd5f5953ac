"""Registration and log-in: a code proves a number, and no account has a number without its proof."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, numbers
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Challenge
from chalicelib.vocabulary.access import Portal
from tests.contract.ground import stored
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.codes import code_for, code_in, texts
from tests.support.factories import PASSWORD, admin_token, customer_token, make_customer, unused_number
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
NUMBER = "+923001234567"
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
USERS = "/api/v1/users"


def register(number: str = NUMBER, **changes: Any) -> Answer:
    body = {"mobile_number": number, "password": PASSWORD, "name": "Ayesha Khan", **changes}
    return call("POST", f"{USERS}/register/", body)


def log_in(number: str = NUMBER, password: str = PASSWORD) -> Answer:
    return call("POST", f"{USERS}/login/", {"mobile_number": number, "password": password})


def verify(otp: str, *, of: Answer | None = None, path: str = "verify-otp") -> Answer:
    name = {"challenge_id": of.json["challenge_id"]} if of else {"mobile_number": NUMBER}
    return call("POST", f"{USERS}/{path}/", {**name, "otp": otp})


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def challenge(answer: Answer) -> Challenge:
    found = operations.get(keys.access.challenge(answer.json["challenge_id"]))
    assert found is not None
    return found


def test_a_registration_is_no_account_before_its_code() -> None:
    answer = register()
    assert answer.status == 202
    assert answer.json == {"otp_required": True, "challenge_id": answer.json["challenge_id"], "expires_in": 300}
    assert numbers.find_by_number(NUMBER) is None
    assert log_in().code == "INVALID_CREDENTIALS"


def test_the_right_code_makes_the_account_and_logs_in() -> None:
    begun = register(email="a@example.com", date_of_birth="1998-04-12")
    answer = verify(code_for(NUMBER), of=begun)
    assert answer.status == 201, answer.text
    customer = answer.json["customer"]
    assert customer == {
        "id": customer["id"],
        "mobile_number": NUMBER,
        "name": "Ayesha Khan",
        "email": "a@example.com",
        "photo_url": None,
        "date_of_birth": "1998-04-12",
        "emergency_contact": None,
        "blood_type": None,
        "labels": [],
        "status": "active",
        "fee_paid": False,
        "created_at": customer["created_at"],
    }
    assert call("GET", f"{USERS}/me/", token=answer.json["access"]).json["id"] == customer["id"]
    account = numbers.find_by_number(NUMBER)
    assert account is not None
    assert (account.account_id, account.status, account.portal) == (customer["id"], "active", "webapp")
    profile = operations.get(keys.customers.profile(account.account_id))
    assert profile is not None
    assert profile.email == "a@example.com"
    session = operations.get(keys.access.session(answer.json["refresh"].partition(".")[0]))
    assert session is not None
    assert session.account_id == account.account_id


def test_a_code_may_be_shown_by_number_with_the_password_of_its_registration() -> None:
    register()
    body = {"mobile_number": NUMBER, "password": PASSWORD, "otp": code_for(NUMBER)}
    without = call("POST", f"{USERS}/verify-otp/", {**body, "password": None})
    assert (without.status, without.code) == (400, "VALIDATION_ERROR")
    assert call("POST", f"{USERS}/verify-otp/", {**body, "password": "another long password"}).code == "OTP_INVALID"
    assert call("POST", f"{USERS}/verify-otp/", body).status == 201


def test_a_second_registration_of_a_number_leaves_the_first_as_it_was() -> None:
    register(name="Ayesha Khan", email="ayesha@example.com")
    code = code_for(NUMBER)
    theirs = register(name="A Stranger", email="stranger@example.com", password="the password of a stranger")
    body = {"mobile_number": NUMBER, "otp": code}
    assert verify(code, of=theirs).code == "OTP_INVALID"
    stranger = {**body, "password": "the password of a stranger"}
    assert call("POST", f"{USERS}/verify-otp/", stranger).code == "OTP_INVALID"
    answer = call("POST", f"{USERS}/verify-otp/", {**body, "password": PASSWORD})
    assert answer.status == 201, answer.text
    assert (answer.json["customer"]["name"], answer.json["customer"]["email"]) == ("Ayesha Khan", "ayesha@example.com")
    assert log_in().status == 200
    assert log_in(password="the password of a stranger").code == "INVALID_CREDENTIALS"


def test_the_first_registration_of_a_number_is_completed_by_its_challenge_after_a_second() -> None:
    mine = register()
    code = code_for(NUMBER)
    theirs = register(name="A Stranger", password="the password of a stranger")
    their_code = code_for(NUMBER)
    assert verify(code, of=mine).json["customer"]["name"] == "Ayesha Khan"
    assert verify(their_code, of=theirs).code == "ALREADY_EXISTS"


def test_a_national_number_is_the_same_number() -> None:
    register("0300 1234567")
    answer = call(
        "POST", f"{USERS}/verify-otp/", {"mobile_number": "0300-1234567", "password": PASSWORD, "otp": code_for(NUMBER)}
    )
    assert answer.json["customer"]["mobile_number"] == NUMBER


def test_a_code_is_taken_once() -> None:
    begun = register()
    code = code_for(NUMBER)
    assert verify(code, of=begun).status == 201
    again = verify(code, of=begun)
    assert (again.status, again.code) == (400, "OTP_INVALID")


def test_five_wrong_codes_kill_the_right_one() -> None:
    begun = register()
    code = code_for(NUMBER)
    assert [verify(other_than(code), of=begun).code for _ in range(5)] == ["OTP_INVALID"] * 5
    dead = verify(code, of=begun)
    assert (dead.status, dead.code) == (400, "OTP_EXHAUSTED")
    assert challenge(begun).tries == 5
    assert numbers.find_by_number(NUMBER) is None


def test_the_fifth_try_may_be_the_right_one() -> None:
    begun = register()
    code = code_for(NUMBER)
    for _ in range(4):
        verify(other_than(code), of=begun)
    assert verify(code, of=begun).status == 201


@pytest.mark.parametrize(("after", "status"), [(timedelta(minutes=4, seconds=59), 201), (timedelta(minutes=5), 400)])
def test_a_code_is_good_for_five_minutes_by_the_clock(after: timedelta, status: int) -> None:
    with clock.set_to(START):
        begun = register()
        code = code_for(NUMBER)
    with clock.set_to(START + after):
        answer = verify(code, of=begun)
    assert answer.status == status
    assert status == 201 or answer.code == "OTP_EXPIRED"


def test_a_new_code_voids_the_old() -> None:
    first = register()
    old = code_for(NUMBER)
    second = register(name="Somebody Else")
    new = code_for(NUMBER)
    assert verify(old, of=first).code == "OTP_INVALID"
    assert verify(new, of=second).json["customer"]["name"] == "Somebody Else"


def test_a_code_of_one_purpose_opens_nothing_else() -> None:
    make_customer(mobile_number=NUMBER)
    begun = log_in()
    code = code_for(NUMBER)
    assert verify(code, of=begun).code == "OTP_INVALID"
    body = {"mobile_number": NUMBER, "otp": code, "new_password": "another long password"}
    assert call("POST", f"{USERS}/reset-password/", body).code == "VALIDATION_ERROR"
    assert call("POST", f"{USERS}/reset-password/", {**body, "otp": f"{code}00"}).code == "OTP_INVALID"
    assert verify(code, of=begun, path="verify-login-otp").status == 200


def test_a_code_opens_no_other_challenge() -> None:
    register()
    code = code_for(NUMBER)
    other = register("+923007654321")
    assert verify(code, of=other).code == "OTP_INVALID"


@pytest.mark.parametrize("otp", ["", "12345", "1234567", "abcdef"])
def test_what_is_no_code_is_named(otp: str) -> None:
    answer = verify(otp)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert [one["field"] for one in answer.json["error"]["details"]] == ["otp"]


def test_a_verification_needs_a_challenge_or_a_number() -> None:
    assert call("POST", f"{USERS}/verify-otp/", {"otp": "123456"}).code == "VALIDATION_ERROR"


def test_a_code_for_nothing_is_wrong() -> None:
    body = {"mobile_number": NUMBER, "password": PASSWORD, "otp": "123456"}
    assert call("POST", f"{USERS}/verify-otp/", body).code == "OTP_INVALID"
    body = {"challenge_id": "chl_01K9ZC1B7Q3S5V8X0Z2M4P6R8T", "otp": "123456"}
    assert call("POST", f"{USERS}/verify-otp/", body).code == "OTP_INVALID"
    assert operations.get(keys.access.challenge(body["challenge_id"])) is None


def test_a_number_that_somebody_else_registered_meanwhile_is_not_taken_over() -> None:
    begun = register()
    code = code_for(NUMBER)
    first = make_customer(mobile_number=NUMBER, name="First")
    answer = verify(code, of=begun)
    assert (answer.status, answer.code) == (409, "ALREADY_EXISTS")
    found = numbers.find_by_number(NUMBER)
    assert found is not None
    assert found.account_id == first.account_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "short"),
        ("password", "password123"),
        ("mobile_number", "12"),
        ("name", "  "),
        ("email", "nobody"),
        ("date_of_birth", "2999-01-01"),
        ("date_of_birth", "yesterday"),
    ],
)
def test_a_wrong_field_is_refused_before_anything_is_counted_or_sent(field: str, value: str) -> None:
    before = stored()
    for _ in range(4):
        answer = register(**{field: value})
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
        assert answer.json["error"]["details"][0]["field"] == field
    assert (stored(), texts()) == (before, [])
    assert register().status == 202


class TestWhatIsStored:
    """Codes are stored as their MAC only; numbers are stored only where they are needed."""

    def test_no_code_and_no_password_is_stored(self) -> None:
        # A moment without milliseconds has no six digits in a row, which could be those of the code.
        with clock.set_to(START):
            begun = register()
        code = code_for(NUMBER)
        assert PASSWORD not in json.dumps(list(stored().values()))
        waiting = challenge(begun)
        assert re.fullmatch("[0-9a-f]{64}", waiting.mac)
        # A plain hash of a code could be reversed by trying a million values.
        plain = hashlib.sha256(f"{waiting.challenge_id}:{code}".encode()).hexdigest()
        assert waiting.mac != plain
        others = {name: value for name, value in waiting.attribute_values.items() if name not in ("mac", "pending")}
        assert not any(code in str(value) for name, value in others.items() if name not in ("number_mac", "ttl", "pk"))
        names = {"found_by", "mobile_number", "password_hash", "name", "email", "date_of_birth"}
        assert set(waiting.pending or {}) == names

    def test_a_number_stands_only_in_the_registration_that_waits_for_it(self) -> None:
        begun = register()
        holders = [key for key, item in stored().items() if NUMBER in item or NUMBER in str(key)]
        assert holders == [(f"CHALLENGE#{begun.json['challenge_id']}", "CHALLENGE")]

    def test_once_proven_it_stands_in_the_account_and_its_log_in_only(self) -> None:
        begun = register()
        verify(code_for(NUMBER), of=begun)
        holders = {pk.partition("#")[0] for (pk, _), item in stored().items() if NUMBER in item or NUMBER in pk}
        assert holders == {"ACCOUNT", "LOGIN"}

    def test_a_log_in_and_a_reset_store_no_number(self) -> None:
        make_customer(mobile_number=NUMBER)
        before = stored()
        log_in()
        call("POST", f"{USERS}/forgot-password/request-otp/", {"mobile_number": NUMBER})
        new = [item for key, item in stored().items() if key not in before]
        assert new
        assert not any(NUMBER in item for item in new)

    def test_a_challenge_vanishes(self) -> None:
        with clock.set_to(START):
            begun = register()
        assert challenge(begun).ttl == int((START + timedelta(minutes=30)).timestamp())


class TestLogIn:
    """A log-in needs number, password and code."""

    @pytest.fixture(autouse=True)
    def customer(self, moto_cloud: None) -> Account:  # noqa: ARG002  # the ground under it
        return make_customer(mobile_number=NUMBER)

    def test_the_code_logs_in(self, customer: Account) -> None:
        begun = log_in()
        assert (begun.status, begun.json["otp_required"]) == (200, True)
        answer = verify(code_for(NUMBER), of=begun, path="verify-login-otp")
        assert answer.status == 200
        assert answer.json["customer"]["id"] == customer.account_id
        refreshed = call("POST", f"{USERS}/token/refresh/", {"refresh": answer.json["refresh"]})
        assert refreshed.status == 200
        assert call("GET", f"{USERS}/me/", token=refreshed.json["access"]).status == 200

    def test_a_log_out_ends_the_session(self) -> None:
        begun = log_in()
        pair = verify(code_for(NUMBER), of=begun, path="verify-login-otp").json
        assert call("POST", f"{USERS}/logout/", token=pair["access"]).status == 200
        assert call("GET", f"{USERS}/me/", token=pair["access"]).status == 401
        assert call("POST", f"{USERS}/token/refresh/", {"refresh": pair["refresh"]}).status == 401

    def test_a_wrong_password_and_an_unknown_number_are_told_alike(self) -> None:
        answers = [log_in(password="wrong password"), log_in("+923007654321")]
        assert [(a.status, a.code, a.json["error"]["message"]) for a in answers] == [
            (401, "INVALID_CREDENTIALS", "The log-in or the password is wrong.")
        ] * 2
        assert texts() == []

    def test_ten_failures_lock_the_number_for_a_quarter_of_an_hour_after_the_tenth(self) -> None:
        for minute in range(10):
            with clock.set_to(START + timedelta(minutes=minute)):
                assert log_in(password="wrong password").status == 401
        for minute in (9, 14, 16, 23):
            with clock.set_to(START + timedelta(minutes=minute)):
                locked = log_in()
                assert (locked.status, locked.code) == (429, "RATE_LIMITED"), minute
                assert int(locked.headers["retry-after"]) == (24 - minute) * 60
        with clock.set_to(START + timedelta(minutes=24)):
            assert log_in().status == 200

    def test_right_passwords_do_not_count_as_failures(self) -> None:
        for hour in range(12):
            with clock.set_to(START + timedelta(hours=hour)):
                assert log_in().status == 200
        with clock.set_to(START + timedelta(hours=12)):
            for _ in range(20):
                assert accounts.verify_password(Portal.WEBAPP, NUMBER, PASSWORD, address="192.0.2.9")

    def test_a_suspended_customer_is_told_only_with_the_right_password(self, customer: Account) -> None:
        begun = log_in()
        code = code_for(NUMBER)
        close_account(customer.account_id)
        assert log_in().code == "ACCOUNT_SUSPENDED"
        assert log_in(password="wrong password").code == "INVALID_CREDENTIALS"
        assert verify(code, of=begun, path="verify-login-otp").code == "ACCOUNT_SUSPENDED"

    def test_a_password_change_voids_the_log_in_that_waits(self, customer: Account) -> None:
        begun = log_in()
        code = code_for(NUMBER)
        accounts.change_password(customer.account_id, old_password=PASSWORD, new_password="another long password")
        assert verify(code, of=begun, path="verify-login-otp").code == "OTP_INVALID"


class TestResend:
    """A new code for a challenge that waits."""

    def test_the_new_code_opens_the_same_challenge_and_the_old_is_void(self) -> None:
        begun = register()
        old = code_for(NUMBER)
        again = call("POST", f"{USERS}/resend-otp/", {"challenge_id": begun.json["challenge_id"]})
        assert (again.status, again.json) == (202, begun.json)
        new = code_for(NUMBER)
        assert old == new or verify(old, of=begun).code == "OTP_INVALID"
        assert verify(new, of=begun).status == 201

    def test_an_exhausted_or_expired_challenge_lives_again(self) -> None:
        with clock.set_to(START):
            begun = register()
            code = code_for(NUMBER)
            for _ in range(5):
                verify(other_than(code), of=begun)
        with clock.set_to(START + timedelta(minutes=6)):
            call("POST", f"{USERS}/resend-otp/", {"challenge_id": begun.json["challenge_id"]})
            assert verify(code_for(NUMBER), of=begun).status == 201

    def test_a_registration_waits_half_an_hour(self) -> None:
        with clock.set_to(START):
            begun = register()
            texts()
        with clock.set_to(START + timedelta(minutes=30)):
            again = call("POST", f"{USERS}/resend-otp/", {"challenge_id": begun.json["challenge_id"]})
        assert (again.status, texts()) == (202, [])

    def test_a_challenge_that_does_not_exist_or_is_answered_is_told_alike(self) -> None:
        begun = register()
        verify(code_for(NUMBER), of=begun)
        for challenge_id in (begun.json["challenge_id"], "chl_nobody"):
            again = call("POST", f"{USERS}/resend-otp/", {"challenge_id": challenge_id})
            assert (again.status, again.json) == (202, {**begun.json, "challenge_id": challenge_id})
        assert texts() == []

    def test_a_log_in_gets_a_new_code_too(self) -> None:
        make_customer(mobile_number=NUMBER)
        begun = log_in()
        texts()
        call("POST", f"{USERS}/resend-otp/", {"challenge_id": begun.json["challenge_id"]})
        assert verify(code_for(NUMBER), of=begun, path="verify-login-otp").status == 200

    def test_a_challenge_of_a_former_number_or_password_gets_no_code_that_would_be_refused(self) -> None:
        customer, number = make_customer(mobile_number=NUMBER), unused_number()
        asked = call("POST", f"{USERS}/forgot-password/request-otp/", {"mobile_number": NUMBER})
        begun = [log_in(), asked]
        path, change = f"/api/customers/{customer.account_id}/", {"mobile_number": number, "version": 0}
        assert call("PUT", path, change, token=admin_token()).status == 200
        begun.append(log_in(number))
        changed = {"old_password": PASSWORD, "new_password": "the next long password"}
        token = customer_token(accounts.get(customer.account_id))
        assert call("POST", f"{USERS}/change-password/", changed, token=token).status == 200
        texts()
        for one in begun:
            again = call("POST", f"{USERS}/resend-otp/", {"challenge_id": one.json["challenge_id"]})
            assert (again.status, again.json) == (202, one.json)
        assert texts() == []


class TestHowOften:
    """At most three texts of a purpose in any quarter of an hour to a number, so many an hour from an address."""

    def test_a_number_gets_three_texts_of_a_purpose_in_any_quarter_of_an_hour(self) -> None:
        make_customer(mobile_number=NUMBER)
        with clock.set_to(START):
            begun = log_in()
            assert begun.status == 200
        resend = {"challenge_id": begun.json["challenge_id"]}
        with clock.set_to(START + timedelta(minutes=10)):
            assert log_in().status == 200
            assert call("POST", f"{USERS}/resend-otp/", resend).status == 202
            refused = log_in()
            assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "RATE_LIMITED", "300")
            assert refused.json["error"]["message"] == "Too many codes for this number. Try again in 5 minutes."
            assert call("POST", f"{USERS}/resend-otp/", resend).status == 429
            assert register().status == 202
        assert len(texts()) == 4
        with clock.set_to(START + timedelta(minutes=15)):
            assert log_in().status == 200
            assert log_in().status == 429

    def test_a_number_gets_six_texts_in_any_quarter_of_an_hour_and_twenty_a_day_that_anybody_can_ask_for(self) -> None:
        doors = [
            (f"{USERS}/register/", {"mobile_number": NUMBER, "password": PASSWORD, "name": "Ayesha Khan"}),
            (f"{USERS}/forgot-password/request-otp/", {"mobile_number": NUMBER}),
            ("/api/organizer/forgot-password/", {"contact_mobile": NUMBER}),
        ]

        def ask(after: timedelta) -> list[int]:
            with clock.set_to(START + after):
                return [call("POST", path, body).status for path, body in doors for _ in range(3)]

        assert ask(timedelta(0)) == [202] * 6 + [429] * 3
        for hours in (1, 2):
            assert ask(timedelta(hours=hours)) == [202] * 6 + [429] * 3
        assert ask(timedelta(hours=3)) == [202] * 2 + [429] * 7
        assert ask(timedelta(hours=25)) == [202] * 6 + [429] * 3

    def test_an_address_gets_so_many_texts_an_hour_that_anybody_can_ask_for(self) -> None:
        make_customer(mobile_number=NUMBER)
        with configured(LIMIT_CODES_ASKED_PER_ADDRESS=10):
            with clock.set_to(START):
                statuses = [register(f"+9230012345{n:02}").status for n in range(12)]
                assert statuses == [202] * 10 + [429] * 2
                body = {"mobile_number": "+923009999999", "password": PASSWORD, "name": "Ayesha Khan"}
                assert call("POST", f"{USERS}/register/", body, address="192.0.2.9").status == 202
                assert log_in().status == 200
            with clock.set_to(START + timedelta(minutes=59)):
                refused = register("+923001234599")
                assert (refused.status, refused.headers["retry-after"]) == (429, "60")
            with clock.set_to(START + timedelta(minutes=60)):
                assert register("+923001234599").status == 202

    def test_a_text_that_is_refused_for_its_address_does_not_count_for_its_number(self) -> None:
        with clock.set_to(START), configured(LIMIT_CODES_ASKED_PER_ADDRESS=10):
            for n in range(10):
                register(f"+9230012345{n:02}")
            assert register().status == 429
            assert len({key for key in stored() if key[0].startswith("CHALLENGE")}) == 10
            body = {"mobile_number": NUMBER, "password": PASSWORD, "name": "A"}
            statuses = [call("POST", f"{USERS}/register/", body, address="192.0.2.9").status for _ in range(4)]
            assert statuses == [202, 202, 202, 429]


def test_a_code_has_six_digits_from_all_of_them() -> None:
    for n in range(30):
        with clock.set_to(START + timedelta(hours=2 * n)):
            register(f"+9230112345{n:02}")
    codes = {code_in(text) for text in texts()}
    assert len(codes) > 25
    assert {digit for code in codes for digit in code} == set("0123456789")
