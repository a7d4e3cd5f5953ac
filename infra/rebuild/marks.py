"""Second pass: totals whose marks stay, because a mark says more than its item does now.

The mark of an attendance record keeps what an erased person was counted as, and the platform's totals count an item
once in the period in which it began. So both are summed from the marks. The sums are of one pass, and are kept in
memory; a pass that was killed begins from its beginning.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.campus.analytics import attendance_counts, counted_as
from chalicelib.domain.campus.analytics.counted_as import Moves
from chalicelib.domain.platform_totals import tallies
from chalicelib.domain.platform_totals.standings import TALLIED
from chalicelib.table import keys, operations
from chalicelib.table.families import kind_of
from chalicelib.table.items import PlatformCounts, PlatformSales
from chalicelib.table.places import Key
from infra.rebuild import followers, resetting
from infra.rebuild.walk import RawItem

_TALLIED = frozenset(map(kind_of, TALLIED))
# How the mark of each kind is read.
_STANDINGS: Mapping[str, Callable[[str], counted_as.Standing | None]] = {
    "counted_attendance": counted_as.record_standing,
    "counted_campus_event": counted_as.event_standing,
    "counted_listing": counted_as.listing_standing,
}
_COUNTS, _SALES = kind_of(PlatformCounts), kind_of(PlatformSales)


@dataclass(slots=True)
class Sums:
    """What the marks of the pages so far come to."""

    standings: Counter[str] = field(default_factory=Counter)
    moves: Moves = field(default_factory=dict)
    # Pages come in several threads.
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, page: list[RawItem]) -> None:
        """Add the marks of a page, remove the totals that are made of them, and make what the third pass reads."""
        operations.remove_many(operations.key_of(raw) for raw in page if _is_sum(raw))
        followers.before(page)
        with self._lock:
            self._add(page)

    def _add(self, page: list[RawItem]) -> None:
        # All are read before the first is added: a page with one that cannot be read is passed on again by its items.
        tallied = [raw["tallied"]["S"] for raw in page if raw["kind"]["S"] in _TALLIED and "tallied" in raw]
        counted = [
            standing_of(raw["counted_as"]["S"])
            for raw in page
            if (standing_of := _STANDINGS.get(raw["kind"]["S"])) is not None
        ]
        self.standings.update(tallied)
        for standing in counted:
            counted_as.add(self.moves, None, standing)

    def write(self) -> int:
        """Write the totals; return how many. Not idempotent: the next run of the pass removes them first."""
        writes = [*tallies.adding(self.standings), *attendance_counts.adding(self.moves)]
        for write in writes:
            operations.record(write)
        return len(writes)


def _is_sum(raw: RawItem) -> bool:
    kind, key = raw["kind"]["S"], operations.key_of(raw)
    if kind == _COUNTS:
        return _is_now(key)
    # The number of a category's events has no currency.
    return kind in resetting.BY_MARKS or (kind == _SALES and "currency" not in raw)


def _is_now(key: Key) -> bool:
    return key.sk.startswith(keys.platform.counts(keys.platform.NOW, "", 0).sk.rpartition("#")[0])
