"""What a page shows on a network that wants a log-in of its own, that loses a part of the page, or that is slow."""

import re
from functools import partial

from playwright.sync_api import Page, Route, expect

from chalicelib.schemas.examples import demo
from tests.console import shopping
from tests.console.browsers import Opener
from tests.console.gate_night import night
from tests.console.scanner import scan
from tests.console.site import Site
from tests.console.staff_desk import Desk
from tests.console.test_gate import ADMIT, UNKNOWN, log_in, shows
from tests.console.test_late_answers import come, refuse, venues
from tests.console.test_tix import Club, verdict

API = re.compile(r"/api/")
AWAY = "The platform cannot be reached."
PORTAL = "<!doctype html><html><body>Welcome to the hotel. Accept our terms.</body></html>"


def captive(route: Route) -> None:
    """Answer each request as the network of a hotel does."""
    route.fulfill(status=200, content_type="text/html; charset=utf-8", body=PORTAL)


def test_a_page_of_the_network_is_no_answer_of_the_platform(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()
    show = shopping.event(site)
    ticket = shopping.bought(site, session, show)
    page = open_page(f"/tickets/{ticket['id']}", sessions={"webapp": session})
    picture = page.get_by_role("img", name=re.compile("^Code of"))
    expect(picture).to_be_visible()
    page.route(API, captive)
    page.reload()
    expect(page.get_by_text(re.compile("^Offline"))).to_be_visible()
    expect(picture).to_be_visible()
    page.goto("/account")
    expect(page.get_by_text(AWAY).first).to_be_visible()
    page.unroute_all()
    page.reload()
    page.get_by_label("Name", exact=True).fill("Nadia of Lahore")
    page.route(API, captive)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("form", name="Profile").get_by_text(AWAY)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Nadia of Lahore")
    # It is no file either.
    host = open_page(f"/organizer/e/{demo.EVENT_ID}", sessions={"organizer": site.session("organizer")})
    files: list[str] = []
    host.on("download", lambda each: files.append(each.suggested_filename))
    download = host.get_by_role("button", name="Download as CSV")
    download.wait_for()
    host.route(re.compile("format=csv"), captive)
    download.click()
    expect(host.get_by_label("Attendees").get_by_text(AWAY)).to_be_visible()
    assert not files


def test_a_part_of_the_page_that_does_not_arrive_is_said_in_words(open_page: Opener, site: Site) -> None:
    page = open_page("/", sessions={"webapp": site.session("webapp")})
    page.get_by_role("heading", name="Events", level=1).wait_for()
    page.route("**/assets/**", lambda route: route.abort())
    page.get_by_role("link", name="Tickets").click()
    expect(page.get_by_text(AWAY)).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Tickets", level=1)).to_be_visible()


def test_what_another_search_has_found_does_not_pass_for_this_one(open_page: Opener, site: Site) -> None:
    open_page.allow("503")
    page = open_page("about:blank", sessions={"admin": Desk(site).owner})
    held: list[Route] = []

    def answer(route: Route) -> None:
        if "search=hall" in route.request.url:
            held.append(route)
        else:
            route.fulfill(json=venues(*(f"v{place}" for place in range(100))))

    page.route(re.compile(r"/api/venues/(\?|$)"), answer)
    page.goto("/staff/venues")
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(100)
    wait = page.locator(".wait")
    expect(wait).to_have_count(0)
    page.get_by_label("Search", exact=True).fill("hall")
    # Where its reader is, not below a hundred rows.
    expect(wait).to_be_in_viewport()
    held[0].fulfill(json=venues("hall"))
    expect(rows).to_have_count(1)
    expect(wait).to_have_count(0)
    _other_customer(page, held)


def _other_customer(page: Page, held: list[Route]) -> None:
    """A slow search of the staff, above what the former one found."""
    page.goto("/staff/search?q=Ayesha")
    hit = page.get_by_role("link", name=re.compile("Ayesha Khan"))
    expect(hit).to_be_visible()
    held.clear()
    page.route(re.compile(r"/api/customers/\?"), lambda route: held.append(route))
    seek = page.get_by_role("searchbox").first
    seek.fill("Bilal")
    seek.press("Enter")
    expect(page.locator(".wait")).to_be_in_viewport()
    come(page, partial(bool, held))
    # A part that fails can be asked again.
    refuse(503, "UNAVAILABLE")(held[0])
    page.unroute_all()
    again = page.get_by_role("button", name="Try again")
    expect(page.locator(".wait")).to_have_count(0)
    again.click()
    expect(page.locator(".failure")).to_have_count(0)
    expect(hit).to_have_count(0)


def test_refunds_of_a_ticket_that_cannot_be_read_are_not_none(open_page: Opener, site: Site) -> None:
    desk = Desk(site)
    _, session = site.new_customer()
    ticket = desk.ticket(session, desk.event())
    open_page.allow("503")
    page = open_page("about:blank", sessions={"admin": desk.owner})
    page.route(re.compile(r"/api/refund-requests/\?"), refuse(503, "UNAVAILABLE"))
    page.goto(f"/staff/tickets/{ticket['id']}")
    again = page.get_by_role("button", name="Try again")
    again.wait_for()
    page.unroute_all()
    again.click()
    expect(page.locator(".failure")).to_have_count(0)


def test_the_verdict_of_the_person_before_is_covered_while_the_next_one_is_decided(
    open_page: Opener, site: Site
) -> None:
    tonight = night(site)
    first, second = tonight.sell(2)
    gate = open_page.context().new_page()
    # A phone without data waits longer for the platform.
    gate.route("**/api/usher/sync/**", lambda route: route.abort())
    log_in(gate, tonight)
    scan(gate, first)
    shows(gate, ADMIT)
    held: list[Route] = []
    gate.route("**/api/usher/scan/result/", lambda route: held.append(route))
    scan(gate, second)
    expect(gate.locator(".verdict .next")).to_be_visible()
    come(gate, partial(bool, held))
    held[0].abort()
    shows(gate, UNKNOWN)
    expect(gate.locator(".verdict .next")).to_have_count(0)
    club = Club(site)
    one, two, three = club.generate(3)
    door = open_page("/tix/scan", sessions=club.sessions())
    field = door.get_by_role("textbox", name="Number")
    field.fill(one)
    field.press("Enter")
    expect(verdict(door, "valid")).to_contain_text(one)
    held.clear()
    door.route(re.compile(f"{two}/scan$"), lambda route: held.append(route))
    for number in (two, three):
        # What is typed while the one before is decided is neither lost nor held up.
        expect(field).to_have_value("")
        field.fill(number)
        field.press("Enter")
    expect(door.locator(".verdict .next")).to_be_visible()
    field.fill("GALA-")
    come(door, partial(bool, held))
    held[0].continue_()
    expect(verdict(door, "valid")).to_contain_text(three)
    expect(field).to_have_value("GALA-")
    assert club.ticket(two)["scanned_at"]
