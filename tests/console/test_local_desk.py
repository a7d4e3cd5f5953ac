"""The local desk: messages as conversations, log-ins of the demo, usage, schedules, and gates without a network."""

import secrets
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chalicelib.schemas.examples import demo
from infra.local import toolchain
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.site import LOCAL_HEADERS, PASSWORD, Site

AGENT = toolchain.ROOT / "reader-agent" / ".venv" / "bin" / "python"
needs_agent = pytest.mark.skipif(not AGENT.exists(), reason="the agent's environment is not installed (make setup)")
PAGES = {
    "Super admin": ("admin", "/staff"),
    "Customer": ("webapp", "/"),
    "Organizer": ("organizer", "/organizer"),
    "Merchant": ("merchant", "/merchant"),
    "Usher": ("usher", "/gate"),
    "Small organization": ("tix", "/tix"),
    "Campus admin": ("campus", "/campus"),
    "Campus teacher": ("campus", "/campus"),
    "Campus student": ("campus", "/campus"),
}
# What shows whose token it is: any route of each portal that tells.
OWN = {
    "admin": "/api/sessions/",
    "webapp": "/api/v1/users/me/",
    "organizer": "/api/organizer/events/",
    "merchant": "/api/merchant/stock/",
    "usher": "/api/usher/events/",
    "tix": "/api/tix/organization",
    "campus": "/api/campus/auth/profile/",
}


def kept(page: Page, portal: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        "(name) => JSON.parse(localStorage.getItem(name))", f"gatehouse.session.{portal}"
    )
    return found


@pytest.mark.parametrize("role", PAGES)
def test_each_account_of_the_demo_is_logged_in_by_one_press(open_page: Opener, site: Site, role: str) -> None:
    portal, path = PAGES[role]
    page = open_page("/_local/")
    page.get_by_role("button", name=f"Log in {role}", exact=True).click()
    page.wait_for_url(lambda url: not url.endswith("/_local/"))
    assert page.url.removeprefix(site.url).rstrip("/") == path.rstrip("/")
    session = kept(page, portal)
    assert session["who"]["id"]
    assert site.ask("GET", OWN[portal], session=session).status_code != 401


def test_a_code_of_the_outbox_fills_the_form_of_another_tab(open_page: Opener, site: Site) -> None:
    number, _ = site.new_customer()
    browser = open_page.context(permissions=["clipboard-read", "clipboard-write"])
    shop, desk = browser.new_page(), browser.new_page()
    shop.goto("/account")
    before = site.codes(number)
    shop.get_by_label("Mobile number").first.fill(number)
    shop.get_by_label("Password").first.fill(PASSWORD)
    shop.get_by_role("button", name="Send me a code").first.click()
    field = shop.locator("input[autocomplete=one-time-code]")
    field.wait_for()
    code = site.new_code(number, before)
    desk.goto(f"/_local/?to={number.replace('+', '%2B')}")
    desk.get_by_role("button", name=f"Use this code: {code}").click()
    expect(desk.get_by_text("Filled in in the other tab, and copied.").first).to_be_visible()
    assert desk.evaluate("() => navigator.clipboard.readText()") == code
    expect(field).to_have_value(code)


def test_the_newest_conversation_is_first_and_links_of_a_message_open_the_console(
    open_page: Opener, site: Site
) -> None:
    first, _ = site.new_customer()
    page = open_page("/_local/")
    conversations = page.get_by_role("region", name="Conversations").get_by_role("listitem")
    expect(conversations.filter(has_text=first)).to_have_count(1)
    second, _ = site.new_customer()
    # It comes by itself.
    expect(conversations.filter(has_text=second)).to_have_count(1)
    texts = conversations.all_inner_texts()
    places = [next(place for place, text in enumerate(texts) if number in text) for number in (second, first)]
    assert places == sorted(places)
    page.get_by_label("Find a number or a word").fill(first)
    expect(conversations).to_have_count(1)
    page.get_by_label("Find a number or a word").fill("no such words anywhere")
    expect(page.get_by_text("No message has these words.")).to_be_visible()


def test_the_usage_is_sorted_found_and_set_to_zero(open_page: Opener, site: Site) -> None:
    site.session("admin")
    page = open_page("/_local/?view=usage")
    table = page.get_by_role("region", name="Requests")
    table.get_by_role("button", name="Route").click()
    expect(table.get_by_role("columnheader", name="Route")).to_have_attribute("aria-sort", "ascending")
    names = table.locator("tbody th").all_inner_texts()[:-1]
    assert names == sorted(names)
    table.get_by_role("button", name="Calls").click()
    expect(table.get_by_role("columnheader", name="Calls")).to_have_attribute("aria-sort", "descending")
    calls = [int(text.replace(",", "")) for text in table.locator("tbody td:nth-child(2)").all_inner_texts()[:-1]]
    assert calls == sorted(calls, reverse=True)
    page.get_by_label("Find a route").fill("admin POST login")
    expect(table.locator("tbody tr")).to_have_count(2)
    axe(page)
    before = site.run.client.get("/_local/usage/").json()["since"]
    page.get_by_role("button", name="Set to zero").click()
    expect(page.get_by_text("No route has these words.").first).to_be_visible()
    assert site.run.client.get("/_local/usage/").json()["since"] > before


def test_limits_are_cleared_and_a_schedule_runs(open_page: Opener, site: Site) -> None:
    page = open_page("/_local/?view=upkeep")
    page.get_by_role("button", name="Clear all limits").click()
    expect(page.get_by_text("All limits are cleared.")).to_be_visible()
    page.get_by_role("button", name="Run now sweep").click()
    expect(page.get_by_text("sweep has run.")).to_be_visible()
    found = {each["name"]: each for each in site.run.client.get("/_local/schedules/").json()["schedules"]}
    assert found["sweep"]["ran_at"] is not None
    axe(page)


@needs_agent
@pytest.mark.each_run
def test_a_gate_keeps_what_it_reads_while_its_network_is_cut(open_page: Opener, site: Site) -> None:
    stranger = f"04{secrets.token_hex(6)}".upper()
    page = open_page("/_local/?view=gates")
    page.get_by_label("Gate", exact=True).select_option(demo.GATES[1])
    page.get_by_role("button", name="Start an agent").click()
    gate = page.locator(".gates > li").last
    gate.wait_for()
    agent_id = gate.locator("h3 small").inner_text()
    try:
        verdict = gate.locator(".verdict")
        _tap(gate, stranger)
        expect(verdict).to_contain_text("Unknown")
        expect(verdict).to_contain_text("Decided by the platform")
        # With a snapshot it decides without the network.
        gate.get_by_role("button", name="Send and fetch now").click()
        # The platform makes the snapshot of an event when a device first asks for it.
        expect(gate.get_by_text("snapshot of")).to_be_visible(timeout=120_000)
        gate.get_by_role("button", name="Cut the network").click()
        expect(gate.get_by_text("Network is cut")).to_be_visible()
        _tap(gate, f"04{secrets.token_hex(6)}")
        expect(verdict).to_contain_text("Decided by this gate alone")
        expect(gate.get_by_text("Waiting to be sent: 1")).to_be_visible()
        axe(page)
        gate.get_by_role("button", name="Connect again").click()
        expect(gate.get_by_text("No tap waits")).to_be_visible()
        expect(gate.get_by_text("Not sent")).to_have_count(0)
        gate.get_by_role("button", name="Stop this agent").click()
        expect(page.locator(".gates > li", has_text=agent_id)).to_have_count(0)
    finally:
        site.run.client.delete(f"/_local/agents/{agent_id}/", headers=LOCAL_HEADERS)


def _tap(gate: Any, what: str) -> None:
    gate.get_by_label("Card number or the text of a ticket's code").fill(what)
    gate.get_by_role("button", name="Tap", exact=True).click()


@pytest.mark.parametrize("language", ["en", "ur"])
@pytest.mark.parametrize("view", ["", "gates", "usage", "upkeep"])
def test_each_view_fits_into_320_pixels_and_has_no_barrier(
    open_page: Opener, site: Site, view: str, language: str
) -> None:
    site.new_customer()
    page = open_page(
        f"/_local/?view={view}" if view else "/_local/", language=language, viewport="narrow", scheme="dark"
    )
    page.locator("h2").first.wait_for()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    no_overflow(page)
    axe(page)
