"""The staff's second factor: its secret is sealed, counts after its first code, and guesses at it raise an alarm."""

import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pyotp
import pytest

import app  # noqa: F401  # registers the routes
from chalicelib import clock
from chalicelib.domain.access import accounts, limits, new_accounts, second_factor, sessions
from chalicelib.errors import Forbidden, InvalidCredentials
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, Portal
from tests.support import ticking
from tests.support.at_once import at_once
from tests.support.client import Answer, call
from tests.support.codes import texts
from tests.support.factories import (
    PASSWORD,
    admin_token,
    second_factor_codes,
    with_recovery_codes,
    with_second_factor,
    wrong_second_factor,
)
from tests.support.log_lines import collected
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")

EMAIL = "factor@example.com"
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


@pytest.fixture
def admin() -> Account:
    return new_accounts.create_admin(email=EMAIL, password=PASSWORD, name="Staff", role=AdminRole.SUPPORT)


def log_in(totp: str | None = None, *, address: str = "192.0.2.1") -> Answer:
    body = {"email": EMAIL, "password": PASSWORD, **({"totp": totp} if totp else {})}
    return call("POST", "/api/auth/login/", body, address=address)


def post(token: str, **body: Any) -> Answer:
    return call("POST", "/api/auth/totp/", body, token=token)


def remove(token: str, code: str) -> Answer:
    return call("DELETE", "/api/auth/totp/", {"code": code}, token=token)


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
            "recovery_codes": None,
        }
        assert len(base64.b32decode(secret)) >= 20
        assert log_in().status == 200
        code = pyotp.TOTP(secret).at(START)
        refused = post(token, code=wrong_second_factor(secret, START))
        assert (refused.status, refused.code) == (401, "INVALID_CREDENTIALS")
        assert log_in().status == 200
        switched_on = post(token, code=code).json
        assert len(set(switched_on.pop("recovery_codes"))) == 10
        assert switched_on == {"enabled": True, "secret": None, "uri": None}
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
        # A code of both would be right.
        of_first_alone = second_factor_codes(first, START) - second_factor_codes(second, START)
        assert post(token, code=min(of_first_alone)).status == 401
    late = START + second_factor.PENDING_FOR
    with clock.set_to(late):
        token = sessions.start(admin).access
        answer = post(token, code=pyotp.TOTP(second).at(late))
        assert (answer.status, answer.code) == (409, "INVALID_STATE")
        assert log_in().status == 200


def test_a_removed_second_factor_is_asked_for_no_more(admin: Account) -> None:
    secret = with_second_factor(admin)
    token = sessions.start(admin).access
    code = pyotp.TOTP(secret).at(clock.now())
    assert log_in().status == 401
    assert remove(token, wrong_second_factor(secret, clock.now())).status == 401
    assert log_in().status == 401
    assert [remove(token, code).status for _ in range(2)] == [204, 204]
    assert log_in().status == 200
    assert len([text for text in texts() if "second factor" in text["body"]]) == 2


def test_a_secret_is_never_at_rest_in_the_clear(admin: Account) -> None:
    with clock.set_to(START), collected() as lines:
        token = sessions.start(admin).access
        pending = post(token).json["secret"]
        code = pyotp.TOTP(pending).at(START)
        switched_on = post(token, code=code)
        assert switched_on.status == 200
    recovery = [spelled for code in switched_on.json["recovery_codes"] for spelled in (code, code.replace("-", ""))]
    raw = base64.b32decode(pending)
    spellings = (pending, pending.lower(), raw.hex(), base64.b64encode(raw).decode(), f'"{code}"', *recovery)
    for place in (everything(), lines.text, json.dumps(texts())):
        assert [spelling for spelling in spellings if spelling in place] == []


def test_a_sealed_secret_opens_for_its_own_account_alone(admin: Account) -> None:
    with_second_factor(admin)
    other = new_accounts.create_admin(
        email="other@example.com", password=PASSWORD, name="Other", role=AdminRole.SUPPORT
    )
    with_second_factor(other)
    sealed = accounts.get(admin.account_id).totp_sealed
    operations.record(operations.change(other.place, [Account.totp_sealed.set(bytes(sealed or b""))]))
    body = {"email": "other@example.com", "password": PASSWORD, "totp": "000000"}
    assert call("POST", "/api/auth/login/", body).status == 500


def test_guesses_at_one_account_from_many_addresses_raise_one_alarm(admin: Account) -> None:
    with clock.set_to(START), collected() as lines:
        secret = with_second_factor(admin)
        code, wrong = pyotp.TOTP(secret).at(START), wrong_second_factor(secret, START)
        for n in range(second_factor.ALARMING + 3):
            assert log_in(wrong, address=f"198.51.100.{n}").status == 401
        assert lines.text.count(second_factor.GUESSED) == 1
        assert admin.account_id in lines.text
        # And the owner gets in.
        assert log_in(code, address="203.0.113.5").status == 200


def test_a_few_wrong_codes_raise_none(admin: Account) -> None:
    with clock.set_to(START), collected() as lines:
        secret = with_second_factor(admin)
        for n in range(second_factor.ALARMING - 1):
            log_in(wrong_second_factor(secret, START), address=f"198.51.100.{n}")
    assert second_factor.GUESSED not in lines.text


def test_the_second_factor_of_another_is_out_of_reach(admin: Account) -> None:
    with_second_factor(admin)
    assert remove(admin_token(AdminRole.SUPER_ADMIN), "123456").status == 204
    assert log_in().status == 401


# Recovery codes


def test_each_of_ten_recovery_codes_opens_once_and_its_owner_hears_of_it(admin: Account) -> None:
    _, codes = with_recovery_codes(admin)
    assert len(set(codes)) == 10
    texts()
    for number, code in enumerate(codes):
        spelled = code if number % 2 else code.replace("-", "").lower()
        addresses = f"198.51.100.{number}", f"203.0.113.{number}"
        assert [log_in(spelled, address=address).status for address in addresses] == [200, 401]
    assert len([text for text in texts() if "recovery code" in text["body"]]) == 10
    assert accounts.get(admin.account_id).recovery_macs is None


@pytest.mark.usefixtures("one_window")
def test_wrong_recovery_codes_are_limited_like_wrong_digits(admin: Account) -> None:
    _, codes = with_recovery_codes(admin)
    statuses = [log_in("ABCD-EFGH-JKLM-NPQR").status for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert log_in(codes[0]).status == 429
    assert log_in(codes[0], address="203.0.113.9").status == 200


def test_fresh_recovery_codes_replace_the_former_ones(admin: Account) -> None:
    secret, codes = with_recovery_codes(admin)
    token = sessions.start(admin).access
    assert post(token, code=wrong_second_factor(secret, clock.now())).status == 401
    renewed = post(token, code=pyotp.TOTP(secret).at(clock.now()))
    assert renewed.status == 200
    fresh = renewed.json["recovery_codes"]
    assert not set(fresh) & set(codes)
    assert [log_in(codes[0]).status, log_in(fresh[0]).status] == [401, 200]


def test_a_factor_is_replaced_by_a_recovery_code_and_the_former_app_then_opens_nothing(admin: Account) -> None:
    with clock.set_to(START):
        former, codes = with_recovery_codes(admin)
        token = sessions.start(admin).access
        assert post(token).code == "INVALID_STATE"
        assert post(token, current="ABCD-EFGH-JKLM-NPQR").status == 401
        begun = post(token, current=codes[0])
        assert (begun.status, begun.json["enabled"]) == (200, True)
        # Until the new secret has shown a code, the former one counts.
        assert log_in(codes[1]).status == 200
        secret = begun.json["secret"]
        of_former_alone = second_factor_codes(former, START) - second_factor_codes(secret, START)
        assert post(token, code=min(of_former_alone)).status == 401
        assert post(token, code=pyotp.TOTP(secret).at(START)).status == 200
    with clock.set_to(START + timedelta(minutes=6)):
        of_former_alone = second_factor_codes(former, clock.now()) - second_factor_codes(secret, clock.now())
        assert log_in(min(of_former_alone)).status == 401
        assert log_in(codes[2]).status == 401
        assert log_in(pyotp.TOTP(secret).at(clock.now())).status == 200


# A role that requires a second factor


def test_a_member_whose_role_requires_a_factor_can_only_set_one_up(admin: Account) -> None:
    with configured(SECOND_FACTOR_ROLES="support,finance"), clock.set_to(START):
        answer = log_in()
        assert (answer.status, answer.json["must_enrol"]) == (200, True)
        token, refresh = answer.json["access"], answer.json["refresh"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (claims["sub"], "role" in claims) == (admin.account_id, False)
        guarded = [r for r in ROUTES if r.guard is not None and r.guard.portal in (None, Portal.ADMIN)]
        assert len(guarded) > 10
        admitted = {r.operation_id for r in guarded if opens(r, token)}
        assert admitted == {"admin_second_factor", "admin_logout"}
        # A refreshed token is no better.
        pair = call("POST", "/api/auth/refresh/", {"refresh": refresh}).json
        assert call("GET", "/api/auth/me/", token=pair["access"]).status == 403
        secret = post(pair["access"]).json["secret"]
        assert post(pair["access"], code=pyotp.TOTP(secret).at(START)).status == 200
        # The session that proved the factor has its role from the next token on.
        pair = call("POST", "/api/auth/refresh/", {"refresh": pair["refresh"]}).json
        assert call("GET", "/api/auth/me/", token=pair["access"]).json["role"] == "support"
        assert remove(pair["access"], "123456").code == "INVALID_STATE"


def opens(route: AnyRoute, token: str) -> bool:
    """Return whether a route's guard admits a token."""
    assert route.guard is not None
    principal = route.guard.identify({"authorization": f"Bearer {token}"}).principal
    try:
        route.guard.permit(principal)
    except Forbidden:
        return False
    return True


def test_a_session_from_before_the_setting_loses_its_role_with_its_next_token(admin: Account) -> None:
    pair = sessions.start(admin)
    assert call("GET", "/api/auth/me/", token=pair.access).status == 200
    with configured(SECOND_FACTOR_ROLES="support"):
        renewed = call("POST", "/api/auth/refresh/", {"refresh": pair.refresh}).json
        assert call("GET", "/api/auth/me/", token=renewed["access"]).status == 403


def test_codes_are_renewed_after_a_replacement_that_was_given_up(admin: Account) -> None:
    with clock.set_to(START):
        former, codes = with_recovery_codes(admin)
        assert post(sessions.start(admin).access, current=codes[0]).status == 200
    with clock.set_to(START + second_factor.PENDING_FOR):
        renewed = post(sessions.start(admin).access, code=pyotp.TOTP(former).at(clock.now()))
        assert renewed.status == 200, renewed.text
        assert len(set(renewed.json["recovery_codes"]) - set(codes)) == 10


def test_right_codes_are_not_counted_as_wrong_ones(admin: Account) -> None:
    with clock.set_to(START - timedelta(minutes=20)):
        secret, codes = with_recovery_codes(admin)
    got = []
    for n in range(8):
        with clock.set_to(START + timedelta(seconds=30 * n)):
            got.append(log_in(pyotp.TOTP(secret).at(clock.now()) if n % 2 else codes[n]).status)
    assert got == [200] * 8


def test_of_many_right_codes_at_once_one_opens_and_the_others_are_told_that_it_was_used(admin: Account) -> None:
    secret = with_second_factor(admin)
    code = pyotp.TOTP(secret).at(clock.now())
    count = 3 * limits.WRONG_SECOND_FACTORS.allowed
    told: Counter[str] = Counter()

    def prove() -> None:
        try:
            second_factor.require(accounts.get(admin.account_id), code, address="192.0.2.1")
        except InvalidCredentials as refusal:
            told[str(refusal)] += 1
            raise

    with ticking.slowly():
        answers = at_once([prove] * count)
    assert answers == {"done": 1, "InvalidCredentials": count - 1}
    assert told == {"This code was used. Wait for the next one.": count - 1}
    # And nobody is locked out.
    assert log_in(code).code == "INVALID_CREDENTIALS"
    later = clock.now() + timedelta(minutes=1)
    with clock.set_to(later):
        assert log_in(pyotp.TOTP(secret).at(later)).status == 200
