"""The organizers' page: a draft in five steps, its way through the staff, sales as pictures, files, payouts."""

import csv
import io
import re
import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_passwords
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.site import PASSWORD, Site
from tests.console.staff_desk import Desk
from tests.local.conftest import wait_until

Session = dict[str, Any]
COLUMNS = {"Sales": "gross", "Refunds": "refunds", "Platform's fee": "platform_fee", "Net": "net"}
VENUE = ", ".join((demo.KNOWN_VENUE.name, demo.KNOWN_VENUE.city or ""))


@pytest.fixture(scope="module")
def desk(site: Site) -> Desk:
    return Desk(site)


@pytest.fixture(scope="module")
def organizer(site: Site) -> Session:
    return site.session("organizer")


@pytest.fixture
def page(open_page: Opener, organizer: Session) -> Page:
    """The page of the demo organizer."""
    return open_page("/organizer", sessions={"organizer": organizer})


def wall_clock(days: int, hour: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}T{hour:02}:00"


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def downloaded(page: Page, button: str) -> Path:
    """Press a button, and return where the file that comes is."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return Path(waiting.value.path())


def on(page: Page) -> None:
    page.get_by_role("button", name="Save and go on").click()


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, level=2)).to_be_visible()


def drafted(page: Page, title: str) -> str:
    """Draft an event to its review, with a reload on the way, and return its id."""
    page.get_by_role("link", name="New event").first.click()
    page.get_by_label("Title").fill(title)
    on(page)
    page.get_by_label("Time zone").select_option("Asia/Karachi")
    page.get_by_label("Begins").fill(wall_clock(9, 19))
    page.get_by_label("Ends").fill(wall_clock(9, 23))
    page.reload()
    expect(page.get_by_label("Begins")).to_have_value(wall_clock(9, 19))
    on(page)
    heading(page, "Ticket categories")
    page.get_by_label("Name").fill("Terrace")
    page.get_by_label("Price").fill("1200.00")
    page.get_by_label("Number of tickets").fill("40")
    on(page)
    heading(page, "Sale and gates")
    page.get_by_label("Guests may leave and come back").check()
    on(page)
    heading(page, "Review")
    return page.url.split("/")[-2]


@pytest.mark.each_run
def test_an_organizer_drafts_an_event_in_five_steps_and_errors_lead_to_their_step(
    page: Page, desk: Desk, organizer: Session
) -> None:
    title = f"Qawwali {secrets.token_hex(3)}"
    event_id = drafted(page, title)
    page.get_by_role("button", name="Submit to the staff").click()
    heading(page, "Where and when")
    venue = page.get_by_label("Venue", exact=True)
    expect(page.get_by_text("is needed before an event is published")).to_be_visible()
    expect(venue).to_be_focused()
    axe(page)
    venue.select_option(label=VENUE)
    on(page)
    heading(page, "Ticket categories")
    page.get_by_role("navigation", name="Steps").get_by_role("link", name="Review").click()
    page.get_by_role("button", name="Submit to the staff").click()
    expect(page.get_by_text("Waits for the staff").first).to_be_visible()
    stored = desk.ask("GET", f"/api/organizer/events/{event_id}/", session=organizer)
    assert (stored["title"], stored["review"], stored["re_entry_allowed"]) == (title, "submitted", True)
    assert stored["starts_at"] == f"{wall_clock(9, 14)}:00.000Z"  # 19:00 in Karachi
    assert [(one["name"], one["price"]["amount"]) for one in stored["ticket_categories"]] == [("Terrace", "1200.00")]
    sent_back = {"review": "rejected", "review_note": "Say who sings."}
    desk.ask("PUT", f"/api/events/{event_id}/", sent_back)
    page.reload()
    expect(page.get_by_text("Say who sings.")).to_be_visible()
    page.get_by_role("link", name="Edit the draft").click()
    page.get_by_label("Description").fill("Farid Ayaz sings.")
    on(page)
    heading(page, "Where and when")
    page.get_by_role("navigation", name="Steps").get_by_role("link", name="Review").click()
    page.get_by_role("button", name="Submit to the staff").click()
    expect(page.get_by_text("Waits for the staff").first).to_be_visible()
    desk.ask("PUT", f"/api/events/{event_id}/", {"status": "published"})
    page.reload()
    expect(page.get_by_role("link", name="Open the Board")).to_have_attribute("href", f"/board/{event_id}")


def test_a_new_draft_that_another_step_stops_keeps_what_was_typed(page: Page) -> None:
    page.get_by_role("link", name="New event").first.click()
    page.get_by_label("Title").fill("Lanterns")
    page.get_by_label("Address of a picture").fill("not an address")
    on(page)
    heading(page, "Where and when")
    on(page)
    begins = page.get_by_label("Begins")
    expect(begins).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field", has=begins)).to_contain_text("must not be empty")
    begins.fill(wall_clock(9, 19))
    page.get_by_label("Ends").fill(wall_clock(9, 23))
    on(page)
    expect(page.get_by_label("Address of a picture")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Address of a picture").fill("")
    on(page)
    expect(begins).to_have_value(wall_clock(9, 19))
    on(page)
    heading(page, "Ticket categories")


def test_a_sale_shows_in_the_pictures_at_once_and_its_buyer_in_the_file(
    page: Page, desk: Desk, site: Site, organizer: Session
) -> None:
    event = desk.event()
    page.goto(f"/organizer/e/{event['id']}")
    expect(page.get_by_text("0 of 50").first).to_be_visible()
    _, customer = site.new_customer("Ümit Çelik")
    ticket = desk.ticket(customer, event)
    expect(page.get_by_label("Figures").get_by_text("1 of 50")).to_be_visible()
    expect(page.get_by_text("1 of 50 · PKR 1,500.00")).to_be_visible()
    [row] = rows_of(downloaded(page, "Download as CSV"))
    assert (row["number"], row["name"], row["status"]) == (ticket["number"], "Ümit Çelik", "valid")
    page.get_by_role("button", name="Show the list").click()
    search = page.get_by_label("Name or ticket number")
    search.fill("celik")
    expect(page.get_by_role("cell", name=ticket["number"])).to_be_visible()
    search.fill("nobody")
    expect(page.get_by_text("No ticket fits.")).to_be_visible()
    axe(page)
    listed = desk.ask("GET", f"/api/organizer/events/{event['id']}/", session=organizer)
    assert listed["analytics"]["sold"] == 1


def test_a_change_of_a_published_event_is_asked_for_and_shows_its_state(page: Page, desk: Desk) -> None:
    event = desk.event()
    page.goto(f"/organizer/e/{event['id']}")
    page.get_by_text("Ask for a change").click()
    page.get_by_label("Price").fill("1750.00")
    day = page.get_by_label("Begins").input_value()[:10]
    page.get_by_label("Begins").fill(f"{day}T05:30")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_label("Why")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Why").fill("The hall costs more.")
    page.get_by_role("button", name="Send the request").click()
    asked = page.get_by_role("list", name="Requests from this device")
    expect(asked.get_by_text("Waits for the staff")).to_be_visible()
    expect(asked.get_by_text("PKR 1,750.00")).to_be_visible()
    # The hour that was typed, by the event's clock.
    expect(asked.get_by_text(re.compile(r"→.* 05:30"))).to_be_visible()

    def waiting() -> list[dict[str, Any]]:
        pending = desk.ask("GET", "/api/event-edit-requests/?status=pending")["results"]
        return [each for each in pending if each["event_id"] == event["id"]]

    wait_until(lambda: bool(waiting()))  # the staff's list follows the table's index
    desk.ask("PUT", f"/api/event-edit-requests/{waiting()[0]['id']}/", {"decision": "approve"})
    page.reload()
    expect(asked.get_by_text("Done")).to_be_visible()


def test_the_file_of_a_payout_adds_up_to_what_is_shown(page: Page) -> None:
    page.get_by_role("link", name="Payouts").click()
    page.get_by_role("link", name=demo.PAST_EVENT_TITLE).click()
    figures = page.get_by_role("region", name="Figures")
    expect(figures.get_by_text("Net")).to_be_visible()
    rows = [row for row in rows_of(downloaded(page, "Every movement as CSV")) if row["after_close"] == "no"]
    assert rows
    for label, column in (
        ("Sales", "gross"),
        ("Refunds", "refunds"),
        ("Platform's fee", "platform_fee"),
        ("Net", "net"),
    ):
        total = sum(Decimal(row[column]) for row in rows)
        figure = figures.locator(".figure").filter(has=page.get_by_text(label, exact=True))
        expect(figure.locator(".figure-value")).to_have_text(f"PKR {total:,.2f}")
    assert downloaded(page, "Invoice").read_bytes().startswith(b"%PDF-")
    axe(page)


def test_an_expired_session_keeps_what_was_typed(page: Page, site: Site, organizer: Session) -> None:
    page.get_by_role("link", name="New event").first.click()
    page.get_by_label("Title").fill("Unsaved evening")
    page.evaluate("() => localStorage.removeItem('gatehouse.session.organizer')")
    page.reload()
    before = site.codes(demo.ORGANIZER_NUMBER)
    page.get_by_label("Mobile number").fill(demo.ORGANIZER_NUMBER)
    page.get_by_label("Password").fill(demo_passwords.ORGANIZER)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_role("textbox", name="Code").fill(site.new_code(demo.ORGANIZER_NUMBER, before))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_label("Title")).to_have_value("Unsaved evening")
    assert organizer["who"]["id"] == page.evaluate(
        "() => JSON.parse(localStorage.getItem('gatehouse.session.organizer')).who.id"
    )


def test_a_new_organizer_sees_empty_lists_and_sets_the_bank_account(open_page: Opener, desk: Desk, site: Site) -> None:
    number = f"+92301{secrets.randbelow(10**7):07}"
    person = {"name": "Quetta Nights", "mobile_number": number, "email": f"{number[1:]}@example.com"}
    desk.ask("POST", "/api/users/", {"type": "organizer", "password": PASSWORD, **person})
    session = site.session("organizer", number, PASSWORD)
    page = open_page("/organizer", sessions={"organizer": session}, viewport="narrow", language="ur")
    expect(page.locator(".listing .empty")).to_be_visible()
    no_overflow(page)
    axe(page)
    page.goto("/organizer/account")
    iban = page.get_by_label("IBAN")
    iban.fill("PK00SCBL0000001123456702")
    page.locator("[name='bank_account.title']").fill("Quetta Nights")
    before = len(site.messages(number))
    page.locator("form", has=iban).get_by_role("button").click()
    expect(iban).to_have_attribute("aria-invalid", "true")
    iban.fill("PK36SCBL0000001123456702")
    page.locator("form", has=iban).get_by_role("button").click()
    expect(page.get_by_text("6702").first).to_be_visible()
    wait_until(lambda: len(site.messages(number)) > before)
    no_overflow(page)
    axe(page)


@pytest.mark.parametrize("view", ["", f"/e/{demo.PAST_EVENT_ID}", "/payouts", "/draft/new/when", "/account"])
def test_every_view_fits_a_small_phone_in_urdu(open_page: Opener, organizer: Session, view: str) -> None:
    page = open_page(f"/organizer{view}", sessions={"organizer": organizer}, viewport="narrow", language="ur")
    page.locator("h1").wait_for()
    expect(page.get_by_text("لوڈ ہو رہا ہے…")).to_have_count(0)
    no_overflow(page)
    axe(page)
