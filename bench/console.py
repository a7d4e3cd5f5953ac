"""`python -m bench.console`: how soon the console's pages can be used on a slow phone, and the gate's verdicts.

A page is usable once its first control or heading is there and its script has run. The network has 1.6 Mbit/s and a
delay that is printed, the processor a quarter of its speed, the browser's cache is empty. A verdict is timed in the
page at full speed: from the last key of a hardware scanner to the change of the screen, and from the picture of the
(fake) camera in which a code is found to the painted verdict, as the gate itself measures it.
"""

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from infra import pages
from tests.console import browsers, fake_camera, gate_night
from tests.console.browsers import Opener
from tests.console.gate_night import Night
from tests.console.site import Site
from tests.local.local_run import LocalRun

_BYTES_A_SECOND = 1_600_000 / 8
_SLOWER = 4
_DELAYS_MS = (0, 150)
_BUDGET_MS = 1500
_TRIES = 5
_SCANS = 20
# Codes before the camera, and how long each and the empty picture after it are shown.
_SEEN, _SHOWN_SECONDS, _PATIENCE_MS = 10, 1.2, 120_000
_MEASURED = "(name) => performance.getEntriesByName(name).map((each) => each.duration)"
# A snapshot that is asked for too early is put off (docs/offline.md).
_OF_SYNC = r"^503 of .*/api/usher/sync/"
_WATCH = """() => {
  window.measured = [];
  let began = 0;
  addEventListener("keydown", (event) => { if (event.key === "Enter") began = performance.now(); }, true);
  new MutationObserver(() => {
    if (began && document.querySelector(".verdict.admit, .verdict.already, .verdict.refuse, .verdict.unknown")) {
      const at = began;
      began = 0;
      requestAnimationFrame(() => window.measured.push(performance.now() - at));
    }
  }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def main() -> int:
    """Measure, and print."""
    if browsers.chromium() is None or not (pages.BUILT / "pages.json").exists():
        print("this needs chromium and the built console: infra/setup.sh browser console")
        return 1
    with ExitStack() as undo:
        run = LocalRun({"LOG": "json"})
        undo.callback(run.end)
        site = Site(run.until_ready())
        playwright = undo.enter_context(sync_playwright())
        browser = undo.enter_context(browsers.launched(playwright))
        print(f"first page usable, ms: median of {_TRIES} (budget {_BUDGET_MS}), by the network's delay")
        for page in pages.pages():
            address = "/_local/" if page.is_local else f"/{page.segments[0]}"
            times = [
                statistics.median(_usable(browser, site, address, delay) for _ in range(_TRIES)) for delay in _DELAYS_MS
            ]
            print(
                f"  {page.name:<10}"
                + "".join(f"  {delay} ms: {found:5.0f}" for delay, found in zip(_DELAYS_MS, times, strict=True))
            )
        _verdicts(browser, site)
        _seen(playwright, site)
    return 0


def _usable(browser: Browser, site: Site, address: str, delay_ms: int) -> float:
    opener = Opener(browser, site)
    page = opener.context(viewport="phone").new_page()
    session = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": delay_ms, "downloadThroughput": _BYTES_A_SECOND}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": _BYTES_A_SECOND})
    session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator("main :is(h1, button, input)").first.wait_for()
    took = time.perf_counter() - began
    page.context.close()
    return took * 1000


def _verdicts(browser: Browser, site: Site) -> None:
    """Print how long the gate takes from a scanned code to its verdict, online and offline."""
    at = gate_night.night(site)
    at.sell(2 * _SCANS)
    site.ask("GET", "/api/usher/sync/attendees/", session=at.session())
    at.synced()
    opener = Opener(browser, site)
    opener.allow(_OF_SYNC)
    page = opener.context(viewport="phone").new_page()
    _log_in(page, at)
    codes = at.take()
    page.evaluate(_WATCH)
    for name in ("online", "offline"):
        page.context.set_offline(name == "offline")
        found = sorted(_verdict(page, next(codes), number) for number in range(_SCANS))
        print(f"verdict {name}, ms: median {statistics.median(found):.0f}, slowest of {_SCANS} {found[-1]:.0f}")
        page.evaluate("() => { window.measured = []; }")
    page.context.close()


def _seen(playwright: Playwright, site: Site) -> None:
    """Print how long the gate takes from a picture of its camera to its verdict, online and offline."""
    at = gate_night.night(site)
    shown = [each for code in at.sell(_SEEN) for each in (code, None)]
    site.ask("GET", "/api/usher/sync/attendees/", session=at.session())
    at.synced()
    with tempfile.TemporaryDirectory() as folder:
        film = fake_camera.film(Path(folder) / "camera.mjpeg", shown, seconds=_SHOWN_SECONDS)
        with browsers.launched(playwright, camera=film) as browser:
            opener = Opener(browser, site)
            opener.allow(_OF_SYNC)
            page = opener.context(viewport="phone").new_page()
            _log_in(page, at)
            for name in ("online", "offline"):
                page.context.set_offline(name == "offline")
                page.wait_for_function(f"() => ({_MEASURED})('gate.{name}').length >= {_SEEN}", timeout=_PATIENCE_MS)
                found = sorted(page.evaluate(f"() => ({_MEASURED})('gate.{name}')"))
                print(
                    f"camera to verdict {name}, ms: median {statistics.median(found):.0f},"
                    f" slowest of {len(found)} {found[-1]:.0f}"
                )
            page.context.close()


def _log_in(page: Page, at: Night) -> None:
    page.goto(f"/gate?event={at.event_id}&usher={at.username}")
    page.get_by_label("Password").fill(at.password)
    page.get_by_role("button", name="Begin").click()
    page.locator("main.gate").wait_for()
    page.locator(".state", has_text=", data of ").wait_for()


def _verdict(page: Page, code: str, before: int) -> float:
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.wait_for_function("(before) => window.measured.length > before", arg=before)
    measured: Any = page.evaluate("() => window.measured.at(-1)")
    return float(measured)


if __name__ == "__main__":
    sys.exit(main())
