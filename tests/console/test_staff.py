"""The staff's page: search, queues, lost cards, cancellations, the second person, roles, and an ended session."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.site import PASSWORD, Site
from tests.console.staff_desk import Desk, opened, search
from tests.local.conftest import wait_until


@pytest.fixture(scope="module")
def desk(site: Site) -> Desk:
    return Desk(site)


@pytest.mark.each_run
def test_what_a_search_or_a_filter_cannot_be_is_said_with_the_reason(open_page: Opener, desk: Desk) -> None:
    page = opened(open_page, "/staff/search?q=%F0%9F%98%80", desk.owner)
    expect(page.locator(".failure").first).to_contain_text("search: ")
    page.goto("/staff/tickets?event_id=not%20an%20id")
    expect(page.locator(".failure").first).to_contain_text("event_id: ")
    page.goto("/staff/search?q=%20%20")
    expect(page.get_by_text("found. Understood as")).to_have_count(0)


def test_a_search_understands_a_number_a_name_a_ticket_a_card_and_an_order(open_page: Opener, desk: Desk) -> None:
    number, customer = desk.site.new_customer("Zeenat Qureshi")
    ticket = desk.ticket(customer, desk.event())
    uid = desk.card()
    national = f"0{number[3:6]} {number[6:]}"
    wait_until(lambda: desk.ask("GET", f"/api/customers/?search={number[1:]}")["results"])
    wait_until(lambda: desk.ask("GET", f"/api/tickets/?search={ticket['number']}")["results"])
    wait_until(lambda: desk.ask("GET", f"/api/nfc-cards/?search={uid}")["results"])
    page = opened(open_page, "/staff", desk.owner)
    hits = page.locator(".hits")
    spelled = ":".join(uid[place : place + 2] for place in range(0, len(uid), 2))
    for typed, group, found in (
        (national, "Customers", "Zeenat Qureshi"),
        (number[3:], "Customers", "Zeenat Qureshi"),
        ("Qureshi", "Customers", "Zeenat Qureshi"),
        (ticket["number"], "Tickets", ticket["number"]),
        (spelled.lower(), "Cards", uid),
        (ticket["booking_id"], "Orders", ticket["booking_id"]),
        (ticket["id"], "Tickets", ticket["number"]),
    ):
        search(page, typed)
        expect(page.get_by_label("Search customers")).to_have_value(typed)
        expect(page.locator("section", has_text=group).filter(has_text=found).first).to_be_visible()
    hits.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=ticket["number"])).to_be_visible()
    axe(page)


@pytest.mark.each_run
def test_a_refund_is_decided_in_its_row_and_the_audit_log_shows_it(open_page: Opener, desk: Desk) -> None:
    request = desk.refund()
    wait_until(lambda: desk.ask("GET", f"/api/refund-requests/?search={request['id']}")["results"])
    page = opened(open_page, f"/staff/queues/refunds?search={request['id']}", desk.owner)
    row = page.locator("tbody tr")
    expect(row).to_contain_text("Pending")
    row.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("Doctor's letter was sent")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog).to_have_count(0)
    expect(row).not_to_contain_text("Pending")
    stored = desk.ask("GET", f"/api/refund-requests/?search={request['id']}")["results"][0]
    assert stored["status"] in {"approved", "refunded"}
    assert stored["note"] == "Doctor's letter was sent"
    log = f"/api/logs/system/?entity_id={request['id']}&action=refund_request.decide"
    wait_until(lambda: desk.ask("GET", log)["results"])
    page.goto(f"/staff/audit?entity_id={request['id']}")
    expect(page.locator("tbody")).to_contain_text("refund_request.decide")
    page.get_by_role("button", name="Verify the chain").click()
    # A check that a busy machine does not end within an answer goes on as a job.
    expect(page.locator(".note")).to_contain_text(re.compile("chain|goes on in the background"))


def test_a_submitted_draft_is_published_from_its_queue(open_page: Opener, desk: Desk) -> None:
    organizer = desk.site.session("organizer")
    published = desk.event()
    draft = {name: published[name] for name in ("starts_at", "ends_at", "timezone")}
    offered = [{"name": "Standard", "price": "900.00", "capacity": 40}]
    body = {**draft, "title": f"Draft {published['id'][-6:]}", "venue_id": "ven_demo_garden"}
    made = desk.ask("POST", "/api/organizer/events/", {**body, "ticket_categories": offered}, session=organizer)
    desk.ask("POST", f"/api/organizer/events/{made['id']}/submit/", session=organizer)
    wait_until(lambda: desk.ask("GET", f"/api/events/?status=draft&search={made['title'][-6:]}")["results"])
    page = opened(open_page, "/staff/queues/drafts", desk.owner)
    row = page.locator("tbody tr", has_text=made["title"])
    row.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(row).to_have_count(0)
    assert desk.ask("GET", f"/api/events/{made['id']}/")["status"] == "published"


def test_a_lost_card_is_blocked_and_moved_in_one_form(open_page: Opener, desk: Desk) -> None:
    lost, fresh = desk.card("active"), desk.card()
    wait_until(lambda: desk.ask("GET", f"/api/nfc-cards/?search={lost}")["results"])
    page = opened(open_page, "/staff/lost-card", desk.owner)
    page.get_by_role("searchbox", name="Whose card, or which?").fill(lost.lower())
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_label("UID of the replacement").fill(fresh)
    axe(page)
    page.get_by_role("button", name="Block and move").click()
    expect(page.get_by_text("The card is blocked")).to_be_visible()
    expect(page.get_by_text(f"Moved to card {fresh}")).to_be_visible()
    assert desk.ask("GET", f"/api/nfc-cards/{lost}/")["status"] == "replaced"
    assert desk.ask("GET", f"/api/nfc-cards/{fresh}/")["status"] == "active"


def test_an_event_is_cancelled_by_preview_code_and_sum(open_page: Opener, desk: Desk) -> None:
    _, customer = desk.site.new_customer()
    event = desk.event()
    ticket = desk.ticket(customer, event)
    email, colleague = desk.colleague("admin")
    page = opened(open_page, f"/staff/events/{event['id']}/cancellation", colleague)
    page.get_by_role("button", name="Show the preview").click()
    code = page.get_by_role("button", name="Use this code")
    code.click()
    expect(page.get_by_label("Code")).to_have_value(desk.site.codes(email)[0])
    page.get_by_label("Reason").fill("The hall is closed")
    page.get_by_label("Total to give back").fill("1.00")
    page.get_by_role("button", name="Cancel the event").click()
    expect(page.get_by_text("Nothing was cancelled")).to_be_visible()
    page.get_by_label("Total to give back").fill("1500.00")
    page.get_by_role("button", name="Cancel the event").click()
    progress = page.get_by_label("Progress of the cancellation").first
    expect(progress).to_contain_text("1 of 1", timeout=60_000)
    assert desk.ask("GET", f"/api/tickets/{ticket['id']}/")["status"] in {"cancelled", "refunded"}


def test_nobody_approves_alone_what_needs_a_second_person(open_page: Opener, desk: Desk) -> None:
    request = desk.refund("150000.00")
    _, colleague = desk.colleague("admin")
    wait_until(lambda: desk.ask("GET", f"/api/refund-requests/?search={request['id']}")["results"])
    path = f"/staff/queues/refunds?search={request['id']}"
    for session, after in ((desk.owner, "Awaits second person"), (colleague, "")):
        page = opened(open_page, path, session)
        row = page.locator("tbody tr")
        row.get_by_role("button", name="Approve").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Approve").click()
        expect(dialog).to_have_count(0)
        if after:
            expect(row).to_contain_text(after)
            expect(row).to_contain_text("You asked for this yourself")
            expect(row.get_by_role("button", name="Approve")).to_have_count(0)
    stored = desk.ask("GET", f"/api/refund-requests/?search={request['id']}")["results"][0]
    assert stored["status"] in {"approved", "refunded"}
    assert stored["decided_by"] == colleague["who"]["id"]


def test_support_logs_in_and_is_offered_no_money(open_page: Opener, desk: Desk) -> None:
    email, _ = desk.colleague("support")
    request = desk.refund()
    wait_until(lambda: desk.ask("GET", f"/api/refund-requests/?search={request['id']}")["results"])
    page = open_page(f"/staff/queues/refunds?search={request['id']}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("tbody tr")).to_contain_text("Pending")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    parts = page.get_by_role("navigation", name="Parts of this page")
    expect(parts.get_by_role("link", name="Lost card")).to_be_visible()
    expect(parts.get_by_role("link", name="Finances")).to_have_count(0)
    # The refresh token is in a cookie that no script reads; with it a spent access token is exchanged unseen.
    kept = page.evaluate("JSON.parse(localStorage.getItem('gatehouse.session.admin'))")
    assert "refresh" not in kept
    kept["access"] = "spent"
    page.evaluate("(kept) => localStorage.setItem('gatehouse.session.admin', kept)", json.dumps(kept))
    page.reload()
    expect(page.locator("tbody tr")).to_contain_text("Pending")
    page.goto("/staff/finances/company")
    expect(page.get_by_text("Your role does not open this part")).to_be_visible()


def test_a_session_that_runs_out_in_a_form_goes_on_after_the_log_in(open_page: Opener, desk: Desk) -> None:
    _, customer = desk.site.new_customer()
    email, session = desk.colleague("admin")
    page = opened(open_page, f"/staff/customers/{customer['who']['id']}", session)
    page.get_by_role("button", name="Status").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Reason").fill("Sells tickets at the door")
    ended = json.dumps({**session, "access": "ended", "refresh": "ended"})
    page.evaluate("(kept) => localStorage.setItem('gatehouse.session.admin', kept)", ended)
    form.get_by_role("button", name="Status").click()
    again = page.get_by_role("dialog", name="Log in again")
    again.get_by_label("E-mail").fill(email)
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("main h1")).to_contain_text("Suspended")
    assert desk.ask("GET", f"/api/customers/{customer['who']['id']}/")["status"] == "suspended"


def test_the_desk_fits_a_phone_and_has_no_barrier_in_urdu_and_in_the_dark(open_page: Opener, desk: Desk) -> None:
    for path in ("/staff", "/staff/finances/company", "/staff/customers"):
        page = open_page(path, sessions={"admin": desk.owner}, language="ur", scheme="dark", viewport="narrow")
        page.locator("main h1").wait_for()
        page.locator(".quiet").first.wait_for(state="hidden") if path != "/staff" else None
        no_overflow(page)
        axe(page)


def test_a_list_is_exported_by_its_filters_and_support_is_offered_no_file_of_people(
    open_page: Opener, desk: Desk
) -> None:
    page = opened(open_page, "/staff/venues?search=garden", desk.owner)
    page.get_by_role("button", name="Export CSV").click()
    expect(page.get_by_role("status").filter(has_text="Started.")).to_be_visible()
    axe(page)
    no_overflow(page)
    page.goto("/staff/jobs")
    expect(page.locator("main")).to_contain_text("Venues (CSV)")
    _, support = desk.colleague("support")
    page = opened(open_page, "/staff/customers", support)
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_role("button", name="Export CSV")).to_have_count(0)


def test_the_dashboard_says_acts_in_words_under_the_heading_of_the_view(open_page: Opener, desk: Desk) -> None:
    desk.card()
    page = opened(open_page, "/staff", desk.owner)
    expect(page.locator(".feed li", has_text="Card created").first).to_be_visible()
    assert page.locator("h1, h2, h3").first.inner_text() == "Dashboard"
    wait_until(lambda: desk.ask("GET", "/api/logs/system/?action=card.create")["results"])
    page.goto("/staff/audit?action=card.create")
    expect(page.locator("tbody tr").first).to_contain_text(re.compile(r"Card created\s*card\.create"))
    # Its line shows that it is a link.
    shown = page.locator("tbody td a .num").first
    assert shown.evaluate("(each) => getComputedStyle(each).display") == "inline"
