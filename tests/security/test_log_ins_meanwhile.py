"""Log-ins, refreshes and tokens of devices whose account is closed, or device moved, while they are answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, device_changes, devices, lock_outs, new_accounts, passwords, sessions
from chalicelib.table import operations
from chalicelib.table.items import Account, Event
from chalicelib.vocabulary.access import AdminRole
from tests.support import meanwhile
from tests.support.campus import PASSWORD as CAMPUS_PASSWORD
from tests.support.campus import make_campus, make_campus_user
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.factories import (
    PASSWORD,
    make_customer,
    make_event,
    make_merchant,
    make_organization,
    make_organizer,
    make_reader,
    make_usher,
    unused_number,
)

pytestmark = pytest.mark.usefixtures("moto_cloud")


@dataclass
class Way:
    """A way in: the account, the request, and a route that asks for its token."""

    account: Account
    path: str
    body: dict[str, Any]
    own: str

    def enter(self) -> Answer:
        return call("POST", self.path, self.body)

    def use(self, answer: Answer) -> int:
        token = answer.json.get("access") or answer.json["token"]
        lock_outs.forget()
        return call("GET", self.own, token=token).status


def _admin() -> Account:
    email = f"{unused_number()[1:]}@staff.example.com"
    return new_accounts.create_admin(email=email, password=PASSWORD, name="Ada", role=AdminRole.SUPPORT)


def _log_in(name: str) -> Way:
    if name == "usher":
        event = make_event()
        usher = make_usher(event)
        body = {"event_id": event.event_id, "username": usher.login, "password": PASSWORD}
        return Way(usher, "/api/usher/login/", body, "/api/usher/events/")
    if name == "admin":
        admin = _admin()
        return Way(admin, "/api/auth/login/", {"email": admin.login, "password": PASSWORD}, "/api/auth/me/")
    if name == "tix":
        owner = make_organization()
        return Way(owner, "/api/tix/auth/login", {"email": owner.login, "password": PASSWORD}, "/api/tix/auth/me")
    student = make_campus_user(make_campus())
    body = {"username": student.login, "password": CAMPUS_PASSWORD}
    return Way(student, "/api/campus/auth/login/", body, "/api/campus/auth/profile/")


def _refresh(name: str) -> Way:
    event: Event | None = make_event() if name == "usher" else None
    made: dict[str, Callable[[], Account]] = {
        "customer": make_customer,
        "merchant": make_merchant,
        "organizer": make_organizer,
        "usher": lambda: make_usher(event or make_event()),
        "admin": _admin,
        "campus": lambda: make_campus_user(make_campus()),
    }
    paths = {
        "customer": ("/api/v1/users/token/refresh/", "/api/v1/users/me/"),
        "merchant": ("/api/merchant/token/refresh/", "/api/merchant/settings/"),
        "organizer": ("/api/organizer/token/refresh/", "/api/organizer/me/"),
        "usher": ("/api/usher/token/refresh/", "/api/usher/events/"),
        "admin": ("/api/auth/refresh/", "/api/auth/me/"),
        "campus": ("/api/campus/auth/refresh/", "/api/campus/auth/profile/"),
    }
    account = made[name]()
    pair = sessions.start(account, event_id=event.event_id if event else None)
    return Way(account, paths[name][0], {"refresh": pair.refresh}, paths[name][1])


LOG_INS = ["usher", "admin", "tix", "campus"]
REFRESHES = ["customer", "merchant", "organizer", "usher", "admin", "campus"]
WAYS = [*((_log_in, name) for name in LOG_INS), *((_refresh, name) for name in REFRESHES)]


def _gets_a_password(account_id: str) -> None:
    account = accounts.get(account_id)
    other = passwords.hash_password("the next long password", account.portal, about=(), field="new_password")
    operations.commit(*accounts.password_set(account, other))


@pytest.mark.parametrize("deed", [close_account, _gets_a_password], ids=["closed", "another password"])
@pytest.mark.parametrize(("make", "name"), WAYS, ids=[f"{make.__name__[1:]} {name}" for make, name in WAYS])
def test_a_token_of_an_account_that_is_closed_while_it_is_made_is_worth_nothing(
    make: Callable[[str], Way], name: str, deed: Callable[[str], object]
) -> None:
    way = make(name)
    read = 0
    while True:
        # After each of the reads in turn; the last turn has none left, and its token is good.
        closed: list[str] = []

        def close(done: list[str] = closed, way: Way = way) -> None:
            deed(way.account.account_id)
            done.append("closed")

        try:
            with meanwhile.after(("GetItem", "BatchGetItem"), *([None] * read), close):
                answer = way.enter()
        except AssertionError:
            break
        assert closed
        assert answer.status in (200, 401, 403), answer.text
        assert answer.status != 200 or way.use(answer) == 401
        read, way = read + 1, make(name)
    assert read > 0
    assert way.use(way.enter()) == 200


@pytest.mark.parametrize("name", ["usher", "admin"])
def test_a_session_that_was_begun_with_the_former_password_is_not_refreshed(name: str) -> None:
    path = "/api/usher/token/refresh/" if name == "usher" else "/api/auth/refresh/"
    entered = 0
    for read in range(8):
        way = _log_in(name)

        def change(way: Way = way) -> None:
            _gets_a_password(way.account.account_id)

        try:
            with meanwhile.after(("GetItem", "BatchGetItem"), *([None] * read), change):
                answer = way.enter()
        except AssertionError:
            break  # the log-in has no more reads
        if answer.status == 200:
            entered += 1
            assert call("POST", path, {"refresh": answer.json["refresh"]}).status == 401
    assert entered > 0


@pytest.mark.parametrize("deed", ["moved", "revoked"])
def test_a_devices_token_that_was_made_while_it_was_moved_or_revoked_is_worth_nothing(deed: str) -> None:
    event = make_event(gates=["Gate 1", "Gate 2"])
    reader = make_reader(event)

    def act() -> None:
        if deed == "moved":
            device_changes.change(reader.device_id, {"gate": "Gate 2"})
        else:
            devices.revoke(reader.device_id)

    body = {"device_id": reader.device_id, "assertion": reader.assertion()}
    with meanwhile.before(meanwhile.WRITES, act):
        answer = call("POST", "/api/device/token/", body)
    assert answer.status == 200, answer.text
    lock_outs.forget()
    now = clock.to_text(clock.now())
    taps = {"taps": [{"scan_id": "scn_meanwhile1", "uid": "04AABBCCDDEE01", "scanned_at": now}], "device_time": now}
    refused = call("POST", "/api/device/taps/", taps, token=answer.json["access"])
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
