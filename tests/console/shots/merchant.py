"""The merchants' page: the customer of a card, and the stock."""

from playwright.sync_api import Page

from tests.console.shots import Shot
from tests.console.site import Site


def shots(site: Site) -> list[Shot]:
    session = site.session("merchant")
    number, _ = site.new_customer("Sana Yousaf")
    [card, *_] = site.ask("GET", "/api/merchant/cards/?status=stock", session=session).json()["results"]

    def found(page: Page) -> None:
        page.locator("[name='mobile_number']").fill(number)
        page.locator("[name='mobile_number']").press("Enter")
        page.locator(".person").wait_for()

    where = f"/merchant?card={card['uid']}"
    return [
        Shot("customer", where, {"merchant": session}, found),
        Shot("stock", "/merchant/stock", {"merchant": session}, _listed, ("phone",)),
    ]


def _listed(page: Page) -> None:
    page.locator("tbody tr").first.wait_for()
