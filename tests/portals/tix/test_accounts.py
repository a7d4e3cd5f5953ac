"""Registration and log-in of Tix: the claims of the token, and how long it is valid."""

from datetime import timedelta
from typing import Any

import jwt
import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, lock_outs
from chalicelib.domain.organizations import organizations
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Organization
from chalicelib.vocabulary.access import Portal
from tests.contract.ground import stored
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.factories import PASSWORD, invite_code, make_organization, make_tix_user, token_of
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
REGISTER, LOGIN, ME = "/api/tix/auth/register", "/api/tix/auth/login", "/api/tix/auth/me"
EMAIL = "sana@tix.example.com"


@pytest.fixture
def admin(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_organization(max_users=2)


def register(**changes: Any) -> Answer:
    return call("POST", REGISTER, {"email": EMAIL, "password": PASSWORD, "name": "Sana", **changes})


def organization(of: Account) -> Organization:
    return organizations.get(of.organization_id)


def invite(of: Account) -> str:
    return invite_code(of)


def test_who_registers_founds_an_organization_and_is_its_admin() -> None:
    answer = register(organization="City Run")
    user = answer.json["user"]
    assert answer.status == 201
    assert (user["email"], user["name"], user["role"]) == (EMAIL, "Sana", "admin")
    claims = jwt.decode(answer.json["token"], options={"verify_signature": False})
    assert (claims["userId"], claims["organizationId"]) == (user["id"], user["organizationId"])
    assert claims["exp"] - int(claims["iat"]) == 12 * 3600
    me = call("GET", ME, token=answer.json["token"]).json
    assert me == {
        **user,
        "email_verified": False,
        "organization": {**me["organization"], "id": user["organizationId"], "name": "City Run"},
    }
    found = organizations.get(user["organizationId"])
    assert (found.name, found.members, found.max_users) == ("City Run", 1, 10)


def test_an_organization_without_a_name_is_called_after_who_founds_it() -> None:
    assert organizations.get(register().json["user"]["organizationId"]).name == "Sana"


def test_nobody_founds_an_organization_with_a_name_of_the_platform_by_their_own_name() -> None:
    for name in ("Gatehouse", "Gatehouse Support", "G\u0430tehouse Team"):
        refused = register(name=name)
        assert (refused.status, refused.code, "`organization`" in refused.text) == (400, "VALIDATION_ERROR", True)
    assert register(name="Gatehouse", organization="City Run").status == 201


def test_an_address_is_one_in_whatever_case_and_registers_once(admin: Account) -> None:
    assert register(email="Sana@tix.Example.com").json["user"]["email"] == EMAIL
    before = stored()
    for again in (register(email=" Sana@TIX.example.com "), register(invite_code=invite(admin))):
        assert (again.status, again.code) == (409, "ALREADY_EXISTS")
        assert isinstance(again.json["error"], str)
    assert stored() == before
    assert call("POST", LOGIN, {"email": "SANA@tix.example.com ", "password": PASSWORD}).status == 200


def test_who_has_an_invite_code_joins_until_the_organization_is_full(admin: Account) -> None:
    code = invite(admin)
    joined = register(invite_code=code.lower(), organization="not this one").json["user"]
    assert (joined["role"], joined["organizationId"]) == ("member", admin.organization_id)
    before = stored()
    full = register(email="late@tix.example.com", invite_code=code)
    assert (full.status, full.code) == (409, "ORGANIZATION_FULL")
    assert stored() == before
    assert organization(admin).members == 2


def test_a_code_that_was_changed_withdrawn_or_made_up_invites_nobody(admin: Account) -> None:
    code, other = invite(admin), make_organization()
    place = keys.organizations.organization(admin.organization_id)
    operations.record(operations.change(place, [Organization.invite_generation.add(1)]))
    present = invite(admin)
    assert present != code
    # The other organization's proof under this one's name.
    forged = present[:29] + invite(other)[29:]
    before = stored()
    for wrong in (code, forged, present[:-8] + "AAAAAAAA", present[:-1], "AAAA", "no code at all", "é"):
        refused = register(invite_code=wrong)
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR"), wrong
        assert refused.json["details"][0]["field"] == "invite_code"
    assert stored() == before


def test_a_password_must_be_long_and_not_a_common_one() -> None:
    for password in ("short", "password123"):
        refused = register(password=password)
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
        assert refused.json["details"][0]["field"] == "password"


def test_a_stranger_and_a_wrong_password_are_refused_alike_and_soon_for_a_while() -> None:
    register()
    wrong = {"email": EMAIL, "password": "a wrong password of the tests"}
    stranger = call("POST", LOGIN, {**wrong, "email": "nobody@tix.example.com"})
    known = call("POST", LOGIN, wrong)
    assert (stranger.status, stranger.json["error"]) == (known.status, known.json["error"])
    assert (known.status, known.code) == (401, "INVALID_CREDENTIALS")
    for _ in range(9):
        assert call("POST", LOGIN, wrong).status == 401
    locked = call("POST", LOGIN, {"email": EMAIL, "password": PASSWORD})
    assert (locked.status, locked.code) == (429, "RATE_LIMITED")


@pytest.mark.usefixtures("one_window")
def test_one_address_registers_so_often_in_an_hour() -> None:
    with configured(LIMIT_REGISTRATIONS_PER_ADDRESS=2):
        answers = [register(email=f"user{n}@tix.example.com") for n in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_logging_out_revokes_the_token_and_no_other(admin: Account) -> None:
    leaving, staying = token_of(admin), token_of(admin)
    assert call("POST", "/api/tix/auth/logout", token=leaving).status == 200
    refused = call("GET", ME, token=leaving)
    assert (refused.status, refused.code, isinstance(refused.json["error"], str)) == (401, "UNAUTHENTICATED", True)
    assert call("GET", ME, token=staying).status == 200
    # Eleven hours later another container reads the list again; without the lock-out the token would still be valid.
    with clock.set_to(clock.now() + timedelta(hours=11)):
        lock_outs.forget()
        assert call("GET", ME, token=leaving).status == 401
        (lock_out,) = operations.query(keys.access.locked_out(admin.account_id).pk)
        assert float(lock_out["ttl"]["N"]) > clock.now().timestamp()


def test_a_token_is_good_for_twelve_hours(admin: Account) -> None:
    token, now = token_of(admin), clock.now()
    with clock.set_to(now + timedelta(hours=12) - timedelta(seconds=2)):
        assert call("GET", ME, token=token).status == 200
    with clock.set_to(now + timedelta(hours=12, seconds=1)):
        assert call("GET", ME, token=token).code == "TOKEN_EXPIRED"


def test_a_user_who_was_deactivated_is_locked_out(admin: Account) -> None:
    member = make_tix_user(admin)
    token = token_of(member)
    close_account(member.account_id)
    assert call("GET", ME, token=token).status == 401
    assert call("POST", LOGIN, {"email": member.login, "password": PASSWORD}).code == "ACCOUNT_SUSPENDED"
    assert accounts.find(Portal.TIX, member.login) is not None
