"""What `make screenshots` photographs: a module for each page, with a function `shots(site) -> list[Shot]`.

`shots` may use the platform through `site` first, so that there is something to see: buy, scan, submit. A page without
a module is photographed as it opens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

# On a desktop, on a phone, on a desktop in the dark, and on a desktop in Urdu.
VARIANTS = ("desktop", "phone", "dark", "ur")


def _nothing(page: Page) -> None:
    """Leave a page as it opens."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: where it is taken, who is logged in, and what is done before it.

    `name` is part of its file: `docs/screenshots/<page>-<name>-<variant>.webp`. `prepare` waits for what is to be seen.
    Pictures beyond the first of a page need one or two variants only: all together have 1.5 MB.
    """

    name: str
    path: str
    sessions: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    prepare: Callable[[Page], object] = _nothing
    variants: tuple[str, ...] = VARIANTS
    settings: Mapping[str, Any] = field(default_factory=dict)
