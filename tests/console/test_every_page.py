"""What holds for every page of `console/pages.json`, as it opens, before anybody is logged in.

One opening of a page in a language serves all of it, since each costs a second.
"""

import json
import re
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from infra import pages
from infra.pages import Page
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.site import Site
from tests.console.test_messages import SAID

PAGES = pages.pages()
# A scheme changes colours only.
COLOURS = ["cat.color"]
LANGUAGES = {"en": "ltr", "ur": "rtl"}


class _Inside(NamedTuple):
    """A page behind its log-in: an address of a thing that is gone, and a form with one of its fields."""

    portal: str
    gone: str
    form: str
    field: str


INSIDE = {
    "shop": _Inside("webapp", "/e/evt_gone", "/account", "name"),
    "organizer": _Inside("organizer", "/organizer/e/evt_gone", "/organizer/account", "name"),
    "merchant": _Inside("merchant", "/merchant/give/gone", "/merchant/look-up", "mobile_number"),
    "staff": _Inside("admin", "/staff/venues/ven_gone", "/staff/events/new", "title"),
    "tix": _Inside("tix", "/tix/gone", "/tix/settings", "name"),
    "campus": _Inside("campus", "/campus/events/cev_gone", "/campus/profile", "first_name"),
}
# The gate and the Board have no such addresses, the local desk no log-in.
ONE_VIEW = {"gate", "board", "local"}


def address(page: Page) -> str:
    """Return an address at which a page can be opened."""
    return "/_local/" if page.is_local else f"/{page.segments[0]}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_opens_without_an_error_or_a_barrier(open_page: Opener, page: Page, language: str) -> None:
    opened = open_page(address(page), language=language)
    opened.locator("h1").first.wait_for()
    root = opened.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("dir")) == (language, LANGUAGES[language])
    assert "Gatehouse" in opened.title()
    faces = opened.locator("input, select, textarea").evaluate_all(
        "(all) => all.map((x) => getComputedStyle(x).fontFamily)"
    )
    # A field cuts off what is above its line, as the tops of Nastaliq are.
    assert all(face.startswith("Naskh" if language == "ur" else "system-ui") for face in faces), faces
    axe(opened)
    opened.emulate_media(color_scheme="dark")
    axe(opened, tags=COLOURS)
    opened.set_viewport_size({"width": 320, "height": 640})
    no_overflow(opened)
    opened.keyboard.press("Tab")
    assert opened.locator("a.skip").evaluate("(link) => link === document.activeElement")
    opened.keyboard.press("Enter")
    assert opened.locator("main").evaluate("(main) => main === document.activeElement")


def test_a_page_that_is_none_says_so(open_page: Opener) -> None:
    open_page.allow("404 of .*/nothing")
    opened = open_page("/nothing")
    assert opened.locator("h1").inner_text() == "Not found"
    markup = opened.content()
    opened.get_by_role("link").click()
    opened.locator("h1", has_text="Events").wait_for()
    # No script runs in a document that is no page, not even the debugger's: axe sees its markup in one that may.
    opened.goto("about:blank")
    opened.set_content(markup)
    axe(opened)


def test_each_page_with_views_is_tried_inside() -> None:
    assert {page.name for page in PAGES} == INSIDE.keys() | ONE_VIEW


@pytest.mark.parametrize("page", INSIDE)
def test_a_thing_that_is_gone_has_a_heading_and_a_way_on(open_page: Opener, site: Site, page: str) -> None:
    """So has the view of the next person: nothing that the former one typed stays in it."""
    inside = INSIDE[page]
    session = site.session(inside.portal)
    opened = open_page(inside.gone, sessions={inside.portal: session})
    expect(opened.locator("main h1")).to_have_count(1)
    opened.locator("main a").first.click()
    opened.wait_for_url(lambda url: not url.endswith("gone"))
    opened.goto(inside.form)
    field = opened.locator(f"main [name='{inside.field}']").first
    field.fill("typed by the former")
    other = opened.context.new_page()
    other.goto("/_local/")

    def log_in(who: str) -> None:
        """Store a session as another tab does, and wait until this tab has it."""
        named = {**session["who"], "id": who, "name": f"Name of {who}"}
        store = "([key, value]) => localStorage.setItem(key, value)"
        other.evaluate(store, [f"gatehouse.session.{inside.portal}", json.dumps({**session, "who": named})])
        if page != "campus":  # it reads the name again
            expect(opened.locator(".who, .settings").get_by_text(f"Name of {who}")).to_be_visible()

    log_in(session["who"]["id"])
    expect(field).to_have_value("typed by the former")
    log_in("another")
    expect(field).not_to_have_value("typed by the former")


@pytest.mark.parametrize("page", INSIDE)
def test_another_language_changes_every_word_and_nothing_else(open_page: Opener, site: Site, page: str) -> None:
    """What is shown once, such as recovery codes, and what is typed would be gone where a view began again."""
    inside = INSIDE[page]
    opened = open_page(inside.form, sessions={inside.portal: site.session(inside.portal)})
    field = opened.locator(f"main [name='{inside.field}']").first
    field.fill("typed before")
    field.evaluate("(field) => (field.isTheSame = true)")
    opened.get_by_role("button", name="اردو").click()
    expect(opened.locator("html")).to_have_attribute("lang", "ur")
    expect(opened.get_by_role("button", name="English")).to_be_visible()
    expect(field).to_have_value("typed before")
    assert field.evaluate("(field) => field.isTheSame === true")
    opened.wait_for_load_state("networkidle")
    words, title = opened.locator("body").inner_text(), opened.title()
    opened.reload()
    opened.wait_for_function("(words) => document.body.innerText === words", arg=words)
    assert opened.title() == title


@pytest.mark.parametrize(
    ("portal", "path"),
    [
        ("organizer", "/organizer/draft/new/when"),
        ("tix", "/tix/settings"),
        ("campus", "/campus/events/new"),
        ("campus", "/campus/analytics"),
    ],
)
def test_letters_of_twice_their_size_fit_a_phone(open_page: Opener, site: Site, portal: str, path: str) -> None:
    opened = open_page(path, viewport="phone", sessions={portal: site.session(portal)})
    opened.locator("main h1").wait_for()
    expect(opened.locator("[aria-busy=true]")).to_have_count(0)
    opened.evaluate("document.documentElement.style.fontSize = '200%'")
    for part in opened.locator("main summary").all():
        part.click()
    no_overflow(opened)


@pytest.mark.parametrize("page", INSIDE)
def test_why_a_form_was_refused_follows_the_language(open_page: Opener, site: Site, page: str) -> None:
    inside = INSIDE[page]
    opened = open_page(inside.form, sessions={inside.portal: site.session(inside.portal)})
    field = opened.locator(f"main [name='{inside.field}']").first
    field.fill("+923001234567" if inside.field == "mobile_number" else "Somebody else")
    details = [{"field": inside.field, "message": "must not be empty"}, {"field": "other", "message": "is required"}]
    error = {"code": "VALIDATION_ERROR", "message": "Some fields are missing or invalid. See `details`."}
    refusal = {"error": error | {"details": details}}
    opened.route(re.compile("/api/"), lambda route: route.fulfill(status=400, json=refusal))
    field.press("Enter")
    expect(field).to_be_focused()
    inside_form = opened.locator(f"[name='{inside.field}']")
    said = opened.locator("main form", has=inside_form).first.locator(".problem")
    for language in ("en", "ur", "en"):
        if language == "ur" or opened.locator("html").get_attribute("lang") == "ur":
            opened.get_by_role("button", name="اردو" if language == "ur" else "English").click()
        words = SAID[language]
        expect(said.filter(has_text=words["said.empty"])).to_have_count(1)
        expect(said.last).to_contain_text(words["refusal.VALIDATION_ERROR"])
        expect(said.last).to_contain_text(f"other: {words['said.required']}")
