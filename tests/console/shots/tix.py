"""Pictures of Tix: an organization at a glance, and the verdict of a scan at its door."""

from playwright.sync_api import Page

from tests.console.shots import Shot
from tests.console.site import Site


def _totals(page: Page) -> None:
    page.locator(".totals dd").first.wait_for()
    page.locator(".recent li").first.wait_for()


def _verdict(page: Page) -> None:
    page.locator(".recent li").first.wait_for()
    page.get_by_role("textbox", name="Number").fill("RUN-000001")
    page.keyboard.press("Enter")
    page.locator(".verdict.duplicate").wait_for()


def shots(site: Site) -> list[Shot]:
    """Return the pictures, of the demo organization."""
    who = {"tix": site.session("tix")}
    return [
        Shot("start", "/tix", who, _totals),
        Shot("scan", "/tix/scan", who, _verdict, variants=("desktop", "phone")),
    ]
