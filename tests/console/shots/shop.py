"""Pictures of the shop: the first page, an event, a payment and a ticket."""

from playwright.sync_api import Page

from tests.console import shopping
from tests.console.shots import Shot
from tests.console.site import Site


def _tiles(page: Page) -> None:
    page.locator(".event-tile").first.wait_for()


def _chosen(page: Page) -> None:
    page.locator(".stepper button").nth(1).click()
    page.locator(".total b").wait_for()


def _payment(page: Page) -> None:
    page.locator(".ways-to-pay").wait_for()


def _code(page: Page) -> None:
    page.locator(".pass img").wait_for()


def shots(site: Site) -> list[Shot]:
    """Return the pictures, after a purchase."""
    _, session = site.new_customer("Sana Malik")
    show = shopping.event(site, title="Qawwali by the River")
    ticket = shopping.bought(site, session, show, 2)
    booking = shopping.booked(site, session, show)
    who = {"webapp": session}
    return [
        Shot("events", "/", prepare=_tiles),
        Shot("event", f"/e/{show['id']}", who, _chosen, variants=("desktop", "phone")),
        Shot("pay", f"/bookings/{booking['id']}", who, _payment, variants=("phone",)),
        Shot("ticket", f"/tickets/{ticket['id']}", who, _code, variants=("desktop", "phone", "ur")),
    ]
