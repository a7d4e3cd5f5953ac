"""Pictures of Gate: the log-in, and the verdicts of an evening: a guest admitted, and the same code once more."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.console.gate_night import Night, night
from tests.console.shots import Shot
from tests.console.site import Site


def _scanned(evening: Night, times: int) -> Callable[[Page], None]:
    """Return what logs in and scans a code that was not taken before, so many times."""

    def prepare(page: Page) -> None:
        page.get_by_label("Password").or_(page.locator("input[name=password]")).first.fill(evening.password)
        page.locator("form button[type=submit]").click()
        page.locator("main.gate").wait_for()
        code = next(evening.take())
        for verdict in ("admit", "already")[:times]:
            page.keyboard.type(code)
            page.keyboard.press("Enter")
            expect(page.locator(f".verdict.{verdict}")).to_be_visible()

    return prepare


def shots(site: Site) -> list[Shot]:
    evening = night(site, title="Qawwali night")
    evening.sell(8)
    evening.synced()
    path = f"/gate?event={evening.event_id}&usher={evening.username}"
    return [
        Shot("start", "/gate/", variants=("phone",)),
        Shot("admit", path, prepare=_scanned(evening, 1), variants=("phone", "desktop", "dark", "ur")),
        Shot("already", path, prepare=_scanned(evening, 2), variants=("phone",)),
    ]
