"""Pictures of the local desk: people with messages, a gate without its network, and usage."""

from playwright.sync_api import Page

from chalicelib.schemas.examples import demo
from tests.console.shots import Shot
from tests.console.site import LOCAL_HEADERS, Site


def shots(site: Site) -> list[Shot]:
    """Send something first, and have a gate read a card."""
    site.session("webapp")
    site.session("organizer")
    made = site.run.client.post("/_local/agents/", json={"gate": demo.GATES[0]}, headers=LOCAL_HEADERS, timeout=60)
    if made.is_success:
        path = f"/_local/agents/{made.json()['id']}"
        site.run.client.post(f"{path}/tap/", json={"uid": demo.FAMILY_UID}, headers=LOCAL_HEADERS, timeout=60)
        site.run.client.put(f"{path}/network/", json={"connected": False}, headers=LOCAL_HEADERS)
        site.run.client.post(f"{path}/tap/", json={"uid": "04C0FFEE123456"}, headers=LOCAL_HEADERS, timeout=60)
    return [
        Shot("start", "/_local/", prepare=lambda page: page.locator(".bubble").first.wait_for()),
        Shot("gates", "/_local/?view=gates", prepare=_with_gate if made.is_success else _opened, variants=("desktop",)),
        Shot("usage", "/_local/?view=usage", prepare=_with_rows, variants=("desktop",)),
    ]


def _opened(page: Page) -> None:
    page.locator("h2").first.wait_for()


def _with_gate(page: Page) -> None:
    page.locator(".gates table").first.wait_for()


def _with_rows(page: Page) -> None:
    page.locator("tbody tr").first.wait_for()
