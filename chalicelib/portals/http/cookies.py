"""The staff's refresh token in a cookie: scripts cannot read it, and it is useless without its CSRF token."""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from msgspec import Struct, field

from chalicelib.config import config
from chalicelib.domain.access.sessions import LIFETIME
from chalicelib.errors import Unauthenticated

_NAME = "gatehouse_refresh"
_PATH = "/api/auth"
# In characters; a longer header is read as none.
_LONGEST = 8192


class PlacedToken(Struct, frozen=True):
    """A refresh token as the answer carries it: in the body, or in the cookie with its CSRF token in the body."""

    refresh: str | None
    csrf_token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _csrf_token(refresh: str) -> str:
    """Return the CSRF token of a refresh token; only a reader of the one can compute the other."""
    return hashlib.sha256(b"csrf\x00" + refresh.encode()).hexdigest()


def _set(value: str, max_age: int) -> dict[str, str]:
    path = f"{config().base_path}{_PATH}"
    parts = f"{_NAME}={value}; Max-Age={max_age}; Path={path}; HttpOnly; Secure; SameSite=Strict"
    return {"Set-Cookie": parts}


def place(refresh: str, *, in_cookie: bool) -> PlacedToken:
    """Return where an answer carries a refresh token."""
    if not in_cookie:
        return PlacedToken(refresh)
    return PlacedToken(None, _csrf_token(refresh), _set(refresh, int(LIFETIME.total_seconds())))


def _in_cookie(headers: Mapping[str, str]) -> str | None:
    sent = headers.get("cookie") or ""
    try:
        morsel = SimpleCookie(sent if len(sent) <= _LONGEST else "").get(_NAME)
    except CookieError:
        return None
    return morsel.value if morsel else None


def refresh_token(headers: Mapping[str, str], in_body: str | None) -> tuple[str, bool]:
    """Return the refresh token, and whether it came from the cookie. Raises Unauthenticated."""
    if in_body is not None:
        return in_body, False
    token = _in_cookie(headers)
    given = headers.get("x-csrf-token") or ""
    if token is None or not hmac.compare_digest(given.encode(), _csrf_token(token).encode()):
        raise Unauthenticated("Send the refresh token in the body, or its cookie together with X-CSRF-Token.")
    return token, True


def clearing(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the header that deletes the cookie, if the request carries one."""
    return _set("", 0) if _in_cookie(headers) is not None else {}
