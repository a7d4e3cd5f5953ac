"""A page of HTML that asks no other host: its style and script are inline, and the only ones that may run."""

import base64
import hashlib
from functools import cached_property
from pathlib import Path

from chalicelib.portals.http.answer import File

_MEDIA_TYPE = "text/html; charset=utf-8"


class Page:
    """The page whose parts are in one folder: page.html, page.css and its scripts, which become one."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet."""
        self._folder = folder

    @cached_property
    def file(self) -> File:
        """The page, with the policy that its browser enforces."""
        style = self._read("page.css")
        script = "\n".join(self._read(path.name) for path in sorted(self._folder.glob("*.js")))
        policy = (
            "default-src 'none'",
            f"script-src {_source(script)}",
            f"style-src {_source(style)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            # No script makes markup or code of text.
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
        text = self._read("page.html").replace("/* style */", style).replace("/* script */", script)
        headers = {"Content-Security-Policy": "; ".join(policy), "Referrer-Policy": "no-referrer"}
        return File(text, _MEDIA_TYPE, headers=headers)

    def _read(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    """Return the name under which a content security policy allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
