"""The authorization matrix: every guarded route, with every caller that it must refuse.

`violations` sends the request that the route accepts from its right caller, as each wrong caller, and returns
each violation: another answer than the contract's, or a write anywhere in the table.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from app import app
from chalicelib import clock
from chalicelib.domain.access import permissions
from chalicelib.domain.crypto import signing
from chalicelib.portals.http.auth import Guard
from chalicelib.portals.http.route import AnyRoute
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import AdminRole, Portal
from chalicelib.vocabulary.campus import CampusRole
from tests.contract.ground import Ground, foreign_token, label, stored

_FORBIDDEN = 403


@dataclass(frozen=True)
class WrongCaller:
    """A caller that every guard must refuse: its Authorization header, and the expected status and code."""

    name: str
    authorization: str | None
    status: int = 401
    code: str = "UNAUTHENTICATED"


def _text(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header = jwt.get_unverified_header(token)
    return header, jwt.decode(token, options={"verify_signature": False})


def _resigned(token: str, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a token with changed claims or header, signed with the platform's own key."""
    old_header, claims = _parts(token)
    _, key = signing.signer(signing.ACCESS_TOKENS)
    return jwt.encode({**claims, **changes}, key, algorithm="EdDSA", headers={**old_header, **(header or {})})


def _hand_made(header: dict[str, Any], claims: dict[str, Any], key: bytes | None) -> str:
    signed = f"{_text(json.dumps(header).encode())}.{_text(json.dumps(claims).encode())}"
    mac = hmac.new(key, signed.encode(), hashlib.sha256).digest() if key is not None else b""
    return f"{signed}.{_text(mac)}"


def _forgeries(token: str) -> Iterator[tuple[str, str]]:
    """Return tokens that the platform did not issue, each wrong in one respect."""
    header, claims = _parts(token)
    head, body, signature = token.split(".")
    raised = _text(json.dumps({**claims, "role": "super_admin", "event_id": demo.EVENT_ID, "x": 1}).encode())
    public_key = signing.public_keys(signing.ACCESS_TOKENS)[0]
    stranger = Ed25519PrivateKey.generate()
    yield "malformed", "not-a-token"
    yield "cut short", token[:-20]
    yield "without its signature", f"{head}.{body}."
    yield "with raised claims", f"{head}.{raised}.{signature}"
    yield "HS256 with the public key", _hand_made({**header, "alg": "HS256"}, claims, public_key)
    yield "algorithm none", _hand_made({**header, "alg": "none"}, claims, None)
    yield "unknown kid", _resigned(token, header={"kid": "ffffffff"})
    yield "a stranger's key", jwt.encode(claims, stranger, algorithm="EdDSA", headers=header)
    yield "another type of token", _resigned(token, header={"typ": "JWT"})
    yield "another issuer", _resigned(token, iss="somebody")
    yield "a list of audiences", _resigned(token, aud=[claims["aud"]])
    yield (
        "without expiry",
        jwt.encode(
            {name: value for name, value in claims.items() if name != "exp"},
            signing.signer(signing.ACCESS_TOKENS)[1],
            algorithm="EdDSA",
            headers=header,
        ),
    )
    yield "a very long token", token + "A" * 5000


def wrong_callers(route: AnyRoute, ground: Ground) -> Iterator[WrongCaller]:
    """Return every caller that a guarded route must refuse."""
    assert route.guard is not None
    portal = route.guard.portal
    right = ground.token(route)
    assert right is not None
    yield WrongCaller("nobody", None)
    yield WrongCaller("an empty bearer", "Bearer ")
    yield WrongCaller("another scheme", "Basic dXNoZXIxOmRlbW8=")
    yield WrongCaller("a token without its scheme", right)
    for name, token in _forgeries(right):
        yield WrongCaller(name, f"Bearer {token}")
    now = int(clock.now().timestamp())
    expired = _resigned(right, iat=now - 901, exp=now - 1)
    yield WrongCaller("an expired token", f"Bearer {expired}", code="TOKEN_EXPIRED")
    for other in Portal if portal else ():
        if other is not portal:
            yield WrongCaller(f"a token of {other}", f"Bearer {foreign_token(ground, other)}")
    for of, refresh in ground.ended_refresh.items():
        yield WrongCaller(f"a refresh token of {of}", f"Bearer {refresh}")
    for (locked_portal, how), token in ground.locked_out.items():
        if portal in (None, locked_portal):
            yield WrongCaller(f"a {how}", f"Bearer {token}")
    yield from _wrong_roles(route, ground)


def _wrong_roles(route: AnyRoute, ground: Ground) -> Iterator[WrongCaller]:
    """Return the callers of the right portal whose role a guard must refuse."""
    assert route.guard is not None
    for name, token in _of_other_roles(route.guard, ground):
        yield WrongCaller(f"the role {name}", f"Bearer {token}", status=_FORBIDDEN, code="FORBIDDEN")


def _of_other_roles(guard: Guard, ground: Ground) -> Iterator[tuple[str, str]]:
    for role in AdminRole if guard.permissions else ():
        if not any(permissions.may(role, permission) for permission in guard.permissions):
            yield role, ground.access(Portal.ADMIN, role=role)
    if guard.portal is Portal.TIX and guard.roles:
        yield "member", ground.member_token()
    for campus_role in CampusRole if guard.portal is Portal.CAMPUS and guard.roles else ():
        if campus_role not in guard.roles:
            yield campus_role, ground.access(Portal.CAMPUS, role=campus_role)


def violations(route: AnyRoute, ground: Ground) -> Iterator[str]:
    """Return what a guarded route did wrong, one line per wrong caller."""
    request = ground.rightful(route)
    callers = list(wrong_callers(route, ground))
    before = stored()
    for caller in callers:
        headers = {"authorization": caller.authorization} if caller.authorization is not None else {}
        answer = ground.send(route, request, token=None, headers=headers)
        if (answer.status, answer.code if answer.status >= 400 else None) != (caller.status, caller.code):
            yield f"{label(route)} as {caller.name}: answered {answer.status} {answer.text[:80]}"
    after = stored()
    wrote = sorted(key for key in after if after[key] != before.get(key))
    if effects := [key for key in wrote if not key[0].startswith("AUDIT")]:
        yield f"{label(route)} wrote {effects}"
    # The audit log has one entry for each refusal of a member of staff, and none for callers who are nobody.
    recorded = sum(key[0].startswith("AUDIT#") for key in wrote)
    known = sum(caller.status == _FORBIDDEN for caller in callers) if route.audited and _is_of_staff(route) else 0
    if recorded != known:
        yield f"{label(route)} wrote {recorded} entries of the audit log, not {known}"


def _is_of_staff(route: AnyRoute) -> bool:
    return route.guard is not None and route.guard.portal is Portal.ADMIN


@contextmanager
def guarded_by(route: AnyRoute, guard: Any) -> Iterator[None]:
    """Replace the guard of a route of the running app, as if the route had declared it."""
    handle: Any = app.routes[route.path][route.method].view_function
    cell = handle.__closure__[handle.__code__.co_freevars.index("route")]
    before = cell.cell_contents
    cell.cell_contents = replace(before, guard=guard)
    try:
        yield
    finally:
        cell.cell_contents = before
