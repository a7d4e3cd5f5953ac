"""How many conflicts of an event are open: kept from the stream, so that an app reads one number.

A conflict carries whether it is counted. One transaction moves that mark and the count, so repeated, partial or
reordered batches count each conflict once.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import ConflictAddress, OpenConflicts
from chalicelib.table.operations import Write
from chalicelib.table.places import Place

# A transaction takes 100 writes (AWS).
_PER_TRANSACTION = 50


def pending(event_id: str) -> int:
    """Return how many conflicts of an event are open."""
    found = operations.get(keys.incidents.open_conflicts(event_id), consistent=False)
    return found.open if found else 0


@follows(*every(ConflictAddress))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Count these conflicts as what they are now; idempotent, in whole or in part."""
    places: defaultdict[str, dict[Place[ConflictAddress], None]] = defaultdict(dict)
    for change in changes:
        after = change.after
        if isinstance(after, ConflictAddress) and _is_outdated(after):
            places[after.event_id][after.place] = None
    for of_event in places.values():
        found = list(of_event)
        for start in range(0, len(found), _PER_TRANSACTION):
            _count(found[start : start + _PER_TRANSACTION])
    return []


def _count(places: Sequence[Place[ConflictAddress]]) -> None:
    """Count conflicts of one event of which some are not counted as what they are. Raises Unavailable."""
    for _ in retries.attempts():
        pending_ones = [each for each in operations.get_many(places).values() if _is_outdated(each)]
        if not pending_ones:
            return
        try:
            operations.commit(*map(_marking, pending_ones), *_moved(pending_ones))
        except operations.ConditionFailed:
            continue  # a conflict was counted between the read and the write
        return
    raise Unavailable(retry_after=1)


def _is_outdated(conflict: ConflictAddress) -> bool:
    return conflict.is_open != bool(conflict.counted)


def _marking(conflict: ConflictAddress) -> Write:
    counted = ConflictAddress.counted
    if conflict.is_open:
        return operations.change(conflict.place, [counted.set(True)], counted.does_not_exist())
    return operations.change(conflict.place, [counted.remove()], counted.exists())


def _moved(conflicts: Sequence[ConflictAddress]) -> list[Write]:
    moved = Counter[str]()
    for each in conflicts:
        moved[each.event_id] += 1 if each.is_open else -1
    return [
        operations.change(
            keys.incidents.open_conflicts(event_id),
            [OpenConflicts.kind.set(OpenConflicts), OpenConflicts.open.add(by)],
        )
        for event_id, by in moved.items()
        if by
    ]
