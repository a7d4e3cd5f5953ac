"""A member of staff whom no colleague can help gets in again by an operator's command, which leaves its traces."""

import re

import pytest

from chalicelib.domain.access import accounts, new_accounts, sessions
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, Portal
from infra import staff_recovery as command
from tests.support import audit, commands
from tests.support.client import Answer, call
from tests.support.codes import texts
from tests.support.factories import PASSWORD, make_event, make_usher, with_recovery_codes
from tests.support.log_lines import collected
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
EMAIL, URL, NEW = "sole@example.com", "https://api.example.com", "quite another long password"
_LINK = re.compile(rf"{re.escape(URL)}/api/auth/first-admin/#(set\.[A-Za-z0-9_-]+)")
FACTOR, LINK = ["--second-factor"], ["--password", "--url", URL]


@pytest.fixture
def owner() -> Account:
    """The only administrator, with a second factor whose app and recovery codes are lost."""
    account = new_accounts.create_admin(email=EMAIL, password=PASSWORD, name="Ada", role=AdminRole.SUPER_ADMIN)
    with_recovery_codes(account)
    return stored(account)


def stored(account: Account) -> Account:
    return accounts.get(account.account_id)


def recover(*arguments: str, email: str = EMAIL) -> int:
    return commands.run(
        command.main, ["--stage", "test", "--table", "gatehouse", "--email", email, "--by", "ops-eve", *arguments]
    )


def log_in(password: str = PASSWORD) -> Answer:
    return call("POST", "/api/auth/login/", {"email": EMAIL, "password": password})


def test_a_lost_factor_is_off_all_sessions_have_ended_and_the_owner_hears_of_it(
    owner: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sessions.start(owner)
    texts()  # what enrolling has sent
    with collected() as lines:
        assert recover(*FACTOR) == 0
    assert "The second factor is off" in capsys.readouterr().out
    assert "staff recovered by an operator" in lines.text
    assert EMAIL not in lines.text
    after = stored(owner)
    kept = {name for name in after.attribute_values if name.startswith(("totp", "recovery"))}
    assert {name for name in kept if getattr(after, name) is not None} == set()
    assert after.password_hash == owner.password_hash
    assert call("GET", "/api/auth/me/", token=before.access).status == 401
    assert call("POST", "/api/auth/refresh/", {"refresh": before.refresh}).status == 401
    [notice] = texts()
    assert (notice["to"], "second factor of your staff account was changed" in notice["body"]) == (EMAIL, True)
    assert log_in().status == 200
    [entry] = [each for each in audit.entries() if each["action"] == "account.recover"]
    assert (entry["actor_id"], entry["role"], entry["entity_id"]) == ("ops-eve", "operator", owner.account_id)


def test_a_role_that_requires_a_factor_has_to_set_up_another_before_anything_else(owner: Account) -> None:
    with configured(SECOND_FACTOR_ROLES=str(owner.role)):
        assert recover(*FACTOR) == 0
        token = log_in().json["access"]
        assert call("GET", "/api/users/", token=token).status == 403
        assert call("POST", "/api/auth/totp/", {}, token=token).status == 200


def test_a_lost_password_is_set_by_a_link_once_and_the_factor_stays(
    owner: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recover(*LINK) == 0
    found = _LINK.search(capsys.readouterr().out)
    assert found is not None
    token = found[1].removeprefix("set.")
    assert stored(owner).password_hash == owner.password_hash
    statuses = [
        call("PUT", "/api/auth/first-admin/", {"token": token, "password": password}).status
        for password in (NEW, "one more long password")
    ]
    assert statuses == [204, 401]
    assert log_in(NEW).code == "INVALID_CREDENTIALS"  # its six-digit code is missing
    assert stored(owner).totp_sealed == owner.totp_sealed


def test_nobody_but_active_staff_is_recovered(owner: Account, capsys: pytest.CaptureFixture[str]) -> None:
    usher = make_usher(make_event())
    for email in (usher.login, "nobody@example.com"):
        assert recover(*FACTOR, email=email) == 1
        assert "No member of staff" in capsys.readouterr().err
    owner.status = type(owner.status)("suspended")
    owner.save()
    assert recover(*FACTOR, *LINK) == 1
    assert "not active" in capsys.readouterr().err
    assert stored(owner).totp_sealed == owner.totp_sealed
    assert stored(owner).link_hash is None
    assert stored(owner).portal == Portal.ADMIN


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "say what was lost"), (("--password",), "needs --url"), (("--url", "http://a.b"), "https")],
)
def test_the_command_says_what_it_needs(
    arguments: tuple[str, ...], said: str, owner: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        recover(*arguments)
    assert said in capsys.readouterr().err
    assert stored(owner).sessions_end_before == owner.sessions_end_before
