"""Stream follower of the gate: log entries and totals of scans, facts about devices and suspected clones."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from chalicelib import observability
from chalicelib.clients.bus import Published
from chalicelib.domain.access import devices
from chalicelib.domain.background.changes import Change, Wanted, every, follows
from chalicelib.domain.gate import checkin_totals, late_leaves, sequences
from chalicelib.observability import logger
from chalicelib.table.items import Device, Scan, Ticket
from chalicelib.vocabulary.gate import Direction, Presence, Reason, ScanResult
from chalicelib.vocabulary.messages import Fact

DOUBLE = "double admission"


@follows(
    *every(Ticket),
    # A new one, or one whose part in its ticket's history changed.
    Wanted(Scan, unless=Scan.projected),
    # A heartbeat changes neither of these.
    Wanted(Device, unless=Device.last_seen_at),
    Wanted(Device, having=Device.revoked_at),
)
def follow(changes: Sequence[Change]) -> list[Published]:
    """Write log entries and running totals of scans, and return the facts about scans and devices to publish."""
    unrecorded: list[Scan] = []
    recorded: list[Scan] = []
    changed: list[tuple[Scan, Scan]] = []
    facts: list[Published] = []
    merged: dict[str, Ticket] = {}
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Ticket):
            known = before if isinstance(before, Ticket) else None
            entry = checkin_totals.record_of_first_entry(known, after)
            if entry is not None:
                unrecorded.append(entry)
            if late_leaves.may_change(known, after):
                merged[after.ticket_id] = after
            _check(known, after)
        elif isinstance(after, Scan) and before is None and not after.counted:
            recorded.append(after)
            if after.reason == Reason.CLONE_SUSPECTED:
                facts.append(_clone_suspected(after))
        elif isinstance(after, Scan) and isinstance(before, Scan) and after.revision != before.revision:
            changed.append((before, after))
        elif isinstance(after, Device):
            facts += devices.facts_of_change(before if isinstance(before, Device) else None, after)
    for ticket in merged.values():
        late_leaves.refresh(ticket)
    observability.count("Scans", checkin_totals.count(unrecorded, recorded), by="result")
    refusals = [scan for scan in recorded if scan.result is not ScanResult.VALID]
    refused = Counter((scan.reason or scan.result).value for scan in refusals)
    observability.count("ScanRefusals", refused, by="reason")
    checkin_totals.recount(changed)
    _note_numbers([*unrecorded, *recorded])
    return facts


def _check(before: Ticket | None, after: Ticket) -> None:
    """Report a ticket that admitted a second time without an exit between, which no code path does.

    Records made without the network may show that a ticket was used twice. Merging them counts up `merges`, and staff
    see the conflict, so they are no fault here.
    """
    if before is None or before.admission is None or after.admission is None or before.merges != after.merges:
        return
    first, moved = before.admission, after.passage
    is_other_admission = (first.caller_id, first.scan_id) != (after.admission.caller_id, after.admission.scan_id)
    is_move = moved is not None and (before.passage is None or before.passage.scan_id != moved.scan_id)
    enters = is_move and (moved.direction or Direction.ENTRY) is Direction.ENTRY
    if is_other_admission or (enters and before.presence is Presence.INSIDE):
        # An alarm counts these lines.
        logger.error(DOUBLE, extra={"ticket_id": after.ticket_id, "event_id": after.event_id})


def _note_numbers(scans: Sequence[Scan]) -> None:
    """Note the numbers of taps that the platform decided, whose answer did not wait for that."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for scan in scans:
        if scan.seq is not None and (scan.correction is None or scan.error is not None):
            numbers[scan.principal_id].append(scan.seq)
    for device_id, arrived in numbers.items():
        sequences.note(device_id, arrived)


def _clone_suspected(scan: Scan) -> Published:
    return Published(
        fact=Fact.CLONE_SUSPECTED,
        fact_id=scan.log_id,
        occurred_at=scan.decided_at,
        ids={"event_id": scan.event_id, "gate": scan.gate, "log_id": scan.log_id},
    )
