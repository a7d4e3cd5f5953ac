"""How often something may be tried: atomic counters per window, or the moments of the last tries.

A counter's windows stand still (from :00 to :15, say) and cost one write. Moments give limits that hold in any
window wherever it starts, for what an attacker would time; they cost a read and a write.
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.clients import secrets
from chalicelib.errors import RateLimited, Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Throttle


def _key(what: str, whom: str, window: timedelta) -> tuple[keys.Key, int]:
    seconds = int(window.total_seconds())
    number, elapsed = divmod(int(clock.now().timestamp()), seconds)
    return keys.throttle(what, _mac(what, whom), number), seconds - elapsed


def _mac(what: str, whom: str) -> str:
    # Whom may be a name, a number or an address: the table keeps only its MAC.
    return hmac.new(secrets.current("throttle"), f"{what}:{whom}".encode(), hashlib.sha256).hexdigest()[:32]


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


def take(what: str, whom: str, *, limit: int, window: timedelta) -> None:
    """Count one more try and raise RateLimited where it is one too many; exact also in parallel."""
    _, left = _key(what, whom, window)
    if count(what, whom, window=window) > limit:
        raise RateLimited(retry_after=left)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `limit` tries in any `window`; one that `locks` takes no more for a window after the last of them."""

    what: str
    whom: str
    limit: int
    window: timedelta
    locks: bool = False

    @property
    def place(self) -> keys.Key:
        """Where its moments are kept."""
        return keys.throttle(self.what, _mac(self.what, self.whom), 0)

    def wait(self, moments: Sequence[datetime], now: datetime) -> timedelta:
        """Return how long it is until one more try is taken; nothing or less where that is now."""
        if len(moments) < self.limit:
            return timedelta(0)
        first, last = moments[-self.limit], moments[-1]
        full = last - first < self.window
        return (last if self.locks and full else first) + self.window - now


@dataclass(frozen=True, slots=True)
class Taken:
    """A try that was counted, as its limit stood with it."""

    limit: Limit
    moment: datetime
    item: Throttle


def slide(*limits: Limit) -> list[Taken]:
    """Count one more try under all of these limits, or under none; exact also in parallel.

    Raises RateLimited where one of them is full, Unavailable where others are faster all the time.
    """
    places = [limit.place for limit in limits]
    seen: dict[keys.Key, Throttle | None] = {**operations.get_many(Throttle, places)}
    # Each try that fails means that another one was counted, and so many fit.
    for _ in range(sum(limit.limit for limit in limits) * 2):
        now = clock.now()
        wait = max(limit.wait(_moments(seen.get(limit.place)), now) for limit in limits)
        if wait > timedelta(0):
            raise RateLimited(retry_after=math.ceil(wait.total_seconds()))
        taken = [Taken(limit, now, _with(limit, seen.get(limit.place), now)) for limit in limits]
        writes = [_unless_changed(one.item, seen.get(one.limit.place)) for one in taken]
        try:
            if len(writes) == 1:
                operations.record(writes[0])
            else:
                operations.commit(*writes)
        except operations.ConditionFailed as failure:
            seen |= {places[position]: failure.found(Throttle, position) for position in failure.failures}
            continue
        return taken
    raise Unavailable(retry_after=1)


def give_back(taken: Taken) -> None:
    """Let a try not have counted, as one that was right; where others are faster all the time, it counts."""
    limit, before = taken.limit, taken.item
    for _ in range(limit.limit * 2):
        left = _moments(before)
        if taken.moment not in left:
            return
        left.remove(taken.moment)
        try:
            operations.record(_unless_changed(_item(limit, left, before), before))
        except operations.ConditionFailed as failure:
            found = failure.found(Throttle)
            if found is None:
                return
            before = found
            continue
        return


def forgetting(limit: Limit) -> operations.Write:
    """Return the write by which all tries under a limit have not counted."""
    return operations.remove(Throttle, limit.place)


def _moments(item: Throttle | None) -> list[datetime]:
    return [datetime.fromisoformat(text) for text in (item.moments or [])] if item else []


def _with(limit: Limit, before: Throttle | None, now: datetime) -> Throttle:
    # Sorted, since the clocks of two containers may differ.
    return _item(limit, sorted([*_moments(before), now])[-limit.limit :], before)


def _item(limit: Limit, moments: Sequence[datetime], before: Throttle | None) -> Throttle:
    gone_at = clock.now() + limit.window + timedelta(minutes=1)
    return Throttle(
        *limit.place,
        moments=[clock.to_text(moment) for moment in moments],
        version=int(before.version or 0) + 1 if before else 1,
        ttl=int(gone_at.timestamp()),
    )


def _unless_changed(item: Throttle, before: Throttle | None) -> operations.Write:
    unchanged = Throttle.pk.does_not_exist() if before is None else Throttle.version == int(before.version or 0)
    return operations.put(item, unchanged)
