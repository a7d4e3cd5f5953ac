"""Every route and every wrong caller, generated from the route table: refused as the contract says, nothing written."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.portals.http.auth import CAMPUS_OFFICE, CAMPUS_STAFF, Guard, Identified
from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import AdminRole, Portal, TixRole
from infra.local.demo import demo_passwords
from tests.contract import authorization
from tests.contract.ground import (
    OTHER_EVENT_ID,
    PASSWORD,
    REQUESTS,
    Ground,
    contract,
    label,
    public_key_text,
    routes,
    stored,
)
from tests.contract.request import Request

GUARDED = [route for route in routes() if route.guard is not None]
OPEN = [route for route in routes() if route.guard is None]
# The portal of each value of the contract's `who`.
_PORTAL_OF = {
    "customer": Portal.WEBAPP,
    "merchant": Portal.MERCHANT,
    "organizer": Portal.ORGANIZER,
    "usher": Portal.USHER,
    "device": Portal.DEVICE,
    "admin": Portal.ADMIN,
    "tix-user": Portal.TIX,
    "tix-admin": Portal.TIX,
    "campus-user": Portal.CAMPUS,
    "campus-organizer": Portal.CAMPUS,
    "campus-admin": Portal.CAMPUS,
}
# The roles of each value of `who`, where it names some.
_ROLES_OF = {
    "tix-admin": (TixRole.ADMIN,),
    "campus-organizer": CAMPUS_STAFF.roles,
    "campus-admin": CAMPUS_OFFICE.roles,
}
_WITHOUT_ACCESS_TOKEN = {"public", "refresh", "device-key", "signature"}


def _named(route: AnyRoute) -> str:
    return route.operation_id


# Who may call at all


def test_every_route_has_a_request_that_its_right_caller_gets_through_with() -> None:
    assert set(REQUESTS) == {route.operation_id for route in routes()}


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_a_route_is_open_or_guarded_as_the_contract_says(route: AnyRoute) -> None:
    who = contract()[route.method, route.path].who
    if who in _WITHOUT_ACCESS_TOKEN:
        assert route.guard is None
    else:
        assert route.guard is not None
        assert route.guard.portal is (None if who == "any" else _PORTAL_OF[who])
        assert route.guard.roles == _ROLES_OF.get(who, ())
    assert route.refresh == (who == "refresh")


# Which of the staff's roles may do what. The table is written by hand from contract/admin.md.


def staff_roles() -> dict[tuple[str, str], set[AdminRole]]:
    with (Path(__file__).parent / "staff_roles.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {(row["method"], row["path"].rstrip("/")): {*map(AdminRole, row["roles"].split())} for row in rows}


STAFF_ROUTES = [route for route in GUARDED if route.portal == Portal.ADMIN]


def wrong_guards(routes: Iterable[AnyRoute]) -> list[str]:
    """Return each route of staff whose guard takes other roles than the table says."""
    table, found = staff_roles(), []
    for route in routes:
        expected = table.get((route.method, route.path))
        if expected is None:
            found.append(
                f"{label(route)} has no row in tests/contract/staff_roles.csv: write one from contract/admin.md"
            )
        elif route.guard is None or route.guard.portal is not Portal.ADMIN:
            found.append(f"{label(route)} has no guard of staff")
        elif set(route.guard.accepted_roles or ()) != expected:
            found.append(f"{label(route)} takes {route.guard.accepted_roles}, the table says {sorted(expected)}")
    return found


def test_each_staff_route_takes_exactly_the_roles_that_the_contract_names() -> None:
    assert wrong_guards(STAFF_ROUTES) == []


@pytest.mark.parametrize("route", STAFF_ROUTES, ids=_named)
def test_a_staff_route_whose_guard_was_removed_or_weakened_is_reported(route: AnyRoute) -> None:
    others = [one for one in STAFF_ROUTES if one is not route]
    takes_all = staff_roles()[route.method, route.path] == set(AdminRole)
    for guard in (None, Guard(Portal.ORGANIZER), *(() if takes_all else (Guard(Portal.ADMIN),))):
        assert len(wrong_guards([*others, structs.replace(route, guard=guard)])) == 1
    assert wrong_guards([structs.replace(route, path="/api/unknown")])[0].endswith("write one from contract/admin.md")


def test_the_table_of_roles_has_each_guarded_route_of_the_contract() -> None:
    wire = {key for key, route in contract().items() if route.portal == "admin" and route.who == "admin"}
    assert set(staff_roles()) >= wire


def test_the_document_names_the_roles_of_each_staff_route() -> None:
    paths = json.loads(openapi.text())["paths"]
    named = {
        (method.upper(), path.rstrip("/")): {*operation["x-roles"]}
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "admin" in operation["tags"] and "x-roles" in operation
    }
    assert named == {(r.method, r.path): {*map(str, staff_roles()[r.method, r.path])} for r in STAFF_ROUTES}


@pytest.mark.parametrize("route", STAFF_ROUTES, ids=_named)
def test_a_staff_route_answers_403_to_exactly_the_other_roles(route: AnyRoute, ground: Ground) -> None:
    allowed = set()
    for role in AdminRole:
        # A body that is never accepted: the guard answers, or the check after it.
        request = replace(ground.rightful(route), body={}) if route.body else ground.rightful(route)
        answer = ground.send(route, request, token=ground.session(Portal.ADMIN, role=role).access)
        if answer.status != 403:
            allowed.add(role)
    assert allowed == staff_roles()[route.method, route.path]


# The matrix


@pytest.mark.parametrize("route", GUARDED, ids=_named)
def test_a_guarded_route_refuses_every_wrong_caller_and_writes_nothing(route: AnyRoute, ground: Ground) -> None:
    assert list(authorization.violations(route, ground)) == []


class _NoGuardAtAll:
    """Admits every request as the route's right caller: a route whose guard was forgotten."""

    def __init__(self, route: AnyRoute, ground: Ground) -> None:
        assert route.guard is not None
        self._caller = route.guard.identify({"authorization": f"Bearer {ground.token(route)}"})

    def identify(self, _: Mapping[str, str]) -> Identified:
        return self._caller

    def permit(self, principal: Principal) -> None:
        pass


# This tests the matrix itself, with one route that reads and one that writes of each portal.
_ON_TRIAL = list({(route.portal, route.method == "GET"): route for route in GUARDED}.values())


@pytest.mark.parametrize("route", _ON_TRIAL, ids=_named)
def test_the_matrix_reports_a_route_whose_guard_was_removed(route: AnyRoute, ground: Ground) -> None:
    for weaker in (None, _NoGuardAtAll(route, ground)):
        with authorization.guarded_by(route, weaker):
            assert next(authorization.violations(route, ground), None) is not None


# Where the domain decides by the stored role as well, a forgotten permission opens nothing (D-STAFF-01).
_DECIDED_TWICE = {"admin_create_user", "admin_change_user", "admin_deactivate_user", "admin_verify_user"}


@pytest.mark.parametrize("route", [r for r in GUARDED if r.guard and r.guard.permissions], ids=_named)
def test_the_matrix_reports_a_route_that_forgot_its_permission(route: AnyRoute, ground: Ground) -> None:
    with authorization.guarded_by(route, Guard(Portal.ADMIN)):
        found = list(authorization.violations(route, ground))
    assert route.guard is not None
    if route.operation_id in _DECIDED_TWICE or set(route.guard.accepted_roles or ()) == set(AdminRole):
        assert found == []
        return
    assert any(" as the role " in line for line in found)
    assert all(" as the role " in line or " wrote " in line for line in found)


@pytest.mark.parametrize("route", [r for r in GUARDED if r.guard and r.guard.portal is Portal.USHER], ids=_named)
def test_the_matrix_reports_a_route_that_takes_another_portals_tokens(route: AnyRoute, ground: Ground) -> None:
    with authorization.guarded_by(route, Guard(Portal.DEVICE)):
        assert any(" as a token of device" in line for line in authorization.violations(route, ground))


# The same role at another event


@dataclass(frozen=True)
class Outcome:
    """The answer to a caller of another event whose request names this event's items.

    `says` is a part of the answer. A scan is answered and logged at the caller's own event. It admits nothing.
    """

    status: int
    code: str | None = None
    says: dict[str, Any] = field(default_factory=dict)
    writes: bool = False
    # Whether the card was presented at the caller's event before.
    is_presented: bool = False


_NOT_ASSIGNED = Outcome(403, "NOT_ASSIGNED")
_NOT_FOUND = Outcome(404, "NOT_FOUND")
# The request names nothing of an event: it is about the caller alone.
_OWN = Outcome(200, writes=True)
TENANTS = {
    "usher_logout": _OWN,
    "usher_events": Outcome(200, says={"count": 1}),
    "usher_event": _NOT_ASSIGNED,
    "usher_event_status": _NOT_ASSIGNED,
    "usher_validate_assignment": Outcome(200, says={"assigned": False, "role": None, "scanning_enabled": False}),
    "usher_verify_card": Outcome(200, says={"known": True}),
    "usher_card": Outcome(200, says={"has_ticket": False}, is_presented=True),
    "usher_validate_card": _NOT_ASSIGNED,
    "usher_attendee": _NOT_FOUND,
    "usher_attendee_at_event": _NOT_ASSIGNED,
    "usher_scan": _NOT_ASSIGNED,
    "usher_leave": _NOT_ASSIGNED,
    "usher_leaves": Outcome(200),
    "usher_logs": Outcome(200),
    "usher_sync_logs": Outcome(200, writes=True),
    "usher_sync_status": Outcome(200, says={"gaps": []}),
    "usher_phone_heartbeat": _OWN,
    # The readers of the caller's own event.
    "usher_nfc_status": Outcome(200, says={"complete": True}),
    "usher_nfc_test": _NOT_FOUND,
    "usher_log_scan": Outcome(200, writes=True),
    "usher_search_logs": _NOT_ASSIGNED,
    "usher_log": _NOT_FOUND,
    "usher_report_incident": Outcome(201, says={"event_id": OTHER_EVENT_ID}, writes=True),
    "device_taps": Outcome(200, writes=True),
    "device_heartbeat": _OWN,
    "device_snapshot": Outcome(200),
    "usher_sync_attendees": Outcome(200, says={"results": []}),
    "usher_sync_cards": Outcome(200, says={"results": []}),
}


def test_every_route_of_ushers_and_devices_says_what_another_events_caller_gets() -> None:
    asked = {r.operation_id for r in GUARDED if r.guard and r.guard.portal in (Portal.USHER, Portal.DEVICE)}
    assert set(TENANTS) == asked


def _tickets(table: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    return {key: item for key, item in table.items() if '"ticket"' in item and demo.EVENT_ID in item}


@pytest.mark.parametrize("route", [r for r in GUARDED if r.operation_id in TENANTS], ids=_named)
def test_a_caller_of_another_event_reaches_nothing_of_this_one(route: AnyRoute, ground: Ground) -> None:
    assert route.guard is not None
    assert route.guard.portal is not None
    expected = TENANTS[route.operation_id]
    request, token = ground.rightful(route), ground.tenant_token(route.guard.portal)
    if expected.is_presented:
        taps = next(r for r in GUARDED if r.operation_id == "device_taps")
        assert ground.send(taps, ground.rightful(taps), token=ground.other_device.token()).status == 200
    before = stored()
    answer = ground.send(route, request, token=token)
    after = stored()
    assert (answer.status, answer.code if answer.status >= 400 else None) == (expected.status, expected.code)
    assert {name: answer.json[name] for name in expected.says} == expected.says
    assert ground.device.device_id not in answer.text
    assert expected.writes or after == before
    assert _tickets(after) == _tickets(before)


def test_the_log_of_another_event_shows_nothing_of_this_one(ground: Ground) -> None:
    route = next(r for r in GUARDED if r.operation_id == "usher_logs")
    entries = ground.send(route, Request(), token=ground.tenant_token(Portal.USHER)).json["results"]
    assert {(entry["event_id"], entry["attendee_name"]) for entry in entries} <= {(OTHER_EVENT_ID, None)}


def test_a_device_of_another_event_admits_nobody_with_this_events_card(ground: Ground) -> None:
    route = next(r for r in GUARDED if r.operation_id == "device_taps")
    answer = ground.send(route, ground.rightful(route), token=ground.other_device.token()).json["results"][0]
    assert (answer["result"], answer["reason"]) == ("invalid", "wrong_event")
    assert answer["attendee"] is None


# The routes without an access token, and the credentials that they require instead


@contextmanager
def nothing_written() -> Iterator[None]:
    before = stored()
    yield
    assert stored() == before


def _refused(route: AnyRoute, ground: Ground, body: dict[str, Any], **more: Any) -> tuple[int, str | None]:
    answer = ground.send(route, Request(body), token=None, **more)
    return answer.status, answer.code


@pytest.mark.parametrize("route", [r for r in OPEN if r.refresh], ids=_named)
def test_a_refresh_takes_only_a_living_refresh_token_of_its_own_portal(route: AnyRoute, ground: Ground) -> None:
    portal = Portal(route.portal)
    other = Portal.ADMIN if portal is Portal.USHER else Portal.USHER
    own = ground.session(portal)
    session_id, generation, secret = own.refresh.split(".")
    wrong = {
        "an access token": own.access,
        "nonsense": "nonsense",
        "another portal's": ground.session(other).refresh,
        "an ended session's": ground.ended_refresh[portal],
        "a forged one": f"{session_id}.{generation}.{secret[::-1]}",
        "a generation ahead": f"{session_id}.{int(generation) + 1}.{secret}",
    }
    with nothing_written():
        for name, refresh in wrong.items():
            assert _refused(route, ground, {"refresh": refresh}) == (401, "UNAUTHENTICATED"), name
        suspended = _refused(route, ground, {"refresh": ground.disabled_refresh[portal]})
    assert suspended == (403, "ACCOUNT_SUSPENDED")


def test_the_staffs_refresh_cookie_is_worth_nothing_without_its_csrf_token(ground: Ground) -> None:
    login = next(r for r in OPEN if r.operation_id == "admin_login")
    refresh = next(r for r in OPEN if r.refresh and r.portal == Portal.ADMIN)
    answer = ground.send(login, replace(ground.rightful(login), query="cookie=1"), token=None)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert answer.json["refresh"] is None
    with nothing_written():
        for wrong in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "0" * 64}, {"x-csrf-token": "ü"}):
            assert _refused(refresh, ground, {}, headers={"cookie": cookie, **wrong})[0] == 401
    proven = {"cookie": cookie, "x-csrf-token": answer.json["csrf_token"]}
    assert ground.send(refresh, Request({}), token=None, headers=proven).status == 200


def test_an_usher_logs_in_only_with_the_password_the_role_and_the_assignment(ground: Ground) -> None:
    route = next(r for r in OPEN if r.operation_id == "usher_login")
    right = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo_passwords.USHER}
    wrong: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"password": "wrong"}, (401, "INVALID_CREDENTIALS")),
        ({"username": "nobody"}, (401, "INVALID_CREDENTIALS")),
        ({"username": demo.ADMIN_EMAIL, "password": demo_passwords.ADMIN}, (401, "INVALID_CREDENTIALS")),
        ({"event_id": OTHER_EVENT_ID}, (403, "NOT_ASSIGNED")),
        ({"event_id": "evt_unknown"}, (403, "NOT_ASSIGNED")),
        ({"username": "usher3", "password": PASSWORD}, (403, "ACCOUNT_SUSPENDED")),
    ]
    with nothing_written():
        for change, expected in wrong:
            assert _refused(route, ground, {**right, **change}) == expected, change


def test_staff_log_in_only_with_their_password(ground: Ground) -> None:
    route = next(r for r in OPEN if r.operation_id == "admin_login")
    wrong = (
        {"email": demo.ADMIN_EMAIL, "password": "wrong"},
        {"email": "nobody@example.com", "password": demo_passwords.ADMIN},
        {"email": demo.USHER_USERNAME, "password": demo_passwords.USHER},
    )
    with nothing_written():
        for body in wrong:
            assert _refused(route, ground, body) == (401, "INVALID_CREDENTIALS")


def test_a_device_proves_itself_only_with_a_fresh_assertion_of_its_own_key(ground: Ground) -> None:
    route = next(r for r in OPEN if r.operation_id == "device_token")
    device, other = ground.device, ground.other_device
    now = int(clock.now().timestamp())
    wrong = {
        "another device's key": device.assertion(key=other.key),
        "another device": other.assertion(),
        "another subject": device.assertion(sub=other.device_id),
        "another audience": device.assertion(aud="somewhere"),
        "another type": device.assertion(typ="JWT"),
        "an old one": device.assertion(iat=now - 300, exp=now - 240),
        "a long one": device.assertion(exp=now + 3600),
        "an access token": device.token(),
        "algorithm none": "eyJhbGciOiJub25lIiwidHlwIjoiZGV2aWNlLWFzc2VydGlvbitqd3QifQ.e30.",
    }
    with nothing_written():
        for name, assertion in wrong.items():
            refused = _refused(route, ground, {"device_id": device.device_id, "assertion": assertion})
            assert refused == (401, "UNAUTHENTICATED"), name


def test_an_enrolment_code_works_for_one_key_only(ground: Ground) -> None:
    route = next(r for r in OPEN if r.operation_id == "device_enroll")
    request = ground.rightful(route)
    assert request.body is not None
    assert ground.send(route, request, token=None).status == 200
    stolen = {**request.body, "public_key": public_key_text(Ed25519PrivateKey.generate())}
    with nothing_written():
        assert _refused(route, ground, stolen) == (401, "INVALID_CREDENTIALS")
        assert _refused(route, ground, {**request.body, "code": "AAAA-BBBB-CCCC"}) == (401, "INVALID_CREDENTIALS")


# The control, the same requests from right callers, is in test_conventions.py.
