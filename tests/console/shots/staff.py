"""The staff's page: the dashboard, a search, a customer, a queue, and the company by month."""

from playwright.sync_api import Page, expect

from tests.console.shots import Shot
from tests.console.site import Site


def _loaded(page: Page) -> None:
    page.locator("main h1").wait_for()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def shots(site: Site) -> list[Shot]:
    sessions = {"admin": site.session("admin")}
    found = site.ask("GET", "/api/customers/?search=Ayesha", session=sessions["admin"]).json()["results"][0]
    return [
        Shot("dashboard", "/staff", sessions, _dashboard),
        Shot("search", "/staff/search?q=0300-1000003", sessions, _loaded, ("desktop",)),
        Shot("customer", f"/staff/customers/{found['id']}", sessions, _loaded, ("desktop", "phone")),
        Shot("finances", "/staff/finances/company", sessions, _loaded, ("dark",)),
    ]


def _dashboard(page: Page) -> None:
    page.locator(".numbers").first.wait_for()
    page.locator(".badge.good").wait_for()
