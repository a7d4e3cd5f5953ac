"""How many conflicts of an event are open, and the lists of open and closed ones: kept from the stream.

A conflict carries whether it is counted and where it is listed. One transaction moves these and the count, so repeated,
partial or reordered batches count each conflict once.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import ConflictAddress, OpenConflicts
from chalicelib.table.operations import Write
from chalicelib.table.places import Key, Place, whose

# A transaction takes 100 writes (AWS).
_PER_TRANSACTION = 50


def pending(event_id: str) -> int:
    """Return how many conflicts of an event are open."""
    found = operations.get(keys.incidents.open_conflicts(event_id), consistent=False)
    return found.open if found else 0


@follows(*every(ConflictAddress))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Count and list these conflicts as what they are now; idempotent, in whole or in part."""
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
    """Count and list conflicts of one event of which some are outdated. Raises Unavailable."""
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
    listed = _listed(conflict)
    return _is_miscounted(conflict) or (conflict.gsi1pk, conflict.gsi1sk) != (listed or (None, None))


def _is_miscounted(conflict: ConflictAddress) -> bool:
    return conflict.is_open != bool(conflict.counted)


def _listed(conflict: ConflictAddress) -> Key | None:
    """Return where staff find a conflict in their log; a withdrawn one is none."""
    if conflict.withdrawn:
        return None
    place = keys.incidents.listed_as_open if conflict.is_open else keys.incidents.listed_as_closed
    return place(conflict.event_id, whose(conflict.pk))


def _marking(conflict: ConflictAddress) -> Write:
    counted = ConflictAddress.counted
    return operations.change(
        conflict.place,
        [counted.set(True) if conflict.is_open else counted.remove(), *ConflictAddress.in_gsi1(_listed(conflict))],
        counted.exists() if conflict.counted else counted.does_not_exist(),
    )


def _moved(conflicts: Sequence[ConflictAddress]) -> list[Write]:
    moved = Counter[str]()
    for each in filter(_is_miscounted, conflicts):
        moved[each.event_id] += 1 if each.is_open else -1
    return [
        operations.change(
            keys.incidents.open_conflicts(event_id),
            [OpenConflicts.kind.set(OpenConflicts), OpenConflicts.open.add(by)],
        )
        for event_id, by in moved.items()
        if by
    ]
