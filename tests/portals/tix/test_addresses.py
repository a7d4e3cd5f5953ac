"""Addresses of Tix users: proven before numbers are ordered, and the way back in after a forgotten password."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.schemas.examples import demo
from infra.local.demo import demo_data, demo_passwords
from tests.support.client import Answer, call
from tests.support.codes import code_for, has_code, texts
from tests.support.factories import PASSWORD, invite_code, make_organization, token_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
AUTH, GENERATE, PRINT = "/api/tix/auth", "/api/tix/tickets/generate", "/api/tix/tickets/print"
EMAIL, NEW = "sana@tix.example.com", "the next long password"
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def post(act: str, token: str | None = None, /, **body: Any) -> Answer:
    return call("POST", f"{AUTH}/{act}", body, token=token)


def register(**changes: Any) -> str:
    answer = post("register", **{"email": EMAIL, "password": PASSWORD, "name": "Sana Malik", **changes})
    assert answer.status == 201, answer.text
    return str(answer.json["token"])


def log_in(password: str = PASSWORD, email: str = EMAIL) -> Answer:
    return post("login", email=email, password=password)


def generate(token: str) -> Answer:
    return call("POST", GENERATE, {"count": 1, "prefix": "VIP"}, token=token)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def test_nothing_is_generated_before_the_address_is_proven() -> None:
    token = register(email="Sana@Tix.example.com")
    refused = generate(token)
    assert (refused.status, refused.code) == (403, "ACCOUNT_UNVERIFIED")
    assert "code that was mailed" in refused.json["error"]
    assert call("GET", f"{AUTH}/me", token=token).json["email_verified"] is False
    code = code_for(EMAIL)
    assert post("verify-email", token, email=EMAIL, code=wrong(code)).code == "OTP_INVALID"
    assert generate(token).status == 403
    assert post("verify-email", token, email=" SANA@tix.example.com", code=code).json == {"success": True}
    assert generate(token).status == 200
    assert call("GET", f"{AUTH}/me", token=token).json["email_verified"] is True
    # A client that lost the answer asks again.
    assert post("verify-email", token, email=EMAIL, code=code).status == 200


def test_a_member_proves_an_address_of_their_own_before_numbers_and_sheets() -> None:
    admin = make_organization()
    assert generate(token_of(admin)).status == 200
    token = register(invite_code=invite_code(admin))
    assert generate(token).code == "ACCOUNT_UNVERIFIED"
    sheet = {"prefix": "VIP", "from": 1, "to": 1}
    assert call("POST", PRINT, sheet, token=token).code == "ACCOUNT_UNVERIFIED"
    assert post("verify-email", token, email=EMAIL, code=code_for(EMAIL)).status == 200
    assert generate(token).status == 200
    assert call("POST", PRINT, sheet, token=token).status == 202


def test_the_demo_organization_generates_without_a_proof() -> None:
    demo_data.load()
    texts()
    token = log_in(demo_passwords.TIX, demo.TIX_EMAIL).json["token"]
    assert [text for text in texts() if has_code(text)] == []
    admin = make_organization()
    assert admin.address_proven_at is not None
    assert generate(token).status == 200


def test_a_code_proves_the_address_of_its_own_account_only() -> None:
    mine = register()
    code = code_for(EMAIL)
    theirs = register(email="other@tix.example.com", name="Another")
    for email in (EMAIL, "other@tix.example.com", "nobody@tix.example.com"):
        assert post("verify-email", theirs, email=email, code=code).code == "OTP_INVALID"
    assert generate(theirs).status == 403
    assert post("verify-email", mine, email=EMAIL, code=code).status == 200


def test_a_log_in_mails_another_code_until_the_address_is_proven_and_succeeds_where_none_is_left() -> None:
    with clock.set_to(START):
        token = register()
        texts()
    with clock.set_to(START + timedelta(minutes=10)):
        assert log_in().status == 200
        late = code_for(EMAIL)
    with clock.set_to(START + timedelta(minutes=16)):
        assert post("verify-email", token, email=EMAIL, code=late).code == "OTP_EXPIRED"
        # The third in 15 minutes is the last.
        assert [log_in().status for _ in range(4)] == [200] * 4
        mails = [text for text in texts() if has_code(text)]
        assert len(mails) == 2
        assert {(mail["channel"], mail["to"]) for mail in mails} == {("email", EMAIL)}
    with clock.set_to(START + timedelta(hours=1)):
        assert log_in().status == 200
        assert post("verify-email", token, email=EMAIL, code=code_for(EMAIL)).status == 200
        assert log_in().status == 200
        assert [text for text in texts() if has_code(text)] == []


def test_a_forgotten_password_is_reset_by_eight_digits_and_ends_all_sessions() -> None:
    token = register()
    texts()
    assert post("forgot-password", email=EMAIL.upper()).status == 202
    code = code_for(EMAIL)
    assert len(code) == 8
    reset = {"email": EMAIL, "new_password": NEW}
    assert post("reset-password", **reset, code=wrong(code)).code == "OTP_INVALID"
    assert post("reset-password", **reset, code=code).json == {"success": True}
    assert call("GET", f"{AUTH}/me", token=token).status == 401
    assert log_in().code == "INVALID_CREDENTIALS"
    entered = log_in(NEW)
    # The code came by mail, so the address is proven as well.
    assert generate(entered.json["token"]).status == 200
    assert post("reset-password", **reset, code=code).code == "OTP_INVALID"


def test_a_forgotten_password_does_not_show_whether_there_is_an_account() -> None:
    register()
    texts()
    known, unknown = (post("forgot-password", email=email) for email in (EMAIL, "nobody@tix.example.com"))
    assert (known.status, known.json) == (unknown.status, unknown.json) == (202, {"success": True})
    assert [text["to"] for text in texts() if not text.get("decoy")] == [EMAIL]


def test_a_changed_password_ends_all_other_sessions_and_its_owner_hears_of_it() -> None:
    token, other = register(), log_in().json["token"]
    texts()
    wrong_old = post("change-password", token, old_password="a wrong old one", new_password=NEW)
    assert (wrong_old.status, wrong_old.code) == (401, "INVALID_CREDENTIALS")
    assert post("change-password", token, old_password=PASSWORD, new_password=NEW).status == 200
    assert call("GET", f"{AUTH}/me", token=token).status == 200
    assert call("GET", f"{AUTH}/me", token=other).status == 401
    assert [(text["channel"], text["to"]) for text in texts()] == [("email", EMAIL)]
    assert log_in(NEW).status == 200


def test_an_organization_that_needs_no_proof_has_a_proven_admin() -> None:
    who = TixRegistration(email=EMAIL, password=PASSWORD, name="Sana Malik")
    admin = organizations.found(who, organization="City Run", needs_proof=False)
    assert generate(token_of(admin)).status == 200
    member = register(email="m@tix.example.com", invite_code=invite_code(admin))
    assert generate(member).status == 200
