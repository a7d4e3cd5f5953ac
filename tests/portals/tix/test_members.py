"""The members of an organization: listed for all of them, removed by an admin with all that they hold."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.access import accounts
from chalicelib.domain.organizations import organizations
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Organization
from chalicelib.vocabulary.access import TixRole
from tests.support.client import Answer, call
from tests.support.factories import PASSWORD, invite_code, make_organization, make_tix_user, token_of
from tests.support.live import Gateway, Stream, gateway

pytestmark = pytest.mark.usefixtures("moto_cloud")
MEMBERS, AUTH = "/api/tix/members", "/api/tix/auth"


@pytest.fixture
def admin() -> Account:
    return make_organization(name="City Run")


@pytest.fixture
def live(moto_cloud: None) -> Iterator[Gateway]:  # noqa: ARG001  # the table first
    with gateway() as made:
        yield made


def listed(by: Account, query: str = "") -> dict[str, Any]:
    answer = call("GET", f"{MEMBERS}?{query}", token=token_of(by))
    assert answer.status == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def remove(by: Account, user_id: str) -> Answer:
    return call("DELETE", f"{MEMBERS}/{user_id}", token=token_of(by))


def members(of: Account) -> int:
    return int(organizations.get(of.organization_id).members)


def promote(user: Account) -> None:
    """Make a member an admin, as no route does yet."""
    place = keys.organizations.organization(user.organization_id)
    operations.commit(
        operations.change(keys.access.account(user.account_id), [Account.role.set(TixRole.ADMIN)]),
        operations.change(place, [Organization.admins.add(1)]),
    )


def test_members_see_each_other_newest_first(admin: Account) -> None:
    joined = [make_tix_user(admin) for _ in range(3)]
    make_tix_user(make_organization())
    found = listed(joined[0])["results"]
    assert [row["id"] for row in found] == [user.account_id for user in (*joined[::-1], admin)]
    assert found[-1] == {
        "id": admin.account_id,
        "email": admin.login,
        "name": "Owner",
        "role": "admin",
        "email_verified": True,
        "joined_at": found[-1]["joined_at"],
    }
    first = listed(admin, "page_size=3")
    last = listed(admin, f"page_size=3&cursor={first['next']}")
    assert [*first["results"], *last["results"]] == found
    assert last["next"] is None


def test_a_removed_member_is_out_with_session_socket_and_invitation(admin: Account, live: Gateway) -> None:
    member, stream, code = make_tix_user(admin), Stream(), invite_code(admin)
    token = token_of(member)
    socket = live.connect(token).subscribe(f"org-{admin.organization_id}")
    stays = live.connect(token_of(admin)).subscribe(f"org-{admin.organization_id}")
    stream.drain()
    assert remove(admin, member.account_id).json == {"success": True}
    assert call("GET", f"{AUTH}/me", token=token).status == 401
    stream.drain()
    assert (socket.is_open, stays.is_open) == (False, True)
    assert [row["id"] for row in listed(admin)["results"]] == [admin.account_id]
    assert members(admin) == 1
    log_in = {"email": member.login, "password": PASSWORD}
    assert call("POST", f"{AUTH}/login", log_in).code == "INVALID_CREDENTIALS"
    back = {**log_in, "name": "Back again"}
    assert call("POST", f"{AUTH}/register", {**back, "invite_code": code}).status == 400
    # The address is free for an organization of its own.
    assert call("POST", f"{AUTH}/register", back).status == 201
    assert remove(admin, member.account_id).code == "NOT_FOUND"


def test_a_removal_gives_its_place_to_another(admin: Account) -> None:
    place = keys.organizations.organization(admin.organization_id)
    operations.record(operations.change(place, [Organization.max_users.set(2)]))
    member = make_tix_user(admin)
    assert remove(admin, member.account_id).status == 200
    assert make_tix_user(admin).organization_id == admin.organization_id
    assert members(admin) == 2


def test_only_an_admin_removes_and_only_members_of_their_own(admin: Account) -> None:
    member, stranger = make_tix_user(admin), make_organization()
    assert remove(member, admin.account_id).code == "FORBIDDEN"
    assert remove(stranger, member.account_id).code == "NOT_FOUND"
    assert remove(admin, "usr_01K9ZC0Y5T7W9A1C3E5G7J9M1Q").code == "NOT_FOUND"
    assert members(admin) == 2
    assert accounts.get(member.account_id).status == "active"


def test_the_last_admin_cannot_go(admin: Account) -> None:
    make_tix_user(admin)
    refused = remove(admin, admin.account_id)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert call("GET", f"{AUTH}/me", token=token_of(admin)).status == 200
    second = make_tix_user(admin)
    promote(second)
    assert remove(admin, admin.account_id).status == 200
    assert remove(accounts.get(second.account_id), second.account_id).code == "INVALID_STATE"
    assert members(admin) == 2
