"""The staff's page: cards by file, money that waits for a second person, chargebacks, and gates that can open."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.schemas.examples import demo
from tests.console.browsers import Opener
from tests.console.checks import axe
from tests.console.gate_night import night
from tests.console.site import Site
from tests.console.staff_desk import Desk, Session, opened
from tests.local.conftest import wait_until

OWN = "You asked for this yourself"
SUPER = "super_admin"


@pytest.fixture(scope="module")
def desk(site: Site) -> Desk:
    return Desk(site)


@pytest.fixture(scope="module")
def second(desk: Desk) -> Session:
    """Another owner."""
    return desk.colleague(SUPER)[1]


def press(where: Page | Locator, name: str) -> None:
    where.get_by_role("button", name=name, exact=True).click()


def decide(page: Page, row: Locator, name: str, **fields: str) -> None:
    """Press a deed of a row, fill its form in and send it; the form closes."""
    press(row, name)
    dialog = page.get_by_role("dialog")
    for label, text in fields.items():
        dialog.get_by_role("textbox", name=label).or_(dialog.locator("input[type=date]")).fill(text)
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_have_count(0)


@pytest.mark.each_run
def test_cards_of_a_file_are_created_and_bad_rows_are_named_by_their_line(open_page: Opener, desk: Desk) -> None:
    known = desk.card()
    good = [f"04{secrets.token_hex(6)}".upper() for _ in range(3)]
    rows = ["Card UID,note", good[0], "not a card", good[1], known, good[2]]
    page = opened(open_page, "/staff/jobs", desk.owner)
    press(page, "Start")
    expect(page.locator("textarea[name=csv]")).to_have_attribute("aria-invalid", "true")
    content = "\r\n".join(rows).encode()
    page.get_by_label("CSV file").set_input_files({"name": "box.csv", "mimeType": "text/csv", "buffer": content})
    press(page, "Start")
    expect(page.get_by_role("status").filter(has_text="Rows accepted: 4")).to_be_visible()
    job = page.locator(".job").first
    expect(job).to_contain_text("Done. 5 of 5")
    expect(job.locator(".problems li")).to_have_count(2)
    expect(job.locator(".problems")).to_contain_text("Row 3:")
    expect(job.locator(".problems li", has_text="Row 5:")).to_contain_text("known already")
    axe(page)
    # The job is still there after a reload, and its file names the same lines.
    page.reload()
    expect(job).to_contain_text("Row 3:")
    with page.expect_download() as download:
        job.get_by_role("link", name="Download the file").click()
    problems = download.value.path().read_text(encoding="utf-8-sig")
    assert known in problems
    assert good[0] not in problems
    assert [desk.ask("GET", f"/api/nfc-cards/{uid}/")["status"] for uid in good] == ["stock"] * 3


def test_a_payout_is_made_again_and_waits_for_a_second_person(open_page: Opener, desk: Desk, second: Session) -> None:
    listed = f"/api/payouts/?event_id={demo.PAST_EVENT_ID}"
    path = f"/staff/finances/payouts?event_id={demo.PAST_EVENT_ID}"
    page = opened(open_page, path, desk.owner)
    row = page.locator("tbody tr").first
    decide(page, row, "Cancel")
    expect(row).to_contain_text("Cancelled")
    decide(page, row, "Schedule a payout", Due="2099-01-01")

    def waiting_payouts() -> list[dict[str, Any]]:
        return [each for each in desk.ask("GET", listed)["results"] if each["status"] == "awaiting_second"]

    wait_until(lambda: len(waiting_payouts()) == 1)  # lists follow a moment later
    page.goto("/staff/queues/second")
    mine = page.get_by_role("region", name="Payouts").locator("tbody tr", has_text=demo.PAST_EVENT_TITLE)
    expect(mine).to_contain_text(OWN)
    expect(mine.get_by_role("button", name="Approve")).to_have_count(0)
    axe(page)
    [made] = waiting_payouts()
    assert made["asked_by"] == desk.owner["who"]["id"]

    other = opened(open_page, "/staff/queues/second", second)
    waiting = other.get_by_role("region", name="Payouts").locator("tbody tr", has_text=demo.PAST_EVENT_TITLE)
    decide(other, waiting, "Approve")
    expect(waiting).to_contain_text("Scheduled")
    stored = desk.ask("GET", f"/api/payouts/{made['id']}/")
    assert (stored["status"], stored["approved_by"]) == ("scheduled", second["who"]["id"])


def test_a_withdrawal_waits_for_a_second_person(open_page: Opener, desk: Desk, second: Session) -> None:
    desk.ticket(desk.site.new_customer()[1], desk.event("400000.00"))
    partner = f"Ayesha {secrets.token_hex(3)}"
    page = opened(open_page, "/staff/finances/shares", desk.owner)
    page.get_by_role("textbox", name="Shares").fill(f"{partner}: 60\nKamran: 40")
    press(page, "Save")
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    page.goto("/staff/finances/withdrawals")
    press(page, "Withdraw profit")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Partner").fill(partner)
    dialog.get_by_label("Amount").fill("10500.00")
    dialog.locator("button[type=submit]").click()
    row = page.locator("tbody tr", has_text=partner)
    expect(row).to_contain_text("10,500.00")
    expect(row).to_contain_text(OWN)
    expect(row.get_by_role("button")).to_have_count(0)

    other = opened(open_page, "/staff/queues/second", second)
    waiting = other.get_by_role("region", name="Withdrawals").locator("tbody tr", has_text=partner)
    press(waiting, "Approve")
    expect(waiting).to_contain_text("Done")
    [stored] = desk.ask("GET", f"/api/finances/profit-withdrawals/?partner={partner}")["results"]
    assert (stored["status"], stored["decided_by"]) == ("done", second["who"]["id"])


def disputed(open_page: Opener, desk: Desk) -> dict[str, Any]:
    """Return a dispute, which the customer's bank begins at the local desk."""
    ticket = desk.ticket(desk.site.new_customer()[1], desk.event())
    page = open_page("/_local/?view=upkeep")
    page.get_by_label("Booking").fill(ticket["booking_id"])
    press(page, "Dispute the payment")
    expect(page.get_by_role("status").filter(has_text="The bank has reported a dispute")).to_be_visible()
    listed = f"/api/disputes/?event_id={ticket['event_id']}"
    wait_until(lambda: desk.ask("GET", listed)["results"])
    found: dict[str, Any] = desk.ask("GET", listed)["results"][0]
    return found


def test_chargebacks_are_contested_with_evidence_or_accepted(open_page: Opener, desk: Desk) -> None:
    for deed, fields, status in (
        ("Contest", {"Evidence": "Scanned at gate 1"}, "contested"),
        ("Accept", {}, "accepted"),
    ):
        dispute = disputed(open_page, desk)
        page = opened(open_page, f"/staff/queues/disputes?event_id={dispute['event_id']}", desk.owner)
        row = page.locator("tbody tr")
        expect(row).to_contain_text("Open")
        if fields:
            press(row, deed)
            press(page.get_by_role("dialog"), deed)
            expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("evidence")
            axe(page)
            page.keyboard.press("Escape")
        decide(page, row, deed, **fields)
        expect(row).to_contain_text(status.capitalize())
        expect(row.get_by_role("button")).to_have_count(0)
        stored = desk.ask("GET", f"/api/disputes/?event_id={dispute['event_id']}")["results"][0]
        assert stored["answer"] == deed.lower()
        assert stored["answered_by"] == desk.owner["who"]["id"]


@pytest.mark.by_day
def test_the_readiness_board_says_which_gates_can_open_and_why_not(open_page: Opener, desk: Desk, site: Site) -> None:
    tonight = night(site)
    open_page.allow(r"^503 of .*/api/usher/sync/")
    page = opened(open_page, f"/staff/readiness?event={tonight.event_id}", desk.owner)
    expect(page.get_by_role("status").filter(has_text="neither gates nor devices")).to_be_visible()
    north, south = page.get_by_role("region", name="North"), page.get_by_role("region", name="South")
    press(page, "New device")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Gate").fill("South")
    dialog.get_by_label("Name").fill("Turnstile 2")
    dialog.locator("button[type=submit]").click()
    expect(dialog.get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(south).to_contain_text("Turnstile 2")
    expect(south).to_contain_text("not enrolled")
    expect(page.get_by_role("status").filter(has_text="Gates that can open: 0 of 1")).to_be_visible()

    phone = open_page(f"/gate?event={tonight.event_id}&usher={tonight.username}")
    phone.get_by_label("Password").fill(tonight.password)
    press(phone, "Begin")
    gate = phone.get_by_role("textbox", name="Gate", exact=True)
    gate.fill("North")
    gate.blur()
    expect(phone.locator(".state")).to_contain_text(", data of ")
    # The board reads again by itself.
    expect(north.locator(".badge").first).to_have_text("Ready", timeout=60_000)
    expect(page.get_by_role("status").filter(has_text="Gates that can open: 1 of 2")).to_be_visible()
    axe(page)


def test_the_file_of_a_settlement_is_saved_for_the_event_that_is_named(open_page: Opener, desk: Desk) -> None:
    page = opened(open_page, "/staff/finances/settlements", desk.owner)
    press(page, "As CSV")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(demo.PAST_EVENT_ID)
    with page.expect_download() as download:
        dialog.locator("button[type=submit]").click()
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("at,what,after_close,")
    expect(dialog).to_have_count(0)


def test_a_deposit_that_was_a_mistake_is_taken_back_once(open_page: Opener, desk: Desk) -> None:
    reference = f"Bank {secrets.token_hex(4)}"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    body = {"amount": "1200.00", "source": "Owner", "received_on": today, "reference": reference}
    made = desk.ask("POST", "/api/finances/deposits/", body)
    page = opened(open_page, "/staff/finances/deposits", desk.owner)
    row = page.get_by_role("row").filter(has_text=reference)
    decide(page, row, "Take back")
    row.get_by_text("Taken back").wait_for()
    expect(row.get_by_role("button", name="Take back")).to_have_count(0)
    # Nobody can take it back again.
    again = desk.site.ask("POST", "/api/finances/deposits/", {"reverses": made["id"]}, session=desk.owner)
    assert again.status_code == 409, again.text


def test_each_row_of_a_new_event_is_kept_and_its_refusal_stands_at_its_field(open_page: Opener, desk: Desk) -> None:
    page = opened(open_page, "/staff/events/new", desk.owner)
    title = f"Mela {secrets.token_hex(4)}"
    rows = page.get_by_role("group", name="Ticket categories")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Organizer").select_option(label="Lahore Live")
    for name, days in (("Begins", 3), ("Ends", 4)):
        page.get_by_label(name).fill(f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}T19:00")
    for _ in range(2):
        press(rows, "Add a category")
    # The first row stays empty: it is no category, and the others are counted without it.
    for place, price in ((1, "free"), (2, "900.00")):
        rows.get_by_label("Name").nth(place).fill(f"Stand {place}")
        rows.get_by_label("Price").nth(place).fill(price)
        rows.get_by_label("Capacity").nth(place).fill("30")
    page.get_by_text("More settings").click()
    page.get_by_label("Picture's address").fill("no address")
    page.reload()
    expect(rows.get_by_label("Name").nth(2)).to_have_value("Stand 2")
    press(page, "Save")
    expect(rows.get_by_label("Price").nth(1)).to_have_attribute("aria-invalid", "true")
    expect(rows.get_by_label("Price").nth(2)).not_to_have_attribute("aria-invalid", "true")
    rows.get_by_label("Price").nth(1).fill("1200.00")
    rows.get_by_label("Name").nth(2).fill("")
    page.get_by_label("Picture's address").evaluate("(field) => (field.closest('details').open = false)")
    press(page, "Save")
    # A message within a part that is folded away would not be seen; a row without its name is not left out.
    expect(page.get_by_label("Picture's address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Picture's address")).to_be_visible()
    expect(rows.get_by_label("Name").nth(2)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Picture's address").fill("")
    rows.get_by_label("Name").nth(2).fill("Stand 2")
    press(page, "Save")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    event = desk.ask("GET", f"/api/events/{page.url.split('/')[-1]}/")
    sold = [(each["name"], each["price"]["amount"]) for each in event["ticket_categories"]]
    assert sold == [("Stand 1", "1200.00"), ("Stand 2", "900.00")]
