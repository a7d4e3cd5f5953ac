"""A hardware scanner: it types as a keyboard, with its own clock.

The keys carry the times at which a scanner would send them. Playwright's own keys carry the time at which the browser
got them, so that on a busy machine a scanner seemed to type as slowly as a person.
"""

import time
from typing import Any

from playwright.sync_api import Page

_STEP_SECONDS = 0.001
_ENDS: dict[str, dict[str, Any]] = {
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
}


def scan(page: Page, code: str, *, end: str = "Enter") -> None:
    """Scan as a hardware scanner does, wherever the focus is."""
    keys = [*(_key(letter) for letter in code), _ENDS[end]]
    first = time.time() - len(keys) * _STEP_SECONDS
    session = page.context.new_cdp_session(page)
    try:
        for place, key in enumerate(keys):
            at = first + place * _STEP_SECONDS
            session.send("Input.dispatchKeyEvent", {"type": "keyDown", "timestamp": at, **key})
            session.send("Input.dispatchKeyEvent", {"type": "keyUp", "timestamp": at, **key})
    finally:
        session.detach()


def _key(letter: str) -> dict[str, Any]:
    space = {"code": "Space", "windowsVirtualKeyCode": 32} if letter == " " else {}
    return {"key": letter, "text": letter, **space}
