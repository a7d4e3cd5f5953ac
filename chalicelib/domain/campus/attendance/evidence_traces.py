"""Who used one device, or was at exactly one position, at an event: written with the submission, by key.

A trace keeps the first MOST people. Those who come later are judged with that many, and write nothing: a thousand
people at one position write to one key only at the beginning.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from pynamodb.expressions.condition import Condition, size

from chalicelib.domain.campus.attendance.submission_evidence import OthersThere
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import CampusEvent, EvidenceTrace
from chalicelib.table.operations import Write
from chalicelib.table.places import Place

MOST = 12
# For analytics of the weeks after an event; the traces name devices by a hash only.
_KEPT = timedelta(days=30)
# Begins the entry of a person who was erased, which a number ends. No id begins so.
_ERASED = "erased "


class TraceKind(StrEnum):
    """What several people may have in common at one event."""

    DEVICE = "device"
    POSITION = "position"


class TraceLook(Struct, frozen=True):
    """A trace as it was read, and the person who adds to it."""

    place: Place[EvidenceTrace]
    user_id: str
    users: frozenset[str]
    # When somebody was added last.
    last_at: datetime | None = None
    is_exact: bool = True

    @property
    def others(self) -> int:
        """How many other people are known."""
        return len(self.users - {self.user_id})

    @property
    def is_written(self) -> bool:
        """Whether the person has to be added."""
        return self.user_id not in self.users and len(self.users) < MOST


def places(event_id: str, device_mac: str | None, position_mac: str | None) -> dict[TraceKind, Place[EvidenceTrace]]:
    """Return the places of the traces of a submission."""
    macs = {TraceKind.DEVICE: device_mac, TraceKind.POSITION: position_mac}
    return {kind: keys.attendance.trace(event_id, kind, mac) for kind, mac in macs.items() if mac is not None}


def look(at: Place[EvidenceTrace], found: EvidenceTrace | None, *, user_id: str, is_exact: bool = True) -> TraceLook:
    """Return a trace as read, or as a failed condition returned it."""
    if found is None:
        return TraceLook(at, user_id, frozenset(), is_exact=is_exact)
    return TraceLook(at, user_id, frozenset(found.users), found.last_at, is_exact)


def addition(seen: TraceLook, event: CampusEvent, *, at: datetime) -> Write:
    """Return the write that adds the person. It fails if the trace changed, or, unless `is_exact`, if it is full."""
    actions = [
        EvidenceTrace.users.add({seen.user_id}),
        EvidenceTrace.kind.set(EvidenceTrace),
        EvidenceTrace.event_id.set(event.event_id),
        EvidenceTrace.last_at.set(at),
        EvidenceTrace.ttl.set(int((event.ends_at + _KEPT).timestamp())),
    ]
    return operations.change(seen.place, actions, _condition(seen))


def leave(place: Place[EvidenceTrace], user_id: str) -> None:
    """Take the id of an erased person from a trace, which keeps the count; one of erased people alone goes.

    Idempotent. Raises Unavailable under lasting contention.
    """
    for _ in retries.attempts():
        trace = operations.get(place)
        if trace is None or user_id not in trace.users:
            return
        others = set(trace.users) - {user_id}
        erased = {each for each in others if each.startswith(_ERASED)}
        as_read = EvidenceTrace.users == set(trace.users)
        without = [EvidenceTrace.users.set({*others, f"{_ERASED}{len(erased) + 1}"})]
        try:
            operations.record(
                operations.remove(place, as_read) if others == erased else operations.change(place, without, as_read)
            )
        except operations.ConditionFailed:
            continue  # somebody came, or was erased, meanwhile
        return
    raise Unavailable(retry_after=1)


def _condition(seen: TraceLook) -> Condition:
    if not seen.is_exact:
        has_room: Condition = size(EvidenceTrace.users) < MOST
        free: Condition = EvidenceTrace.users.does_not_exist() | has_room
        return free
    if not seen.users:
        return EvidenceTrace.users.does_not_exist()
    unchanged: Condition = EvidenceTrace.users == set(seen.users)
    return unchanged


def pause_before(seen: TraceLook, at: datetime) -> float | None:
    """Return the seconds since another person was added, before a moment; None where nobody was."""
    if not seen.others or seen.last_at is None or seen.user_id in seen.users:
        return None
    return max(0.0, (at - seen.last_at).total_seconds())


def beside(seen: Mapping[TraceKind, TraceLook], at: datetime) -> OthersThere:
    """Return the other people that the traces name, for a submission of a moment."""
    device, position = seen.get(TraceKind.DEVICE), seen.get(TraceKind.POSITION)
    return OthersThere(
        device_users=device.others if device else 0,
        position_users=position.others if position else 0,
        device_pause=pause_before(device, at) if device else None,
    )
