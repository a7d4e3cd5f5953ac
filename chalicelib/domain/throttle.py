"""Rate limits: fixed windows with atomic counters, or sliding windows with the times of the last tries.

A fixed window (from :00 to :15, for example) costs one write, also under contention. A sliding window costs a read and
a write. It holds for any start, so it is used where an attacker could time the boundary of a window.
"""

import hashlib
import hmac
import math
import secrets as randomness
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.clients import secrets
from chalicelib.errors import RateLimited, Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Throttle
from chalicelib.table.places import Key, Place


def _key(what: str, whom: str, window: timedelta) -> tuple[Place[Throttle], int]:
    seconds = int(window.total_seconds())
    number, elapsed = divmod(int(clock.now().timestamp()), seconds)
    return keys.access.throttle(what, _mac(what, whom), number), seconds - elapsed


def _mac(what: str, whom: str) -> str:
    # `whom` may be a name, a number or an address, so the table stores only its MAC.
    return hmac.new(secrets.current("throttle"), f"{what}:{whom}".encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class CountedTry:
    """A counted try, with the place of its counter."""

    place: Place[Throttle]


def take(what: str, whom: str, *, limit: int, window: timedelta) -> CountedTry:
    """Count one try in a fixed window. Raises RateLimited, uncounted, at the limit. Exact under concurrency."""
    place, left = _key(what, whom, window)
    gone_at = int(clock.now().timestamp()) + left + 60
    one_more = operations.change(
        place,
        [Throttle.tries.add(1), Throttle.ttl.set(gone_at), Throttle.kind.set(Throttle)],
        Throttle.tries.does_not_exist() | (Throttle.tries < limit),
    )
    try:
        operations.record(one_more)
    except operations.ConditionFailed as failure:
        raise RateLimited(retry_after=left) from failure
    return CountedTry(place)


def uncount(counted: CountedTry) -> None:
    """Undo a counted try, after a success."""
    one_less = operations.change(counted.place, [Throttle.tries.add(-1)], Throttle.tries > 0)
    try:
        # A transaction, since its token prevents an SDK retry from subtracting twice.
        operations.commit(one_less)
    except operations.ConditionFailed:
        return  # the window has ended


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `limit` tries in any `window`. With `locks`, a full limit reopens a window after the last try."""

    what: str
    whom: str
    limit: int
    window: timedelta
    locks: bool = False

    @property
    def place(self) -> Place[Throttle]:
        """The place of the stored times."""
        return keys.access.throttle(self.what, _mac(self.what, self.whom), 0)

    def wait(self, moments: Sequence[datetime], now: datetime) -> timedelta:
        """Return the time until the next try is allowed, zero or negative if it is allowed now."""
        if len(moments) < self.limit:
            return timedelta(0)
        first, last = moments[-self.limit], moments[-1]
        full = last - first < self.window
        return (last if self.locks and full else first) + self.window - now


@dataclass(frozen=True, slots=True)
class LimitedTry:
    """A counted try, with the state of its limit after it."""

    limit: Limit
    mark: str
    item: Throttle


def slide(*limits: Limit) -> list[LimitedTry]:
    """Count one try under all of these limits, or under none. Exact under concurrency.

    Raises RateLimited if one of them is full, Unavailable if the retries are exhausted under contention.
    """
    places = [limit.place for limit in limits]
    seen: dict[Key, Throttle | None] = {**operations.get_many(places)}
    # A failed condition means that another try was counted or undone, so the limits bound the retries.
    for _ in range(sum(limit.limit for limit in limits) * 2):
        now = clock.now()
        wait = max(limit.wait(_moments(seen.get(limit.place)), now) for limit in limits)
        if wait > timedelta(0):
            raise RateLimited(retry_after=math.ceil(wait.total_seconds()))
        mark = _mark(now)
        taken = [LimitedTry(limit, mark, _with(limit, seen.get(limit.place), mark)) for limit in limits]
        writes = [_unless_changed(one.item, seen.get(one.limit.place)) for one in taken]
        try:
            if len(writes) == 1:
                operations.record(writes[0])
            else:
                operations.commit(*writes)
        except operations.ConditionFailed as failure:
            seen |= {places[position]: failure.found(Throttle, position) for position in failure.failures}
            if all(mark in _marks(seen.get(place)) for place in places):
                return taken  # an earlier try of this call succeeded
            continue
        return taken
    raise Unavailable(retry_after=1)


def give_back(taken: LimitedTry) -> None:
    """Undo a counted try, after a success. The try stays counted if the retries are exhausted under contention."""
    limit, before = taken.limit, taken.item
    for _ in range(limit.limit * 2):
        left = _marks(before)
        if taken.mark not in left:
            return
        left.remove(taken.mark)
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
    """Return the write that clears all tries under a limit."""
    return operations.remove(limit.place)


def _mark(moment: datetime) -> str:
    """Return a try's time with a random suffix, unique within a millisecond."""
    return f"{clock.to_text(moment)} {randomness.token_hex(8)}"


def _marks(item: Throttle | None) -> list[str]:
    return [*(item.moments or [])] if item else []


def _moments(item: Throttle | None) -> list[datetime]:
    return [datetime.fromisoformat(mark.partition(" ")[0]) for mark in _marks(item)]


def _with(limit: Limit, before: Throttle | None, mark: str) -> Throttle:
    # Sorted, since the clocks of two containers may differ.
    return _item(limit, sorted([*_marks(before), mark])[-limit.limit :], before)


def _item(limit: Limit, marks: Sequence[str], before: Throttle | None) -> Throttle:
    gone_at = clock.now() + limit.window + timedelta(minutes=1)
    return Throttle(
        *limit.place,
        moments=[*marks],
        version=int(before.version or 0) + 1 if before else 1,
        ttl=int(gone_at.timestamp()),
    )


def _unless_changed(item: Throttle, before: Throttle | None) -> operations.Write:
    unchanged = Throttle.pk.does_not_exist() if before is None else Throttle.version == int(before.version or 0)
    return operations.put(item, unchanged)
