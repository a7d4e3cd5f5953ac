"""How often something may be tried: atomic counters per window, or the moments of the last tries.

A counter's windows stand still (from :00 to :15, say) and cost one write, also where many are at it at once. Moments
give limits that hold in any window wherever it starts, for what an attacker would time; they cost a read and a write.
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
    # Whom may be a name, a number or an address: the table keeps only its MAC.
    return hmac.new(secrets.current("throttle"), f"{what}:{whom}".encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class CountedTry:
    """A try that was counted, and where."""

    place: Place[Throttle]


def take(what: str, whom: str, *, limit: int, window: timedelta) -> CountedTry:
    """Count one more try, or none and raise RateLimited where it would be one too many; exact also in parallel."""
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
    """Let a try not have counted, as one that was right."""
    one_less = operations.change(counted.place, [Throttle.tries.add(-1)], Throttle.tries > 0)
    try:
        # A transaction, since its token keeps a request that is sent again from taking off another one.
        operations.commit(one_less)
    except operations.ConditionFailed:
        return  # the window is over, and forgotten


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `limit` tries in any `window`; one that `locks` takes no more for a window after the last of them."""

    what: str
    whom: str
    limit: int
    window: timedelta
    locks: bool = False

    @property
    def place(self) -> Place[Throttle]:
        """Where its moments are kept."""
        return keys.access.throttle(self.what, _mac(self.what, self.whom), 0)

    def wait(self, moments: Sequence[datetime], now: datetime) -> timedelta:
        """Return how long it is until one more try is taken; nothing or less where that is now."""
        if len(moments) < self.limit:
            return timedelta(0)
        first, last = moments[-self.limit], moments[-1]
        full = last - first < self.window
        return (last if self.locks and full else first) + self.window - now


@dataclass(frozen=True, slots=True)
class LimitedTry:
    """A try that was counted, as its limit stood with it."""

    limit: Limit
    mark: str
    item: Throttle


def slide(*limits: Limit) -> list[LimitedTry]:
    """Count one more try under all of these limits, or under none; exact also in parallel.

    Raises RateLimited where one of them is full, Unavailable where others are faster all the time.
    """
    places = [limit.place for limit in limits]
    seen: dict[Key, Throttle | None] = {**operations.get_many(places)}
    # Each try that fails means that another one was counted, and so many fit.
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
                return taken  # our own first try, whose answer was lost
            continue
        return taken
    raise Unavailable(retry_after=1)


def give_back(taken: LimitedTry) -> None:
    """Let a try not have counted, as one that was right; where others are faster all the time, it counts."""
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
    """Return the write by which all tries under a limit have not counted."""
    return operations.remove(limit.place)


def _mark(moment: datetime) -> str:
    """Return a try's moment and what tells it from others of the same millisecond."""
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
