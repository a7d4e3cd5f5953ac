"""The staff's refresh token in a cookie: out of reach of scripts, and worthless without its CSRF token."""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from chalicelib.domain.access.sessions import LIFETIME, Tokens
from chalicelib.errors import Unauthenticated
from chalicelib.portals.http.answer import Reply

_NAME = "gatehouse_refresh"
_PATH = "/api/auth"


def _csrf_token(refresh: str) -> str:
    """Return the token that goes with a refresh token: who cannot read the one cannot make the other."""
    return hashlib.sha256(b"csrf\x00" + refresh.encode()).hexdigest()


def _set(value: str, max_age: int) -> dict[str, str | list[str]]:
    parts = f"{_NAME}={value}; Max-Age={max_age}; Path={_PATH}; HttpOnly; Secure; SameSite=Strict"
    return {"Set-Cookie": parts}


def reply(pair: Tokens, *, in_cookie: bool, **more: Any) -> Reply[dict[str, Any]]:
    """Return the answer that hands a pair out, the refresh token in the body or in the cookie."""
    body = {
        "access": pair.access,
        "refresh": None if in_cookie else pair.refresh,
        "token_type": pair.token_type,
        "expires_in": pair.expires_in,
        "csrf_token": _csrf_token(pair.refresh) if in_cookie else None,
        **more,
    }
    return Reply(body, headers=_set(pair.refresh, int(LIFETIME.total_seconds())) if in_cookie else {})


def _in_cookie(headers: Mapping[str, str]) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie") or "").get(_NAME)
    except CookieError:
        return None
    return morsel.value if morsel else None


def refresh_token(headers: Mapping[str, str], in_body: str | None) -> tuple[str, bool]:
    """Return the refresh token and whether the cookie carried it. Raises Unauthenticated."""
    if in_body is not None:
        return in_body, False
    token = _in_cookie(headers)
    given = headers.get("x-csrf-token") or ""
    if token is None or not hmac.compare_digest(given.encode(), _csrf_token(token).encode()):
        raise Unauthenticated("Send the refresh token in the body, or its cookie with X-CSRF-Token.")
    return token, True


def clearing(headers: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Return the header that drops the cookie, where there is one."""
    return _set("", 0) if _in_cookie(headers) is not None else {}
