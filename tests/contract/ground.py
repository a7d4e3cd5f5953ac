"""The callers of the contract's tests and their data: two events, their ushers and readers, and the staff.

`requests` holds, for each operation, one request that is accepted from its right caller. A route without its
request here fails the tests, so that a new one cannot be forgotten.
"""

import base64
import csv
import itertools
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

import app  # noqa: F401  # registers the routes
from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import accounts, devices, first_admin, new_accounts, sessions, tokens
from chalicelib.domain.events import events
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.portals.openapi import document as openapi
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Campus
from chalicelib.vocabulary.access import AdminRole, Portal, UsherRole
from chalicelib.vocabulary.campus import CampusRole
from infra.local.demo import demo_data, demo_passwords
from tests.contract import admin as admin_requests
from tests.contract import campus as campus_requests
from tests.contract import merchant as merchant_requests
from tests.contract import offline, partners, webapp
from tests.contract import organizer as organizer_requests
from tests.contract import staff as staff_requests
from tests.contract import tix as tix_requests
from tests.contract.request import Request
from tests.support.campus import campus_of, make_campus, make_campus_user
from tests.support.client import Answer, call, event_of
from tests.support.closing import close_account
from tests.support.factories import make_organization, make_tix_user, verified
from tests.support.streams import StreamReader

OTHER_EVENT_ID = "evt_other"
PASSWORD = "a password of the tests"
_CARD = demo.CARD_UID
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ContractRoute:
    """One line of the contract's list of routes, copied into `contract_routes.csv`."""

    portal: str
    method: str
    path: str
    who: str


# Routes beside the contract (D-SEC-43).
ADDED = (
    ContractRoute("admin", "GET", "/api/auth/first-admin/", "public"),
    ContractRoute("admin", "POST", "/api/auth/first-admin/", "public"),
    # The link of D-CRD-08.
    ContractRoute("webapp", "POST", "/api/v1/claims/", "customer"),
    # Users set their password by the link that staff have sent (D-STAFF-02).
    ContractRoute("admin", "PUT", "/api/auth/first-admin/", "public"),
)


# A route that is open to every portal is called by an usher, except these.
CALLERS_OF_ANY = {"show_job": Portal.TIX}


def contract() -> dict[tuple[str, str], ContractRoute]:
    """Return the contract's routes and the added ones by method and path, the path without its trailing slash."""
    return {(route.method, route.path.rstrip("/")): route for route in contract_rows()}


def contract_rows() -> list[ContractRoute]:
    """Return each row of the contract's list, then the added routes."""
    with (Path(__file__).parent / "contract_routes.csv").open(encoding="utf-8", newline="") as lines:
        return [*map(_route, csv.DictReader(lines)), *ADDED]


def _route(row: dict[str, str]) -> ContractRoute:
    return ContractRoute(**row)


def label(route: AnyRoute) -> str:
    return f"{route.method} {route.path}"


def fresh_address() -> str:
    """Return an address that has sent no request yet: the attempts at codes are limited per address."""
    return f"10.{'.'.join(str(part) for part in next(_numbers).to_bytes(3))}"


@dataclass
class Device:
    """A reader with its own key, as the program at the gate holds it."""

    device_id: str
    key: Ed25519PrivateKey

    def assertion(self, **changes: Any) -> str:
        """Return the JWT by which the device proves itself; `changes` falsify it."""
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.device_id,
            "sub": self.device_id,
            "aud": devices.ASSERTION_AUDIENCE,
            "jti": uuid.uuid4().hex,
        }
        headers = {"typ": changes.pop("typ", "device-assertion+jwt")}
        key = changes.pop("key", self.key)
        return jwt.encode({**claims, "iat": now, "exp": now + 60, **changes}, key, algorithm="EdDSA", headers=headers)

    def token(self) -> str:
        return devices.token(device_id=self.device_id, assertion=self.assertion())


def public_key_text(key: Ed25519PrivateKey) -> str:
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")


def enrolled(event_id: str) -> Device:
    provision = devices.provision(event_id=event_id, gate_name="Gate 1", name="Reader", by="adm_test")
    key = Ed25519PrivateKey.generate()
    # Each from an address of its own: enrolments are limited per address.
    place = f"place {next(_numbers)}"
    enrolment = devices.enroll(code=provision.enrollment_code, public_key=public_key_text(key), address=place)
    return Device(enrolment.device_id, key)


@dataclass
class Ground:
    """All data that the tests of the contract need."""

    usher: Account
    other_usher: Account
    customer: Account
    other_customer: Account
    merchant: Account
    other_merchant: Account
    organizer: Account
    other_organizer: Account
    tix_admin: Account
    tix_member: Account
    other_tix_admin: Account
    campus: Campus
    # The rightful callers by role, all of the demo campus.
    campus_users: dict[CampusRole, Account]
    other_campus_users: dict[CampusRole, Account]
    admins: dict[AdminRole, Account]
    device: Device
    other_device: Device
    log_id: str
    # Access tokens of accounts that were locked out after the log-in, by portal and kind of lock-out.
    locked_out: dict[tuple[Portal, str], str]
    ended_refresh: dict[Portal, str]
    disabled_refresh: dict[Portal, str]
    _access: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def session(self, portal: Portal, *, role: AdminRole | CampusRole = AdminRole.SUPER_ADMIN) -> sessions.Tokens:
        """Return a fresh session of the portal's rightful caller; of campus the student's, unless a role is given."""
        if portal is Portal.CAMPUS:
            return sessions.start(self.campus_users[role if isinstance(role, CampusRole) else CampusRole.STUDENT])
        if portal is Portal.USHER:
            return sessions.start(self.usher, event_id=demo.EVENT_ID)
        if portal is Portal.WEBAPP:
            return sessions.start(self.customer)
        if portal is Portal.MERCHANT:
            return sessions.start(self.merchant)
        if portal is Portal.ORGANIZER:
            return sessions.start(self.organizer)
        if portal is Portal.TIX:
            return sessions.start(self.tix_admin)
        assert isinstance(role, AdminRole)
        return sessions.start(self.admins[role])

    def access(self, portal: Portal, *, role: AdminRole | CampusRole = AdminRole.SUPER_ADMIN) -> str:
        """Return an access token of the portal's rightful caller, the same at every call for some minutes."""
        name, now = f"{portal} {role}", clock.now()
        issued_at, token = self._access.get(name, (now, ""))
        if not token or abs(now - issued_at) > tokens.LIFETIME / 3:
            device = portal is Portal.DEVICE
            token = self.device.token() if device else self.session(portal, role=role).access
            self._access[name] = (now, token)
        return token

    def token(self, route: AnyRoute) -> str | None:
        """Return an access token of a caller who may call this route; None for a public route."""
        if route.guard is None:
            return None
        changers = {
            "admin_change_password": _admin_changer,
            "campus_change_password": lambda: make_campus_user(self.campus),
            **partners.CHANGERS,
        }
        if route.operation_id in changers:
            # A new account for each request, since the request ends all other sessions of the account.
            return sessions.start(changers[route.operation_id]()).access
        ends_it = route.operation_id.endswith("_logout")
        portal = route.guard.portal or CALLERS_OF_ANY.get(route.operation_id, Portal.USHER)
        return self.fresh_token(route) if ends_it else self.access(portal, role=_role(route))

    def fresh_token(self, route: AnyRoute) -> str:
        """Return an access token of a new session of the same caller."""
        assert route.guard is not None
        portal = route.guard.portal or CALLERS_OF_ANY.get(route.operation_id, Portal.USHER)
        return self.session(portal, role=_role(route)).access

    def tenant_token(self, portal: Portal) -> str:
        """Return the access token of the same role at another event."""
        if portal is Portal.DEVICE:
            return self.other_device.token()
        if portal is Portal.WEBAPP:
            return sessions.start(self.other_customer).access
        if portal is Portal.MERCHANT:
            return sessions.start(self.other_merchant).access
        if portal is Portal.ORGANIZER:
            return sessions.start(self.other_organizer).access
        if portal is Portal.TIX:
            return sessions.start(self.other_tix_admin).access
        if portal is Portal.CAMPUS:
            return sessions.start(self.other_campus_users[CampusRole.STUDENT]).access
        return sessions.start(self.other_usher, event_id=OTHER_EVENT_ID).access

    def member_token(self) -> str:
        """Return the access token of a Tix user who is a member, not an admin, of the organization."""
        return sessions.start(self.tix_member).access

    def other_campus_token(self, role: CampusRole) -> str:
        """Return the access token of somebody of another campus with this role."""
        return sessions.start(self.other_campus_users[role]).access

    def send(self, route: AnyRoute, request: Request, *, token: str | None, **more: Any) -> Answer:
        """Send a request to a route, its path spelled as the contract does."""
        return call(*_target(route, request), request.body, token=token, **_parts(request, more))

    def event(self, route: AnyRoute, request: Request, *, token: str | None) -> dict[str, Any]:
        """Return the gateway's event of such a request."""
        return event_of(*_target(route, request), request.body, token=token, **_parts(request, {}))

    def rightful(self, route: AnyRoute) -> Request:
        """Return a request that the route accepts from its right caller."""
        return REQUESTS[route.operation_id](self)


def _target(route: AnyRoute, request: Request) -> tuple[str, str]:
    path = route.path.format(**request.path)
    slash = "" if openapi.spelled(route) == route.path else "/"
    query = f"?{request.query}" if request.query else ""
    return route.method, f"{path}{slash}{query}"


def _parts(request: Request, more: dict[str, Any]) -> dict[str, Any]:
    headers = {**request.headers, **(more.get("headers") or {})}
    return {"raw": request.raw, "address": fresh_address(), **more, "headers": headers}


def campus_role(route: AnyRoute) -> CampusRole:
    """Return the role of the campus that the requests of a route are about: the weakest that it takes."""
    assert route.guard is not None
    for role in (CampusRole.STUDENT, CampusRole.ORGANIZER):
        if not route.guard.roles or role in route.guard.roles:
            return role
    return CampusRole.ADMIN


def _role(route: AnyRoute) -> AdminRole | CampusRole:
    is_campus = route.guard is not None and route.guard.portal is Portal.CAMPUS
    return campus_role(route) if is_campus else AdminRole.SUPER_ADMIN


def _campus_users(campus: Campus) -> dict[CampusRole, Account]:
    """Create an account of each role; those of the demo campus are the demo's own, where it has one."""
    found = {}
    if campus.campus_id == demo.CAMPUS_ID:
        addresses = {
            CampusRole.STUDENT: demo.STUDENT_EMAIL,
            CampusRole.ORGANIZER: demo.CAMPUS_TEACHER_EMAIL,
            CampusRole.ADMIN: demo.CAMPUS_ADMIN_EMAIL,
        }
        found = {role: accounts.find(Portal.CAMPUS, email) for role, email in addresses.items()}
    return {role: found.get(role) or make_campus_user(campus, role=role) for role in CampusRole}


def lay() -> Ground:
    """Create all data in an empty table."""
    demo_data.load()
    now = clock.now()
    events.create(
        events.EventDraft(
            event_id=OTHER_EVENT_ID,
            title="Another evening",
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(days=1),
        )
    )
    usher = accounts.find(Portal.USHER, demo.USHER_USERNAME)
    customer = accounts.find(Portal.WEBAPP, demo.CUSTOMER_NUMBER)
    assert usher is not None
    assert customer is not None
    merchant = accounts.find(Portal.MERCHANT, demo.MERCHANT_NUMBER)
    organizer = accounts.find(Portal.ORGANIZER, demo.ORGANIZER_NUMBER)
    assert merchant is not None
    assert organizer is not None
    other_merchant, disabled_merchant = _merchant("+923001000012"), _merchant("+923001000022")
    other_organizer, disabled_organizer = _organizer("+923001000011"), _organizer("+923001000021")
    other_customer = _customer("+923001000013")
    disabled_customer = _customer("+923001000023")
    other_usher = _usher("usher2", OTHER_EVENT_ID)
    disabled_usher = _usher("usher3", demo.EVENT_ID)
    tix_admin, other_tix_admin = accounts.find(Portal.TIX, demo.TIX_EMAIL), make_organization(name="Another")
    assert tix_admin is not None
    tix_member, disabled_tix_user = make_tix_user(tix_admin), make_tix_user(tix_admin)
    campus = campus_of(demo.CAMPUS_ID)
    campus_users, disabled_student = _campus_users(campus), make_campus_user(campus)
    other_campus_users = _campus_users(make_campus(name="Another campus"))
    admins = {role: _admin(f"{role}@staff.example.com", role) for role in AdminRole}
    disabled_admin = _admin("gone@example.com", AdminRole.SUPER_ADMIN)
    device, other_device, revoked_device = (
        enrolled(demo.EVENT_ID),
        enrolled(OTHER_EVENT_ID),
        enrolled(demo.EVENT_ID),
    )

    disabled = {
        Portal.USHER: sessions.start(disabled_usher, event_id=demo.EVENT_ID),
        Portal.WEBAPP: sessions.start(disabled_customer),
        Portal.MERCHANT: sessions.start(disabled_merchant),
        Portal.ORGANIZER: sessions.start(disabled_organizer),
        Portal.TIX: sessions.start(disabled_tix_user),
        Portal.CAMPUS: sessions.start(disabled_student),
        Portal.ADMIN: sessions.start(disabled_admin),
    }
    ended = {
        Portal.USHER: sessions.start(usher, event_id=demo.EVENT_ID),
        Portal.WEBAPP: sessions.start(customer),
        Portal.MERCHANT: sessions.start(merchant),
        Portal.ORGANIZER: sessions.start(organizer),
        Portal.TIX: sessions.start(tix_admin),
        Portal.CAMPUS: sessions.start(campus_users[CampusRole.STUDENT]),
        Portal.ADMIN: sessions.start(admins[AdminRole.SUPER_ADMIN]),
    }
    revoked_token = revoked_device.token()
    for account in (
        disabled_usher,
        disabled_customer,
        disabled_merchant,
        disabled_organizer,
        disabled_tix_user,
        disabled_student,
        disabled_admin,
    ):
        close_account(account.account_id)
    for pair in ended.values():
        sessions.end(pair.refresh.partition(".")[0], ended_because="logged out")
    devices.revoke(revoked_device.device_id)

    stream = StreamReader()
    token = sessions.start(usher, event_id=demo.EVENT_ID).access
    scan = {"scan_id": "scn_ground001", "card_id": "04B1B2C3D4E5F6", "gate": "Gate 1"}
    log_id = call("POST", "/api/usher/scan/result/", scan, token=token).json["log_id"]
    stream.drain()
    return Ground(
        usher=usher,
        other_usher=other_usher,
        customer=customer,
        other_customer=other_customer,
        merchant=merchant,
        other_merchant=other_merchant,
        organizer=organizer,
        other_organizer=other_organizer,
        tix_admin=tix_admin,
        tix_member=tix_member,
        other_tix_admin=other_tix_admin,
        campus=campus,
        campus_users=campus_users,
        other_campus_users=other_campus_users,
        admins=admins,
        device=device,
        other_device=other_device,
        log_id=log_id,
        locked_out={
            **{(portal, "disabled account"): pair.access for portal, pair in disabled.items()},
            **{(portal, "ended session"): pair.access for portal, pair in ended.items()},
            (Portal.DEVICE, "revoked device"): revoked_token,
        },
        ended_refresh={portal: pair.refresh for portal, pair in ended.items()},
        disabled_refresh={portal: pair.refresh for portal, pair in disabled.items()},
    )


def _usher(username: str, event_id: str) -> Account:
    return new_accounts.create_usher(
        username=username, password=PASSWORD, name="Usher", roles=[UsherRole.USHERING], event_ids=[event_id]
    )


def _customer(number: str) -> Account:
    return new_accounts.create_customer(mobile_number=number, password=PASSWORD, name="Customer")


def _merchant(number: str) -> Account:
    return verified(new_accounts.create_merchant(mobile_number=number, password=PASSWORD, name="Shop"))


def _organizer(number: str) -> Account:
    return verified(new_accounts.create_organizer(contact_mobile=number, password=PASSWORD, name="Shows"))


def _admin(email: str, role: AdminRole) -> Account:
    return new_accounts.create_admin(email=email, password=PASSWORD, name="Staff", role=role)


def _admin_changer() -> Account:
    return _admin(f"changer{next(_numbers)}@example.com", AdminRole.SUPPORT)


def foreign_token(ground: Ground, portal: Portal) -> str:
    """Return a genuine access token of a portal, for an account that calls the demo event its own."""
    return ground.access(portal)


def stored() -> dict[tuple[str, str], str]:
    """Return the whole table without the counters that throttle attempts."""
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[config().table_name]
    items = [item for ranges in table.items.values() for item in ranges.values()]
    return {(item.hash_key.value, item.range_key.value): text for item in items if (text := _text(item)) is not None}


def _text(item: Any) -> str | None:
    """Return an item as text, None where it is left out; `moto_copies` sees to it that no item ever changes."""
    if not hasattr(item, "text"):
        kept = item.attrs["kind"].value != "throttle"
        item.text = json.dumps(item.to_json(), sort_keys=True, default=str) if kept else None
    return item.text  # type: ignore[no-any-return]


# One request per operation that is accepted from its right caller.


def _scan(_: Ground) -> Request:
    return Request({"scan_id": f"scn_right{next(_numbers):06}", "card_id": _CARD, "event_id": demo.EVENT_ID})


def _leave(_: Ground) -> Request:
    return Request(
        {"scan_id": f"scn_right{next(_numbers):06}", "card_id": _CARD, "event_id": demo.EVENT_ID, "action": "leave"}
    )


def _taps(_: Ground) -> Request:
    now = clock.to_text(clock.now())
    tap = {"scan_id": f"scn_right{next(_numbers):06}", "uid": _CARD, "scanned_at": now}
    return Request({"taps": [tap], "device_time": now})


def _offline_record() -> dict[str, Any]:
    return {
        "scan_id": f"scn_right{next(_numbers):06}",
        "uid": _CARD,
        "scanned_at": clock.to_text(clock.now()),
        "offline": {"result": "already_scanned"},
    }


def _sync_logs(_: Ground) -> Request:
    return Request({"logs": [_offline_record()], "device_time": clock.to_text(clock.now())})


def _enroll(_: Ground) -> Request:
    provision = devices.provision(event_id=demo.EVENT_ID, gate_name="Gate 2", name="New", by="adm_test")
    return Request({"code": provision.enrollment_code, "public_key": public_key_text(Ed25519PrivateKey.generate())})


def _first_admin(_: Ground) -> Request:
    # There is one invitation, closed by its use.
    operations.record(operations.remove(keys.access.first_admin()))
    invitation = first_admin.invite(email=f"first{next(_numbers)}@example.com", name="Ada")
    return Request({"token": invitation.token, "password": PASSWORD})


def _fixed(request: Request) -> Callable[[Ground], Request]:
    return lambda _: request


_AT_EVENT = _fixed(Request(path={"event_id": demo.EVENT_ID}))
_OF_CARD = _fixed(Request(path={"card_id": _CARD}))

REQUESTS: dict[str, Callable[[Ground], Request]] = {
    "usher_login": _fixed(
        Request({"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo_passwords.USHER})
    ),
    "usher_refresh": lambda ground: Request({"refresh": ground.session(Portal.USHER).refresh}),
    "usher_logout": _fixed(Request()),
    "usher_events": _fixed(Request()),
    "usher_event": _AT_EVENT,
    "usher_validate_assignment": _AT_EVENT,
    "usher_event_status": _AT_EVENT,
    "usher_verify_card": _fixed(Request({"card_id": _CARD})),
    "usher_card": _OF_CARD,
    "usher_validate_card": _fixed(Request({"event_id": demo.EVENT_ID}, path={"card_id": _CARD})),
    "usher_attendee": _OF_CARD,
    "usher_attendee_at_event": _fixed(Request(path={"card_id": _CARD, "event_id": demo.EVENT_ID})),
    "usher_scan": _scan,
    "usher_leave": _leave,
    "usher_leaves": _fixed(Request(query="status=open")),
    "usher_sync_logs": _sync_logs,
    "usher_sync_status": _fixed(Request()),
    "usher_nfc_status": _fixed(Request()),
    "usher_nfc_test": lambda ground: Request(query=f"device_id={ground.device.device_id}"),
    "usher_phone_heartbeat": _fixed(
        Request(
            {
                "installation_id": "installation-0001",
                "queue_depth": 0,
                "clock_offset_ms": 0,
                "snapshot_cursor": None,
                "app_version": "1.0.0",
                "nfc": "none",
            }
        )
    ),
    "usher_log_scan": lambda _: Request(_offline_record()),
    "usher_logs": _fixed(Request(query="page_size=5")),
    "usher_search_logs": _fixed(Request(query=f"event_id={demo.EVENT_ID}&result=valid")),
    "usher_log": lambda ground: Request(path={"log_id": ground.log_id}),
    "device_enroll": _enroll,
    "device_token": lambda ground: Request(
        {"device_id": ground.device.device_id, "assertion": ground.device.assertion()}
    ),
    "device_taps": _taps,
    "device_heartbeat": _fixed(Request({"queue_depth": 0, "app_version": "1.0"})),
    "usher_sync_attendees": lambda _: offline.sync(demo.EVENT_ID, OTHER_EVENT_ID),
    "usher_sync_cards": lambda _: offline.sync(demo.EVENT_ID, OTHER_EVENT_ID),
    "device_snapshot": lambda _: offline.snapshot(demo.EVENT_ID, OTHER_EVENT_ID),
    "admin_login": _fixed(Request({"email": demo.ADMIN_EMAIL, "password": demo_passwords.ADMIN})),
    "admin_refresh": lambda ground: Request({"refresh": ground.session(Portal.ADMIN).refresh}),
    "admin_logout": _fixed(Request()),
    "admin_change_password": _fixed(Request({"old_password": PASSWORD, "new_password": "another password of tests"})),
    "admin_me": _fixed(Request()),
    "public_first_admin_page": _fixed(Request()),
    "public_first_admin": _first_admin,
    **staff_requests.REQUESTS,
    "admin_second_factor": _fixed(Request({})),
    "admin_remove_second_factor": _fixed(Request({"code": "123456"})),
    "admin_devices": _fixed(Request(query=f"event_id={demo.EVENT_ID}")),
    "admin_provision_device": _fixed(Request({"event_id": demo.EVENT_ID, "gate": "Gate 1", "name": "Left"})),
    "admin_revoke_device": lambda _: Request(path={"device_id": enrolled(demo.EVENT_ID).device_id}),
    **admin_requests.REQUESTS,
    **webapp.REQUESTS,
    **merchant_requests.REQUESTS,
    **organizer_requests.REQUESTS,
    **tix_requests.REQUESTS,
    **campus_requests.REQUESTS,
    "realtime_ticket": _fixed(Request({"channels": [f"event-{demo.EVENT_ID}"]})),
    "own_sessions": _fixed(Request()),
    "end_own_session": lambda ground: Request(
        path={"session_id": ground.session(Portal.USHER).refresh.partition(".")[0]}
    ),
    "health": _fixed(Request()),
    "show_job": tix_requests.REQUESTS["tix_print_run"],
    "openapi_document": _fixed(Request()),
    "docs_page": _fixed(Request()),
    "live_module": _fixed(Request()),
}


def routes() -> list[AnyRoute]:
    """Return every route that the app has, in the order of their operations' names."""
    return sorted(ROUTES, key=lambda route: route.operation_id)
