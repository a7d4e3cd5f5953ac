"""The staff's second factor: its secret is sealed, counts after its first code, and guesses at it raise an alarm."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, second_factor, sessions
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary import AdminRole
from tests.support.client import Answer, call
from tests.support.codes import texts
from tests.support.factories import PASSWORD, admin_token, with_second_factor
from tests.support.log_lines import collected

pytestmark = pytest.mark.usefixtures("moto_cloud")

EMAIL = "factor@example.com"
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


@pytest.fixture
def admin() -> Account:
    return accounts.create_admin(email=EMAIL, password=PASSWORD, name="Staff", role=AdminRole.SUPPORT)


def log_in(totp: str | None = None, *, address: str = "192.0.2.1") -> Answer:
    body = {"email": EMAIL, "password": PASSWORD, **({"totp": totp} if totp else {})}
    return call("POST", "/api/auth/login/", body, address=address)


def post(token: str, **body: Any) -> Answer:
    return call("POST", "/api/auth/totp/", body, token=token)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def everything() -> str:
    pages = operations.client().get_paginator("scan").paginate(TableName="gatehouse")
    return json.dumps([item for page in pages for item in page["Items"]], default=_as_text)


def _as_text(value: object) -> str:
    """Return bytes in every spelling that a dump may have them in."""
    assert isinstance(value, bytes)
    return f"{value!r} {value.hex()} {base64.b64encode(value).decode()} {value.decode(errors='replace')}"


def test_a_secret_counts_after_its_first_code_and_log_ins_then_need_one(admin: Account) -> None:
    with clock.set_to(START):
        token = sessions.start(admin).access
        begun = post(token)
        assert begun.status == 200
        secret = begun.json["secret"]
        assert begun.json == {
            "enabled": False,
            "secret": secret,
            "uri": f"otpauth://totp/Gatehouse:factor%40example.com?secret={secret}&issuer=Gatehouse",
        }
        assert len(base64.b32decode(secret)) >= 20
        assert log_in().status == 200
        code = pyotp.TOTP(secret).at(START)
        refused = post(token, code=wrong(code))
        assert (refused.status, refused.code) == (401, "INVALID_CREDENTIALS")
        assert log_in().status == 200
        assert post(token, code=code).json == {"enabled": True, "secret": None, "uri": None}
        # The code that switched it on was used.
        assert [log_in().status, log_in(code).status] == [401, 401]
    with clock.set_to(START + timedelta(minutes=1)):
        assert log_in(pyotp.TOTP(secret).at(clock.now())).status == 200
        again = post(token)
        assert (again.status, again.code) == (409, "INVALID_STATE")


def test_a_secret_that_waits_for_its_code_is_replaced_by_the_next_and_expires(admin: Account) -> None:
    with clock.set_to(START):
        token = sessions.start(admin).access
        first, second = (post(token).json["secret"] for _ in range(2))
        assert post(token, code=pyotp.TOTP(first).at(START)).status == 401
    late = START + second_factor.PENDING_FOR
    with clock.set_to(late):
        token = sessions.start(admin).access
        answer = post(token, code=pyotp.TOTP(second).at(late))
        assert (answer.status, answer.code) == (409, "INVALID_STATE")
        assert log_in().status == 200


def test_a_removed_second_factor_is_asked_for_no_more(admin: Account) -> None:
    with_second_factor(admin)
    token = sessions.start(admin).access
    assert log_in().status == 401
    assert [call("DELETE", "/api/auth/totp/", token=token).status for _ in range(2)] == [204, 204]
    assert log_in().status == 200
    assert len([text for text in texts() if "second factor" in text["body"]]) == 2


def test_a_secret_is_never_at_rest_in_the_clear(admin: Account) -> None:
    with clock.set_to(START), collected() as lines:
        token = sessions.start(admin).access
        pending = post(token).json["secret"]
        code = pyotp.TOTP(pending).at(START)
        assert post(token, code=code).status == 200
    raw = base64.b32decode(pending)
    spellings = (pending, pending.lower(), raw.hex(), base64.b64encode(raw).decode(), f'"{code}"')
    for place in (everything(), lines.text, json.dumps(texts())):
        assert [spelling for spelling in spellings if spelling in place] == []


def test_a_sealed_secret_opens_for_its_own_account_alone(admin: Account) -> None:
    with_second_factor(admin)
    other = accounts.create_admin(email="other@example.com", password=PASSWORD, name="Other", role=AdminRole.SUPPORT)
    with_second_factor(other)
    sealed = accounts.get(admin.account_id).totp_sealed
    operations.record(operations.change(other.place, [Account.totp_sealed.set(bytes(sealed or b""))]))
    body = {"email": "other@example.com", "password": PASSWORD, "totp": "000000"}
    assert call("POST", "/api/auth/login/", body).status == 500


def test_guesses_at_one_account_from_many_addresses_raise_one_alarm(admin: Account) -> None:
    with clock.set_to(START), collected() as lines:
        secret = with_second_factor(admin)
        code = pyotp.TOTP(secret).at(START)
        for n in range(second_factor.ALARMING + 3):
            assert log_in(wrong(code), address=f"198.51.100.{n}").status == 401
        assert lines.text.count(second_factor.GUESSED) == 1
        assert admin.account_id in lines.text
        # And the owner gets in.
        assert log_in(code, address="203.0.113.5").status == 200


def test_a_few_wrong_codes_raise_none(admin: Account) -> None:
    with clock.set_to(START), collected() as lines:
        secret = with_second_factor(admin)
        for n in range(second_factor.ALARMING - 1):
            log_in(wrong(pyotp.TOTP(secret).at(START)), address=f"198.51.100.{n}")
    assert second_factor.GUESSED not in lines.text


def test_the_second_factor_of_another_is_out_of_reach(admin: Account) -> None:
    with_second_factor(admin)
    assert call("DELETE", "/api/auth/totp/", token=admin_token(AdminRole.SUPER_ADMIN)).status == 204
    assert log_in().status == 401
