"""Conflicts of the check-in log: offline scans that contradict another, each closed once by staff."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.gate.log_pages import LogRow
from chalicelib.errors import InvalidState, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import ConflictAddress, Scan
from chalicelib.table.operations import Write
from chalicelib.table.places import Place, whose
from chalicelib.table.ranges import Before
from chalicelib.vocabulary.gate import ConflictResolution


class ClosedConflict(Struct, frozen=True):
    """A conflict that staff closed."""

    log_id: str
    event_id: str
    conflict: str
    resolution: ConflictResolution


def address(scan: Scan, *, is_conflict: bool) -> Write:
    """Return the write by which staff find a conflict by its log entry, or no longer find it."""
    return operations.change(
        keys.incidents.conflict_address(scan.log_id),
        [
            ConflictAddress.kind.set(ConflictAddress),
            ConflictAddress.event_id.set(scan.event_id),
            ConflictAddress.scan_pk.set(scan.pk),
            ConflictAddress.scan_sk.set(scan.sk),
            ConflictAddress.withdrawn.remove() if is_conflict else ConflictAddress.withdrawn.set(True),
        ],
    )


def close(log_id: str, resolution: ConflictResolution, *, note: str) -> ClosedConflict:
    """Close a conflict, once; the same resolution again changes nothing.

    Raises NotFound (no such entry, or no conflict), InvalidState (closed otherwise).
    """
    address = operations.get(keys.incidents.conflict_address(log_id))
    if address is None:
        raise NotFound("There is no conflict of this log entry.")
    place = Place(Scan, address.scan_pk, address.scan_sk)
    is_open = Scan.conflict.exists() & Scan.resolution.does_not_exist()
    subject = AuditSubject("conflict", log_id, after={"resolution": resolution, "note": note})
    try:
        acts.commit(
            operations.change(place, [Scan.resolution.set(resolution)], is_open),
            operations.change(address.place, [ConflictAddress.resolution.set(resolution)], ConflictAddress.pk.exists()),
            subject=subject,
        )
    except operations.ConditionFailed as failure:
        found = failure.found(Scan)
        was = found.resolution if found is not None else None
        if was is not None and was != resolution:
            raise InvalidState(f"This conflict was closed as {was}.") from failure
    scan = operations.get(place)
    if scan is None or scan.conflict is None or scan.resolution is None:
        raise NotFound("There is no conflict of this log entry.")
    return ClosedConflict(log_id, scan.event_id, scan.conflict, scan.resolution)


def listed(partitions: Sequence[str], *, before: str | None, limit: int) -> tuple[list[LogRow], list[str]]:
    """Return the newest conflicts of several lists as rows of the log, and the last of each list that may go on."""
    found: list[Place[ConflictAddress]] = []
    goes_on: list[str] = []
    for partition in partitions:
        raws = operations.query(
            partition, Before(before) if before else None, index="gsi1", newest_first=True, limit=limit
        )
        if len(raws) == limit:
            goes_on.append(raws[-1]["gsi1sk"]["S"])
        found += operations.places_of(ConflictAddress, raws)
    addresses = operations.get_many(found, consistent=False).values()
    return [LogRow(whose(each.pk), Place(Scan, each.scan_pk, each.scan_sk), None, None) for each in addresses], goes_on
