"""Tix: an organization's day in the browser, from its registration to the settled batch of a seller."""

import re
import secrets
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from chalicelib.identifiers import ticket_number
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.conftest import CameraPage
from tests.console.scanner import scan
from tests.console.site import PASSWORD, Site


class Club:
    """An organization of one test, as its founder calls the API."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.clear_limits()
        self.email = f"owner-{secrets.token_hex(5)}@club.example.com"
        self.name = f"Club {secrets.token_hex(3)}"
        founder = {"email": self.email, "password": PASSWORD, "name": "Sana Mir", "organization": self.name}
        made = ok(site.ask("POST", "/api/tix/auth/register", founder))
        self.session = {"access": made["token"], "who": made["user"]}
        proof = {"email": self.email, "code": site.new_code(self.email, [])}
        ok(self.ask("POST", "auth/verify-email", proof))

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.site.ask(method, f"/api/tix/{path}", body, session=self.session)

    def generate(self, count: int, prefix: str = "GALA") -> list[str]:
        made = ok(self.ask("POST", "tickets/generate", {"count": count, "prefix": prefix}))
        return [ticket["number"] for ticket in made]

    def ticket(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = ok(self.ask("GET", f"tickets/{number}"))
        return found

    def sessions(self) -> dict[str, dict[str, Any]]:
        return {"tix": self.session}


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
def club(site: Site) -> Club:
    return Club(site)


def verdict(page: Page, kind: str) -> Any:
    return page.locator(f".verdict.{kind}")


def type_as_scanner(page: Page, code: str) -> None:
    """Type as a hardware scanner does, with the focus nowhere."""
    page.evaluate("() => document.activeElement?.blur?.()")
    scan(page, code)


def test_an_organization_registers_and_proves_its_address(site: Site, open_page: Opener) -> None:
    site.clear_limits()
    email = f"new-{secrets.token_hex(5)}@club.example.com"
    page = open_page("/tix")
    page.get_by_role("button", name="Register").click()
    page.get_by_label("Your name").fill("Sana Mir")
    page.get_by_label("Organization").fill("Reading Circle")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill("short")
    page.locator("form").get_by_role("button", name="Register").click()
    expect(page.locator(".field.wrong .problem")).to_contain_text("12")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("form").get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Reading Circle")).to_be_visible()
    # The run's own outbox has the code.
    page.get_by_role("button", name=re.compile("Use this code")).click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Confirm your e-mail address")).to_have_count(0)
    session = site.session("tix", email, PASSWORD)
    assert ok(site.ask("GET", "/api/tix/auth/me", session=session))["email_verified"] is True


@pytest.mark.each_run
def test_numbers_are_generated_printed_and_scanned_once(club: Club, open_page: Opener) -> None:
    page = open_page("/tix/new", sessions=club.sessions())
    form = page.get_by_role("form", name="Generate tickets")
    form.get_by_label("How many").fill("0")
    form.get_by_label("Prefix").fill("gala")
    form.get_by_role("button", name="Generate").click()
    expect(form.locator(".field.wrong")).to_have_count(1)
    form.get_by_label("How many").fill("20")
    form.get_by_role("button", name="Generate").click()
    expect(page.locator(".result")).to_contain_text("Tickets made: 20 GALA-000001 \N{EN DASH} GALA-000020")
    assert ok(club.ask("GET", "tickets"))["total"] == 20

    sheets = page.get_by_role("form", name="Print tickets")
    expect(sheets.get_by_label("From number")).to_have_value("1")
    expect(sheets.get_by_label("To number")).to_have_value("20")
    sheets.get_by_role("button", name="Make the files").click()
    link = page.locator(".run a")
    expect(link).to_contain_text("GALA-000001 \N{EN DASH} GALA-000020")
    page.reload()  # the run is still there
    expect(link).to_be_visible()
    file = httpx.get(str(link.get_attribute("href")), timeout=60)
    assert file.content.startswith(b"%PDF-")

    # Two browsers of one organization: what one scans, the other shows.
    other = open_page("/tix/scan", sessions=club.sessions())
    expect(other.locator(".recent .follow")).to_contain_text("Live")
    page.get_by_role("link", name="Scan", exact=True).click()
    expect(page.locator(".verdict")).to_contain_text("Ready to scan")
    type_as_scanner(page, "GALA-000007")
    expect(verdict(page, "valid")).to_contain_text("GALA-000007")
    expect(other.locator(".recent li")).to_contain_text("GALA-000007")
    expect(other.locator(".recent li")).to_contain_text("Sana Mir")
    type_as_scanner(page, "gala-000007")
    expect(verdict(page, "duplicate")).to_contain_text("Already scanned")
    expect(verdict(page, "duplicate")).to_contain_text("Sana Mir")
    type_as_scanner(page, "GALA-000999")
    expect(verdict(page, "unknown")).to_contain_text("GALA-000999")
    page.get_by_role("textbox", name="Number").fill("GALA-000008")
    page.keyboard.press("Enter")
    expect(verdict(page, "valid")).to_contain_text("GALA-000008")
    assert [club.ticket(ticket_number("GALA", n))["scanned_at"] is not None for n in (7, 8, 9)] == [True, True, False]


def test_a_ticket_is_scanned_by_the_camera(club: Club, camera_page: CameraPage) -> None:
    [number] = club.generate(1, "CAM")
    page = camera_page(number)("/tix/scan", sessions=club.sessions())
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator(".recent li")).to_contain_text(number)
    assert club.ticket(number)["scanned_at"] is not None
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.locator("video")).to_be_hidden()


def test_a_scan_without_an_answer_is_not_counted_twice(club: Club, open_page: Opener) -> None:
    [number] = club.generate(1)
    page = open_page("/tix/scan", sessions=club.sessions())
    expect(page.locator(".recent .follow")).to_contain_text("Live")

    def lose(route: Any) -> None:
        route.fetch()  # the platform decides, and its answer is lost
        route.abort()

    page.route(re.compile("/scan$"), lambda route: lose(route) if route.request.method == "PUT" else route.continue_())
    type_as_scanner(page, number)
    expect(verdict(page, "failed")).to_be_visible()
    page.unroute_all()
    type_as_scanner(page, number)
    expect(verdict(page, "valid")).to_contain_text(number)


def test_many_numbers_are_written_behind_the_answer(club: Club, open_page: Opener) -> None:
    page = open_page("/tix/new", sessions=club.sessions())
    form = page.get_by_role("form", name="Generate tickets")
    form.get_by_label("How many").fill("1200")
    form.get_by_label("Prefix").fill("MANY")
    form.get_by_role("button", name="Generate").click()
    expect(page.locator(".result")).to_contain_text("MANY-000001 \N{EN DASH} MANY-001200")
    expect(page.locator(".result .job")).to_contain_text("Done.")
    assert ok(club.ask("GET", "tickets"))["total"] == 1200
    page.goto("/tix/tickets?page=2")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(re.compile("2.*of.*24.*1,200"))


def test_tickets_are_filtered_found_voided_and_cleared(club: Club, open_page: Opener) -> None:
    numbers = club.generate(6)
    ok(club.ask("PUT", f"tickets/{numbers[0]}/scan"))
    page = open_page("/tix/tickets", sessions=club.sessions())
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(6)
    page.get_by_role("button", name="Scanned", exact=True).click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text(numbers[0])
    page.go_back()
    expect(rows).to_have_count(6)
    page.get_by_role("searchbox", name="Find a number").fill(numbers[2].lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(numbers[2])
    page.keyboard.press("Escape")

    page.get_by_text("Take back a range").click()
    form = page.get_by_role("form", name="Take back a range")
    form.get_by_label("Prefix").fill("GALA")
    form.get_by_label("From number").fill("1")
    form.get_by_label("To number").fill("3")
    form.get_by_role("button", name="Void them").click()
    expect(page.get_by_text("1 were scanned already")).to_be_visible()
    assert [club.ticket(number)["voided_at"] is not None for number in numbers[:4]] == [False, True, True, False]

    page.get_by_text("Delete all tickets").click()
    form = page.get_by_role("form", name="Delete all tickets")
    form.get_by_label("Name of the organization").fill("another name")
    form.get_by_role("button", name="Delete all").click()
    expect(form.locator(".problem").filter(has_text=re.compile("[a-z]")).first).to_be_visible()
    form.get_by_label("Name of the organization").fill(club.name)
    form.get_by_role("button", name="Delete all").click()
    expect(page.get_by_text("No tickets here.")).to_be_visible()
    assert ok(club.ask("GET", "tickets"))["total"] == 0


def test_the_batch_of_a_seller_is_settled(club: Club, open_page: Opener) -> None:
    club.generate(10)
    page = open_page("/tix/batches", sessions=club.sessions())
    form = page.get_by_role("form", name="Give numbers to a seller")
    form.get_by_label("Seller").fill("Bilal")
    form.get_by_label("Prefix").fill("GALA")
    form.get_by_label("From number").fill("1")
    form.get_by_label("To number").fill("10")
    form.get_by_label("Price").fill("500.00")
    form.get_by_role("button", name="Give the batch").click()
    batch = page.locator(".batch")
    expect(batch).to_contain_text("PKR 5,000.00")
    batch.get_by_role("button", name="Settle").click()
    batch.get_by_label("Returned").fill("eight")
    batch.get_by_role("button", name="Settle").click()
    expect(batch.locator(".field.wrong")).to_contain_text("no range")
    batch.get_by_label("Returned").fill("8-9, GALA-000010")
    batch.get_by_label("Cash").fill("3400.00")
    batch.get_by_role("button", name="Settle").click()
    expect(batch.locator(".difference.short")).to_contain_text("PKR \N{MINUS SIGN}100.00")
    [stored] = ok(club.ask("GET", "batches"))["results"]
    assert (stored["status"], stored["sold"], stored["due"]["amount"]) == ("settled", 7, "3500.00")
    assert club.ticket(ticket_number("GALA", 8))["voided_at"] is not None


def test_a_member_joins_by_the_invite_and_is_removed(club: Club, open_page: Opener) -> None:
    page = open_page("/tix/members", sessions=club.sessions())
    code = page.locator(".invite-code").inner_text()
    email = f"member-{secrets.token_hex(5)}@club.example.com"
    joining = open_page(f"/tix?invite={code}")
    joining.get_by_label("Your name").fill("Omar Latif")
    joining.get_by_label("E-mail").fill(email)
    joining.get_by_label("Password").fill(PASSWORD)
    joining.get_by_role("button", name="Join").click()
    expect(joining.get_by_role("heading", name=club.name)).to_be_visible()

    page.reload()
    row = page.locator(".rows li").filter(has_text="Omar Latif")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove the member").click()
    expect(row).to_have_count(0)
    assert [member["email"] for member in ok(club.ask("GET", "members"))["results"]] == [club.email]
    expect(page.locator(".invite-code")).not_to_have_text(code)
    # The member's session has ended: the next view asks for a log-in.
    joining.goto("/tix/reports")
    expect(joining.get_by_role("heading", name="Log in to Tix")).to_be_visible()


def test_what_was_typed_survives_an_expired_session(club: Club, open_page: Opener) -> None:
    page = open_page("/tix/new", sessions=club.sessions())
    form = page.get_by_role("form", name="Generate tickets")
    form.get_by_label("How many").fill("13")
    form.get_by_label("Text on each ticket").fill("Spring evening")
    # In one step: a request of the page itself may find the session over before a click does.
    form.get_by_role("button", name="Generate").evaluate(
        """button => {
          const kept = JSON.parse(localStorage.getItem("gatehouse.session.tix"));
          localStorage.setItem("gatehouse.session.tix", JSON.stringify({ ...kept, access: "over" }));
          button.click();
        }"""
    )
    expect(page.get_by_role("heading", name="Log in to Tix")).to_be_visible()
    said = page.get_by_text("Your session has ended. Log in, and go on where you were.")
    expect(said).to_be_visible()
    page.get_by_label("E-mail").fill(club.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").first.click()
    expect(form.get_by_label("How many")).to_have_value("13")
    form.get_by_role("button", name="Generate").click()
    expect(page.locator(".result")).to_contain_text("Tickets made: 13")
    expect(said).to_have_count(0)


def test_paper_is_set_and_previewed(club: Club, open_page: Opener) -> None:
    page = open_page("/tix/settings", sessions=club.sessions())
    page.get_by_label("Columns").fill("2")
    page.get_by_label("Rows").fill("5")
    expect(page.get_by_role("img", name="Tickets on a sheet: 10")).to_be_visible()
    page.get_by_label("Time zone").fill("Nowhere/Town")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field.wrong")).to_have_count(1)
    page.get_by_label("Time zone").fill("Asia/Karachi")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    settings = ok(club.ask("GET", "settings"))
    assert (settings["timezone"], settings["paper"]["columns"], settings["paper"]["rows"]) == ("Asia/Karachi", 2, 5)


VIEWS = ("", "/new", "/scan", "/tickets", "/batches", "/reports", "/members", "/settings", "/account")


@pytest.mark.parametrize(("language", "scheme", "viewport"), [("en", "light", "narrow"), ("ur", "dark", "desktop")])
def test_no_view_has_a_barrier(site: Site, open_page: Opener, language: str, scheme: str, viewport: str) -> None:
    settings = {"language": language, "scheme": scheme, "viewport": viewport}
    page = open_page("/tix", sessions={"tix": site.session("tix")}, **settings)
    for view in VIEWS:
        page.goto(f"/tix{view}")
        page.locator("main h1").first.wait_for()
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        axe(page)
        no_overflow(page)
