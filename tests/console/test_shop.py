"""The shop in a browser: events, buying, tickets that come and go, and what happens when something goes wrong."""

import json
import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from chalicelib.schemas.examples import demo
from tests.console import shopping
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.shopping import Session
from tests.console.site import PASSWORD, Site
from tests.local.conftest import wait_until

PAID = "The tickets are yours"
CHECKOUT = "Pay for your tickets"


def session_of(page: Page) -> Session:
    """Return the session that a page keeps."""
    text: str = page.evaluate("() => localStorage.getItem('gatehouse.session.webapp')")
    session: Session = json.loads(text)
    return session


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def choose(page: Page, count: int = 1) -> None:
    for _ in range(count):
        page.get_by_role("button", name="One more: Standard").click()


def reserve(page: Page) -> None:
    page.get_by_role("button", name="Reserve and pay").click()


def pay(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Pay ")).click()


def register(page: Page, number: str) -> None:
    """Fill the form for newcomers up to the code."""
    page.get_by_label("Name", exact=True).fill("Sana Malik")
    page.get_by_label("Mobile number").fill(number)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Send me a code").click()


def enter(page: Page, site: Site, number: str, before: list[str]) -> None:
    """Type the code that was sent, as it is pasted: with a space in it."""
    code = site.new_code(number, before)
    page.get_by_role("textbox", name="Code").fill(f" {code[:3]} {code[3:]} ")
    page.get_by_role("button", name="Confirm").click()


def customer_page(open_page: Opener, site: Site, path: str) -> tuple[Page, Session, str]:
    number, session = site.new_customer()
    return open_page(path, sessions={"webapp": session}), session, number


def lost(page: Page, address: str) -> None:
    """Lose the next answer of an address, after the platform has taken the request."""

    def swallow(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(address, swallow, times=1)


@pytest.fixture
def show(site: Site) -> dict[str, object]:
    """An event of this test."""
    return shopping.event(site)


@pytest.mark.each_run
def test_a_newcomer_buys_in_place_and_shows_the_code_that_the_gate_reads(open_page: Opener, site: Site) -> None:
    show = shopping.event(site, featured=True)
    page = open_page("/")
    title(page, "Events")
    for part in ("Gate", "Board", "Organizer", "Merchant", "Staff", "Tix", "Campus", "Local desk", "API docs"):
        expect(page.get_by_role("complementary").get_by_role("link", name=part, exact=True)).to_be_visible()
    page.get_by_label("Search").fill(show["title"])
    page.get_by_role("link", name=show["title"]).click()
    title(page, show["title"])
    choose(page, 2)
    reserve(page)
    page.get_by_role("button", name="I am new here").click()
    number = shopping.new_number()
    register(page, f"0{number[3:]}")
    page.get_by_role("button", name=re.compile("^Use this code")).click()
    page.get_by_role("button", name="Confirm").click()
    title(page, CHECKOUT)
    expect(page.get_by_text(re.compile(r"Reservation runs out at \d\d:\d\d · Time left: \d+:\d\d"))).to_be_visible()
    pay(page)
    title(page, PAID)
    page.get_by_role("link", name="Show ticket").first.click()
    page.get_by_role("button", name="Show at the gate").click()
    shown = page.get_by_role("dialog").get_by_role("img")
    expect(shown).to_be_visible()
    session = session_of(page)
    owned = shopping.tickets(site, session)
    assert [ticket["status"] for ticket in owned] == ["valid", "valid"]
    ticket_id = page.url.rsplit("/", 1)[1]
    code = site.ask("GET", f"/api/v1/users/tickets/{ticket_id}/qr-code/", session=session).json()
    assert shopping.code_in(shown.screenshot()) == code["payload"]
    assert [payment["status"] for payment in shopping.payments(site, session)] == ["succeeded"]


def test_a_gift_reaches_a_new_number_by_the_link_in_its_text(open_page: Opener, site: Site, show: Session) -> None:
    _, giver = site.new_customer("Bilal Ahmed")
    ticket = shopping.bought(site, giver, show)
    page = open_page(f"/tickets/{ticket['id']}", sessions={"webapp": giver})
    page.get_by_role("button", name="Give as a gift").click()
    number = shopping.new_number()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile number").fill(number)
    dialog.get_by_label("Their name").fill("Hina")
    dialog.get_by_label("Message").fill("See you there")
    dialog.get_by_role("button", name="Give as a gift").click()
    expect(page.get_by_text(f"Given to Hina, {number}")).to_be_visible()
    wait_until(lambda: bool(site.messages(number)))
    text = site.messages(number)[0]["body"]
    link = text.rsplit(" ", 1)[1]
    assert link.endswith("/claim"), text
    receiver = open_page(link[link.index("/claim") :])
    title(receiver, "A ticket waits for you")
    before = site.codes(number)
    register(receiver, number)
    enter(receiver, site, number, before)
    title(receiver, "Your tickets are here")
    receiver.get_by_role("link", name=show["title"]).click()
    expect(receiver.get_by_text("See you there")).to_be_visible()
    expect(receiver.get_by_role("img", name=re.compile("^Code of ticket"))).to_be_visible()
    assert [one["id"] for one in shopping.tickets(site, session_of(receiver))] == [ticket["id"]]
    assert shopping.tickets(site, giver) == []


def test_a_gift_that_nobody_claimed_is_taken_back(open_page: Opener, site: Site, show: Session) -> None:
    page, session, own = customer_page(open_page, site, "/")
    ticket = shopping.bought(site, session, show)
    page.goto(f"/tickets/{ticket['id']}")
    page.get_by_role("button", name="Give as a gift").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile number").fill("nonsense")
    dialog.get_by_role("button", name="Give as a gift").click()
    expect(dialog.get_by_label("Mobile number")).to_be_focused()
    expect(dialog.get_by_label("Mobile number")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Mobile number").fill(shopping.new_number())
    dialog.get_by_role("button", name="Give as a gift").click()
    page.get_by_role("button", name="Take the gift back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take the gift back").click()
    expect(page.get_by_text("Given to")).to_have_count(0)
    again = {"mobile_number": own}
    refused = site.ask("POST", f"/api/v1/users/tickets/{ticket['id']}/gift/", again, session=session)
    assert refused.status_code == 409  # nothing is left to take back


def test_a_ticket_is_handed_on_at_once_and_leaves_this_device(open_page: Opener, site: Site, show: Session) -> None:
    number, friend = site.new_customer("Omar Farooq")
    page, session, _ = customer_page(open_page, site, "/")
    ticket = shopping.bought(site, session, show)
    page.goto(f"/tickets/{ticket['id']}")
    expect(page.get_by_role("img", name=re.compile("^Code of"))).to_be_visible()
    page.get_by_role("button", name="Hand on").click()
    page.get_by_role("dialog").get_by_label("Mobile number").fill(number)
    page.get_by_role("dialog").get_by_role("button", name="Hand on").click()
    expect(page.get_by_text(f"The ticket is with {number} now.")).to_be_visible()
    assert [one["id"] for one in shopping.tickets(site, friend)] == [ticket["id"]]
    kept = page.evaluate("(id) => JSON.stringify(localStorage).includes(id)", ticket["id"])
    assert not kept


def test_a_refund_is_asked_for_once_and_its_state_is_shown(open_page: Opener, site: Site, show: Session) -> None:
    page, session, _ = customer_page(open_page, site, "/")
    ticket = shopping.bought(site, session, show)
    page.goto(f"/tickets/{ticket['id']}")
    page.get_by_role("button", name="Ask for a refund").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("I am ill")
    page.get_by_role("dialog").get_by_role("button", name="Ask for a refund").click()
    expect(page.get_by_text("Refund of PKR 1,500.00 requested")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Refund of PKR 1,500.00 requested")).to_be_visible()
    body = {"reason": "again"}
    again = site.ask("POST", f"/api/v1/users/tickets/{ticket['id']}/refund-request/", body, session=session)
    assert again.status_code == 409


def test_lost_answers_reloads_and_double_clicks_buy_once(open_page: Opener, site: Site, show: Session) -> None:
    page, session, _ = customer_page(open_page, site, f"/e/{show['id']}")
    choose(page, 2)
    page.reload()
    expect(page.get_by_text("Tickets chosen: 2")).to_be_visible()
    lost(page, "**/api/v1/tickets/book/")
    reserve(page)
    expect(page.get_by_text("The platform cannot be reached.")).to_be_visible()
    page.get_by_role("button", name="Reserve and pay").dblclick()
    title(page, CHECKOUT)
    opened = site.ask("GET", "/api/v1/users/bookings/", session=session).json()["results"]
    assert len(opened) == 1
    page.go_back()
    title(page, show["title"])
    page.go_forward()
    title(page, CHECKOUT)
    lost(page, "**/api/v1/payments/process/")
    pay(page)
    expect(page.get_by_text("it is charged one time only")).to_be_visible()
    page.reload()
    expect(page.get_by_text("A payment was begun here.")).to_be_visible()
    lost(page, "**/api/v1/payments/confirm/")
    page.get_by_role("button", name=re.compile("^Pay ")).dblclick()
    page.get_by_role("button", name="Ask again").click()
    title(page, PAID)
    page.reload()
    title(page, PAID)
    assert len(shopping.tickets(site, session)) == 2
    assert [payment["status"] for payment in shopping.payments(site, session)] == ["succeeded"]


def test_a_declined_card_a_slow_provider_and_a_bank_that_asks(open_page: Opener, site: Site, show: Session) -> None:
    page, session, _ = customer_page(open_page, site, "/")
    booking = shopping.booked(site, session, show)
    page.goto(f"/bookings/{booking['id']}")
    page.get_by_label("Test card").select_option("tok_declined")
    pay(page)
    expect(page.get_by_role("alert").filter(has_text="the bank declined the card")).to_be_focused()
    page.get_by_label("Test card").select_option("tok_3ds")
    pay(page)
    expect(page.get_by_role("heading", name="Your bank asks you to confirm")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="I have confirmed").click()
    title(page, PAID)
    open_page.allow("503 of .*payments/confirm")
    slow = shopping.booked(site, session, show)
    page.goto(f"/bookings/{slow['id']}")
    page.get_by_label("Test card").select_option("tok_timeout")
    pay(page)
    title(page, PAID)
    states = sorted(payment["status"] for payment in shopping.payments(site, session))
    assert states == ["failed", "succeeded", "succeeded"]


def test_what_is_sold_out_over_or_cancelled_says_so(open_page: Opener, site: Site) -> None:
    few = shopping.event(
        site,
        {"name": "Standard", "price": "1500.00", "capacity": 2},
        {"name": "Late", "price": "900.00", "capacity": 5, "sales_start": shopping.at(days=1)},
    )
    page, _, _ = customer_page(open_page, site, f"/e/{few['id']}")
    expect(page.get_by_text("Only 2 left")).to_be_visible()
    expect(page.get_by_text(re.compile("^On sale from "))).to_be_visible()
    choose(page, 2)
    _, other = site.new_customer("Early Bird")
    shopping.bought(site, other, few)
    reserve(page)
    expect(page.get_by_role("alert").filter(has_text=re.compile("Standard", re.IGNORECASE))).to_be_visible()
    expect(page.get_by_text("Only 1 left")).to_be_visible()
    shopping.bought(site, other, few)
    offered = f"/api/v1/public/events/{few['id']}/"
    wait_until(lambda: site.ask("GET", offered).json()["ticket_categories"][0]["available"] == 0)
    page.reload()
    expect(page.get_by_text("Sold out")).to_be_visible()
    shopping.cancel(site, few, sold=2)
    page.goto(f"/e/{few['id']}")
    expect(page.get_by_text("Cancelled").or_(page.get_by_text("There is no such event."))).to_be_visible()
    expect(page.get_by_role("button", name="Reserve and pay")).to_have_count(0)


def test_an_own_reservation_in_the_way_is_named_and_dropped(open_page: Opener, site: Site) -> None:
    show = shopping.event(site, {"name": "Standard", "price": "1500.00", "capacity": 9, "per_order_limit": 2})
    page, session, _ = customer_page(open_page, site, "/")
    booking = shopping.booked(site, session, show, 2)
    page.goto(f"/e/{show['id']}")
    choose(page, 1)
    reserve(page)
    page.get_by_role("link", name="Go to the reservation").click()
    title(page, CHECKOUT)
    assert page.url.endswith(f"/bookings/{booking['id']}")
    page.goto("/bookings")
    expect(page.get_by_role("link", name="Go on")).to_have_attribute("href", f"/bookings/{booking['id']}")
    page.get_by_role("button", name="Give the reservation back").click()
    expect(page.get_by_text("No reservation is open.")).to_be_visible()
    shown = site.ask("GET", f"/api/v1/users/bookings/{booking['id']}/", session=session).json()
    assert shown["status"] == "cancelled"
    page.goto(f"/bookings/{booking['id']}")
    title(page, "This reservation was given back")


def test_a_wrong_code_is_refused_and_the_right_one_goes_on(open_page: Opener, site: Site) -> None:
    number, _ = site.new_customer()
    page = open_page("/tickets")
    page.get_by_label("Mobile number").fill(number)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("alert").filter(has_text=re.compile("."))).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    before = site.codes(number)
    page.get_by_role("button", name="Send me a code").click()
    right = site.new_code(number, before)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    page.get_by_role("textbox", name="Code").fill(wrong)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert").filter(has_text=re.compile("code", re.IGNORECASE))).to_be_visible()
    page.reload()  # the code that was sent is still asked for
    page.get_by_role("textbox", name="Code").fill(f" {right[:3]} {right[3:]} ")
    page.get_by_role("button", name="Confirm").click()
    title(page, "Tickets")
    expect(page.get_by_text("No tickets yet.")).to_be_visible()


def test_a_session_that_ends_in_the_middle_goes_on_after_a_log_in(open_page: Opener, site: Site, show: Session) -> None:
    page, session, number = customer_page(open_page, site, f"/e/{show['id']}")
    choose(page, 1)
    assert site.ask("POST", "/api/v1/users/logout/", session=session).is_success
    reserve(page)
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    before = site.codes(number)
    page.get_by_label("Mobile number").fill(number)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Send me a code").click()
    enter(page, site, number, before)
    title(page, CHECKOUT)
    assert len(site.ask("GET", "/api/v1/users/bookings/", session=session_of(page)).json()["results"]) == 1


def test_an_opened_ticket_works_without_a_network_until_the_log_out(
    open_page: Opener, site: Site, show: Session
) -> None:
    _, session = site.new_customer()
    ticket = shopping.bought(site, session, show)
    context: BrowserContext = open_page.context(sessions={"webapp": session})
    page = context.new_page()
    page.goto("/tickets")
    page.get_by_role("link", name=show["title"]).click()
    expect(page.get_by_role("img", name=re.compile("^Code of"))).to_be_visible()
    context.set_offline(True)
    page.get_by_role("link", name="All tickets").click()
    expect(page.get_by_role("heading", name="Opened on this device")).to_be_visible()
    page.get_by_role("link", name=show["title"]).click()
    expect(page.get_by_text(re.compile("^Offline"))).to_be_visible()
    picture = page.get_by_role("img", name=re.compile("^Code of"))
    expect(picture).to_be_visible()
    code = site.ask("GET", f"/api/v1/users/tickets/{ticket['id']}/qr-code/", session=session).json()
    assert shopping.code_in(picture.screenshot()) == code["payload"]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Add to calendar").click()
    entry = saved.value.path().read_text()
    assert f"UID:{ticket['id']}@gatehouse" in entry
    assert "DTEND:" in entry
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
    assert not page.evaluate("(id) => JSON.stringify(localStorage).includes(id)", ticket["id"])


def test_a_whole_purchase_needs_no_pointer(open_page: Opener, site: Site, show: Session) -> None:
    page, session, _ = customer_page(open_page, site, f"/?search={show['title'].replace(' ', '+')}")
    expect(page.get_by_role("link", name=show["title"])).to_be_visible()

    def reach(name: str | re.Pattern[str]) -> None:
        target = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first
        expect(target).to_be_visible()
        for _ in range(60):
            page.keyboard.press("Tab")
            if target.evaluate("(each) => each === document.activeElement"):
                page.keyboard.press("Enter")
                return
        pytest.fail(f"{name} cannot be reached by keyboard")

    reach(show["title"])
    title(page, show["title"])
    reach("One more: Standard")
    reach("Reserve and pay")
    title(page, CHECKOUT)
    reach(re.compile("^Pay "))
    title(page, PAID)
    reach("Show ticket")
    reach("Show at the gate")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(shopping.tickets(site, session)) == 1


def test_filters_are_in_the_address_and_an_unknown_event_says_so(open_page: Opener, show: Session) -> None:
    page = open_page("/?search=zzzznothing")
    expect(page.get_by_text("No event fits these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_label("Search").fill(show["title"])
    expect(page.get_by_role("link", name=show["title"])).to_be_visible()
    page.wait_for_url("**/?search=*")
    page.reload()
    expect(page.locator(".event-tile")).to_have_count(1)
    page.goto("/e/evt_nothing")
    expect(page.get_by_role("alert").filter(has_text="There is no such event.")).to_be_visible()


def test_a_link_for_money_of_a_lost_card_leaves_the_address_and_is_refused_when_it_is_not_valid(
    open_page: Opener, site: Site
) -> None:
    page = open_page("/claim#a-token-that-nobody-was-ever-sent", sessions={"webapp": site.session("webapp")})
    title(page, "Money from your lost card")
    assert page.url.endswith("/claim")
    page.get_by_role("button", name="Put it on this card").click()
    expect(page.get_by_role("alert").filter(has_text="This link is not valid.")).to_be_visible()


def test_a_card_is_topped_up_and_pays_from_its_balance(open_page: Opener, site: Site, show: Session) -> None:
    session = site.session("webapp")
    [card] = [
        card
        for card in site.ask("GET", "/api/v1/users/nfc-cards/", session=session).json()["results"]
        if card["uid"] == demo.CARD_UID
    ]
    page = open_page("/cards", sessions={"webapp": session})
    page.get_by_role("link", name=re.compile(f"{demo.CARD_UID[-4:]}$")).click()
    page.get_by_role("button", name="Block this card").wait_for()
    axe(page)
    page.get_by_label("Amount in PKR").first.fill("2000")
    page.get_by_role("button", name="Go on").click()
    pay(page)
    expect(page.get_by_text("The money is on the card.")).to_be_visible()
    expect(page.get_by_role("cell", name="PKR 2,000", exact=False).first).to_be_visible()
    booking = shopping.booked(site, session, show)
    page.goto(f"/bookings/{booking['id']}")
    page.get_by_label(re.compile("^Balance of card")).check()
    pay(page)
    title(page, PAID)
    after = site.ask("GET", "/api/v1/users/nfc-cards/", session=session).json()["results"]
    [now] = [each for each in after if each["id"] == card["id"]]
    assert float(now["balance"]["amount"]) == float(card["balance"]["amount"]) + 500


def test_the_account_is_changed_and_its_family_kept(open_page: Opener, site: Site) -> None:
    page, session, _ = customer_page(open_page, site, "/account")
    page.get_by_label("E-mail").fill("not an address")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("E-mail").fill("nadia@example.com")
    page.get_by_label("Language of notices").select_option("ur")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    me = site.ask("GET", "/api/v1/users/me/", session=session).json()
    assert (me["email"], me["language"]) == ("nadia@example.com", "ur")
    page.get_by_role("link", name="Family").click()
    page.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Zara Iqbal")
    dialog.get_by_label("Relation").fill("daughter")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem").filter(has_text="Zara Iqbal")).to_be_visible()
    family = site.ask("GET", "/api/v1/users/dependents/", session=session).json()["results"]
    assert [each["name"] for each in family] == ["Zara Iqbal"]


@pytest.mark.parametrize("language", ["en", "ur"])
def test_every_view_is_without_a_barrier_and_fits_into_320_pixels(
    open_page: Opener, site: Site, show: Session, language: str
) -> None:
    _, session = site.new_customer()
    ticket = shopping.bought(site, session, show)
    booking = shopping.booked(site, session, show)
    views = [
        f"/e/{show['id']}",
        f"/bookings/{booking['id']}",
        "/bookings",
        "/tickets",
        f"/tickets/{ticket['id']}",
        "/cards",
        "/claim",
        *(f"/account{part}" for part in ("", "/family", "/payments", "/saved", "/security")),
    ]
    page = open_page("/", language=language, scheme="dark", viewport="narrow", sessions={"webapp": session})
    for view in views:
        page.goto(view)
        page.locator("h1").first.wait_for()
        page.wait_for_load_state("networkidle")
        axe(page)
        no_overflow(page)


def test_the_number_of_a_receipt_is_on_one_line_of_a_phone(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()
    shopping.bought(site, session, shopping.event(site))
    page = open_page("/account/payments", sessions={"webapp": session}, viewport="phone")
    number = page.locator(".payment .num", has_text=re.compile("^R-"))
    line = number.evaluate("(each) => parseFloat(getComputedStyle(each).lineHeight)")
    box = number.bounding_box()
    assert box
    assert box["height"] < 1.5 * line
