"""An organization's settings, the users who may change them, and its invite code."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.table.items import Account
from tests.support.client import Answer, call
from tests.support.factories import PASSWORD, make_organization, make_tix_user, token_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "/api/tix/settings"


@pytest.fixture
def admin(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_organization()


def shown(of: Account) -> dict[str, Any]:
    return dict(call("GET", PATH, token=token_of(of)).json)


def put(by: Account, **changes: Any) -> Answer:
    return call("PUT", PATH, changes, token=token_of(by))


def test_an_admin_changes_what_is_named_and_the_rest_stays(admin: Account) -> None:
    before = shown(admin)
    changes = {
        "name": "City Run",
        "logo_url": "https://cdn.example.com/run.png",
        "timezone": "Asia/Karachi",
        "ticket_prefix": "RUN-26",
        "max_users": 40,
    }
    answer = put(admin, **changes, unknown="ignored")
    assert answer.status == 200
    assert answer.json == {**before, **changes} == shown(admin)
    assert put(admin, logo_url=None).json == {**before, **changes, "logo_url": None}
    assert put(admin).json["name"] == "City Run"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("logo_url", "http://cdn.example.com/run.png"),
        ("timezone", "Mars/Base"),
        ("timezone", "../etc/passwd"),
        ("timezone", "localtime"),
        ("ticket_prefix", "r_n"),
        ("ticket_prefix", "r n"),
        ("ticket_prefix", ""),
        ("ticket_prefix", "A" * 21),
        ("max_users", 0),
        ("paper", {"size": "B4"}),
        ("paper", {"columns": 12}),
        ("paper", {"margin": 100}),
        ("paper", {"note": "x" * 5000}),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_and_nothing_changes(admin: Account, field: str, value: Any) -> None:
    before = shown(admin)
    refused = put(admin, **{"name" if field != "name" else "ticket_prefix": "NEW", field: value})
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.json["details"][0]["field"].startswith(field)
    assert shown(admin) == before


def test_paper_has_defaults_and_keeps_what_a_client_says_beside(admin: Account) -> None:
    assert (shown(admin)["paper"]["columns"], shown(admin)["paper"]["rows"]) == (3, 8)
    said = {"size": "Letter", "columns": 2, "margin": 12.7, "printer": {"tray": 2}}
    assert put(admin, paper=said).status == 200
    assert {name: shown(admin)["paper"][name] for name in said} == said
    assert shown(admin)["paper"]["rows"] == 8


@pytest.mark.parametrize("value", ["1e400", '"\\ud800"', '[{"deep": -1e999}]', '{"\\udfff": 1}'])
def test_paper_keeps_nothing_that_no_answer_can_hold(admin: Account, value: str) -> None:
    before = shown(admin)
    refused = call("PUT", PATH, token=token_of(admin), raw=f'{{"paper": {{"own": {value}}}}}'.encode())
    assert refused.status == 400, refused.text
    assert shown(admin) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", PATH, b'{"paper": {"own": [-1e400]}}'),
        ("POST", "/api/tix/tickets/generate", b'{"count": 1, "prefix": "A", "extra": {"seat": 1e400}}'),
    ],
)
def test_a_number_that_is_read_as_infinite_is_refused_in_plain_words(
    admin: Account, method: str, path: str, body: bytes
) -> None:
    refused = call(method, path, token=token_of(admin), raw=body)
    assert refused.status == 400
    assert [problem["message"] for problem in refused.json["details"]] == ["must not have a number beyond 1.8e308"]


def test_there_may_not_be_fewer_users_than_there_are(admin: Account) -> None:
    make_tix_user(admin)
    refused = put(admin, max_users=1)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert put(admin, max_users=2).json["members"] == 2


def test_only_an_admin_changes_settings_and_sees_the_invite_code(admin: Account) -> None:
    member = make_tix_user(admin)
    refused = put(member, name="Mine now")
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    seen = shown(member)
    of_invite = {"invite_code", "invite_expires_at", "invite_uses"}
    assert {seen[name] for name in of_invite} == {None}
    assert {**seen, **{name: shown(admin)[name] for name in of_invite}} == shown(admin)


def test_a_rotated_invite_code_is_another_and_the_old_one_ends(admin: Account) -> None:
    old = shown(admin)["invite_code"]
    new = put(admin, rotate_invite=True).json["invite_code"]
    assert new != old
    who = {"email": "a@tix.example.com", "password": PASSWORD, "name": "A"}
    assert call("POST", "/api/tix/auth/register", {**who, "invite_code": old}).status == 400
    assert call("POST", "/api/tix/auth/register", {**who, "invite_code": new}).status == 201


def test_an_invite_code_is_valid_for_its_days_and_its_uses(admin: Account) -> None:
    def register(code: str, n: int) -> Answer:
        who = {"email": f"user{n}@tix.example.com", "password": PASSWORD, "name": "A", "invite_code": code}
        return call("POST", "/api/tix/auth/register", who)

    now = clock.now()
    with clock.set_to(now):
        first = shown(admin)
        assert first["invite_uses"] == 10
        made = put(admin, rotate_invite=True, invite_days=2, invite_uses=2).json
        assert made["invite_expires_at"] == clock.to_text(now + timedelta(days=2))
        assert [register(made["invite_code"], n).status for n in range(3)] == [201, 201, 400]
        used_up = shown(admin)
        assert (used_up["invite_code"], used_up["invite_uses"], used_up["members"]) == (None, 0, 3)
        week = put(admin, rotate_invite=True).json["invite_code"]
    with clock.set_to(now + timedelta(days=7) - timedelta(seconds=1)):
        assert register(week, 3).status == 201
    with clock.set_to(now + timedelta(days=7)):
        refused = register(week, 4)
        assert (refused.status, refused.json["details"][0]["field"]) == (400, "invite_code")
        assert shown(admin)["invite_code"] is None


def test_another_organizations_settings_are_its_own(admin: Account) -> None:
    other = make_organization(name="Another")
    put(other, name="Renamed")
    assert (shown(admin)["name"], shown(other)["name"]) == ("Lahore Marathon", "Renamed")
    assert shown(admin)["invite_code"] != shown(other)["invite_code"]
