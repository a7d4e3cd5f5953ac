"""The merchants' page: a card is handed out in three steps, once, over a reload and a wrong code."""

import secrets
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.browsers import VIEWPORTS, Opener
from tests.console.checks import axe, no_overflow
from tests.console.scanner import scan
from tests.console.site import Site
from tests.console.staff_desk import Desk

Session = dict[str, Any]


@pytest.fixture(scope="module")
def desk(site: Site) -> Desk:
    return Desk(site)


@pytest.fixture(scope="module")
def merchant(site: Site) -> Session:
    return site.session("merchant")


@pytest.fixture
def page(open_page: Opener, merchant: Session) -> Page:
    """The page of the demo shop."""
    return open_page("/merchant", sessions={"merchant": merchant})


def stock_card(desk: Desk, merchant: Session) -> str:
    """Give the shop a card of its own for this test."""
    uid = f"04{secrets.token_hex(6)}".upper()
    desk.ask("POST", "/api/nfc-cards/", {"uid": uid, "type": "uid", "merchant_id": merchant["who"]["id"]})
    return uid


def type_as_a_reader(page: Page, uid: str) -> None:
    """Type a UID as a reader that is a keyboard does, wherever the focus is."""
    page.get_by_label("Card number").wait_for()
    page.locator("body").evaluate("() => document.activeElement?.blur()")
    scan(page, uid)


def cards_of(desk: Desk, customer: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.ask("GET", "/api/v1/users/nfc-cards/", session=customer)["results"]
    return found


def totals(desk: Desk, merchant: Session) -> tuple[int, str]:
    stats = desk.ask("GET", "/api/merchant/dashboard-stats/", session=merchant)
    return stats["assigned_total"], stats["fees_total"]["amount"]


def find(page: Page, number: str) -> None:
    page.get_by_label("Customer's mobile number").fill(number)
    page.get_by_role("button", name="Find the customer").click()


@pytest.mark.each_run
def test_a_card_is_handed_out_once_over_a_wrong_code_and_a_reload(
    page: Page, desk: Desk, site: Site, merchant: Session
) -> None:
    number, customer = site.new_customer("Sana Yousaf")
    uid = stock_card(desk, merchant)
    before = totals(desk, merchant)
    type_as_a_reader(page, uid)
    find(page, number)
    expect(page.get_by_text("Sana Yousaf")).to_be_visible()
    expect(page.get_by_text("PKR 500.00")).to_be_visible()
    axe(page)
    send = page.get_by_role("button", name="Hold the card and send the code")
    send.click()
    fee = page.get_by_label("I have collected the fee")
    expect(fee).to_have_attribute("aria-invalid", "true")
    fee.check()
    codes = site.codes(number)
    send.click()
    expect(page.get_by_role("heading", name="Code", level=2)).to_be_visible()
    code = site.new_code(number, codes)
    assert uid[-4:] in site.messages(number)[0]["body"]
    page.reload()
    field = page.get_by_role("textbox", name="Customer's code")
    field.fill("000000" if code != "000000" else "111111")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert").filter(has_text="code").first).to_be_visible()
    assert cards_of(desk, customer) == []
    field.fill(code)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="The card is theirs")).to_be_visible()
    axe(page)
    page.reload()
    expect(page.get_by_role("heading", name="The card is theirs")).to_be_visible()
    expect(page.get_by_text(uid)).to_be_visible()
    [card] = cards_of(desk, customer)
    assert card["status"] == "active"
    assigned, fees = totals(desk, merchant)
    assert (assigned - before[0], float(fees) - float(before[1])) == (1, 500.0)


def test_a_hand_over_that_was_left_is_continued(page: Page, desk: Desk, site: Site, merchant: Session) -> None:
    number, _ = site.new_customer()
    uid = stock_card(desk, merchant)
    page.get_by_label("Card number").fill(":".join(uid[place : place + 2] for place in range(0, len(uid), 2)).lower())
    page.get_by_role("button", name="Go on").click()
    find(page, number)
    page.get_by_label("I have collected the fee").check()
    page.get_by_role("button", name="Hold the card and send the code").click()
    expect(page.get_by_role("heading", name="Code", level=2)).to_be_visible()
    page.get_by_role("link", name="Hand out a card").click()
    row = page.get_by_role("listitem").filter(has_text=uid)
    row.get_by_role("link", name="Continue").click()
    expect(page.get_by_role("textbox", name="Customer's code")).to_be_visible()
    page.get_by_role("link", name="Stock").click()
    page.get_by_label("Card number").fill(uid)
    expect(page.get_by_role("row").filter(has_text=uid).get_by_text("Held")).to_be_visible()
    axe(page)


def test_an_unknown_number_and_a_card_of_others_are_refused_in_words(page: Page, desk: Desk, site: Site) -> None:
    others = desk.card()
    type_as_a_reader(page, others)
    number_field = page.get_by_label("Customer's mobile number")
    for typed, said in (("", "must not be empty"), ("12", "must be the number of a mobile phone")):
        find(page, typed)
        expect(number_field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(".field", has=number_field)).to_contain_text(said)
    find(page, f"+92302{secrets.randbelow(10**7):07}")
    expect(page.get_by_text("No customer has this number.")).to_be_visible()
    number, _ = site.new_customer()
    page.get_by_label("Customer's mobile number").fill(number)
    page.get_by_role("button", name="Find the customer").click()
    page.get_by_label("I have collected the fee").check()
    page.get_by_role("button", name="Hold the card and send the code").click()
    expect(page.get_by_text("This card is not in your stock.")).to_be_visible()


@pytest.mark.parametrize("view", ["", "/stock", "/totals", "/look-up", "/account"])
def test_every_view_fits_a_small_phone_in_urdu(open_page: Opener, merchant: Session, view: str) -> None:
    page = open_page(f"/merchant{view}", sessions={"merchant": merchant}, viewport="narrow", language="ur")
    page.locator("h1").wait_for()
    expect(page.get_by_text("لوڈ ہو رہا ہے…")).to_have_count(0)
    no_overflow(page)
    axe(page)


def test_a_card_of_the_stock_is_handed_out_without_a_scroll_to_the_side(
    open_page: Opener, desk: Desk, merchant: Session
) -> None:
    uid = stock_card(desk, merchant)
    page = open_page("/merchant/stock", sessions={"merchant": merchant}, viewport="phone")
    page.get_by_label("Card number (UID)").fill(uid)
    hand_out = page.get_by_role("link", name=f"Hand out card {uid}")
    hand_out.wait_for()
    box = hand_out.bounding_box()
    assert box
    assert box["x"] + box["width"] <= VIEWPORTS["phone"]["width"]
    hand_out.click()
    expect(page.get_by_label("Customer's mobile number")).to_be_visible()
