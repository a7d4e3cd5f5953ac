"""What holds for every page of `console/pages.json`, as it opens, before anybody is logged in.

One opening of a page in a language serves all of it, since each costs a second.
"""

import pytest

from infra import pages
from infra.pages import Page
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow

PAGES = pages.pages()
# A scheme changes colours only.
COLOURS = ["cat.color"]
LANGUAGES = {"en": "ltr", "ur": "rtl"}


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
