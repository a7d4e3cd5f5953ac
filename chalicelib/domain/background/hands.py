"""Hands: threads that work on many things within a time, so that one which hangs delays no other for long.

Work begins in the order in which it is given. A kind of work first shows that it does not hang: until one piece has
ended well, no other of its kind begins. A kind whose work hangs, or has failed for too long, waits until the other
kinds had their turn. What is in hand when the time is over is left to its thread: its caller treats it as failed. So
all work must be idempotent, also concurrently.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from msgspec import Struct

from chalicelib.observability import in_this_context

WorkT = TypeVar("WorkT")
ResultT = TypeVar("ResultT")

HANDS = 8
# Parts of the time. Work that takes longer than the first is slow. A kind that has failed for the second begins no
# more. After the time no work begins, and what is in hand has the third on top.
_SLOW, _LOST, _ON_TOP = 1 / 6, 1 / 4, 2 / 9
# The slow pieces of a kind that may be in hand: of one without a success, of one in its second turn, of a proven one.
_UNPROVEN, _SECOND_TURN, _PROVEN = 1, 2, HANDS // 2
# The longest wait for a free hand before it is looked again what is slow.
_LOOK_SECONDS = 0.1


class _InHand(Struct, Generic[WorkT], frozen=True):
    work: WorkT
    kind: str
    began: float


class Hands(Generic[WorkT, ResultT]):
    """Works on what it is given. `take` does one piece and does not raise; `has_failed` says so of its result."""

    def __init__(
        self,
        take: Callable[[WorkT], ResultT],
        *,
        kind_of: Callable[[WorkT], str],
        has_failed: Callable[[ResultT], bool],
        seconds: float,
    ) -> None:
        """Begin; no work begins after so many seconds, and `close` waits two ninths of them longer at most."""
        began = time.monotonic()
        self.results: list[tuple[WorkT, ResultT]] = []
        self._take, self._kind_of, self._has_failed = take, kind_of, has_failed
        self._deadline, self._end = began + seconds, began + seconds * (1 + _ON_TOP)
        self._slow, self._most_lost = seconds * _SLOW, seconds * _LOST
        self._pool = ThreadPoolExecutor(HANDS)
        self._in_hand: dict[Future[ResultT], _InHand[WorkT]] = {}
        self._later: defaultdict[str, deque[WorkT]] = defaultdict(deque)
        self._lost: defaultdict[str, float] = defaultdict(float)
        self._proven: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether no work begins any more."""
        return time.monotonic() >= self._deadline

    @property
    def is_closed(self) -> bool:
        """Whether nothing is waited for any more."""
        return time.monotonic() >= self._end

    def give(self, work: WorkT, *, one_by_one: bool = False) -> bool:
        """Begin a piece of work when a hand is free, or keep it for its kind's second turn; False: the time is over.

        `one_by_one`: it begins after what was given before has ended, or has become slow.
        """
        kind = self._kind_of(work)
        while not self.is_over:
            if self._later[kind] or self._hangs(kind, _UNPROVEN):
                self._later[kind].append(work)
                return True
            if self._has_room(kind, one_by_one=one_by_one):
                self._begin(work, kind)
                return True
            self._collect()
        return False

    def work_off(self) -> list[WorkT]:
        """Give what was kept its second turn, kind by kind; return what did not begin before the time was over."""
        while not self.is_over and (kinds := [kind for kind in self._later if self._may_begin(kind)]):
            begun = 0
            for kind in kinds:
                if not self._hangs(kind, _SECOND_TURN) and self._has_room(kind, one_by_one=False):
                    self._begin(self._later[kind].popleft(), kind)
                    begun += 1
            if not begun:
                self._collect()
        return [work for waiting in self._later.values() for work in waiting]

    def close(self) -> list[WorkT]:
        """Wait for what is in hand until the end, and return what has not ended by then."""
        while self._in_hand and not self.is_closed:
            self._collect()
        self._pool.shutdown(wait=False, cancel_futures=True)
        return [each.work for each in self._in_hand.values()]

    def _may_begin(self, kind: str) -> bool:
        return bool(self._later[kind]) and self._lost[kind] < self._most_lost

    def _hangs(self, kind: str, most: int) -> bool:
        """Whether a kind of work begins no more for now."""
        slow = sum(each.kind == kind for each in self._of_age(slow=True))
        return self._lost[kind] >= self._most_lost or slow >= (_PROVEN if kind in self._proven else most)

    def _has_room(self, kind: str, *, one_by_one: bool) -> bool:
        quick = [each.kind for each in self._of_age(slow=False)]
        if len(self._in_hand) >= HANDS or (one_by_one and quick):
            return False
        return kind in self._proven or kind not in quick

    def _of_age(self, *, slow: bool) -> Iterator[_InHand[WorkT]]:
        since = time.monotonic() - self._slow
        return (each for each in self._in_hand.values() if (each.began <= since) is slow)

    def _begin(self, work: WorkT, kind: str) -> None:
        future = self._pool.submit(in_this_context(self._take), work)
        self._in_hand[future] = _InHand(work, kind, time.monotonic())

    def _collect(self) -> None:
        """Wait a moment for what is in hand, and note what has ended."""
        ended = wait(self._in_hand, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED).done
        for future in ended:
            each, result = self._in_hand.pop(future), future.result()
            self.results.append((each.work, result))
            if self._has_failed(result):
                self._lost[each.kind] += time.monotonic() - each.began
            else:
                self._proven.add(each.kind)
