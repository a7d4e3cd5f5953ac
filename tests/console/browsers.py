"""Debian's chromium under Playwright, whose pages report what no page may do: errors, violations, answers of 5xx."""

import re
import shutil
from asyncio import events
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    expect,
    sync_playwright,
)

from tests.console.site import Site, stored

VIEWPORTS = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
    "narrow": {"width": 320, "height": 640},
}
# Playwright waits so long for what a test expects; the machine may be loaded.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
_TURN_MS = 20
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--mute-audio"]
# The browser's own line about an answer that is no success: refusals are answers, faults are found by their status.
_FAILED_LOAD = re.compile(r"Failed to load resource")


def chromium() -> str | None:
    """Return the machine's browser, None where it has none."""
    return shutil.which("chromium")


class Driver:
    """Playwright, whose loop this thread sees only while the browser is used.

    Its synchronous interface leaves its loop running in the thread that started it. Other tests of this thread run
    loops of their own, which a running loop forbids.
    """

    def __init__(self) -> None:
        self._manager = sync_playwright()
        self.playwright: Playwright = self._manager.__enter__()
        self._loop = events._get_running_loop()
        events._set_running_loop(None)

    @contextmanager
    def at_work(self) -> Iterator[Playwright]:
        """Use the browser."""
        before = events._get_running_loop()
        events._set_running_loop(self._loop)
        try:
            yield self.playwright
        finally:
            events._set_running_loop(before)

    def close(self) -> None:
        with self.at_work():
            self._manager.__exit__(None, None, None)


def launched(playwright: Playwright, *, camera: Path | None = None, arguments: tuple[str, ...] = ()) -> Browser:
    """Launch the browser; `camera` is a film (fake_camera.py) that its camera shows."""
    more = list(arguments)
    if camera is not None:
        more += ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        more.append(f"--use-file-for-fake-video-capture={camera}")
    return playwright.chromium.launch(executable_path=chromium(), args=[*_ARGUMENTS, *more])


# The first request for an event's snapshot, which has no `since`, is put off for some seconds (docs/offline.md).
_EVENT_IN_PREPARATION = r"^503 of .*/api/usher/sync/(attendees|cards)/$"


class Opener:
    """Opens pages for one test, and collects what they must not do."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser = browser
        self._site = site
        self._contexts: list[BrowserContext] = []
        self._allowed: list[re.Pattern[str]] = [re.compile(_EVENT_IN_PREPARATION)]
        self.problems: list[str] = []

    def __call__(self, path: str = "/", **settings: Any) -> Page:
        """Open a path in a context of its own, with the settings of `context`."""
        page = self.context(**settings).new_page()
        page.goto(path)
        return page

    def context(
        self,
        *,
        language: str = "en",
        scheme: str = "light",
        viewport: str = "desktop",
        sessions: dict[str, dict[str, Any]] | None = None,
        **more: Any,
    ) -> BrowserContext:
        """Return a new context, whose pages share storage as the tabs of one browser do.

        `viewport` is one of VIEWPORTS; `sessions` are those of `site.session(portal)`, by portal; `more` are
        Playwright's own, such as `permissions` and `geolocation`.
        """
        has_storage = {"gatehouse.language": language}
        context = self._browser.new_context(
            base_url=self._site.url,
            locale="ur-PK" if language == "ur" else "en-GB",
            color_scheme=scheme,  # type: ignore[arg-type]  # one of Playwright's words
            viewport=VIEWPORTS[viewport],  # type: ignore[arg-type]  # a dictionary of this shape
            is_mobile=viewport != "desktop",
            has_touch=viewport != "desktop",
            storage_state=stored(self._site.url, sessions or {}, **has_storage),  # type: ignore[arg-type]  # as above
            **more,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self._found(f"uncaught: {error.error}"))
        context.on("response", self._answered)
        self._contexts.append(context)
        return context

    def allow(self, pattern: str) -> None:
        """Expect a problem that matches, for a test that provokes it."""
        self._allowed.append(re.compile(pattern))

    def until(self, pattern: str) -> None:
        """Wait until a problem that matches is found."""
        sign = re.compile(pattern)
        page = self._contexts[-1].pages[0]
        for _ in range(PATIENCE_MS // _TURN_MS):
            if any(sign.search(each) for each in self.problems):
                return
            # Events arrive while Playwright waits.
            page.wait_for_timeout(_TURN_MS)
        pytest.fail(f"no problem matches {pattern}: {self.problems}")

    def close(self) -> None:
        """Close every context, then fail where a page did what it must not."""
        for context in self._contexts:
            context.close()
        unexpected = [each for each in self.problems if not any(allowed.search(each) for allowed in self._allowed)]
        assert not unexpected, unexpected

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _FAILED_LOAD.search(message.text):
            self._found(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        is_asset = not re.search(r"/(api|_local|health)/", response.url) and response.url.startswith(self._site.url)
        if response.status >= 500 or (is_asset and response.status >= 400):
            self._found(f"{response.status} of {response.url}")

    def _found(self, problem: str) -> None:
        self.problems.append(problem)
