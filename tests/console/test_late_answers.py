"""What a page does with an answer that is lost, late, refused or another one than before."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, Request, Route, expect

from chalicelib.schemas.examples import demo
from infra import api_document
from infra.local.demo import demo_passwords
from infra.pages import SOURCE
from tests.console import shopping
from tests.console.browsers import PATIENCE_MS, Opener
from tests.console.campus_parts import teacher
from tests.console.scanner import scan
from tests.console.site import Site
from tests.console.staff_desk import Desk, opened
from tests.console.test_tix import Club, verdict
from tests.local.conftest import wait_until

TURN_MS = 20
# A call of the console's client: its method, its route, and what it is given.
_WRITES = re.compile(r"""\.(POST|PUT|PATCH|DELETE)\(\s*"([^"]+)"((?:[^()]|\([^()]*\))*)\)""")


def refuse(status: int, code: str = "CONFLICT") -> Callable[[Route], None]:
    """Return what answers a request with a refusal in the place of the platform."""
    body = {"error": {"code": code, "message": f"refused: {code}", "request_id": "req_1"}}
    return lambda route: route.fulfill(status=status, json=body)


def lose(route: Route) -> None:
    """Lose an answer, after the platform has taken the request."""
    route.fetch()
    route.abort()


def keys_of(page: Page, path: str) -> list[str]:
    """Collect the Idempotency-Keys of what a page sends to an address."""
    found: list[str] = []

    def noted(request: Request) -> None:
        if request.method != "GET" and request.url.endswith(path):
            found.append(request.headers["idempotency-key"])

    page.on("request", noted)
    return found


def count_of(page: Page, pattern: str, method: str = "GET") -> list[str]:
    """Collect the requests of a page whose address matches."""
    found: list[str] = []
    sign = re.compile(pattern)
    page.on("request", lambda each: found.append(each.url) if each.method == method and sign.search(each.url) else None)
    return found


def is_longer(found: list[str], before: int) -> bool:
    return len(found) > before


def come(page: Page, holds: Callable[[], Any]) -> None:
    """Wait for what the events of a page bring: they arrive while Playwright waits."""
    for _ in range(PATIENCE_MS // TURN_MS):
        if holds():
            return
        page.wait_for_timeout(TURN_MS)
    pytest.fail("did not come")


@pytest.mark.each_run
def test_each_deed_takes_its_key_from_where_refusals_give_it_back() -> None:
    """The platform repeats a final refusal under its key for days: a key that is kept after one is never answered."""
    by_hand = {
        path.relative_to(SOURCE / "src").as_posix()
        for path in (SOURCE / "src").rglob("*.ts*")
        if path.name != "schema.ts" and re.search(r"\bonce\(", path.read_text(encoding="utf-8"))
    }
    # A payment has a key for each step, and a check-in by hand a name of its reading.
    assert by_hand == {"ui/api/client.ts", "shop/pay.tsx", "staff/things/ticket.tsx"}


@pytest.mark.each_run
def test_each_request_that_takes_a_key_is_sent_with_one() -> None:
    """So each form that is sent again after a lost answer does its deed once."""
    document = json.loads(api_document.text())
    parameters = document["components"].get("parameters", {})
    takers = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for each in operation.get("parameters", [])
        if parameters.get(each.get("$ref", "").rpartition("/")[2], each).get("name") == "Idempotency-Key"
    }
    sent, without = set(), set()
    for path in (SOURCE / "src").rglob("*.ts*"):
        for method, route, rest in _WRITES.findall(
            "" if path.name == "schema.ts" else path.read_text(encoding="utf-8")
        ):
            if (method, route) in takers:
                sent.add((method, route))
                if not re.search(r"\b(?:headers?|params|key)\b", rest):
                    without.add((method, route))
    assert len(sent) > 40
    # A preview of a cancellation does nothing.
    assert without == {("POST", "/api/events/{event_id}/cancellation/")}


class _Sent(NamedTuple):
    """A form whose deed would show if it was done twice."""

    portal: str
    view: str
    button: str | None
    typed: dict[str, str]
    send: str
    route: str
    done: str


_FORMS = {
    "expense": _Sent(
        "admin",
        "/staff/finances/expenses",
        "Record an expense",
        {"description": "Chairs", "category": "venue", "amount": "1500", "incurred_on": "2026-11-20"},
        "Record an expense",
        "/api/expenses/",
        "main tbody tr",
    ),
    "card": _Sent(
        "webapp",
        "/cards",
        "Request a card",
        {},
        "Request a card",
        "/nfc-cards/request/",
        "main [role=status]:has-text('PKR')",
    ),
    "person": _Sent(
        "webapp",
        "/account/family",
        "Add a person",
        {"name": "Sana", "relation": "daughter"},
        "Save",
        "/users/dependents/",
        "main li:has-text('Sana')",
    ),
    "tickets": _Sent(
        "tix", "/tix/new", None, {"count": "3", "prefix": "GALA"}, "Generate", "/tix/tickets/generate", ".result"
    ),
}


def bad_gateway(route: Route) -> None:
    """Lose an answer as a proxy does, after the platform has taken the request."""
    route.fetch()
    route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")


@pytest.mark.parametrize("form", _FORMS)
def test_a_deed_whose_answers_are_lost_or_slow_is_done_once(open_page: Opener, site: Site, form: str) -> None:
    of = _FORMS[form]
    session = site.new_customer()[1] if of.portal == "webapp" else None
    session = session or (Club(site).session if of.portal == "tix" else site.session(of.portal))
    open_page.allow("502")
    page = open_page("about:blank", sessions={of.portal: session})
    page.clock.install()
    page.goto(f"{site.url}{of.view}")
    if of.button:
        page.locator("main").locator("button, summary").filter(has_text=of.button).first.click()
    for name, text in of.typed.items():
        page.locator(f"form [name='{name}']").first.fill(text)
    working = re.compile(f"^({of.send}|One moment)")
    inside = page.locator("form", has=page.get_by_role("button", name=working)).last
    send = inside.get_by_role("button", name=working)
    keys = keys_of(page, of.route)
    address = re.compile(re.escape(of.route) + "$")

    def only(act: Callable[[Route], Any]) -> None:
        """Answer the next write alone."""
        page.unroute_all()
        page.route(address, lambda each: act(each) if each.request.method == "POST" else each.continue_())

    for lost, words in ((lose, "cannot be reached"), (bad_gateway, "status 502")):
        only(lost)
        send.click()
        expect(inside.get_by_text(words)).to_be_visible()
    held: list[Route] = []
    only(held.append)
    send.click()
    come(page, partial(bool, held))
    page.clock.fast_forward(20_000)
    expect(send).to_have_attribute("aria-busy", "true")
    send.click(force=True)
    held[0].continue_()
    expect(page.locator(of.done).first).to_be_visible()
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(held) == 1


def test_what_is_sold_out_leaves_the_basket_and_a_lost_answer_keeps_its_key(open_page: Opener, site: Site) -> None:
    show = shopping.event(site, *({"name": each, "price": "900.00", "capacity": 9} for each in ("Gold", "Silver")))
    _, session = site.new_customer()
    page = open_page(f"/e/{show['id']}", sessions={"webapp": session})
    # A browser without room for the keys.
    page.add_init_script(
        "const set = Storage.prototype.setItem; Storage.prototype.setItem = function (name, value) {"
        " if (name.startsWith('gatehouse.once.')) throw new DOMException('full', 'QuotaExceededError');"
        " set.call(this, name, value); };"
    )
    page.reload()
    keys = keys_of(page, "/tickets/book/")

    def without_gold(route: Route) -> None:
        event = route.fetch().json()
        for each in event["ticket_categories"]:
            each["available"] = 0 if each["name"] == "Gold" else each["available"]
        route.fulfill(json=event)

    page.get_by_role("button", name="One more: Gold").click()
    page.route("**/tickets/book/", refuse(409, "SOLD_OUT"), times=1)
    page.route(f"**/public/events/{show['id']}/", without_gold)
    page.get_by_role("button", name="Reserve and pay").click()
    page.get_by_role("button", name="One fewer: Gold").click()
    page.get_by_role("button", name="One more: Silver").click()
    page.route("**/tickets/book/", lose, times=1)
    page.get_by_role("button", name="Reserve and pay").click()
    expect(page.get_by_text("cannot be reached")).to_be_visible()
    page.get_by_role("button", name="Reserve and pay").click()
    expect(page.get_by_role("heading", name="Pay for your tickets")).to_be_visible()
    assert keys[1] == keys[2] != keys[0]
    assert len(site.ask("GET", "/api/v1/users/bookings/", session=session).json()["results"]) == 1


def at_the_bank(open_page: Opener, site: Site, session: dict[str, Any]) -> tuple[Page, str]:
    """Return a page whose owner is at the bank with a payment, and the id of its booking."""
    booking_id: str = shopping.booked(site, session, shopping.event(site))["id"]
    page = open_page(f"/bookings/{booking_id}", sessions={"webapp": session})
    page.get_by_label("Test card").select_option("tok_3ds")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.get_by_role("button", name="I have confirmed").wait_for()
    return page, booking_id


def test_a_booking_that_was_given_back_meanwhile_is_not_charged(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()
    page, booking_id = at_the_bank(open_page, site, session)
    assert site.ask("DELETE", f"/api/v1/users/bookings/{booking_id}/", session=session).is_success
    page.get_by_role("button", name="I have confirmed").click()
    # What nobody can pay any more is not offered again.
    expect(page.get_by_role("heading", name="This reservation was given back")).to_be_visible()
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Pay |confirmed"))).to_have_count(0)


def test_a_reservation_follows_what_another_tab_does_to_it(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()
    show = shopping.event(site)
    context = open_page.context(sessions={"webapp": session})
    page, listed = context.new_page(), context.new_page()
    listed.goto("/bookings")
    expect(listed.get_by_role("link", name="All events")).to_be_visible()
    booking_id = shopping.booked(site, session, show)["id"]
    look = "() => document.dispatchEvent(new Event('visibilitychange'))"
    listed.evaluate(look)
    expect(listed.locator(f'a[href="/bookings/{booking_id}"]')).to_be_visible()
    page.goto(f"/bookings/{booking_id}")
    page.get_by_role("button", name=re.compile("^Pay ")).wait_for()
    assert site.ask("DELETE", f"/api/v1/users/bookings/{booking_id}/", session=session).is_success
    for tab in (page, listed):
        tab.evaluate(look)
    expect(page.get_by_role("heading", name="This reservation was given back")).to_be_visible()
    expect(listed.locator(f'a[href="/bookings/{booking_id}"]')).to_have_count(0)


def test_money_that_came_too_late_is_not_called_uncharged_or_on_the_card(open_page: Opener, site: Site) -> None:
    """The platform answers so after the reservation ran out, or where a card was blocked while its owner was away."""
    _, session = site.new_customer()
    page, _ = at_the_bank(open_page, site, session)
    card: dict[str, Any] = {
        "id": "crd_x",
        "uid": "04A1B2C3D4E5F6",
        "status": "active",
        "auto_reload": None,
        "merchant": None,
    }
    card |= {"balance": {"amount": "0.00", "currency": "PKR"}, "assigned_at": None, "label": None}
    paid: dict[str, Any] = {
        "id": "pay_x",
        "provider": "sandbox",
        "status": "requires_confirmation",
        "next_action": None,
    }
    paid |= {
        "amount": {"amount": "500.00", "currency": "PKR"},
        "tickets": [],
        "failure_reason": "The event is over; the money is returned.",
    }
    page.route("**/payments/confirm/", lambda route: route.fulfill(json=paid | {"status": "refunded"}))
    page.get_by_role("button", name="I have confirmed").click()
    expect(page.get_by_role("heading", name="Your money is on its way back")).to_be_visible()
    page.get_by_role("button", name="اردو").click()
    expect(page.get_by_text("تقریب ختم ہو چکی ہے؛ رقم واپس کی جا رہی ہے")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_text("Nothing was charged")).to_have_count(0)
    page.route("**/users/nfc-cards/?**", lambda route: route.fulfill(json={"results": [card], "requests": []}))
    page.route("**/crd_x/transactions/**", lambda route: route.fulfill(json={"results": [], "next": None}))
    page.route("**/crd_x/reload/", lambda route: route.fulfill(status=201, json=paid))
    page.goto("/cards/crd_x")
    top_up = page.locator("section", has=page.get_by_role("heading", name="Top up", exact=True))
    top_up.get_by_label("Amount").fill("500.00")
    top_up.get_by_role("button", name="Go on").click()
    top_up.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.get_by_text("is refunded")).to_be_visible()


def test_a_ticket_is_shown_where_the_platform_is_in_trouble(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()
    ticket = shopping.bought(site, session, shopping.event(site))
    open_page.allow("503")
    page = open_page(f"/tickets/{ticket['id']}", sessions={"webapp": session})
    picture = page.get_by_role("img", name=re.compile("^Code of"))
    expect(picture).to_be_visible()
    for trouble in (refuse(503, "UNAVAILABLE"), refuse(429, "RATE_LIMITED")):
        page.route("**/users/tickets/**", trouble)
        page.reload()
        expect(picture).to_be_visible()
        page.unroute_all()
    # Words that are typed slowly are taken, and the field stays the one that is typed into.
    page.goto("/")
    page.get_by_label("Search").press_sequentially("qa")
    expect(page).to_have_url(re.compile("search=qa$"))
    page.keyboard.type("ww")
    expect(page).to_have_url(re.compile("search=qaww$"))


def scan_in_an_instant(page: Page, code: str) -> None:
    """Scan while a clock of ours rests: it gives keys the time of their arrival, which a busy machine draws apart."""
    page.clock.pause_at(datetime.fromtimestamp(page.evaluate("Date.now()") / 1000 + 1, UTC))
    scan(page, code)
    page.clock.resume()


def test_a_scan_that_hangs_holds_up_none_and_its_key_ends_with_its_reading(open_page: Opener, site: Site) -> None:
    club = Club(site)
    hung, late, next_one = club.generate(3)
    page = open_page("about:blank", sessions=club.sessions())
    page.clock.install()
    page.add_init_script(
        """window.tracks = []; navigator.mediaDevices.getUserMedia = async () => {
          const canvas = document.createElement("canvas");
          setInterval(() => canvas.getContext("2d").fillRect(Math.random() * 9, 0, 9, 9), 50);
          window.tracks = canvas.captureStream().getTracks();
          return new MediaStream(window.tracks);
        };"""
    )
    page.goto("/tix/scan")
    page.get_by_role("textbox", name="Number").wait_for()
    page.evaluate("() => document.activeElement?.blur?.()")
    page.route(re.compile(f"{hung}/scan$"), lambda _: None)
    scan_in_an_instant(page, hung)
    scan_in_an_instant(page, next_one)
    page.clock.run_for(11_000)
    expect(verdict(page, "valid")).to_contain_text(next_one)
    # Its answer is lost; long after that another person comes with a copy.
    page.route(re.compile(f"{late}/scan$"), lose, times=1)
    scan_in_an_instant(page, late)
    expect(verdict(page, "failed")).to_be_visible()
    page.clock.run_for(61_000)
    scan_in_an_instant(page, late)
    expect(verdict(page, "duplicate")).to_contain_text(late)
    # A camera whose pictures cannot be read is not left on.
    open_page.allow("wasm|falling back")
    page.route("**/*.wasm", lambda route: route.abort())
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator(".camera .problem")).not_to_be_empty()
    wait_until(lambda: page.evaluate("() => window.tracks.every(({ readyState }) => readyState === 'ended')"))
    # A typing error in the old password ends no session.
    page.get_by_role("link", name="Account").click()
    page.get_by_label("Present password").fill("mistyped, every letter")
    page.get_by_label("New password").fill("another long enough password")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The old password is wrong.")).to_be_visible()
    assert club.ask("GET", "auth/me").is_success


def test_what_nobody_touched_in_a_form_follows_what_others_changed(open_page: Opener, site: Site) -> None:
    desk = Desk(site)
    organizer = site.session("organizer")
    event = desk.event()
    page = open_page(f"/organizer/e/{event['id']}", sessions={"organizer": organizer})
    page.get_by_text("Ask for a change").click()
    page.get_by_label("Price").fill("1750.00")
    page.get_by_label("Why").fill("The hall costs more.")
    desk.ask("PUT", f"/api/events/{event['id']}/", {"title": "Renamed by the staff"})
    page.reload()
    page.get_by_text("Ask for a change").click()
    expect(page.get_by_label("Price")).to_have_value("1750.00")
    with page.expect_response("**/edit-request/") as sent:
        page.get_by_role("button", name="Send the request").click()
    [change] = sent.value.json()["diff"]
    assert change["field"].endswith(".price")
    # Another tab logs somebody else in while a token is exchanged: theirs is not overwritten.
    held: list[Route] = []
    page.route("**/organizer/token/refresh/", lambda route: held.append(route))
    keep = "(kept) => localStorage.setItem('gatehouse.session.organizer', JSON.stringify(kept))"
    page.evaluate(keep, organizer | {"access": "spent"})
    page.get_by_role("link", name="Payouts").click()
    come(page, lambda: held)
    page.evaluate(keep, {"access": "another's", "who": {"id": "org_other", "name": "Other"}})
    with page.expect_response("**/organizer/token/refresh/"):
        held[0].fulfill(json={"access": "new", "refresh": "new"})
    expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
    assert "new" not in page.evaluate("() => localStorage.getItem('gatehouse.session.organizer') ?? ''")


def test_the_second_person_approves_the_amount_of_the_first_one(open_page: Opener, site: Site) -> None:
    desk = Desk(site)
    request = desk.refund("150000.00")
    _, colleague = desk.colleague("admin")
    found = f"/api/refund-requests/?search={request['id']}"
    wait_until(lambda: desk.ask("GET", found)["results"])
    page = opened(open_page, f"/staff/queues/refunds?search={request['id']}", desk.owner)
    approve = page.locator("tbody").get_by_role("button", name="Approve")
    approve.click()
    page.get_by_role("dialog").get_by_label("Amount").fill("20000.00")
    page.get_by_role("button", name="Close").click()
    desk.ask("PUT", f"/api/refund-requests/{request['id']}/", {"decision": "approve"}, session=colleague)
    page.reload()
    approve.click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert desk.ask("GET", found)["results"][0]["status"] in {"approved", "refunded"}
    # The answer of a check-in by hand is lost: also after a reload it is the same reading.
    ticket = desk.ticket(site.new_customer()[1], desk.event(scanning_opens_at=shopping.at(hours=-1)))
    page.goto(f"/staff/tickets/{ticket['id']}")
    page.route("**/check-in/", lose, times=1)
    for _ in range(2):
        page.get_by_role("button", name="Check in by hand").click()
        page.get_by_role("dialog").get_by_role("button", name="Check in by hand").click()
        expect(page.get_by_text(re.compile("cannot be reached|ADMITTED|ALREADY"))).to_be_visible()
        if not page.locator(".note", has_text=re.compile("ADMITTED|ALREADY")).count():
            page.reload()
    expect(page.locator(".note")).to_contain_text("ADMITTED")


def test_a_desk_without_a_session_asks_for_nothing_and_sends_nothing_later(open_page: Opener, site: Site) -> None:
    desk = Desk(site)
    page = open_page("about:blank", sessions={"admin": desk.owner})
    page.clock.install()
    asked = count_of(page, "/dashboard/stats/")
    made = count_of(page, "/api/venues/$", "POST")
    page.goto("/staff/venues")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.evaluate(
        "(kept) => localStorage.setItem('gatehouse.session.admin', kept)",
        json.dumps({**desk.owner, "access": "ended", "refresh": "ended"}),
    )
    page.get_by_role("button", name="New venue").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Nobody's Hall")
    page.get_by_role("dialog").get_by_role("button", name="New venue").click()
    again = page.get_by_role("dialog", name="Log in again")
    expect(again).to_be_visible()
    before = len(asked)
    page.clock.run_for(30 * 60_000)
    assert len(asked) - before <= 1
    # Left: what waited belongs to a visit that is over.
    again.get_by_role("button", name="Close").click()
    sent = len(made)
    page.get_by_label("E-mail").fill(demo.ADMIN_EMAIL)
    page.get_by_label("Password").fill(demo_passwords.ADMIN)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    assert len(made) == sent


def venues(*names: str, more: str | None = None) -> dict[str, Any]:
    """Return a page of venues as the API writes it."""
    empty = {"address": None, "city": None, "country": None, "latitude": None, "longitude": None, "capacity": None}
    rows = [{"id": f"ven_{name}", "name": name, "gates": [], "events": 0, "version": 1} | empty for name in names]
    return {"results": rows, "next": more, "count": None}


def is_post(route: Route) -> bool:
    return route.request.method == "POST"


def test_a_list_goes_on_after_a_failure_and_keeps_what_its_reader_has_seen(open_page: Opener, site: Site) -> None:
    desk = Desk(site)
    page = open_page("about:blank", sessions={"admin": desk.owner})
    open_page.allow("503")
    asked: list[str] = []
    failing = [False]

    def answer(route: Route) -> None:
        query = route.request.url.partition("?")[2]
        asked.append(query)
        if failing[0]:
            return refuse(503, "UNAVAILABLE")(route)
        if "search=hall" in query:
            return route.fulfill(json=venues("hall"))
        return route.fulfill(json=venues("three", "four") if "cursor=c1" in query else venues("one", "two", more="c1"))

    page.route(re.compile(r"/api/venues/(\?|$)"), answer)
    page.goto("/staff/venues")
    rows = page.locator("tbody tr")
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(4)
    # Read again, such as after something was made: it does not shrink under its reader.
    made = venues("new")["results"][0]
    post = re.compile("/api/venues/$")
    page.route(post, lambda each: each.fulfill(status=201, json=made) if is_post(each) else each.fallback())
    page.get_by_role("button", name="New venue").click()
    page.get_by_role("dialog").get_by_label("Name").fill("new")
    page.get_by_role("dialog").get_by_role("button", name="New venue").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    wait_until(lambda: page.evaluate("() => document.querySelector('.listing').ariaBusy") == "false")
    expect(rows).to_have_count(4)
    # A cursor is of its filters: after a failure the first page of the new ones is read.
    page.reload()
    expect(rows).to_have_count(2)
    failing[0] = True
    page.get_by_label("Search", exact=True).fill("hall")
    again = page.get_by_role("button", name="Try again")
    again.wait_for()
    # What the former filters had found is no answer to these.
    expect(rows).to_have_count(0)
    failing[0] = False
    again.click()
    expect(rows).to_have_count(1)
    assert not [query for query in asked if "search" in query and "cursor" in query]
    # The field follows the address that it is of.
    page.get_by_role("navigation").get_by_role("link", name="Venues").click()
    expect(page.get_by_label("Search", exact=True)).to_have_value("")
    # What could not be read is not nothing.
    entry = {"id": "log_1", "entity_id": "evt_1", "at": "2026-11-28T10:00:00Z"}
    page.route("**/api/logs/system/**", lambda route: route.fulfill(json={"results": [entry], "next": None}))
    page.route("**/cancellation/", refuse(503, "UNAVAILABLE"))
    page.goto("/staff/queues/second")
    expect(page.locator("section", has_text="Cancellations").locator(".failure").last).to_be_visible()


def test_campus_keeps_a_key_after_a_fault_and_lets_go_of_what_is_old(open_page: Opener, site: Site) -> None:
    open_page.allow("503")
    page = open_page("/campus/events/many", sessions={"campus": teacher(site)})
    keys = keys_of(page, "/bulk-create/")
    rows = page.get_by_label("Or rows")
    rows.fill("title,location\nOptics,Hall 1")
    create = page.get_by_role("button", name="Create all")
    for status in (409, 503, 503):
        before = len(keys)
        page.route("**/bulk-create/", refuse(status), times=1)
        create.click()
        come(page, partial(is_longer, keys, before))
        expect(create).to_have_attribute("aria-busy", "false")
    assert keys[0] != keys[1] == keys[2]
    # The wall reads its code in one chain, whichever event asks for the next reading.
    codes = count_of(page, "/qr/$")
    held: list[Route] = []
    page.route(re.compile("/api/campus/events/cev_x/"), lambda route: held.append(route))
    page.goto("/campus/events/cev_x/show")
    come(page, lambda: codes)
    page.evaluate("() => { for (let n = 0; n < 3; n += 1) document.dispatchEvent(new Event('visibilitychange')); }")
    page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    assert len(codes) == 1
    page.unroute_all()
    # Photos of somebody who did not log out, a day ago.
    page.goto("/campus")
    page.evaluate(
        """() => new Promise((resolve) => {
          const opening = indexedDB.open("gatehouse.campus", 1);
          opening.onupgradeneeded = () => opening.result.createObjectStore("flows");
          opening.onsuccess = () => {
            const writing = opening.result.transaction("flows", "readwrite");
            writing.objectStore("flows").put({ startedAt: Date.now() - 25 * 3600e3, step: "photos" }, "usr_other");
            writing.oncomplete = () => (opening.result.close(), resolve());
          };
        })"""
    )
    page.goto("/campus/attend")
    page.get_by_role("heading", name="Type the code").wait_for()
    kept = """() => new Promise((resolve) => {
      const opening = indexedDB.open("gatehouse.campus", 1);
      opening.onsuccess = () => {
        const reading = opening.result.transaction("flows").objectStore("flows").getAllKeys();
        reading.onsuccess = () => (opening.result.close(), resolve(reading.result));
      };
    })"""
    wait_until(lambda: "usr_other" not in page.evaluate(kept))
    # A log-out needs no network.
    page.goto("/campus")
    page.get_by_role("button", name="Log out").wait_for()
    page.context.set_offline(True)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.context.set_offline(False)


def test_a_report_is_not_judged_by_the_answer_about_another(open_page: Opener) -> None:
    page = open_page("/campus/verify")
    genuine = {"valid": True, "matches": None, "kind": "attendance", "format": "pdf", "event_title": None, "rows": 1}
    genuine |= {"generated_at": "2026-11-28T10:00:00Z", "sha256": "0" * 64}
    held: list[Route] = []
    page.route("**/reports/verify/rep_slow/", lambda route: held.append(route))
    page.route("**/reports/verify/rep_false/", lambda route: route.fulfill(json=genuine | {"valid": False}))
    for report in ("rep_slow", "rep_false"):
        page.get_by_label("Report id").fill(report)
        page.get_by_role("button", name="Verify").click()
        expect(page).to_have_url(re.compile(f"{report}$"))
    expect(page.locator(".verdict.bad")).to_be_visible()
    with page.expect_response("**/rep_slow/"):
        held[0].fulfill(json=genuine)
    page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    expect(page.locator(".verdict.bad")).to_be_visible()


def test_what_one_customer_has_paid_is_not_ticked_for_the_next(open_page: Opener, site: Site) -> None:
    page = open_page("/merchant?card=04A1B2C3D4E5F6", sessions={"merchant": site.session("merchant")})

    def known(route: Route) -> None:
        name = route.request.url.rstrip("/").split("/")[-1][-4:]
        customer = {"id": f"cus_{name}", "name": f"Customer {name}", "photo_url": None, "active_cards": 0}
        route.fulfill(json={"registered": True, "fee_paid": False, "customer": customer})

    page.route("**/verify-customer/**", known)
    paid = page.get_by_role("checkbox")
    for number in ("03001230001", "03001230002"):
        page.get_by_label("Customer's mobile number").fill(number)
        page.get_by_role("button", name="Find the customer").click()
        expect(page.get_by_text(f"Customer {number[-4:]}")).to_be_visible()
        expect(paid).not_to_be_checked()
        paid.check()


def test_the_board_is_followed_once_and_keeps_no_refresh_token_of_staff(open_page: Opener) -> None:
    open_page.allow("503")
    page = open_page(f"/board/{demo.EVENT_ID}")
    page.get_by_text("Staff", exact=True).click()
    page.get_by_label("E-mail").fill(demo.ADMIN_EMAIL)
    page.get_by_label("Password").fill(demo_passwords.ADMIN)
    held: list[Route] = []
    page.route("**/statistics/", refuse(503, "UNAVAILABLE"))
    page.route(f"**/api/events/{demo.EVENT_ID}/", refuse(503, "UNAVAILABLE"))
    tickets = count_of(page, "/realtime/ticket/", "POST")
    page.get_by_role("button", name="Log in").click()
    again = page.get_by_role("button", name="Try again")
    again.wait_for()
    page.unroute_all()
    page.route(f"**/api/events/{demo.EVENT_ID}/", lambda route: held.append(route))
    again.click()
    again.click()
    come(page, lambda: held)
    held[0].continue_()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert len(tickets) == 1
    assert "refresh" not in page.evaluate("() => JSON.parse(localStorage.getItem('gatehouse.session.admin'))")
    # A gap of more readings than are read again is said: the numbers of the gates are not whole.
    page.unroute_all()
    page.route("**/realtime/ticket/", refuse(503, "UNAVAILABLE"))
    turn = [0]

    def log(route: Route) -> None:
        first = not turn[0]
        turn[0] += 1
        entries = [_entry(f"log_{turn[0]}_{place}") for place in range(1 if first else 100)]
        route.fulfill(json={"results": entries, "next": None if first else f"c{turn[0]}", "count": None})

    page.route("**/api/logs/checkin/**", log)
    page.reload()
    expect(page.get_by_text(re.compile("^Counted since"))).to_be_visible()


def _entry(entry_id: str) -> dict[str, Any]:
    at = shopping.at(minutes=-1)
    facts = {"id": entry_id, "result": "valid", "reason": None, "direction": "entry", "kind": "scan", "repeat": False}
    return facts | {"gate": None, "tier": None, "source": "online", "scanned_at": at, "received_at": at}
