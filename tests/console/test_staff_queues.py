"""The staff's page: what comes from gates, counters and organizers, phones of ushers, and the own second factor."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import expect

from tests.console.browsers import Opener
from tests.console.gate_night import Night, night
from tests.console.site import PASSWORD, Site
from tests.console.staff_desk import Desk, opened
from tests.local.conftest import wait_until


@pytest.fixture(scope="module")
def desk(site: Site) -> Desk:
    return Desk(site)


@pytest.fixture(scope="module")
def evening(site: Site) -> Night:
    """One event with an usher, whose scans make incidents and conflicts."""
    made = night(site)
    made.sell(2)
    return made


def test_an_incident_is_answered_and_closed_in_its_row(open_page: Opener, desk: Desk, evening: Night) -> None:
    report = {"type": "security", "note": "Somebody climbed the fence"}
    made = desk.ask("POST", "/api/usher/scan/report/", report, session=evening.session())
    listed = f"/api/incidents/?event_id={evening.event_id}"
    wait_until(lambda: desk.ask("GET", listed)["results"])
    page = opened(open_page, f"/staff/queues/incidents?event_id={evening.event_id}", desk.owner)
    row = page.locator("tbody tr", has_text="climbed the fence")
    for status, note in (("In progress", "A guard is on the way"), ("Closed", "The fence is mended")):
        row.get_by_role("button", name="Answer").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Status").select_option(label=status)
        dialog.get_by_label("Note").fill(note)
        dialog.get_by_role("button", name="Answer").click()
        expect(row).to_contain_text(note)
        expect(row).to_contain_text(status)
    expect(row.get_by_role("button", name="Answer")).to_have_count(0)
    wait_until(lambda: desk.ask("GET", f"{listed}&status=closed")["results"])
    [stored] = desk.ask("GET", listed)["results"]
    assert (stored["id"], stored["status"], stored["answer"]) == (made["id"], "closed", "The fence is mended")


def test_a_double_admission_of_two_phones_is_seen_and_resolved(open_page: Opener, desk: Desk, evening: Night) -> None:
    code, now = next(evening.take()), datetime.now(UTC)
    for minutes in (4, 2):
        at = (now - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        entry = {"scan_id": str(uuid4()), "qr": code}
        log = {**entry, "scanned_at": at, "gate": f"Gate {minutes}", "offline": {"result": "valid"}}
        body = {"logs": [log], "device_time": now.isoformat().replace("+00:00", "Z")}
        desk.ask("POST", "/api/usher/sync/logs/", body, session=evening.session())
    listed = f"/api/logs/checkin/?conflict=true&event_id={evening.event_id}"
    wait_until(lambda: desk.ask("GET", listed)["results"])
    page = opened(open_page, f"/staff/queues/conflicts?event_id={evening.event_id}", desk.owner)
    row = page.locator("tbody tr", has_text="Gate 2")
    row.get_by_role("button", name="Resolve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Resolve").click()
    expect(dialog.get_by_label("Note")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Note").fill("A couple with one phone")
    dialog.get_by_role("button", name="Resolve").click()
    expect(dialog).to_have_count(0)
    expect(row.get_by_role("button", name="Resolve")).to_have_count(0)
    [stored] = desk.ask("GET", listed)["results"]
    assert (stored["gate"], stored["resolved"]) == ("Gate 2", True)


def test_an_edit_request_shows_what_changes_and_changes_it_once(open_page: Opener, desk: Desk) -> None:
    event, organizer = desk.event(), desk.site.session("organizer")
    body = {"changes": {"title": "Mushaira in the garden"}, "reason": "The hall is wet"}
    made = desk.ask("POST", f"/api/organizer/events/{event['id']}/edit-request/", body, session=organizer)
    wait_until(lambda: desk.ask("GET", f"/api/event-edit-requests/?event_id={event['id']}")["results"])
    path = f"/staff/queues/edits?event_id={event['id']}"
    page, late = opened(open_page, path, desk.owner), opened(open_page, path, desk.owner)
    for tab in (page, late):
        row = tab.locator("tbody tr")
        expect(row).to_contain_text(event["title"])
        expect(row).to_contain_text("Mushaira in the garden")
        row.get_by_role("button", name="Approve").click()
        tab.get_by_role("dialog").get_by_role("button", name="Approve").click()
        if tab is page:
            expect(row).to_contain_text("Approved")
    # The second answer is the same, or is refused in the dialog in words: it changes nothing.
    expect(late.locator("tbody tr")).to_contain_text("Approved")
    assert desk.ask("GET", f"/api/events/{event['id']}/")["title"] == "Mushaira in the garden"
    [stored] = desk.ask("GET", f"/api/event-edit-requests/?event_id={event['id']}")["results"]
    assert (stored["id"], stored["status"]) == (made["id"], "approved")


def test_a_card_that_was_asked_for_is_approved_and_sent(open_page: Opener, desk: Desk) -> None:
    _, customer = desk.site.new_customer("Nusrat Begum")
    uid = desk.card()
    body = {"delivery": "post", "address": "12 Main Boulevard\nLahore"}
    made = desk.ask("POST", "/api/v1/users/nfc-cards/request/", body, session=customer)
    wait_until(lambda: desk.ask("GET", f"/api/card-requests/?customer_id={customer['who']['id']}")["results"])
    page = opened(open_page, f"/staff/queues/cards?customer_id={customer['who']['id']}", desk.owner)
    row = page.locator("tbody tr")
    row.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(row).to_contain_text("12 Main Boulevard Lahore", use_inner_text=True)
    # Another day, and perhaps another person, has the card in hand.
    page.reload()
    row.get_by_role("button", name="Send").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("UID").fill("04 not a card")
    dialog.get_by_role("button", name="Show the address").click()
    expect(dialog).to_contain_text("12 Main Boulevard")
    expect(dialog.get_by_label("UID")).to_have_value("04 not a card")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_label("UID")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("UID").fill(uid.lower())
    dialog.get_by_role("button", name="Send").click()
    expect(row).to_contain_text(uid)
    expect(row).to_contain_text("12 Main Boulevard")
    [stored] = desk.ask("GET", f"/api/card-requests/?customer_id={customer['who']['id']}")["results"]
    assert (stored["id"], stored["status"], stored["card_uid"]) == (made["id"], "sent", uid)


def test_a_phone_is_enrolled_by_the_code_of_its_usher(open_page: Opener, desk: Desk, evening: Night) -> None:
    wait_until(lambda: desk.ask("GET", f"/api/users/?type=usher&search={evening.username}")["results"])
    [usher] = desk.ask("GET", f"/api/users/?type=usher&search={evening.username}")["results"]
    page = opened(open_page, f"/staff/users/{usher['id']}", desk.owner)
    page.get_by_role("button", name="Show the code for a phone").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    address = dialog.locator(".code bdi").inner_text()
    assert evening.password not in address
    phone = open_page(address)
    expect(phone.get_by_label("Event")).to_have_value(evening.event_id)
    phone.get_by_label("Password", exact=True).fill(evening.password)
    phone.get_by_role("button", name="Begin").click()
    expect(phone.locator("main.gate")).to_be_visible()


def test_a_correction_of_what_changed_meanwhile_is_refused_with_the_present_state(
    open_page: Opener, desk: Desk, evening: Night
) -> None:
    name = evening.new_usher()
    wait_until(lambda: desk.ask("GET", f"/api/users/?type=usher&search={name}")["results"])
    [usher] = desk.ask("GET", f"/api/users/?type=usher&search={name}")["results"]
    page = opened(open_page, f"/staff/users/{usher['id']}", desk.owner)
    page.get_by_role("button", name="Correct").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Usman Tariq")
    change = {"name": "Umar Tariq", "version": desk.ask("GET", f"/api/users/{usher['id']}/")["version"]}
    desk.ask("PUT", f"/api/users/{usher['id']}/", change)
    dialog.get_by_role("button", name="Correct").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Usman Tariq")
    assert desk.ask("GET", f"/api/users/{usher['id']}/")["name"] == "Umar Tariq"


def test_a_queue_follows_what_others_do_to_it(open_page: Opener, desk: Desk) -> None:
    first, event = desk.refund(), desk.event()
    page = opened(open_page, "/staff/queues/refunds?status=pending", desk.owner)
    page.clock.install()
    page.reload()
    row = page.locator("tbody tr", has_text=first["ticket_id"][-6:])
    expect(row).to_be_visible()
    _, customer = desk.site.new_customer()
    ticket = desk.ticket(customer, event)
    second = desk.ask("POST", "/api/refund-requests/", {"ticket_id": ticket["id"], "reason": "Ill"})
    desk.ask("PUT", f"/api/refund-requests/{first['id']}/", {"decision": "reject", "note": "It took place"})

    def pending() -> set[str]:
        return {each["id"] for each in desk.ask("GET", "/api/refund-requests/?status=pending")["results"]}

    wait_until(lambda: second["id"] in pending() and first["id"] not in pending())
    # While the pointer is at a button, rows do not move below it.
    row.get_by_role("button", name="Approve").hover()
    page.clock.fast_forward(31_000)
    page.mouse.move(1, 1)
    expect(row).to_be_visible()
    page.clock.fast_forward(31_000)
    expect(page.locator("tbody tr", has_text=second["ticket_id"][-6:])).to_be_visible()
    expect(row).to_have_count(0)


def test_a_second_factor_is_switched_on_and_asked_for(open_page: Opener, desk: Desk) -> None:
    email, colleague = desk.colleague("support")
    page = opened(open_page, "/staff/account", colleague)
    page.get_by_role("button", name="Set up a second factor").first.click()
    factor = pyotp.TOTP(page.get_by_text("Or type this secret").locator("bdi").inner_text())
    page.get_by_label("Six-digit code").fill(factor.now())
    page.get_by_role("button", name="Switch on").click()
    recovery = page.get_by_role("status").filter(has_text="Recovery codes").locator(".code")
    code = recovery.inner_text().split()[0]
    fresh = open_page("/staff")
    fresh.get_by_label("E-mail").fill(email)
    fresh.get_by_label("Password").fill(PASSWORD)
    fresh.get_by_role("button", name="Log in", exact=True).click()
    asked = fresh.get_by_label("Six-digit code")
    expect(asked).to_be_focused()
    asked.fill(code)
    fresh.get_by_role("button", name="Log in", exact=True).click()
    expect(fresh.get_by_role("button", name="Log out")).to_be_visible()
