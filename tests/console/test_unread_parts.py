"""A part of a view whose own reading fails says so, and is read again: nobody misses what is left out unsaid."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console import shopping
from tests.console.browsers import Opener
from tests.console.site import Site
from tests.console.test_tix import Club


def recovers(page: Page, pattern: str) -> None:
    """See that a failed reading is said, and that the next try ends it."""
    unread = page.locator(".failure", has_text="The platform cannot be reached")
    expect(unread).to_have_count(1)
    page.unroute(re.compile(pattern))
    # At once: a view that follows the platform may try again by itself, and has no button any more then.
    unread.get_by_role("button", name="Try again").evaluate_all("(all) => all.forEach((each) => each.click())")
    expect(unread).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/", r"/public/events/categories/"),
        ("/e/{event}", r"/users/favorites/"),
        ("/bookings/{booking}", r"/users/nfc-cards/"),
        ("/account/family", r"/users/nfc-cards/"),
        ("/account", r"/users/analytics/"),
    ],
)
def test_a_part_of_the_shop_that_cannot_be_read_says_so(open_page: Opener, site: Site, path: str, pattern: str) -> None:
    show = shopping.event(site)
    _, session = site.new_customer()
    booking = shopping.booked(site, session, show)
    page = open_page("/claim", sessions={"webapp": session})
    page.route(re.compile(pattern), lambda route: route.abort())
    page.goto(f"{site.url}{path.format(event=show['id'], booking=booking['id'])}")
    recovers(page, pattern)


def test_scans_of_a_club_that_cannot_be_read_are_not_shown_as_none(open_page: Opener, site: Site) -> None:
    club = Club(site)
    (number,) = club.generate(1)
    scanned = site.ask("PUT", f"/api/tix/tickets/{number}/scan", session=club.session)
    assert scanned.is_success, scanned.text
    pattern = r"/api/tix/(members|tickets\?)"
    page = open_page("/tix/new", sessions=club.sessions())
    page.route(re.compile(pattern), lambda route: route.abort())
    page.goto(f"{site.url}/tix/scan")
    recent = page.locator(".recent")
    expect(recent.locator(".failure")).to_be_visible()
    expect(recent.locator(".empty")).to_have_count(0)
    recovers(page, pattern)
    expect(recent).to_contain_text(number)
    expect(recent).not_to_contain_text("former")


@pytest.mark.parametrize(
    ("portal", "path", "pattern"),
    [
        ("webapp", "/bookings/{booking}", r"/users/nfc-cards/"),
        ("webapp", "/account/family", r"/users/nfc-cards/"),
        ("webapp", "/e/{event}", r"/users/dependents/"),
        ("organizer", "/organizer/draft/new/when", r"/public/events/\?"),
        ("campus", "/campus/events", r"/campus/campuses/"),
        ("admin", "/staff/lost-card?find=cus_1", r"/nfc-cards/\?"),
    ],
)
def test_a_list_that_goes_on_says_so_and_is_read_on(
    open_page: Opener, site: Site, portal: str, path: str, pattern: str
) -> None:
    """Of a list that is shown as a whole ten pages are read at first."""
    session = site.new_customer()[1] if portal == "webapp" else site.session(portal)
    made = {"event": "", "booking": ""}
    if portal == "webapp":
        made["event"] = shopping.event(site)["id"]
        made["booking"] = shopping.booked(site, session, shopping.event(site))["id"] if "booking" in path else ""
    page = open_page("about:blank", sessions={portal: session})
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json={"results": [], "next": f"page{len(asked)}" if len(asked) < 15 else None, "count": None})

    page.route(re.compile(pattern), answer)
    page.goto(f"{site.url}{path.format(**made)}")
    if path.startswith("/e/"):
        page.get_by_role("button", name=re.compile("^One more")).first.click()
        page.locator("details.names > summary").click()
    cut = page.get_by_text("There is more.")
    expect(cut).to_have_count(1)
    assert len(asked) == 10
    asked.clear()
    cut.get_by_role("button", name="Show more").evaluate("(button) => button.click()")
    expect(cut).to_have_count(0)
    assert len(asked) == 15
