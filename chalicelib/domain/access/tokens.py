"""Access tokens: who is calling, for a quarter of an hour, or half a day where a portal has no refresh.

JWT (RFC 7519, RFC 9068's `typ`), Ed25519 only, with a `kid` of this platform and one portal as `aud`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt

from chalicelib import clock
from chalicelib.domain import signing
from chalicelib.errors import TokenExpired, Unauthenticated
from chalicelib.vocabulary import Portal

LIFETIME = timedelta(minutes=15)
# The portals whose clients know no refresh (contract, "Tix").
_LONG = {Portal.TIX: timedelta(hours=12)}
ISSUER = "gatehouse"
# The claim by which a portal's clients know their own id (contract, "Auth").
_ID_CLAIM = {Portal.WEBAPP: "customer_id", Portal.CAMPUS: "user_id", Portal.TIX: "userId"}
_TYPE = "at+jwt"
_MAX_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: an account or a device, in one session of one portal.

    `claims` holds what the portal's clients read, such as `event_id` and `role`.
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
    def gate(self) -> str | None:
        """The gate a device stands at."""
        return self.claims.get("gate")


def lifetime(portal: Portal) -> timedelta:
    """Return how long an access token of a portal lives."""
    return _LONG.get(portal, LIFETIME)


def _id_claim(portal: Portal) -> str:
    return _ID_CLAIM.get(portal, f"{portal}_id")


def issue(principal: Principal) -> str:
    """Return the access token of a principal, from now."""
    now = clock.now().timestamp()
    kid, key = signing.signer(signing.ACCESS_TOKENS)
    claims = {
        **principal.claims,
        _id_claim(principal.portal): principal.id,
        "iss": ISSUER,
        "aud": principal.portal.value,
        "sub": principal.id,
        "sid": principal.session_id,
        # To the millisecond (RFC 7519, section 2, allows fractions): whoever logs in within the second in which all
        # their sessions were ended, as after a new password, is let in.
        "iat": now,
        "exp": int(now) + int(lifetime(principal.portal).total_seconds()),
    }
    if principal.name is not None:
        claims["name"] = principal.name
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid, "typ": _TYPE})


_REGISTERED = {"iss", "aud", "sub", "sid", "iat", "exp", "name"}


@lru_cache(maxsize=4096)
def _proven(token: str) -> tuple[Principal, int]:
    """Return what a genuine token says and when it expires; a refusal is not remembered."""
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
    # PyJWT would take a list as `aud` and a string as `exp`; this platform makes neither.
    if not isinstance(claims["aud"], str) or not isinstance(claims["exp"], int):
        raise Unauthenticated
    return principal, claims["exp"]


def verify(token: str, portal: Portal | None) -> Principal:
    """Return who holds this token, if it is one of this portal, or of any, and its time is not over.

    Raises Unauthenticated or TokenExpired. Revocation is the caller's second question.
    """
    if len(token) > _MAX_LENGTH:
        raise Unauthenticated
    principal, expires = _proven(token)
    if portal is not None and principal.portal is not portal:
        raise Unauthenticated
    if clock.now().timestamp() >= expires:
        raise TokenExpired
    return principal
