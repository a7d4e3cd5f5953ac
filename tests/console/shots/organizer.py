"""The organizers' page: the list of events, an event that was held, a payout."""

from playwright.sync_api import Page

from chalicelib.schemas.examples import demo
from tests.console.shots import Shot
from tests.console.site import Site


def _loaded(page: Page) -> None:
    page.locator(".figures").first.wait_for()
    page.wait_for_load_state("networkidle")


def shots(site: Site) -> list[Shot]:
    sessions = {"organizer": site.session("organizer")}
    [payout, *_] = site.ask("GET", "/api/organizer/payouts/", session=sessions["organizer"]).json()["results"]
    return [
        Shot("events", "/organizer", sessions, _loaded),
        Shot("event", f"/organizer/e/{demo.PAST_EVENT_ID}", sessions, _event, ("desktop", "phone")),
        Shot("payout", f"/organizer/payouts/{payout['id']}", sessions, _loaded, ("desktop",)),
    ]


def _event(page: Page) -> None:
    page.locator(".figures").first.wait_for()
    page.locator(".live-sign").wait_for()
