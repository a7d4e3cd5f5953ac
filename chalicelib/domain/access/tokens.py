"""Access tokens: the caller's identity for 15 minutes, or 12 hours in portals without refresh.

JWT (RFC 7519, RFC 9068's `typ`), Ed25519 only, with a `kid` of this platform. `aud` is one portal.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from msgspec import Struct, field

from chalicelib import clock
from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.crypto import signing
from chalicelib.errors import TokenExpired, Unauthenticated
from chalicelib.vocabulary.access import Portal

LIFETIME = timedelta(minutes=15)
# Portals whose clients do not refresh (contract, "Tix"), and how long their tokens live.
WITHOUT_REFRESH = {Portal.TIX: timedelta(hours=12)}
ISSUER = "gatehouse"
# The claim that carries the caller's own id for a portal's clients (contract, "Auth").
_ID_CLAIM = {Portal.WEBAPP: "customer_id", Portal.CAMPUS: "user_id", Portal.TIX: "userId"}
# The claim of a revoked device that sends what it had: when it was revoked.
REVOKED_AT = "revoked_at"
# Those of a device that was moved: when, and from which gate.
MOVED_AT, MOVED_FROM = "moved_at", "moved_from"
_TYPE = "at+jwt"
_MAX_LENGTH = 4096


class Principal(Struct, frozen=True):
    """The caller: an account or a device, in one session of one portal.

    `claims` holds the values that the portal's clients read, such as `event_id` and `role`.
    """

    portal: Portal
    id: str
    session_id: str
    issued_at: datetime
    name: str | None = None
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def event_id(self) -> str:
        """The event an usher or a device works at."""
        return str(self.claims["event_id"])

    @property
    def organization_id(self) -> str:
        """The organization that a user of Tix belongs to."""
        return str(self.claims["organizationId"])

    @property
    def revoked_at(self) -> datetime | None:
        """When a device was revoked that only sends what it had; None for all others."""
        text = self.claims.get(REVOKED_AT)
        return datetime.fromisoformat(text) if text else None

    @property
    def gate(self) -> str | None:
        """The gate of a device."""
        return self.claims.get("gate")

    @property
    def moved(self) -> tuple[datetime, str] | None:
        """When a device was moved to its gate, and from which; None where it was always there."""
        text = self.claims.get(MOVED_AT)
        return (datetime.fromisoformat(text), str(self.claims[MOVED_FROM])) if text else None

    @property
    def phone_id(self) -> str | None:
        """The phone that an usher logged in with; None where the app sent no `installation_id`."""
        return self.claims.get("phone_id")


def moved(at: datetime | None, gate: str | None) -> dict[str, str]:
    """Return the claims that say until when a device was at which gate before; none where it was not moved."""
    return {MOVED_AT: clock.to_text(at), MOVED_FROM: gate} if at and gate else {}


def lifetime(portal: Portal) -> timedelta:
    """Return the lifetime of a portal's access tokens."""
    return WITHOUT_REFRESH.get(portal, LIFETIME)


def _id_claim(portal: Portal) -> str:
    return _ID_CLAIM.get(portal, f"{portal}_id")


def issue(principal: Principal) -> str:
    """Return a new access token for a principal, as old as its `issued_at`."""
    kid, key = signing.signer(signing.ACCESS_TOKENS)
    claims = {
        **principal.claims,
        _id_claim(principal.portal): principal.id,
        "iss": ISSUER,
        "aud": principal.portal.value,
        "sub": principal.id,
        "sid": principal.session_id,
        # In milliseconds (RFC 7519, section 2, allows fractions). A password change ends all sessions, and a log-in
        # within the same second must succeed.
        "iat": principal.issued_at.timestamp(),
        "exp": int(principal.issued_at.timestamp()) + int(lifetime(principal.portal).total_seconds()),
    }
    if principal.name is not None:
        claims["name"] = principal.name
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid, "typ": _TYPE})


_REGISTERED = {"iss", "aud", "sub", "sid", "iat", "exp", "name"}


def forget() -> None:
    """Drop what a container keeps of tokens that were genuine."""
    _proven.cache_clear()


@lru_cache(maxsize=4096)
def _proven(token: str, _edition: int) -> tuple[Principal, int]:
    """Return the principal and expiry of a genuine token. Failures are not cached.

    Another edition of the secret proves it again, since its key may be retired.
    """
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise Unauthenticated from error
    key = signing.verifier(signing.ACCESS_TOKENS, str(header.get("kid", "")))
    if key is None or header.get("typ") != _TYPE or header.get("alg") != "EdDSA":
        raise Unauthenticated
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            issuer=ISSUER,
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "require": ["exp", "iat"],
            },
        )
        portal = Portal(claims["aud"])
        own = _id_claim(portal)
        principal = Principal(
            portal=portal,
            id=claims[own],
            session_id=claims["sid"],
            issued_at=datetime.fromtimestamp(claims["iat"], tz=clock.now().tzinfo),
            name=claims.get("name"),
            claims={name: value for name, value in claims.items() if name not in _REGISTERED | {own}},
        )
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise Unauthenticated from error
    # PyJWT accepts a list as `aud` and a string as `exp`; this platform issues neither.
    if not isinstance(claims["aud"], str) or not isinstance(claims["exp"], int):
        raise Unauthenticated
    return principal, claims["exp"]


def verify(token: str, portal: Portal | None) -> Principal:
    """Return the principal of a valid token. `portal` None accepts any portal.

    Raises Unauthenticated or TokenExpired. The caller must check revocation separately.
    """
    if len(token) > _MAX_LENGTH:
        raise Unauthenticated
    principal, expires = _proven(token, SESSIONS.edition)
    if portal is not None and principal.portal is not portal:
        raise Unauthenticated
    if clock.now().timestamp() >= expires:
        raise TokenExpired
    return principal
