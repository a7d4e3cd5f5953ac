"""The console's pages, and the headers that they are served with: by a local run, and by the distribution on AWS.

`console/pages.json` names the pages. A page may do what it needs and nothing else: no markup and no code made of text
(Trusted Types), no inline script or style, nothing from other origins, the camera and the position where it uses them.
"""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalicelib.errors import NotFound

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "console"
BUILT = ROOT / "build" / "console"
# The one policy by which pages make addresses of scripts: Gate's worker, and Stripe's script in the shop.
TYPES_POLICY = "gatehouse"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"
# What is read at run time: whether a payment provider has a form of its own, and its public key.
SETTINGS = "/settings.json"

# What an address answers that is no page's: title, text, and a link; and the API's envelope for its callers.
MISSING = ("Not found", "There is nothing at this address.", "/", "To the first page")
MISSING_JSON = {"code": NotFound.code, "message": NotFound.message}

_TEXT_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title} · Gatehouse</title></head>
<body><main><h1>{title}</h1><p>{text}</p><p><a href="{link}">{label}</a></p></main></body></html>
"""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
_STRIPE_SCRIPTS = ("https://js.stripe.com", "https://*.js.stripe.com")
_STRIPE_FRAMES = (*_STRIPE_SCRIPTS, "https://hooks.stripe.com")
# Stripe's script makes script elements by itself: the page's default policy passes Stripe's own addresses.
_STRIPE_POLICY = "default"
# Features that no page uses; `camera` and `geolocation` are added where a page does not ask for them.
_UNUSED = (
    "accelerometer",
    "display-capture",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
_ASKED = ("camera", "geolocation")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the first segments of its paths, and what it may do."""

    name: str
    segments: tuple[str, ...]
    uses: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_local(self) -> bool:
        """Whether the page exists in local runs only."""
        return "local" in self.uses

    @property
    def file(self) -> str:
        """The name of its HTML file in the built console."""
        return f"{self.name}.html"


@dataclass(frozen=True, slots=True)
class Origins:
    """Where a page's requests go besides its own origin: the files' bucket, the live socket, Stripe if it is used."""

    files: tuple[str, ...]
    live: str
    stripe: bool = False


def pages(source: Path = SOURCE) -> tuple[Page, ...]:
    """Return the pages that `console/pages.json` names."""
    declared: dict[str, dict[str, Any]] = json.loads((source / "pages.json").read_text(encoding="utf-8"))
    return tuple(
        Page(name, tuple(facts["segments"]), frozenset(key for key, value in facts.items() if value is True))
        for name, facts in declared.items()
    )


def deployed() -> tuple[Page, ...]:
    """Return the pages of a deployed stage."""
    return tuple(page for page in pages() if not page.is_local)


def is_asset(address: str) -> bool:
    """Whether an address names its content, which never changes then."""
    return address.startswith("/assets/")


def caching(address: str) -> str:
    """Return the caching of a file of the console."""
    return IMMUTABLE if is_asset(address) else REVALIDATED


def content_type(address: str) -> str:
    """Return the media type of a file of the console."""
    return _TYPES.get(f".{address.rpartition('.')[2]}", "application/octet-stream")


def headers(page: Page, origins: Origins) -> dict[str, str]:
    """Return the headers of a page."""
    return {
        "Content-Security-Policy": _written(_policy(page, origins)),
        "Permissions-Policy": _permissions(page, origins),
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        **_common(),
    }


def asset_headers() -> dict[str, str]:
    """Return the headers of what pages load; an asset that is opened by itself may do nothing."""
    return {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", **_common()}


def worker_headers(origins: Origins) -> dict[str, str]:
    """Return the headers of a service worker, which fetches for its page."""
    sources = ["'self'", *origins.files]
    policy = {
        "default-src": ["'none'"],
        "connect-src": sources,
        "script-src": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return {"Content-Security-Policy": _written(policy), **_common()}


def text_page(title: str, text: str, link: str, label: str) -> str:
    """Return a page of a few words, which needs no file."""
    return _TEXT_PAGE.format(title=html.escape(title), text=html.escape(text), link=link, label=html.escape(label))


def settings(*, provider: str, publishable_key: str, stage: str) -> dict[str, Any]:
    """Return what pages read at run time: the stage, and the payment provider's form where it has one."""
    stripe = {"provider": "stripe", "publishable_key": publishable_key}
    return {"stage": stage, "payments": stripe if provider == "stripe" and publishable_key else None}


def _common() -> dict[str, str]:
    return {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
    }


def _policy(page: Page, origins: Origins) -> dict[str, list[str]]:
    policies = [TYPES_POLICY] if page.uses & {"worker", "payments"} else []
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *(["'wasm-unsafe-eval'"] if "wasm" in page.uses else [])],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", *origins.files],
        "connect-src": ["'self'", origins.live, *origins.files],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "media-src": ["blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
    }
    if _has_stripe(page, origins):
        policies.append(_STRIPE_POLICY)
        policy["script-src"] += _STRIPE_SCRIPTS
        policy["frame-src"] = [*_STRIPE_FRAMES]
        policy["connect-src"].append("https://api.stripe.com")
        policy["img-src"].append("https://*.stripe.com")
    return {**policy, "trusted-types": policies or ["'none'"]}


def _permissions(page: Page, origins: Origins) -> str:
    granted = {name: "(self)" if name in page.uses else "()" for name in _ASKED}
    payment = '(self "https://js.stripe.com")' if _has_stripe(page, origins) else "()"
    return ", ".join(
        f"{name}={allowed}"
        for name, allowed in sorted({**dict.fromkeys(_UNUSED, "()"), **granted, "payment": payment}.items())
    )


def _has_stripe(page: Page, origins: Origins) -> bool:
    return origins.stripe and "payments" in page.uses


def _written(policy: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items())
