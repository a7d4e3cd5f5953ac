"""Users of every kind: who may create and change whom, one version at a time, and what ends with a change."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import clock, phone_numbers
from chalicelib.domain.access import accounts, new_accounts, password_links, sessions, users
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.errors import Forbidden, InvalidState
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, Portal
from chalicelib.vocabulary.cards import CardStatus
from tests.support import audit
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.codes import texts
from tests.support.factories import (
    PASSWORD,
    admin_token,
    make_event,
    make_merchant,
    make_organizer,
    make_usher,
    unused_number,
    usher_token,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NEW_PASSWORD = "violet harmonica 58"


def staff(role: AdminRole, *, email: str | None = None) -> Account:
    address = email or f"{unused_number()}@staff.example.com"
    return new_accounts.create_admin(email=address, password=PASSWORD, name="Ada", role=role)


def token_for(account: Account) -> str:
    return sessions.start(account).access


def create(token: str, **body: Any) -> Answer:
    return call("POST", "/api/users/", body, token=token)


def put(token: str, user_id: str, **body: Any) -> Answer:
    return call("PUT", f"/api/users/{user_id}/", body, token=token)


def stored(user_id: str) -> Account:
    return accounts.get(user_id)


def link_to(address: str) -> str:
    (body,) = [text["body"] for text in texts() if text["to"] == address and "#set." in text["body"]]
    return str(body.rpartition("#set.")[2])


def spend_link(token: str) -> int:
    return call("PUT", "/api/auth/first-admin/", {"token": token, "password": NEW_PASSWORD}).status


def log_in(email: str) -> int:
    return call("POST", "/api/auth/login/", {"email": email, "password": PASSWORD}).status


def event_status(event_id: str, token: str) -> int:
    return call("GET", f"/api/usher/events/{event_id}/status/", token=token).status


def new_user(kind: str) -> dict[str, Any]:
    number = unused_number("7")
    bodies: dict[str, dict[str, Any]] = {
        "organizer": {"type": "organizer", "name": "Nights", "contact_mobile": number, "email": "n@example.com"},
        "merchant": {"type": "merchant", "name": "Books", "mobile_number": number},
        "usher": {
            "type": "usher",
            "name": "Zara",
            "username": f"zara{number}",
            "password": NEW_PASSWORD,
            "roles": ["ushering"],
            "event_ids": [],
        },
        "admin": {"type": "admin", "name": "Bea", "email": f"bea{number}@example.com", "role": "support"},
    }
    return bodies[kind]


# Whom each role may create.
MAY = {
    AdminRole.SUPER_ADMIN: {"organizer", "merchant", "usher", "admin"},
    AdminRole.ADMIN: {"organizer", "merchant", "usher"},
    AdminRole.USHER_MANAGER: {"usher"},
    AdminRole.FINANCE: set(),
    AdminRole.SUPPORT: set(),
}


@pytest.mark.parametrize("role", AdminRole)
def test_a_role_creates_the_users_that_it_handles_and_no_others(role: AdminRole) -> None:
    token = admin_token(role)
    for kind in ("organizer", "merchant", "usher", "admin"):
        answer = create(token, **new_user(kind))
        assert answer.status == (201 if kind in MAY[role] else 403), (kind, answer.text)
        if answer.status == 201:
            assert stored(answer.json["id"]).portal == Portal(kind)


def test_a_role_changes_and_removes_the_users_that_it_handles_and_no_others() -> None:
    event = make_event()
    changed_users = {"organizer": make_organizer(), "usher": make_usher(event), "admin": staff(AdminRole.FINANCE)}
    for role in (AdminRole.ADMIN, AdminRole.USHER_MANAGER):
        token = admin_token(role)
        for kind, account in changed_users.items():
            version = stored(account.account_id).version
            changed = put(token, account.account_id, name="Another", version=version)
            assert changed.status == (200 if kind in MAY[role] else 403), (role, kind)
            if kind not in MAY[role]:
                assert call("DELETE", f"/api/users/{account.account_id}/", token=token).status == 403
    assert stored(changed_users["admin"].account_id).name == "Ada"


def test_a_demoted_member_of_staff_creates_nobody_with_the_token_they_still_have() -> None:
    owner, demoted = staff(AdminRole.SUPER_ADMIN), staff(AdminRole.SUPER_ADMIN)
    old = token_for(demoted)
    assert put(token_for(owner), demoted.account_id, role="admin", version=1).status == 200
    # Another container, whose cache does not know the lock-out yet, would admit the token: the domain does not.
    with pytest.raises(Forbidden, match="super_admin"):
        users.acting(demoted.account_id, Portal.ADMIN)
    forget_caches()
    assert create(old, **new_user("admin")).status == 401


@pytest.mark.parametrize("kind", ["organizer", "merchant", "admin"])
def test_a_user_without_a_password_sets_one_by_a_link_that_works_once(kind: str) -> None:
    body = new_user(kind)
    made = create(admin_token(), **body)
    assert made.status == 201
    address = body.get("email") or body["mobile_number"]
    token = link_to(address)
    link = {"token": token, "password": NEW_PASSWORD}
    assert token not in str(audit.entries())
    assert call("PUT", "/api/auth/first-admin/", {**link, "password": "short"}).status == 400
    assert call("PUT", "/api/auth/first-admin/", link).status == 204
    assert call("PUT", "/api/auth/first-admin/", {**link, "password": "another long text"}).status == 401
    account = stored(made.json["id"])
    assert accounts.verify_password(account.portal, account.login, NEW_PASSWORD, address="192.0.2.1")


def test_a_link_ends_after_a_day_with_a_newer_one_and_with_the_account() -> None:
    owner, usher = admin_token(), make_usher(make_event())
    user_id = usher.account_id
    assert put(owner, user_id, password="a wish", version=1).code == "INVALID_STATE"
    assert put(owner, user_id, email="zara@example.com", password="a wish", version=1).status == 200
    first = link_to("zara@example.com")
    assert stored(user_id).password_hash == usher.password_hash
    assert put(owner, user_id, password=True, version=2).status == 200
    second = link_to("zara@example.com")
    assert spend_link(first) == 401
    with clock.set_to(clock.now() + password_links.LIFETIME + timedelta(seconds=1)):
        assert spend_link(second) == 401
    assert call("DELETE", f"/api/users/{user_id}/", token=owner).status == 204
    assert spend_link(second) == 401
    assert stored(user_id).password_hash == usher.password_hash


def test_a_stale_version_is_409_with_the_present_state_and_changes_nothing() -> None:
    owner, organizer = admin_token(), make_organizer()
    shown = call("GET", f"/api/users/{organizer.account_id}/", token=owner).json
    assert put(owner, shown["id"], name="First", version=shown["version"]).json["version"] == shown["version"] + 1
    stale = put(owner, shown["id"], name="Second", email="x@example.com", version=shown["version"])
    assert (stale.status, stale.code) == (409, "CONFLICT")
    present = {"name": "First", "email": None, "status": "active", "version": shown["version"] + 1}
    assert stale.json["error"]["present"] == present
    again = call("GET", f"/api/users/{organizer.account_id}/", token=owner).json
    assert (again["name"], again["email"]) == ("First", None)


def test_nobody_demotes_or_deactivates_themselves() -> None:
    owner = staff(AdminRole.SUPER_ADMIN)
    staff(AdminRole.SUPER_ADMIN)
    token = token_for(owner)
    assert put(token, owner.account_id, role="admin", version=1).code == "FORBIDDEN"
    assert put(token, owner.account_id, status="suspended", version=1).code == "FORBIDDEN"
    assert call("DELETE", f"/api/users/{owner.account_id}/", token=token).code == "FORBIDDEN"
    assert put(token, owner.account_id, name="Ada L.", version=1).status == 200
    assert (stored(owner.account_id).role, stored(owner.account_id).status) == ("super_admin", "active")


def test_a_deactivated_user_is_locked_out_and_may_come_back() -> None:
    owner, event = admin_token(), make_event()
    usher = make_usher(event)
    pair = sessions.start(usher, event_id=event.event_id)
    assert event_status(event.event_id, pair.access) == 200
    for _ in range(2):
        assert call("DELETE", f"/api/users/{usher.account_id}/", token=owner).status == 204
    assert event_status(event.event_id, pair.access) == 401
    assert call("POST", "/api/usher/token/refresh/", {"refresh": pair.refresh}).status in (401, 403)
    assert put(owner, usher.account_id, status="suspended", version=2).code == "INVALID_STATE"
    assert put(owner, usher.account_id, status="active", version=2).status == 200
    login = {"event_id": event.event_id, "username": usher.login, "password": PASSWORD}
    assert call("POST", "/api/usher/login/", login).status == 200


def test_an_usher_who_loses_an_event_is_out_of_its_gates_and_stays_at_the_others() -> None:
    owner, one, other = admin_token(), make_event(), make_event()
    usher = make_usher(one)
    both = [one.event_id, other.event_id]
    assert put(owner, usher.account_id, event_ids=[*both, "evt_none"], version=1).status == 400
    assert put(owner, usher.account_id, event_ids=both, version=1).status == 200
    usher = stored(usher.account_id)
    tokens = {event.event_id: usher_token(event, usher) for event in (one, other)}
    assert put(owner, usher.account_id, event_ids=[other.event_id], version=2).status == 200
    status = {e: call("GET", f"/api/usher/events/{e}/status/", token=token).status for e, token in tokens.items()}
    assert status == {one.event_id: 401, other.event_id: 200}


def test_a_members_new_address_is_their_log_in_and_one_in_use_is_409() -> None:
    owner, member = admin_token(), staff(AdminRole.SUPPORT, email="old@example.com")
    staff(AdminRole.SUPPORT, email="taken@example.com")
    assert put(owner, member.account_id, email="taken@example.com", version=1).code == "ALREADY_EXISTS"
    assert put(owner, member.account_id, email="new@example.com", version=1).status == 200
    assert (log_in("old@example.com"), log_in("new@example.com")) == (401, 200)
    assert operations.get(keys.access.login(Portal.ADMIN, "old@example.com")) is None
    assert "email address" in str([text["body"] for text in texts() if text["to"] == "old@example.com"])


def test_before_the_check_a_merchant_gets_no_stock() -> None:
    owner = admin_token()
    merchant_id = create(owner, **new_user("merchant")).json["id"]
    registration = CardRegistration(uid="04AABBCCDD0001", merchant_id=merchant_id, status=CardStatus.STOCK)
    with pytest.raises(InvalidState, match="not verified"):
        cards.register(registration)
    assert operations.get(keys.cards.card("04AABBCCDD0001")) is None
    for _ in range(2):
        verified = call("POST", f"/api/users/{merchant_id}/verify/", token=owner)
        assert (verified.status, verified.json["verified"], verified.json["version"]) == (200, True, 2)
    assert cards.register(registration).merchant_id == merchant_id
    usher = make_usher(make_event())
    assert call("POST", f"/api/users/{usher.account_id}/verify/", token=owner).code == "INVALID_STATE"


def test_the_audit_log_has_what_changed_and_no_password() -> None:
    token = admin_token()
    made = create(token, **new_user("usher"))
    assert put(token, made.json["id"], name="Zara K.", version=1).status == 200
    assert put(token, made.json["id"], name="Zara L.", version=1).status == 409
    entries = audit.entries()
    assert [(e["action"], e["result"]) for e in entries] == [
        ("user.create", "done"),
        ("user.change", "done"),
        ("user.change", "refused"),
    ]
    assert json.loads(entries[1]["before"]) == {"name": "Zara"}
    assert json.loads(entries[1]["after"]) == {"name": "Zara K."}
    assert NEW_PASSWORD not in str(entries)
    assert "password" not in str(entries)


def test_the_lists_of_users_filter_search_and_show_assignments() -> None:
    owner, event = admin_token(), make_event(title="Basant")
    organizer, merchant, usher = make_organizer(name="Lahore Live"), make_merchant(), make_usher(event)
    unverified = create(owner, **new_user("organizer")).json["id"]
    StreamReader().drain()

    def ids(path: str, token: str = owner) -> set[str]:
        answer = call("GET", path, token=token)
        assert answer.status == 200, answer.text
        return {row["id"] for row in answer.json["results"]}

    assert ids("/api/organizers/") == {organizer.account_id, unverified}
    assert ids("/api/merchants/") == {merchant.account_id}
    assert ids("/api/users/?verified=false&type=organizer") == {unverified}
    assert ids(f"/api/users/?event_id={event.event_id}") == {usher.account_id}
    assert ids("/api/users/?search=liv") == {organizer.account_id}
    national = phone_numbers.national(merchant.login)
    for typed in (merchant.login, national, national.replace(" ", "")[:8], merchant.login.replace("+", "00")):
        assert ids(f"/api/users/?type=merchant&search={quote(typed)}") == {merchant.account_id}, typed
    hers = make_event(title="Hers", organizer_id=organizer.account_id)
    of_event = f"/api/organizers/?event_id={hers.event_id}"
    for fitting in ("", "&verified=true", "&search=live", "&status=active&ordering=name"):
        assert ids(of_event + fitting) == {organizer.account_id}, fitting
    for other in ("&verified=false", "&search=zz", "&status=blocked", "&created_at_to=2000-01-01"):
        assert ids(of_event + other) == set(), other
    assert ids("/api/organizers/?event_id=evt_none") == set()
    assert call("GET", f"{of_event}&cursor=x", token=owner).code == "INVALID_CURSOR"
    assert usher.account_id not in ids("/api/admins/")
    manager = admin_token(AdminRole.USHER_MANAGER)
    assert ids("/api/ushers/", manager) == {usher.account_id}
    assert ids("/api/users/", manager) == {usher.account_id}
    assert call("GET", "/api/users/?type=organizer", token=manager).status == 400
    assert call("GET", "/api/organizers/", token=manager).status == 403
    assert call("GET", f"/api/users/{organizer.account_id}/", token=manager).status == 403
    shown = call("GET", "/api/ushers/", token=manager).json["results"][0]["assignments"]
    assert [(each["event_id"], each["title"]) for each in shown] == [(event.event_id, "Basant")]
    assert call("GET", "/api/ushers/?type=admin", token=owner).status == 400
    assert call("GET", "/api/users/?colour=red", token=owner).status == 400
    assert call("DELETE", f"/api/users/{usher.account_id}/", token=owner).status == 204
    StreamReader().drain()
    assert ids("/api/ushers/?status=deactivated") == {usher.account_id}


def test_partners_are_found_by_the_e_mail_address_that_their_lists_show() -> None:
    owner = admin_token()
    people = {kind: create(owner, **{**new_user(kind), "email": f"{kind}@x.example.com"}).json for kind in PARTNERS}
    for kind, user in people.items():
        assert found(owner, f"{kind}@x") == [user["id"]]
        changed = put(owner, user["id"], email=f"other{kind}@x.example.com", version=user["version"])
        assert changed.status == 200, changed.text
        assert (found(owner, f"{kind}@x"), found(owner, f"other{kind}@x")) == ([], [user["id"]])
        own = call("PUT", PARTNERS[kind], {"email": f"own{kind}@x.example.com"}, token=token_for(stored(user["id"])))
        assert own.status == 200, own.text
        assert (found(owner, f"other{kind}@x"), found(owner, f"own{kind}@x")) == ([], [user["id"]])
        stale = put(owner, user["id"], email=None, version=changed.json["version"])
        assert (stale.status, stale.json["error"]["present"]["email"]) == (409, f"own{kind}@x.example.com")
        cleared = put(owner, user["id"], email=None, version=stale.json["error"]["present"]["version"])
        assert (cleared.status, found(owner, f"own{kind}@x")) == (200, [])


# The partners' own routes, by which they change their e-mail address.
PARTNERS = {"organizer": "/api/organizer/profile/", "merchant": "/api/merchant/settings/"}


def found(token: str, search: str) -> list[str]:
    StreamReader().drain()
    answer = call("GET", f"/api/users/?search={quote(search)}", token=token)
    return [row["id"] for row in answer.json["results"]]
