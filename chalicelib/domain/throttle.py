"""How often something may be tried: atomic counters per window, kept in the table."""

import hashlib
import hmac
from datetime import timedelta

from chalicelib import clock
from chalicelib.clients import secrets
from chalicelib.errors import RateLimited
from chalicelib.table import keys, operations
from chalicelib.table.items import Throttle


def _key(what: str, whom: str, window: timedelta) -> tuple[keys.Key, int]:
    seconds = int(window.total_seconds())
    number, elapsed = divmod(int(clock.now().timestamp()), seconds)
    # Whom may be a name, a number or an address: the table keeps only its MAC.
    mac = hmac.new(secrets.current("throttle"), f"{what}:{whom}".encode(), hashlib.sha256).hexdigest()[:32]
    return keys.throttle(what, mac, number), seconds - elapsed


def count(what: str, whom: str, *, window: timedelta) -> int:
    """Count one more try and return how many there were in this window."""
    key, left = _key(what, whom, window)
    gone_at = int(clock.now().timestamp()) + left + 60
    raw = operations.record(
        operations.change(
            Throttle,
            key,
            [
                Throttle.tries.add(1),
                Throttle.ttl.set(gone_at),
                Throttle.kind.set(Throttle),
            ],
        )
    )
    return int(raw["tries"]["N"])


def require_below(what: str, whom: str, *, limit: int, window: timedelta) -> None:
    """Raise RateLimited where `limit` tries were counted in this window already."""
    key, left = _key(what, whom, window)
    throttle = operations.get(Throttle, key)
    if throttle is not None and int(throttle.tries) >= limit:
        raise RateLimited(retry_after=left)


def take(what: str, whom: str, *, limit: int, window: timedelta) -> None:
    """Count one more try and raise RateLimited where it is one too many; exact also in parallel."""
    _, left = _key(what, whom, window)
    if count(what, whom, window=window) > limit:
        raise RateLimited(retry_after=left)
