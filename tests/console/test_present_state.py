"""Pages whose facts changed meanwhile: another tab's change stays, a refusal stays, a wrong clock counts right."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from infra.pages import SOURCE
from tests.console import shopping
from tests.console.browsers import Opener
from tests.console.site import Site
from tests.console.staff_desk import Desk, opened
from tests.console.test_tix import Club
from tests.local.conftest import wait_until

_AHEAD = timedelta(minutes=10)


def save(page: Page, form: str, **fields: str) -> None:
    """Change fields of a form, by their names in the form, and save it."""
    shown = page.get_by_role("form", name=form, exact=True)
    for name, text in fields.items():
        shown.locator(f'[name="{name}"]').fill(text)
    with page.expect_response(lambda answer: answer.request.method == "PUT") as sent:
        shown.get_by_role("button", name="Save").click()
    assert sent.value.ok, sent.value.text()


def test_a_form_leaves_alone_what_another_tab_changed(open_page: Opener, site: Site) -> None:
    club = Club(site)
    sessions = {"webapp": site.new_customer()[1], "merchant": site.session("merchant"), **club.sessions()}
    sessions["organizer"] = site.session("organizer")

    def asked(portal: str, method: str, path: str, body: Any = None) -> Any:
        answer = site.ask(method, path, body, session=sessions[portal])
        assert answer.is_success, answer.text
        return answer.json()

    # The address, the form, what is typed here, what another tab changes, and where both are read.
    person = {"date_of_birth": "1990-02-03", "notifications": {"sms": False}}
    paper = {"max_users": 12, "paper": {"rows": 9, "shade": "grey"}}
    tax, stock = {"tax_number": "NTN 42"}, {"low_stock_threshold": "7"}
    places: list[tuple[str, str, str, dict[str, str], dict[str, Any], str]] = [
        ("webapp", "/account", "Profile", {"name": "Nadia Anwar"}, person, "/api/v1/users/me/"),
        ("organizer", "/organizer/account", "Profile", tax, {"address": "7 Ravi Road"}, "/api/organizer/profile/"),
        ("merchant", "/merchant/account", "Shop", stock, {"address": "9 Mall Road"}, "/api/merchant/settings/"),
        ("tix", "/tix/settings", "Settings", {"paper.columns": "4"}, paper, "/api/tix/settings"),
    ]
    changed = {"webapp": "/api/v1/users/profile/"}
    context = open_page.context(sessions=sessions)
    for portal, address, form, here, elsewhere, read in places:
        page = context.new_page()
        page.goto(address)
        page.locator(f'form [name="{next(iter(here))}"]').wait_for()
        asked(portal, "PUT", changed.get(portal, read), elsewhere)
        save(page, form, **here)
        now = asked(portal, "GET", read)
        for field, value in elsewhere.items():
            assert now[field] == (value if not isinstance(value, dict) else now[field] | value), (portal, field)
        for field, text in here.items():
            value = now
            for part in field.split("."):
                value = value[part]
            assert str(value) == text, (portal, field)
        # What is taken back is a change, too: the form knows what it sent.
        if portal == "merchant":
            save(page, form, low_stock_threshold="10")
            assert asked(portal, "GET", read)["low_stock_threshold"] == 10
        page.close()


def test_a_refusal_stays_where_its_row_has_left_the_list(open_page: Opener, site: Site) -> None:
    desk = Desk(site)
    request = desk.refund()
    found = f"/api/refund-requests/?status=pending&search={request['id']}"
    wait_until(lambda: desk.ask("GET", found)["results"])
    page = opened(open_page, f"/staff/queues/refunds?status=pending&search={request['id']}", desk.owner)
    page.locator("tbody").get_by_role("button", name="Reject").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("Not ill enough")
    _, colleague = desk.colleague("admin")
    desk.ask("PUT", f"/api/refund-requests/{request['id']}/", {"decision": "approve"}, session=colleague)
    wait_until(lambda: not desk.ask("GET", found)["results"])
    dialog.get_by_role("button", name="Reject").click()
    expect(page.locator("tbody tr")).to_have_count(0)
    expect(dialog.get_by_role("alert")).to_contain_text(re.compile("approved|refunded"))
    expect(dialog.get_by_label("Note")).to_have_value("Not ill enough")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # The button that opened it is gone, and the keyboard is not lost.
    expect(page.locator("main")).to_be_focused()


def test_a_choice_of_many_is_searched(open_page: Opener, site: Site) -> None:
    desk = Desk(site)
    page = open_page("about:blank", sessions={"admin": desk.owner})
    organizer = desk.ask("GET", "/api/organizers/")["results"][0]
    first = [organizer | {"id": f"org_{place}", "name": f"Club {place}"} for place in range(50)]
    searches: list[str] = []

    def answer(route: Route) -> None:
        text = "".join(re.findall(r"search=([^&]*)", route.request.url))
        searches.append(text)
        route.fulfill(
            json={"results": [organizer | {"name": "Zafar Concerts"}]}
            if text
            else {"results": first, "next": "c1", "count": None}
        )

    page.route(re.compile(r"/api/organizers/"), answer)
    page.goto("/staff/events/new")
    choice = page.get_by_label("Organizer", exact=True)
    search = page.get_by_role("searchbox", name="Search: Organizer")
    search.press_sequentially("zaf")
    search.press("Enter")  # it sends no form
    expect(choice.locator("option")).to_have_text(["Choose…", "Zafar Concerts"])
    choice.select_option(label="Zafar Concerts")
    # What was chosen stays, also where a search does not find it.
    search.fill("")
    expect(choice.locator("option")).to_have_count(52)
    expect(choice).to_have_value(organizer["id"])
    assert searches == ["", "zaf", ""]
    page.get_by_label("Title").fill("Sitar by the river")
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url.endswith("/api/events/")) as sent:
        page.get_by_role("button", name="Save").click()
    assert json.loads(sent.value.post_data or "{}")["organizer_id"] == organizer["id"]


def test_a_wrong_clock_shows_what_is_left_of_a_reservation(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()
    booking = shopping.booked(site, session, shopping.event(site))
    for wrong in (_AHEAD, -_AHEAD):
        page = open_page("about:blank", sessions={"webapp": session})
        page.clock.install(time=datetime.now(UTC) + wrong)
        page.goto(f"/bookings/{booking['id']}")
        timer = page.get_by_role("timer")
        expect(timer).to_have_text(re.compile(r"\d+:\d\d"))
        minutes, seconds = map(int, timer.inner_text().split(":"))
        left = datetime.fromisoformat(booking["expires_at"]) - datetime.now(UTC)
        assert abs(left.total_seconds() - minutes * 60 - seconds) < 15, (wrong, timer.inner_text())


def test_a_refusal_is_read_in_the_language_of_the_page(open_page: Opener, site: Site) -> None:
    page = open_page("/organizer", language="ur")
    page.locator('[name="contact_mobile"], [name="mobile_number"]').fill("03001234567")
    page.locator('[name="password"]').fill("not the password")
    page.locator('form button[type="submit"]').click()
    said = json.loads((SOURCE / "src" / "ui" / "said.ur.json").read_text(encoding="utf-8"))
    expect(page.get_by_role("alert").filter(has_text=said["refusal.INVALID_CREDENTIALS"])).to_be_visible()
    site.clear_limits()


# What measures a time between two moments of the same device, and the gate's own clock (its heartbeat measures it).
_OWN_CLOCK = {
    *("ui/now.ts", "ui/login.tsx", "ui/api/client.ts", "gate/update.ts", "gate/background.ts", "gate/sender.ts"),
    *("gate/local.ts", "gate/snapshot.ts", "gate/scan.ts", "gate/net.ts", "board/screen.tsx", "board/model.ts"),
    *("campus/attend/flow.ts", "shop/access.tsx", "shop/calendar.ts"),
}


@pytest.mark.each_run
def test_pages_take_the_time_of_the_platform() -> None:
    found = {
        path.relative_to(SOURCE / "src").as_posix()
        for path in (SOURCE / "src").rglob("*.ts*")
        if path.name != "schema.ts" and re.search(r"Date\.now\(\)|new Date\(\)", path.read_text(encoding="utf-8"))
    }
    assert found <= _OWN_CLOCK


def test_a_device_that_nobody_knows_is_called_so_in_the_language_of_the_page(open_page: Opener, site: Site) -> None:
    _, session = site.new_customer()  # whose client is no browser
    page = open_page("/account/security", sessions={"webapp": session}, language="ur")
    words = json.loads((SOURCE / "src" / "ui" / "messages.ur.json").read_text(encoding="utf-8"))
    expect(page.get_by_text(words["ui.sessions.unknown"])).to_be_visible()
    expect(page.get_by_text("Unknown device")).to_have_count(0)
