"""What holds for every page of `console/pages.json`, as it opens, before anybody is logged in."""

import pytest

from infra import pages
from infra.pages import Page
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow

PAGES = pages.pages()
LANGUAGES = {"en": "ltr", "ur": "rtl"}


def address(page: Page) -> str:
    """Return an address at which a page can be opened."""
    return "/_local/" if page.is_local else f"/{page.segments[0]}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_opens_without_an_error_or_a_barrier(open_page: Opener, page: Page, language: str, scheme: str) -> None:
    opened = open_page(address(page), language=language, scheme=scheme)
    opened.locator("h1").first.wait_for()
    root = opened.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("dir")) == (language, LANGUAGES[language])
    assert "Gatehouse" in opened.title()
    axe(opened)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_fits_into_320_pixels_and_begins_with_its_skip_link(
    open_page: Opener, page: Page, language: str
) -> None:
    opened = open_page(address(page), language=language, viewport="narrow")
    opened.locator("h1").first.wait_for()
    no_overflow(opened)
    opened.keyboard.press("Tab")
    skip = opened.locator("a.skip")
    assert skip.evaluate("(link) => link === document.activeElement")
    opened.keyboard.press("Enter")
    assert opened.locator("main").evaluate("(main) => main === document.activeElement")
