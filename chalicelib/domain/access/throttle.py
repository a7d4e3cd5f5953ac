"""Rate limits: fixed windows with atomic counters, or sliding windows with the times of the last tries.

A fixed window (from :00 to :15, for example) costs one write, also under contention. A sliding window costs a read and
a write. It holds for any start, so it is used where an attacker could time the boundary of a window.
"""

import hashlib
import hmac
import math
import secrets as randomness
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.secrets import SESSIONS
from chalicelib.errors import RateLimited, Unavailable
from chalicelib.table import counters, keys, operations
from chalicelib.table.items import Throttle
from chalicelib.table.places import Key, Place


def _key(what: str, whom: str, window: timedelta) -> tuple[Place[Throttle], int]:
    seconds = int(window.total_seconds())
    number, elapsed = divmod(int(clock.now().timestamp()), seconds)
    return keys.access.throttle(what, _mac(what, whom), number), seconds - elapsed


def _mac(what: str, whom: str) -> str:
    # `whom` may be a name, a number or an address, so the table stores only its MAC.
    return hmac.new(SESSIONS.current("throttle"), f"{what}:{whom}".encode(), hashlib.sha256).hexdigest()[:32]


class CountedTry(Struct, frozen=True):
    """A counted try, with the place of its counter and the mark that it left there."""

    place: Place[Throttle]
    mark: str


def refusal(tried: str, wait_seconds: int) -> RateLimited:
    """Return the refusal that says what was limited, and for how long. `tried` is a plural: "wrong passwords"."""
    return RateLimited(f"Too many {tried}. Try again in {_in_words(wait_seconds)}.", retry_after=wait_seconds)


def _in_words(seconds: int) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        # The next smaller unit is more exact where there is less than two of this one.
        if seconds >= 2 * size or (unit == "minute" and seconds >= size):
            number = math.ceil(seconds / size)
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def take(
    what: str, whom: str, *, limit: int, window: timedelta, tried: str = "attempts", until_decided: bool = False
) -> CountedTry:
    """Count one try in a fixed window. Raises RateLimited, uncounted, at the limit. Exact under concurrency.

    With `until_decided` the counter names the try as undecided, until the caller removes its mark.
    """
    place, left = _key(what, whom, window)
    mark = counters.new_mark()
    actions = [*_one_more(left), *([Throttle.undecided.add({mark})] if until_decided else ())]
    try:
        counters.count(place, Throttle.counted_by, actions, _is_below(limit), mark=mark)
    except operations.ConditionFailed as failure:
        raise refusal(tried, left) from failure
    return CountedTry(place, mark)


class CountedWith(Struct, frozen=True):
    """The write that counts one try in the transaction of its effect, and the refusal where the limit makes it fail."""

    write: operations.Write
    refusal: RateLimited


def counting(what: str, whom: str, *, limit: int, window: timedelta, tried: str) -> CountedWith:
    """Return the write that counts one try in a fixed window, for the transaction of what is limited."""
    place, left = _key(what, whom, window)
    write = operations.change(place, _one_more(left), _is_below(limit))
    return CountedWith(write, refusal(tried, left))


def _one_more(left: int, *, by: int = 1) -> list[Action]:
    gone_at = int(clock.now().timestamp()) + left + 60
    return [Throttle.tries.add(by), Throttle.ttl.set(gone_at), Throttle.kind.set(Throttle)]


def _is_below(limit: int) -> Condition:
    below: Condition = Throttle.tries.does_not_exist() | (Throttle.tries < limit)
    return below


def window_place(what: str, whom: str, window: timedelta) -> tuple[Place[Throttle], int]:
    """Return the place of the present fixed window's counter, and the seconds until the window ends."""
    return _key(what, whom, window)


def tally(what: str, whom: str, window: timedelta, *, by: int = 1) -> int:
    """Count `by` tries in a fixed window without a limit. Return the number in the window, exact under concurrency."""
    place, left = _key(what, whom, window)
    return Throttle.from_raw_data(counters.count(place, Throttle.counted_by, _one_more(left, by=by))).tries


def uncount(counted: CountedTry) -> None:
    """Undo a counted try, after a success."""
    one_less = operations.change(counted.place, [Throttle.tries.add(-1)], Throttle.tries > 0)
    try:
        # A transaction, since its token prevents an SDK retry from subtracting twice.
        operations.commit(one_less)
    except operations.ConditionFailed:
        return  # the window has ended


class Streak(Struct, frozen=True):
    """At most `limit` tries in a row until a success clears them; then none until `cool_down` after the last."""

    what: str
    whom: str
    limit: int
    cool_down: timedelta
    tried: str

    @property
    def place(self) -> Place[Throttle]:
        """The place of the counter."""
        return keys.access.throttle(self.what, _mac(self.what, self.whom), 0)

    def take(self) -> None:
        """Count one try. Raises RateLimited, uncounted, at the limit. Exact under concurrency."""
        now = clock.now()
        counted = [Throttle.moments.set([clock.to_text(now)]), Throttle.kind.set(Throttle)]
        # An attempt of years ago is no longer part of a row.
        counted.append(Throttle.ttl.set(int((now + _STREAK_KEPT).timestamp())))
        try:
            counters.count(self.place, Throttle.counted_by, [Throttle.tries.add(1), *counted], _is_below(self.limit))
        except operations.ConditionFailed as failure:
            full = failure.found(Throttle)
            ends_at = max(_moments(full), default=now) + self.cool_down
            if full is None or now < ends_at:
                raise refusal(self.tried, math.ceil((ends_at - now).total_seconds())) from failure
            again = [Throttle.tries.set(1), *counted]
            try:
                counters.count(self.place, Throttle.counted_by, again, Throttle.moments == full.moments)
            except operations.ConditionFailed:
                self.take()  # another try began the next row

    def forgetting(self) -> operations.Write:
        """Return the write that ends the row, for the transaction of a success."""
        return operations.remove(self.place)


_STREAK_KEPT = timedelta(days=400)


class Limit(Struct, frozen=True):
    """At most `limit` tries in any `window`, and any of `shorter` (limit and window) within it.

    With `locks`, a full limit reopens a window after the last try. Unless it `refuses`, tries only count. `tried` names
    the tries in a refusal.
    """

    what: str
    whom: str
    limit: int
    window: timedelta
    locks: bool = False
    tried: str = "attempts"
    shorter: tuple[tuple[int, timedelta], ...] = ()
    refuses: bool = True

    @property
    def place(self) -> Place[Throttle]:
        """The place of the stored times."""
        return keys.access.throttle(self.what, _mac(self.what, self.whom), 0)

    def wait(self, moments: Sequence[datetime], now: datetime) -> timedelta:
        """Return the time until the next try is allowed, zero or negative if it is allowed now."""
        if not self.refuses:
            return timedelta(0)
        bounds = ((self.limit, self.window), *self.shorter)
        return max(self._wait(moments, now, limit, window) for limit, window in bounds)

    def _wait(self, moments: Sequence[datetime], now: datetime, limit: int, window: timedelta) -> timedelta:
        if len(moments) < limit:
            return timedelta(0)
        first, last = moments[-limit], moments[-1]
        full = last - first < window
        return (last if self.locks and full else first) + window - now


# How long a check may take after its try was counted: one of a password takes a tenth of a second on a small function.
DECIDED_WITHIN = timedelta(seconds=3)
# The longest pause between two looks at a limit that may get room.
_ROOM_SECONDS = 0.1
# How often a change is tried again beside changes of others: a crowd of right tries makes two each.
_MOST_CHANGES = 64


class LimitedTry(Struct, frozen=True):
    """A counted try, with the state of its limit after it."""

    limit: Limit
    mark: str
    item: Throttle


def slide(*limits: Limit, read: Mapping[Key, Throttle] | None = None, until_decided: bool = False) -> list[LimitedTry]:
    """Count one try under all of these limits, or under none. Exact under concurrency.

    `read` are the limits' items where the caller has read them. With `until_decided` the caller checks something and
    then calls `give_back` or `keep`. Until then a full limit makes others wait instead of refusing them, since
    what is right does not count. Raises RateLimited if one of the limits is full, Unavailable if the retries are
    exhausted under contention.
    """
    places = [limit.place for limit in limits]
    seen: dict[Key, Throttle | None] = {**(operations.get_many(places) if read is None else read)}
    patient_until = clock.now() + DECIDED_WITHIN
    # A failed condition means that another try was counted or undone, so the limits bound the retries, unless right
    # tries come and go.
    most = _MOST_CHANGES if until_decided else sum(limit.limit for limit in limits) * 2
    failed = 0
    while failed < most:
        now = clock.now()
        wait, fullest = max(
            ((limit.wait(_moments(seen.get(limit.place)), now), limit) for limit in limits), key=lambda each: each[0]
        )
        if wait > timedelta(0):
            if now >= patient_until or not _may_get_room(fullest, seen.get(fullest.place), now):
                raise refusal(fullest.tried, math.ceil(wait.total_seconds()))
            pause(_ROOM_SECONDS)
            seen = {**operations.get_many(places)}
            continue
        mark = _mark(now)
        taken = [
            LimitedTry(limit, mark, _with(limit, seen.get(limit.place), mark, is_decided=not until_decided))
            for limit in limits
        ]
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
            failed += 1
            _back_off(failed)
            continue
        return taken
    raise Unavailable(retry_after=1)


def _back_off(failed: int) -> None:
    # The first changes meet few others, and most limits are full soon.
    if failed > _FEW:
        pause(min(0.1, failed / 200))


def pause(longest: float) -> None:
    """Wait for a random time, so that those who wait do not come again together."""
    time.sleep(randomness.SystemRandom().uniform(0, longest))


_FEW = 3


def keep(taken: LimitedTry) -> None:
    """Decide that a try which was counted with `until_decided` stays counted, after a failure."""
    decided = operations.change(
        taken.limit.place, [Throttle.undecided.delete({taken.mark})], Throttle.undecided.contains(taken.mark)
    )
    with suppress(operations.ConditionFailed):  # an earlier try of this call succeeded, or the limit was cleared
        operations.record(decided)


def has_failure(item: Throttle | None) -> bool:
    """Whether a limit counts a try that is not being checked at this moment."""
    return {*_marks(item)} != _being_checked(item, clock.now())


def _may_get_room(limit: Limit, item: Throttle | None, now: datetime) -> bool:
    """Whether one of the tries that fill a limit is still being checked."""
    return not _being_checked(item, now).isdisjoint(_marks(item)[-limit.limit :])


def _being_checked(item: Throttle | None, now: datetime) -> set[str]:
    # A caller that died decides nothing.
    undecided = {*(item.undecided or ())} if item else set()
    return {mark for mark in _marks(item) if mark in undecided and _moment(mark) > now - DECIDED_WITHIN}


def give_back(taken: LimitedTry) -> None:
    """Undo a counted try, after a success. The try stays counted if the retries are exhausted under contention."""
    limit, before = taken.limit, taken.item
    for attempt in range(_MOST_CHANGES):
        _back_off(attempt)
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
    return [_moment(mark) for mark in _marks(item)]


def _moment(mark: str) -> datetime:
    return datetime.fromisoformat(mark.partition(" ")[0])


def _with(limit: Limit, before: Throttle | None, mark: str, *, is_decided: bool) -> Throttle:
    # Sorted, since the clocks of two containers may differ.
    item = _item(limit, sorted([*_marks(before), mark])[-limit.limit :], before)
    if not is_decided:
        item.undecided = {*(item.undecided or ()), mark}
    return item


def _item(limit: Limit, marks: Sequence[str], before: Throttle | None) -> Throttle:
    gone_at = clock.now() + limit.window + timedelta(minutes=1)
    undecided = {*((before.undecided if before else None) or ())} & {*marks}
    return Throttle(
        *limit.place,
        moments=[*marks],
        # DynamoDB stores no empty set.
        undecided=undecided or None,
        version=int(before.version or 0) + 1 if before else 1,
        ttl=int(gone_at.timestamp()),
    )


def _unless_changed(item: Throttle, before: Throttle | None) -> operations.Write:
    unchanged = Throttle.pk.does_not_exist() if before is None else Throttle.version == int(before.version or 0)
    return operations.put(item, unchanged)
