"""Gate: the page of ushers, with and without a network."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.console.browsers import PATIENCE_MS, Opener
from tests.console.checks import axe, no_overflow
from tests.console.conftest import CameraPage
from tests.console.gate_night import Night, night
from tests.console.scanner import scan
from tests.console.site import Site
from tests.local.conftest import wait_until

ADMIT, ALREADY, REFUSE, UNKNOWN = "admit", "already", "refuse", "unknown"
SCAN = "**/api/usher/scan/result/"


@pytest.fixture(scope="module")
def evening(site: Site) -> Night:
    """One event whose tickets are on every phone that logs in; each test takes its own of them."""
    made = night(site, re_entry_allowed=True)
    made.sell(75)
    made.synced()
    return made


@pytest.fixture
def codes(evening: Night) -> Iterator[str]:
    """Codes of tickets that no other test scans."""
    return evening.take()


def log_in(page: Page, at: Night, username: str | None = None) -> None:
    """Log in by hand, as an enrolment QR leads to it."""
    page.goto(f"/gate?event={at.event_id}&usher={username or at.username}")
    page.get_by_label("Password").fill(at.password)
    page.get_by_role("button", name="Begin").click()
    page.locator("main.gate").wait_for()


def log_in_by_name(page: Page, at: Night) -> None:
    """Log in, in any language."""
    page.goto(f"/gate?event={at.event_id}&usher={at.username}")
    page.locator("input[type=password]").fill(at.password)
    page.locator("button[type=submit]").click()
    page.locator("main.gate").wait_for()


def ready(page: Page) -> None:
    """Wait until the phone has the event's data."""
    expect(page.locator(".state")).to_contain_text(", data of ")


def shows(page: Page, result: str, *words: str) -> None:
    """Wait for a verdict, and for what is to be read in it."""
    verdict = page.locator(f".verdict.{result}")
    verdict.wait_for()
    for word in words:
        expect(verdict).to_contain_text(word)


def kept(page: Page) -> list[dict[str, Any]]:
    """Return the scans that the phone keeps."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => new Promise((done, failed) => {
          const opening = indexedDB.open("gatehouse-gate");
          opening.onerror = failed;
          opening.onsuccess = () => {
            const all = opening.result.transaction("entries").objectStore("entries").getAll();
            all.onsuccess = () => { opening.result.close(); done(all.result); };
          };
        })"""
    )
    return found


def waiting(page: Page) -> int:
    return sum(entry["state"] == "waiting" for entry in kept(page))


def until_sent(page: Page) -> None:
    expect(page.locator(".state")).to_contain_text("online", timeout=PATIENCE_MS)
    expect(page.locator(".state")).not_to_contain_text("waiting", timeout=PATIENCE_MS)


@pytest.mark.each_run
def test_a_ticket_before_the_camera_is_admitted_and_then_refused(camera_page: CameraPage, site: Site) -> None:
    tonight = night(site)
    [code] = tonight.sell(1)
    opener = camera_page(code, None, None, seconds=1.2)
    page = opener.context(viewport="phone").new_page()
    log_in(page, tonight)
    shows(page, ADMIT, "ADMIT", "Nadia Iqbal")
    shows(page, ALREADY, "ALREADY IN", "When", tonight.username)
    results = [entry["result"] for entry in tonight.logged(2)]
    assert results.count("valid") == 1


def test_a_scanner_needs_no_focus_and_no_clean_text(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    page = open_page.context().new_page()
    log_in(page, evening)
    code = next(codes)
    scan(page, f"]Q1{code}")
    shows(page, ADMIT)
    scan(page, code, end="Tab")
    shows(page, ALREADY)
    scan(page, "https://example.com/nothing")
    shows(page, REFUSE, "no code of ours")
    # In a field, what a scanner types is no text of it; a person's text stays.
    field = page.get_by_role("textbox", name="Number, card or code")
    field.fill("12")
    scan(page, next(codes))
    shows(page, ADMIT)
    expect(field).to_have_value("12")
    # A button that has the focus is not pressed by the spaces and the end of a code.
    last = page.get_by_role("button", name="Last 20")
    last.focus()
    scan(page, next(codes))
    expect(page.locator(".verdict.admit")).to_be_visible()
    expect(last).to_have_attribute("aria-expanded", "false")
    last.click()
    expect(page.locator(".lines li")).to_have_count(5)


def test_a_number_is_typed_and_a_wrong_one_is_unknown(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    page = open_page.context().new_page()
    log_in(page, evening)
    ready(page)
    next(codes)
    field = page.get_by_role("textbox", name="Number, card or code")
    field.fill(evening.last_number().lower())
    page.get_by_role("button", name="Check").click()
    shows(page, ADMIT)
    field.fill("NOBODY-9")
    page.get_by_role("button", name="Check").click()
    shows(page, UNKNOWN, "No ticket of this event has this number")


def test_fifty_scans_without_a_network_survive_the_tab_and_arrive_once(open_page: Opener, site: Site) -> None:
    tonight = night(site)
    sold = tonight.sell(50)
    tonight.synced()
    context = open_page.context()
    page = context.new_page()
    log_in(page, tonight)
    ready(page)
    installed(page)
    context.set_offline(True)
    for code in sold:
        scan(page, code)
    expect(page.locator(".state")).to_contain_text("offline, 50 waiting, data of")
    shows(page, ADMIT, "Decided by this phone")
    scan(page, sold[0])
    shows(page, ALREADY, "When")
    # `python -m bench.console` reads how long these took.
    assert page.evaluate("() => performance.getEntriesByName('gate.offline').length") == 51
    page.close(run_before_unload=False)
    # The page opens without the network too, with all that waits.
    page = context.new_page()
    page.goto("/gate/")
    expect(page.locator(".state")).to_contain_text("51 waiting")
    assert waiting(page) == 51
    context.set_offline(False)
    until_sent(page)
    entries = tonight.logged(51)
    assert len(entries) == 51
    assert len({entry["scan_id"] for entry in entries}) == 51
    assert sum(entry["result"] == "valid" for entry in entries) == 50
    assert {entry["source"] for entry in entries} == {"offline"}
    numbers = sorted(entry["seq"] for entry in kept(page))
    assert numbers == list(range(1, 52))


def installed(page: Page) -> None:
    """Wait until the page can be opened without a network."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")


def test_two_tabs_of_one_account_share_the_queue(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    context = open_page.context()
    one = context.new_page()
    log_in(one, evening)
    ready(one)
    other = context.new_page()
    other.goto("/gate")
    ready(other)
    context.set_offline(True)
    code = next(codes)
    scan(one, code)
    shows(one, ADMIT)
    # The other tab knows who passed here.
    scan(other, code)
    shows(other, ALREADY)
    scan(other, next(codes))
    shows(other, ADMIT)
    expect(one.locator(".state")).to_contain_text("3 waiting")
    mine = {entry["scan_id"] for entry in kept(one)}
    assert len(mine) == 3
    sent: list[str] = []
    context.on("request", lambda asked: sent.append(asked.post_data or "") if "sync/logs" in asked.url else None)
    context.set_offline(False)
    until_sent(one)
    until_sent(other)
    assert len(sent) == 1, "one tab sends, once"
    logged = [entry for entry in evening.logged(1) if entry["scan_id"] in mine]
    assert sorted(entry["result"] for entry in logged) == ["already_scanned", "valid", "valid"]


def test_an_expired_session_keeps_the_scans_and_is_renewed_in_place(
    open_page: Opener, evening: Night, codes: Iterator[str]
) -> None:
    context = open_page.context()
    page = context.new_page()
    log_in(page, evening)
    ready(page)
    # Both tokens are spent, as after a night.
    page.evaluate(
        """() => {
          const name = "gatehouse.session.usher";
          const session = JSON.parse(localStorage.getItem(name));
          const [head, body] = session.access.split(".");
          localStorage.setItem(name, JSON.stringify({ ...session, access: `${head}.${body}.x`, refresh: "spent" }));
        }"""
    )
    scan(page, next(codes))
    shows(page, ADMIT, "Decided by this phone")
    expect(page.get_by_role("region", name="Log in again")).to_contain_text("Scans go on and are kept here")
    scan(page, next(codes))
    expect(page.locator(".state")).to_contain_text("2 waiting")
    page.get_by_label("Password").fill(evening.password)
    page.get_by_role("button", name="Log in again").click()
    expect(page.get_by_role("region", name="Log in again")).to_have_count(0)
    until_sent(page)
    assert [entry["answered"]["status"] for entry in kept(page)] == ["accepted", "accepted"]


def test_another_ushers_scans_wait_for_that_ushers_session(
    open_page: Opener, evening: Night, codes: Iterator[str]
) -> None:
    context = open_page.context()
    page = context.new_page()
    log_in(page, evening)
    ready(page)
    installed(page)
    context.set_offline(True)
    scan(page, next(codes))
    shows(page, ADMIT)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log out all the same").click()
    page.get_by_role("heading", name="Open a gate").wait_for()
    context.set_offline(False)
    second = evening.new_usher()
    log_in(page, evening, second)
    expect(page.locator(".state")).to_contain_text("Scans of other ushers that wait on this phone: 1")
    scan(page, next(codes))
    shows(page, ADMIT)
    assert waiting(page) == 1
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Open a gate").wait_for()
    log_in(page, evening)
    until_sent(page)
    [first] = [entry for entry in kept(page) if entry["offline"] is not None]
    logged = {entry["scan_id"]: entry["usher"]["username"] for entry in evening.logged(1)}
    assert logged[first["scan_id"]] == evening.username


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "content_type": "application/json", "body": "{}"},
        {"status": 200, "content_type": "text/html", "body": "<h1>Captive portal</h1>"},
        {"status": 200, "content_type": "application/json", "body": json.dumps({"result": ["valid"]})},
        {"status": 429, "headers": {"Retry-After": "nan"}, "body": "slow down"},
        {"status": 503, "headers": {"Retry-After": "99999999999999"}, "body": "{}"},
        {"status": 403, "content_type": "application/json", "body": '{"message": "Forbidden"}'},
    ],
    ids=["500", "html", "no decision", "429 nan", "503 for ever", "firewall"],
)
def test_a_hostile_answer_ends_nothing(
    open_page: Opener, evening: Night, codes: Iterator[str], answer: dict[str, Any]
) -> None:
    open_page.allow(r"^(403|5\d\d) of .*/scan/result/")
    page = open_page.context().new_page()
    log_in(page, evening)
    ready(page)
    page.route(SCAN, lambda route: route.fulfill(**answer))
    code = next(codes)
    scan(page, code)
    shows(page, ADMIT, "Decided by this phone")
    scan(page, code)
    shows(page, ALREADY)
    page.unroute(SCAN)
    until_sent(page)
    scan(page, next(codes))
    shows(page, ADMIT)


def test_an_answer_that_is_lost_counts_once(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    page = open_page.context().new_page()
    log_in(page, evening)
    ready(page)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(SCAN, lose)
    scan(page, next(codes))
    shows(page, ADMIT, "Decided by this phone")
    page.unroute(SCAN)
    until_sent(page)
    [entry] = kept(page)
    assert (entry["answered"]["status"], entry["answered"]["result"]) == ("replayed", "valid")


def test_expired_data_decides_nothing_and_says_so(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    context = open_page.context()
    page = context.new_page()
    log_in(page, evening)
    ready(page)
    installed(page)
    context.set_offline(True)
    page.evaluate(
        """() => new Promise((done) => {
          indexedDB.open("gatehouse-gate").onsuccess = ({ target: { result } }) => {
            const events = result.transaction("events", "readwrite").objectStore("events");
            events.getAll().onsuccess = ({ target: { result: [event] } }) => {
              event.attendees.expires_at = "2026-01-01T00:00:00Z";
              events.put(event).onsuccess = () => { result.close(); done(); };
            };
          };
        })"""
    )
    page.reload()
    expect(page.locator(".state")).to_contain_text("the data has expired")
    scan(page, next(codes))
    shows(page, UNKNOWN, "the data of this phone has expired")
    # Nobody was admitted, and the scan is not lost: with the network it gets its answer.
    assert len(kept(page)) == 1
    context.set_offline(False)
    shows(page, ADMIT)


def test_a_full_disk_is_said_loudly(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    context = open_page.context()
    page = context.new_page()
    log_in(page, evening)
    ready(page)
    page.evaluate(
        """() => {
          IDBObjectStore.prototype.put = () => { throw new DOMException("no space", "QuotaExceededError"); };
        }"""
    )
    scan(page, next(codes))
    expect(page.locator(".state [role=alert]")).to_contain_text("QuotaExceededError")
    shows(page, ADMIT)  # by the platform
    context.set_offline(True)
    scan(page, next(codes))
    shows(page, UNKNOWN, "cannot store scans")


def test_leave_and_return_follow_each_other(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    page = open_page.context().new_page()
    log_in(page, evening)
    code = next(codes)
    scan(page, code)
    shows(page, ADMIT)
    page.get_by_role("button", name="Leave", exact=True).click()
    page.get_by_role("textbox", name="Why they leave").fill("parked wrongly")
    scan(page, code)
    expect(page.locator(".verdict .word")).to_have_text("LET OUT")
    scan(page, code)
    shows(page, REFUSE)
    page.get_by_role("button", name="Return", exact=True).click()
    scan(page, code)
    shows(page, ADMIT)
    leaves = evening.site.ask("GET", "/api/usher/scan/part-time-leave/", session=evening.session()).json()["results"]
    assert "parked wrongly" in {each["reason"] for each in leaves}


def test_people_without_a_ticket_are_counted(open_page: Opener, site: Site) -> None:
    tonight = night(site)
    page = open_page.context().new_page()
    log_in(page, tonight)
    page.get_by_role("button", name="Count only").click()
    page.get_by_role("button", name="5 in").click()
    page.get_by_role("button", name="1 out").click()
    expect(page.locator(".counter")).to_contain_text("Counted here: 4")
    until_sent(page)
    assert sorted(entry["delta"] for entry in kept(page)) == [-1, 5]
    assert all(entry["answered"]["status"] == "accepted" for entry in kept(page))


def test_an_incident_reaches_the_staff_once(open_page: Opener, evening: Night, codes: Iterator[str]) -> None:
    page = open_page.context().new_page()
    log_in(page, evening)
    scan(page, next(codes))
    shows(page, ADMIT)
    page.get_by_role("button", name="Incident").click()
    page.get_by_label("Kind").select_option("medical")
    page.get_by_label("What happened").fill("Fainted at the gate")
    page.get_by_role("button", name="Report", exact=True).click()
    expect(page.get_by_text("Reported. The staff can see it now.")).to_be_visible()
    listed = f"/api/incidents/?event_id={evening.event_id}"
    wait_until(lambda: evening.site.ask("GET", listed, session=evening.admin).json()["results"])
    found = evening.site.ask("GET", listed, session=evening.admin).json()
    assert [(each["type"], each["note"]) for each in found["results"]] == [("medical", "Fainted at the gate")]


def test_a_wrong_password_is_said_in_the_platforms_words(open_page: Opener, evening: Night) -> None:
    page = open_page.context().new_page()
    page.goto(f"/gate?event={evening.event_id}&usher={evening.username}")
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("alert").filter(has_text=re.compile(r"\w"))).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value(evening.username)


@pytest.mark.parametrize("side_by_side", [(390, 844), (844, 390)], ids=["upright", "turned"])
@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_long_verdict_is_seen_on_a_phone(
    open_page: Opener, evening: Night, codes: Iterator[str], language: str, side_by_side: tuple[int, int]
) -> None:
    code, width, height = next(codes), *side_by_side
    ticket_id = evening.tickets[evening.taken - 1]["id"]
    known = evening.site.ask("GET", f"/api/tickets/{ticket_id}/", session=evening.admin).json()
    labels = [f"label number {place}, which is a long one of sixty letters or so" for place in range(10)]
    body = {"labels": labels, "reason": "guests of the house", "version": known["version"]}
    assert evening.site.ask("PUT", f"/api/tickets/{ticket_id}/", body, session=evening.admin).is_success
    page = open_page.context(language=language, viewport="phone").new_page()
    page.set_viewport_size({"width": width, "height": height})
    log_in_by_name(page, evening)
    for verdict in (ADMIT, ALREADY):
        page.evaluate("scrollTo(0, document.body.scrollHeight)" if verdict == ALREADY else "scrollTo(0, 0)")
        scan(page, code)
        shows(page, verdict, labels[9])
        answer = page.locator(".answer").bounding_box()
        assert answer is not None
        assert answer["y"] >= -1
        assert answer["y"] + answer["height"] <= height + 1
        camera = page.locator(".eye").bounding_box()
        assert camera is not None
        assert camera["height"] < height / 2


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ur", "dark")])
def test_every_state_is_accessible_and_fits(
    open_page: Opener, evening: Night, codes: Iterator[str], language: str, scheme: str
) -> None:
    context: BrowserContext = open_page.context(language=language, scheme=scheme, viewport="narrow")
    page = context.new_page()
    page.goto(f"/gate?event={evening.event_id}&usher={evening.username}")
    page.locator("input[type=password]").wait_for()
    axe(page)
    no_overflow(page)
    log_in_by_name(page, evening)
    code = next(codes)
    for result, text in ((ADMIT, code), (ALREADY, code), (REFUSE, "GH1:NOTHING"), (UNKNOWN, "04A1B2C3D4E599")):
        scan(page, text)
        shows(page, result)
        axe(page)
        no_overflow(page)
    for place in range(3):
        page.locator(".buttons button[aria-expanded]").nth(place).click()
        page.locator(".side").wait_for()
        axe(page)
        no_overflow(page)
