"""What a page holds on to and what it lets go of: the patience of a payer, codes, another person's verdict."""

import json
import re

from playwright.sync_api import Route, expect

from tests.console import shopping
from tests.console.browsers import Opener
from tests.console.scanner import scan
from tests.console.site import Site
from tests.console.staff_desk import Desk, opened
from tests.console.test_late_answers import venues
from tests.console.test_tix import Club, verdict


def test_a_payer_is_not_left_waiting_for_a_minute_without_a_word(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()
    booking = shopping.booked(site, session, shopping.event(site))
    open_page.allow("503")
    page = open_page(f"/bookings/{booking['id']}", sessions={"webapp": session})
    body = {"error": {"code": "UNAVAILABLE", "message": "The service is busy. Try again.", "request_id": "req_1"}}
    page.route("**/payments/confirm/", lambda each: each.fulfill(status=503, json=body, headers={"Retry-After": "60"}))
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.get_by_text("The service is busy.")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name=re.compile("again", re.IGNORECASE)).click()
    expect(page.get_by_role("heading", name="The tickets are yours")).to_be_visible()
    assert [each["status"] for each in shopping.payments(site, session)] == ["succeeded"]


def test_a_code_is_not_kept_as_a_draft_nor_a_verdict_for_the_next_person(open_page: Opener, site: Site) -> None:
    _, colleague = Desk(site).colleague("support")
    page = opened(open_page, "/staff/account", colleague)
    page.get_by_role("button", name="Replace").click()
    page.get_by_role("dialog").locator('[name="current"]').fill("123456")
    drafts = page.evaluate(
        "() => Object.entries(sessionStorage).filter(([name]) => name.startsWith('gatehouse.draft'))"
    )
    assert "123456" not in json.dumps(drafts)
    first, second = Club(site), Club(site)
    [number] = first.generate(1)
    context = open_page.context(sessions=first.sessions())
    page, other = context.new_page(), context.new_page()
    page.goto("/tix/scan")
    page.get_by_role("textbox", name="Number").wait_for()
    page.evaluate("() => document.activeElement?.blur?.()")
    scan(page, number)
    expect(verdict(page, "valid")).to_contain_text(number)
    other.goto("/tix")
    with page.expect_response("**/tix/auth/me"):
        other.evaluate("(kept) => localStorage.setItem('gatehouse.session.tix', kept)", json.dumps(second.session))
    expect(page.get_by_role("textbox", name="Number")).to_be_visible()
    expect(page.locator(".verdict.valid")).to_have_count(0)


def test_the_end_of_a_long_list_is_said_and_keeps_the_keyboard(open_page: Opener, site: Site) -> None:
    page = open_page("about:blank", sessions={"admin": Desk(site).owner})

    def answer(route: Route) -> None:
        route.fulfill(json=venues("two", "three") if "cursor=c1" in route.request.url else venues("one", more="c1"))

    page.route(re.compile(r"/api/venues/(\?|$)"), answer)
    page.goto("/staff/venues")
    page.get_by_role("button", name="Show more").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(3)
    listing = page.locator(".listing")
    expect(listing.get_by_role("status")).to_have_text("Listed: 3")
    expect(listing).to_be_focused()
