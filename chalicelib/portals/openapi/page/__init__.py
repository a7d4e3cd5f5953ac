"""The page at /api/docs: one file of HTML with its own style and script, which asks no other host."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).parent


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    """Return the name under which a content security policy allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


_STYLE, _SCRIPT = _read("page.css"), _read("page.js")
_POLICY = (
    "default-src 'none'",
    f"script-src {_source(_SCRIPT)}",
    f"style-src {_source(_STYLE)}",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
MEDIA_TYPE = "text/html; charset=utf-8"
HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "Referrer-Policy": "no-referrer",
}


@lru_cache(maxsize=1)
def page() -> str:
    """Return the page."""
    return _read("page.html").replace("/* style */", _STYLE).replace("/* script */", _SCRIPT)
