"""The Board: a screen that shows how many are inside, that goes on without its socket, and that says how old it is."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.site import PASSWORD, Site

CAPACITY = 40
GATES = ("North", "South")


@dataclass
class Hall:
    """An event that is open now, its usher, and its tickets that nobody has used yet."""

    site: Site
    event_id: str
    title: str
    username: str
    admin: dict[str, Any]
    unused: list[str]

    def usher(self, *, phone: str | None = None) -> dict[str, Any]:
        body = {"event_id": self.event_id, "username": self.username, "password": PASSWORD, "installation_id": phone}
        answer = ok(self.site.ask("POST", "/api/usher/login/", body))
        return {"access": answer["access"], "refresh": answer["refresh"], "who": answer["usher"]}

    def scan(self, usher: dict[str, Any], gate: str = GATES[0], **what: str) -> str:
        """Scan at a gate by the API; without a ticket or a card, one that nobody has used."""
        shown = what or {"ticket_id": self.unused.pop()}
        body = {"scan_id": f"scn_{secrets.token_hex(8)}", "gate": gate, **shown}
        return str(ok(self.site.ask("POST", "/api/usher/scan/result/", body, session=usher))["result"])

    def inside(self, usher: dict[str, Any]) -> int:
        return int(ok(self.site.ask("GET", f"/api/usher/events/{self.event_id}/status/", session=usher))["inside"])


def ok(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def _at(**later: float) -> str:
    return (datetime.now(UTC) + timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def hall(site: Site) -> Hall:
    """One event for this file; each test uses up tickets of its own."""
    site.clear_limits()
    admin = site.session("admin")
    organizer = site.session("organizer")["who"]["id"]
    venue = ok(
        site.ask(
            "POST",
            "/api/venues/",
            {"name": "Hall", "address": "1 Mall", "city": "Lahore", "country": "PK", "capacity": 90, "gates": GATES},
            session=admin,
        )
    )
    title = f"Board night {secrets.token_hex(3)}"
    event = ok(
        site.ask(
            "POST",
            "/api/events/",
            {
                "title": title,
                "organizer_id": organizer,
                "venue_id": venue["id"],
                "timezone": "Asia/Karachi",
                "starts_at": _at(hours=1),
                "ends_at": _at(hours=6),
                "scanning_opens_at": _at(hours=-1),
                "status": "published",
                "ticket_categories": [{"name": "Standard", "price": "100.00", "capacity": CAPACITY}],
            },
            session=admin,
        )
    )
    username = f"usher-{secrets.token_hex(4)}"
    usher = {"type": "usher", "name": "Board Usher", "username": username, "password": PASSWORD}
    ok(site.ask("POST", "/api/users/", {**usher, "roles": ["ushering"], "event_ids": [event["id"]]}, session=admin))
    _, buyer = site.new_customer()
    items = [{"category_id": event["ticket_categories"][0]["id"], "quantity": 10}]
    booking = ok(site.ask("POST", "/api/v1/tickets/book/", {"event_id": event["id"], "items": items}, session=buyer))
    body = {"booking_id": booking["id"], "method": "card", "payment_token": "tok_ok"}
    payment = ok(site.ask("POST", "/api/v1/payments/process/", body, session=buyer))
    paid = ok(site.ask("POST", "/api/v1/payments/confirm/", {"payment_id": payment["id"]}, session=buyer))
    assert paid["status"] == "succeeded"
    return Hall(site, event["id"], title, username, admin, [ticket["id"] for ticket in booking["tickets"]])


def inside(page: Page) -> Any:
    return page.locator("[data-test=inside]")


def row(page: Page, gate: str) -> Any:
    return page.locator(".gates tr").filter(has=page.get_by_role("rowheader", name=gate, exact=True))


@pytest.mark.parametrize("portal", [pytest.param("usher", marks=pytest.mark.each_run), "organizer", "admin"])
def test_a_scan_moves_the_board_without_a_reload(hall: Hall, open_page: Opener, portal: str) -> None:
    usher = hall.usher()
    before = hall.inside(usher)
    own = usher if portal == "usher" else hall.site.session(portal)
    page = open_page(f"/board/{hall.event_id}", sessions={portal: own})
    expect(page.get_by_role("heading", name=hall.title)).to_be_visible()
    expect(page.locator(".state")).to_contain_text("Live")
    expect(inside(page)).to_have_text(str(before))
    page.evaluate("() => { window.notReloaded = true; }")

    assert hall.scan(usher, GATES[1]) == "valid"
    expect(inside(page)).to_have_text(str(before + 1))
    expect(page.get_by_role("meter", name="Capacity")).to_have_attribute("aria-valuenow", str(before + 1))
    expect(row(page, GATES[1]).get_by_role("cell").nth(2)).to_have_text(re.compile(r"\d\d:\d\d"))
    page.locator(".chart canvas").wait_for()
    assert page.evaluate("() => window.notReloaded") is True
    assert hall.inside(usher) == before + 1


def test_without_a_socket_the_board_polls_and_says_so(hall: Hall, open_page: Opener) -> None:
    usher = hall.usher()
    before = hall.inside(usher)
    context = open_page.context(sessions={"usher": usher})
    page = context.new_page()

    refused: list[WebSocketRoute] = []

    def refuse(route: WebSocketRoute) -> None:
        refused.append(route)
        route.close(code=1011)

    page.route_web_socket(re.compile("/live"), refuse)
    page.goto(f"/board/{hall.event_id}")
    expect(page.locator(".state")).to_contain_text("Not live: read every few seconds")
    expect(page.locator(".state")).to_contain_text("Updated")
    expect(inside(page)).to_have_text(str(before))
    assert hall.scan(usher) == "valid"
    expect(inside(page)).to_have_text(str(before + 1))
    assert refused


def test_a_lost_socket_is_opened_again_and_nothing_is_missed(hall: Hall, open_page: Opener) -> None:
    usher = hall.usher()
    page = open_page.context(sessions={"usher": usher}).new_page()
    opened: list[WebSocketRoute] = []

    def follow(route: WebSocketRoute) -> None:
        opened.append(route)
        route.connect_to_server()

    page.route_web_socket(re.compile("/live"), follow)
    page.goto(f"/board/{hall.event_id}")
    expect(page.locator(".state")).to_contain_text("Live")
    unknown = page.locator("[data-test=not_found]")
    shown = unknown.count()
    opened[-1].close()
    card = f"04{secrets.token_hex(6)}"
    assert hall.scan(usher, card_id=card) == "not_found"
    expect(unknown).to_have_count(shown + 1)
    expect(page.locator(".state")).to_contain_text("Live")
    assert len(opened) >= 2
    assert hall.scan(usher, card_id=card) == "not_found"
    expect(unknown).to_have_count(shown + 2)


def test_refusals_and_conflicts_appear_in_the_feed(hall: Hall, open_page: Opener) -> None:
    usher = hall.usher(phone=f"phone-{secrets.token_hex(8)}")
    page = open_page(f"/board/{hall.event_id}", sessions={"admin": hall.site.session("admin")})
    expect(page.locator(".state")).to_contain_text("Live")
    shown = {kind: page.locator(f"[data-test={kind}]").count() for kind in ("already_scanned", "conflict")}
    ticket = hall.unused.pop()
    assert hall.scan(usher, ticket_id=ticket) == "valid"
    assert hall.scan(hall.usher(), GATES[1], ticket_id=ticket) == "already_scanned"
    expect(page.locator("[data-test=already_scanned]")).to_have_count(shown["already_scanned"] + 1)
    expect(page.locator("[data-test=already_scanned]").first).to_contain_text(GATES[1])

    # A phone that was offline had admitted the same ticket: two admissions of one ticket.
    log = {
        "scan_id": f"scn_{secrets.token_hex(8)}",
        "ticket_id": ticket,
        "gate": GATES[1],
        "scanned_at": _at(),
        "offline": {"result": "valid"},
    }
    ok(hall.site.ask("POST", "/api/usher/sync/logs/", {"logs": [log], "device_time": _at()}, session=usher))
    conflict = page.locator("[data-test=conflict]")
    expect(conflict).to_have_count(shown["conflict"] + 1)
    expect(conflict.first).to_contain_text("two admissions of one ticket")


def test_scans_that_wait_on_a_phone_raise_the_upper_bound(hall: Hall, open_page: Opener) -> None:
    usher = hall.usher(phone=f"phone-{secrets.token_hex(8)}")
    state = {
        "queue_depth": 7,
        "clock_offset_ms": 0,
        "app_version": "1.0.0",
        "nfc": "none",
        "gate": GATES[0],
        "battery": 9,
    }
    ok(hall.site.ask("POST", "/api/usher/sync/status/", state, session=usher))
    page = open_page(f"/board/{hall.event_id}", sessions={"usher": usher})
    expect(page.locator(".bound")).to_contain_text(str(hall.inside(usher) + 7))
    expect(page.locator(".bound")).to_contain_text("one device holds scans")
    devices = page.locator(".gates tbody").filter(has_text=GATES[0]).locator(".devices")
    expect(devices).to_contain_text("battery is low")
    expect(devices).to_contain_text("7 waiting")
    ok(hall.site.ask("POST", "/api/usher/sync/status/", state | {"queue_depth": 0, "battery": 90}, session=usher))


def test_an_expired_session_is_asked_for_in_place(hall: Hall, open_page: Opener) -> None:
    usher = hall.usher()
    page = open_page(f"/board/{hall.event_id}", sessions={"usher": usher})
    expect(page.locator(".state")).to_contain_text("Live")
    before = hall.inside(usher)
    # Another tab has ended the session.
    page.evaluate(
        """() => {
          localStorage.removeItem("gatehouse.session.usher");
          dispatchEvent(new StorageEvent("storage", { key: "gatehouse.session.usher" }));
        }"""
    )
    expect(page.get_by_role("heading", name="Log in again")).to_be_visible()
    expect(inside(page)).to_have_text(str(before))  # the last picture stays
    page.get_by_label("User name").fill(hall.username)
    page.get_by_label("Password").fill("this is wrong indeed")
    page.keyboard.press("Enter")
    expect(page.locator(".expired .problem")).not_to_be_empty()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Log in again")).to_have_count(0)
    assert hall.scan(usher) == "valid"
    expect(inside(page)).to_have_text(str(before + 1))


def test_the_list_leads_to_the_events_of_the_caller(hall: Hall, open_page: Opener) -> None:
    page = open_page("/board", sessions={"usher": hall.usher()})
    page.get_by_role("link", name=hall.title).click()
    expect(inside(page)).to_be_visible()
    assert page.url.endswith(f"/board/{hall.event_id}")


def test_an_event_of_others_is_refused_in_words(hall: Hall, open_page: Opener) -> None:
    page = open_page("/board/evt_01ARZ3NDEKTSV4RRFFQ69G5FAV", sessions={"admin": hall.admin})
    expect(page.get_by_role("alert").first).to_contain_text("no such event")


@pytest.mark.parametrize(("language", "scheme", "viewport"), [("en", "light", "narrow"), ("ur", "dark", "desktop")])
def test_a_full_board_has_no_barrier(hall: Hall, open_page: Opener, language: str, scheme: str, viewport: str) -> None:
    usher = hall.usher()
    assert hall.scan(usher, card_id=f"04{secrets.token_hex(6)}") == "not_found"
    settings = {"language": language, "scheme": scheme, "viewport": viewport}
    page = open_page(f"/board/{hall.event_id}", sessions={"usher": usher}, **settings)
    page.locator(".feed li").first.wait_for()
    page.locator(".chart canvas").wait_for()
    page.locator(".pace summary").click()
    axe(page)
    no_overflow(page)
