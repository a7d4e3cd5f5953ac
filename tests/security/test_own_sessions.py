"""Callers of every portal list and end their own sessions, and the owner hears of a log-in from a new device."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, known_devices, lock_outs, new_accounts, notices, sessions, tokens
from chalicelib.domain.access.visitors import UNKNOWN_DEVICE, Visitor
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, Portal, UsherRole
from tests.support.campus import make_campus, make_campus_user
from tests.support.client import Answer, call
from tests.support.codes import code_for, has_code, texts
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
from tests.support.live import Stream, gateway

pytestmark = pytest.mark.usefixtures("moto_cloud")

START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36"
LAPTOP = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.1 Safari/605.1.15"
AT_HOME, AT_WORK = "198.51.100.77", "2001:db8:5:6:7:8:9:a"
EVENT_ID = "evt_sessions"


@dataclass(frozen=True)
class Pair:
    """The tokens of a log-in; Tix has no refresh token."""

    access: str
    refresh: str | None = None


@dataclass(frozen=True)
class Door:
    """How the people of a portal come in."""

    make: Callable[[], Account]
    log_in: Callable[[Account, str, str], Answer]
    refresh: str | None


def send(path: str, body: dict[str, Any], user_agent: str, address: str) -> Answer:
    answer = call("POST", path, body, headers={"user-agent": user_agent}, address=address)
    assert answer.status in (200, 201), answer.text
    return answer


def by_code(login: str, verify: str, field: str) -> Callable[[Account, str, str], Answer]:
    def log_in(account: Account, user_agent: str, address: str) -> Answer:
        begun = send(login, {field: account.login, "password": PASSWORD}, user_agent, address)
        body = {"challenge_id": begun.json["challenge_id"], "otp": code_for(account.login)}
        return send(verify, body, user_agent, address)

    return log_in


def at_once(login: str, field: str, **more: str) -> Callable[[Account, str, str], Answer]:
    def log_in(account: Account, user_agent: str, address: str) -> Answer:
        return send(login, {field: account.login, "password": PASSWORD, **more}, user_agent, address)

    return log_in


def _usher() -> Account:
    return make_usher(make_event(event_id=EVENT_ID))


def _other_usher() -> Account:
    return new_accounts.create_usher(
        username="another", password=PASSWORD, name="Another", roles=[UsherRole.USHERING], event_ids=[EVENT_ID]
    )


def _admin() -> Account:
    email = f"{unused_number('3')[1:]}@example.com"
    return new_accounts.create_admin(email=email, password=PASSWORD, name="Staff", role=AdminRole.SUPPORT)


DOORS: dict[Portal, Door] = {
    Portal.WEBAPP: Door(
        make_customer,
        by_code("/api/v1/users/login/", "/api/v1/users/verify-login-otp/", "mobile_number"),
        "/api/v1/users/token/refresh/",
    ),
    Portal.MERCHANT: Door(
        make_merchant,
        by_code("/api/merchant/login/", "/api/merchant/verify-otp/", "mobile_number"),
        "/api/merchant/token/refresh/",
    ),
    Portal.ORGANIZER: Door(
        make_organizer,
        by_code("/api/organizer/login/", "/api/organizer/verify-otp/", "contact_mobile"),
        "/api/organizer/token/refresh/",
    ),
    Portal.USHER: Door(
        _usher, at_once("/api/usher/login/", "username", event_id=EVENT_ID), "/api/usher/token/refresh/"
    ),
    Portal.ADMIN: Door(_admin, at_once("/api/auth/login/", "email"), "/api/auth/refresh/"),
    Portal.TIX: Door(make_organization, at_once("/api/tix/auth/login/", "email"), None),
    Portal.CAMPUS: Door(
        lambda: make_campus_user(make_campus(), password=PASSWORD),
        at_once("/api/campus/auth/login/", "username"),
        "/api/campus/auth/refresh/",
    ),
}
# A device proves itself with its key for each access token.
WITHOUT_SESSIONS = {Portal.DEVICE}


def log_in(portal: Portal, account: Account, user_agent: str = PHONE, address: str = AT_HOME) -> Pair:
    made = DOORS[portal].log_in(account, user_agent, address).json
    return Pair(made["token"] if portal is Portal.TIX else made["access"], made.get("refresh"))


def listed(token: str, query: str = "") -> Any:
    answer = call("GET", f"/api/sessions/{query}", token=token)
    assert answer.status == 200, answer.text
    return answer.json


def end(session_id: str, token: str) -> Answer:
    return call("DELETE", f"/api/sessions/{session_id}/", token=token)


def works(access: str) -> bool:
    return call("GET", "/api/sessions/", token=access).status == 200


def test_every_portal_with_a_log_in_is_tested() -> None:
    assert set(DOORS) | WITHOUT_SESSIONS == set(Portal)


@pytest.mark.parametrize("portal", DOORS)
class TestEveryPortal:
    def test_a_caller_sees_their_sessions_with_device_and_network_and_never_a_whole_address(
        self, portal: Portal
    ) -> None:
        account = DOORS[portal].make()
        with clock.set_to(START):
            phone = log_in(portal, account)
        with clock.set_to(START + timedelta(minutes=1)):
            laptop = log_in(portal, account, LAPTOP, AT_WORK)
            answer = call("GET", "/api/sessions/", token=laptop.access)
            other_view = listed(phone.access)
        newest, oldest = answer.json["results"]
        assert newest == {
            "id": newest["id"],
            "created_at": "2026-11-20T18:01:00.000Z",
            "last_used_at": "2026-11-20T18:01:00.000Z",
            "device": "Safari on macOS",
            "address_hint": "2001:db8:5:6::/64",
            "current": True,
        }
        assert (oldest["device"], oldest["address_hint"]) == ("Chrome on Android", "198.51.100.0/24")
        assert oldest["current"] is False
        assert [entry["current"] for entry in other_view["results"]] == [False, True]
        assert AT_HOME not in answer.text
        assert "7:8:9" not in answer.text

    def test_an_ended_session_loses_its_tokens_and_leaves_the_list(self, portal: Portal) -> None:
        account = DOORS[portal].make()
        with clock.set_to(START):
            phone, laptop = log_in(portal, account), log_in(portal, account, LAPTOP)
        with clock.set_to(START + timedelta(minutes=1)):
            (ended,) = [entry["id"] for entry in listed(laptop.access)["results"] if not entry["current"]]
            assert end(ended, laptop.access).status == 204
            assert not works(phone.access)
            # As another container answers, which has not cached the lock-out.
            lock_outs.forget()
            assert not works(phone.access)
            assert [entry["current"] for entry in listed(laptop.access)["results"]] == [True]
            refresh = DOORS[portal].refresh
            if refresh is not None:
                assert call("POST", refresh, {"refresh": phone.refresh}).status == 401
                assert call("POST", refresh, {"refresh": laptop.refresh}).status == 200
            # The same request again, whose answer may have been lost.
            assert end(ended, laptop.access).status == 204

    def test_another_principals_session_is_not_found_and_stays(self, portal: Portal) -> None:
        account = DOORS[portal].make()
        mine = log_in(portal, account)
        (session,) = listed(mine.access)["results"]
        stranger = _other_usher() if portal is Portal.USHER else DOORS[portal].make()
        strangers = [sessions.start(stranger, event_id=EVENT_ID).access]
        strangers += [
            sessions.start(DOORS[other].make(), event_id=EVENT_ID).access for other in DOORS if other is not portal
        ]
        for token in strangers:
            answer = end(session["id"], token)
            assert (answer.status, answer.code) == (404, "NOT_FOUND")
            assert session["id"] not in [entry["id"] for entry in listed(token)["results"]]
        assert works(mine.access)
        assert end("ses_01K9ZC6H2M4P6R8T0V2X4Z6A8C", mine.access).status == 404

    def test_the_list_goes_by_a_cursor_that_no_other_caller_can_use(self, portal: Portal) -> None:
        account = DOORS[portal].make()
        own = [sessions.start(account, event_id=EVENT_ID).access for _ in range(3)]
        first = listed(own[0], "?page_size=2")
        rest = listed(own[0], f"?page_size=2&cursor={first['next']}")
        assert (len(first["results"]), len(rest["results"]), rest["next"]) == (2, 1, None)
        assert len({entry["id"] for entry in first["results"] + rest["results"]}) == 3
        other = sessions.start(DOORS[Portal.WEBAPP].make()).access
        refused = call("GET", f"/api/sessions/?page_size=2&cursor={first['next']}", token=other)
        assert (refused.status, refused.code) == (400, "INVALID_CURSOR")

    def test_sessions_that_ended_otherwise_are_not_listed(self, portal: Portal) -> None:
        account = DOORS[portal].make()
        with clock.set_to(START):
            kept = log_in(portal, account)
            lifetime = tokens.WITHOUT_REFRESH.get(portal, sessions.LIFETIME)
        with clock.set_to(START + timedelta(minutes=1)):
            log_in(portal, account, LAPTOP)
            (kept_id,) = [entry["id"] for entry in listed(kept.access)["results"] if entry["current"]]
            changed = "the next long password"
            accounts.change_password(
                account.account_id, old_password=PASSWORD, new_password=changed, kept_session_id=kept_id
            )
        with clock.set_to(START + timedelta(minutes=2)):
            later = sessions.start(accounts.get(account.account_id), event_id=EVENT_ID)
            shown = [entry["id"] for entry in listed(later.access)["results"]]
            assert len(shown) == 2
            assert shown[1] == kept_id
        with clock.set_to(START + lifetime):
            again = sessions.start(accounts.get(account.account_id), event_id=EVENT_ID)
            assert kept_id not in [entry["id"] for entry in listed(again.access)["results"]]

    def test_the_owner_hears_once_of_a_device_that_is_new(self, portal: Portal) -> None:
        account = DOORS[portal].make()
        texts()
        log_in(portal, account)
        log_in(portal, account)
        assert [text for text in texts() if not has_code(text)] == []
        owner = notices.owner(account)
        ways = {way for way in (("sms", owner.number), ("email", owner.email)) if way[1]}
        # A number gets three codes in a quarter of an hour.
        later = clock.now() + timedelta(minutes=20)
        with clock.set_to(later):
            log_in(portal, account, LAPTOP)
        found = [text for text in texts() if not has_code(text)]
        assert {(text["channel"], text["to"]) for text in found} == ways
        assert len(found) == len(ways)
        for text in found:
            assert "a new device or network (Safari on macOS) logged in to your" in text["body"]
            assert AT_HOME not in text["body"]
        with clock.set_to(later):
            log_in(portal, account, LAPTOP)
            log_in(portal, account)
        assert [text for text in texts() if not has_code(text)] == []


def test_an_ended_session_loses_its_sockets() -> None:
    customer = make_customer()
    phone, laptop = sessions.start(customer), sessions.start(customer)
    with gateway() as live:
        stream = Stream()
        ended, stays = live.connect(phone.access), live.connect(laptop.access)
        assert end(phone.refresh.partition(".")[0], laptop.access).status == 204
        stream.drain()
        assert (ended.is_open, stays.is_open) == (False, True)


def test_the_current_session_can_be_ended() -> None:
    token = sessions.start(make_customer()).access
    (session,) = listed(token)["results"]
    assert end(session["id"], token).status == 204
    assert not works(token)


def test_a_refresh_moves_the_last_use_and_the_place() -> None:
    customer = make_customer()
    with clock.set_to(START):
        pair = log_in(Portal.WEBAPP, customer)
    with clock.set_to(START + timedelta(hours=1)):
        headers = {"user-agent": LAPTOP}
        body = {"refresh": pair.refresh}
        answer = call("POST", "/api/v1/users/token/refresh/", body, headers=headers, address="203.0.113.9")
        (session,) = listed(answer.json["access"])["results"]
    assert (session["created_at"], session["last_used_at"]) == ("2026-11-20T18:00:00.000Z", "2026-11-20T19:00:00.000Z")
    assert (session["device"], session["address_hint"]) == ("Safari on macOS", "203.0.113.0/24")


def test_a_device_has_no_sessions_to_list() -> None:
    reader = make_reader(make_event())
    token = reader.token()
    assert listed(token) == {"results": [], "next": None, "count": None}
    other = sessions.start(make_customer()).refresh.partition(".")[0]
    assert end(other, token).status == 404


def test_the_same_device_in_another_network_is_new() -> None:
    customer = make_customer()
    log_in(Portal.WEBAPP, customer)
    texts()
    log_in(Portal.WEBAPP, customer, PHONE, "198.51.7.7")
    assert [text for text in texts() if not has_code(text)] == []
    log_in(Portal.WEBAPP, customer, PHONE, "203.0.113.7")
    assert "a new device or network (Chrome on Android)" in next(t["body"] for t in texts() if not has_code(t))


def test_log_ins_from_a_new_device_at_the_same_moment_are_one_notice() -> None:
    customer = make_customer()
    log_in(Portal.WEBAPP, customer)
    texts()
    read_before, elsewhere = accounts.get(customer.account_id), Visitor(AT_WORK, LAPTOP)
    for _ in range(2):
        sessions.start(read_before, visitor=elsewhere)
    sessions.start(read_before, visitor=Visitor(AT_WORK, PHONE))
    # Each id is sent once (D-NOTE-01).
    notices = {text["message_id"]: text["body"] for text in texts() if not has_code(text)}
    assert sorted(body[body.index("(") + 1 : body.index(")")] for body in notices.values()) == [
        "Chrome on Android",
        "Safari on macOS",
    ]


def test_the_device_of_a_registration_is_known() -> None:
    number = unused_number("4")
    headers = {"user-agent": PHONE}
    body = {"mobile_number": number, "password": PASSWORD, "name": "Ayesha Khan"}
    begun = call("POST", "/api/v1/users/register/", body, headers=headers, address=AT_HOME).json
    proof = {"challenge_id": begun["challenge_id"], "otp": code_for(number)}
    assert call("POST", "/api/v1/users/verify-otp/", proof, headers=headers, address=AT_HOME).status == 201
    account = accounts.find(Portal.WEBAPP, number)
    assert account is not None
    log_in(Portal.WEBAPP, account)
    assert [text for text in texts() if not has_code(text)] == []
    log_in(Portal.WEBAPP, account, LAPTOP)
    assert [text["channel"] for text in texts() if not has_code(text)] == ["sms"]


def test_an_account_remembers_a_bounded_number_of_devices() -> None:
    customer = make_customer()
    for n in range(known_devices.KEPT + 5):
        sessions.start(accounts.get(customer.account_id), visitor=Visitor(f"100.{n}.0.1", PHONE))
    assert 0 < len(accounts.get(customer.account_id).known_devices or ()) <= known_devices.KEPT


_HOSTILE = (
    "",
    "\x00\x1b[31m\u202e",
    "<script>alert(1)</script>",
    "call +92 300 1234567 or open http://evil.example.com",
    "x" * 100_000,
    f"{'x' * 5000} Chrome/1 Android",
)


@pytest.mark.parametrize("user_agent", [None, *_HOSTILE])
def test_nothing_of_a_user_agent_is_kept_but_our_own_words(user_agent: str | None) -> None:
    assert Visitor(AT_HOME, user_agent).device == UNKNOWN_DEVICE


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (PHONE, "Chrome on Android"),
        (LAPTOP, "Safari on macOS"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605 CriOS/142 Mobile Safari/604.1",
            "Chrome on iOS",
        ),
        ("okhttp/4.12.0", "App on Android"),
        ("GatehouseUsher/12 CFNetwork/3826.600 Darwin/24.6.0", "App on iOS"),
        ("curl/8.5.0", UNKNOWN_DEVICE),
        (f"okhttp/4.12.0 {chr(0x202E)}<b>", "App on Android"),
    ],
)
def test_a_user_agent_is_shown_as_family_and_system(user_agent: str, device: str) -> None:
    assert Visitor(AT_HOME, user_agent).device == device


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("203.0.113.250", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.250", "203.0.113.0/24"),
        ("unknown", None),
        ("203.0.113.250, 10.0.0.1", None),
    ],
)
def test_of_an_address_its_network_is_shown(address: str, hint: str | None) -> None:
    assert Visitor(address).address_hint == hint
