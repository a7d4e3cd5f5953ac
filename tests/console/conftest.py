"""One run, one browser and its pages for the console's tests.

`site` is a run with demo data and the console; `open_page(path, language=, scheme=, viewport=, sessions=)` opens a page
and fails the test where that page logs an error, violates its policy, raises, or gets a 5xx; `open_page.context(…)`
is one browser with several tabs; `camera_page(codes)` is the same with a camera that shows codes. `axe(page)` and
`no_overflow(page)` are in checks.py.
"""

import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from infra.pages import BUILT, ROOT
from tests.console import browsers, fake_camera
from tests.console.browsers import Driver, Opener
from tests.console.site import Site
from tests.local.local_run import LocalRun

_HERE = Path(__file__).parent


# Before xdist reads the groups, also where this folder is named on the command line.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the console's tests on one worker: they share a run and a browser."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.xdist_group("console"))
            item.add_marker(pytest.mark.ministack)


@pytest.fixture(scope="session")
def built() -> Path:
    """The built console; skipped where Node or its packages cannot be had."""
    subprocess.run(["sh", "infra/setup.sh", "console"], cwd=ROOT, check=True, capture_output=True)
    if not (BUILT / "pages.json").exists():
        pytest.skip("the console cannot be built here: see make console")
    return BUILT


@pytest.fixture(scope="session")
def site(built: Path) -> Iterator[Site]:  # noqa: ARG001  # built before it is served
    """One run with demo data."""
    # Above 10,000 rupees money waits for a second person: the payout of the demo does.
    run = LocalRun({"LOG": "json", "SECOND_PERSON_OVER": "PKR:1000000"})
    try:
        yield Site(run.until_ready())
    finally:
        run.end()


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    """Playwright's driver; skipped where there is no browser."""
    if browsers.chromium() is None:
        pytest.skip("there is no chromium here: infra/setup.sh browser installs it")
    started = Driver()
    expect.set_options(timeout=browsers.PATIENCE_MS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def browser(driver: Driver) -> Iterator[Browser]:
    """One browser."""
    with driver.at_work() as playwright:
        started = browsers.launched(playwright)
    yield started
    with driver.at_work():
        started.close()


@pytest.fixture
def open_page(driver: Driver, browser: Browser, site: Site) -> Iterator[Opener]:
    """Open pages of this test."""
    with driver.at_work():
        opener = Opener(browser, site)
        yield opener
        opener.close()


CameraPage = Callable[..., Opener]


@pytest.fixture
def camera_page(driver: Driver, site: Site, tmp_path: Path) -> Iterator[CameraPage]:
    """Open pages in a browser whose camera shows codes one after the other, again and again; None is no code."""
    with driver.at_work() as playwright, ExitStack() as undo:

        def make(*codes: str | None, seconds: float = 1.0) -> Opener:
            film = fake_camera.film(tmp_path / f"camera-{secrets.token_hex(4)}.mjpeg", codes, seconds=seconds)
            browser = browsers.launched(playwright, camera=film)
            undo.callback(browser.close)
            opener = Opener(browser, site)
            undo.callback(opener.close)
            return opener

        yield make
