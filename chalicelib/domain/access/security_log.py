"""The security log: one line for each refusal that an attack would cause, and one for each log-in (D-SEC-60).

The logs of requests and of sockets call `write` when a request ends, so no route can leave its line out. A line carries
a code, the route's template, ids, and a MAC of the address: never the address, a name, a number, a token or a code that
was sent. Metric filters count the lines (infra/resources/security.yaml).
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct, field

from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.access.limits import network
from chalicelib.errors import Refusal
from chalicelib.observability import logger
from chalicelib.vocabulary.access import Factor

_PURPOSE = "address in the log"
_TRACED = (401, 403, 429)
_NOT_FOUND = 404
_WRONG_CODES = ("OTP_INVALID", "OTP_EXPIRED", "OTP_EXHAUSTED")


class Noted(Struct):
    """What is learned about one request while it is answered.

    `account_id` is the account whose log-in was tried. `log_in` is the id of the session that was started.
    """

    refusal: Refusal | None = None
    principal_id: str | None = None
    account_id: str | None = None
    log_in: str | None = None
    factors: list[Factor] = field(default_factory=list)


class Ended(Struct, frozen=True):
    """A request that was answered: its route's template, status, and the caller's address."""

    route: str
    portal: str | None
    status: int
    address: str | None


_noted: ContextVar[Noted | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[Noted]:
    """Collect within the block what is learned about one request."""
    noted = Noted()
    outer = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(outer)


def note_refusal(refusal: Refusal) -> None:
    """Note how the request of this context was refused."""
    if (noted := _noted.get()) is not None:
        noted.refusal = refusal


def note_principal(principal_id: str) -> None:
    """Note the caller of the request of this context."""
    if (noted := _noted.get()) is not None:
        noted.principal_id = principal_id


def note_account(account_id: str) -> None:
    """Note the account whose log-in the request of this context tries."""
    if (noted := _noted.get()) is not None:
        noted.account_id = account_id


def note_factors(*factors: Factor) -> None:
    """Note what the caller has proven; counts where a log-in follows."""
    if (noted := _noted.get()) is not None:
        noted.factors.extend(factors)


def note_log_in(principal_id: str, session_id: str) -> None:
    """Note that the request of this context starts a session; counts where the request succeeds."""
    if (noted := _noted.get()) is not None:
        noted.principal_id, noted.log_in = principal_id, session_id


def write(noted: Noted, ended: Ended) -> None:
    """Write the lines of a request that has been answered."""
    refusal = noted.refusal
    # A socket's command is refused in a message. The status of the call itself is 200.
    status = refusal.status if refusal else ended.status
    code = (refusal.traced_as or refusal.code) if refusal else None
    if _is_traced(status, code, noted.principal_id):
        line = _line(noted, ended, code=code, status=status, account_id=noted.account_id)
        logger.info("refused", extra={"security": "refusal", **line})
    elif noted.log_in is not None and refusal is None and status < 400:
        factors = [str(factor) for factor in dict.fromkeys(noted.factors)]
        line = _line(noted, ended, factors=factors, session_id=noted.log_in)
        logger.info("logged in", extra={"security": "log-in", **line})


def address_mac(address: str | None) -> str | None:
    """Return the MAC of an address, an IPv6 address by its /64; None where there is no address or no key."""
    if not address:
        return None
    try:
        key = SESSIONS.current(_PURPOSE)
    except Refusal:
        return None  # the line is worth more than its address
    return hmac.new(key, network(address).encode(), hashlib.sha256).hexdigest()[:16]


def _is_traced(status: int, code: str | None, principal_id: str | None) -> bool:
    if status == _NOT_FOUND:
        # Without a caller nothing is owned: an unknown path, or a public event.
        return principal_id is not None
    return status in _TRACED or code in _WRONG_CODES or code == "BAD_SIGNATURE"


def _line(noted: Noted, ended: Ended, **facts: object) -> dict[str, object]:
    line = {
        "route": ended.route,
        "portal": ended.portal,
        "address_mac": address_mac(ended.address),
        "principal_id": noted.principal_id,
        **facts,
    }
    return {name: value for name, value in line.items() if value is not None}
