"""What follows from a change of the table: log entries, running totals, facts for others.

A batch is taken as a whole; where that fails, each change on its own, so that one that cannot be taken does not
hold up those before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib import observability
from chalicelib.clients import bus
from chalicelib.clients.bus import Published
from chalicelib.domain import devices, totals
from chalicelib.table.items import Device, Item, Scan, Ticket
from chalicelib.vocabulary import Fact, Reason

_PROJECTED = {"ticket", "scan", "device"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one item, as the stream tells it; `position` is its sequence number in the stream."""

    position: str
    before: Item | None
    after: Item | None


def change_of(record: dict[str, Any]) -> Change:
    """Return the change that a DynamoDB stream record tells of; both images None where nothing follows from it."""
    told = record["dynamodb"]
    kind = told.get("NewImage", {}).get("kind", {}).get("S")
    if kind not in _PROJECTED:
        return Change(position=told["SequenceNumber"], before=None, after=None)
    before = told.get("OldImage")
    return Change(
        position=told["SequenceNumber"],
        before=Item.from_raw_data(before) if before else None,
        after=Item.from_raw_data(told["NewImage"]),
    )


def apply(changes: Sequence[Change]) -> None:
    """Bring log, totals and subscribers up to date with these changes; safe to repeat, in whole or in part."""
    unrecorded: list[Scan] = []
    recorded: list[Scan] = []
    facts: list[Published] = []
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Ticket):
            entry = totals.record_of_first_entry(before if isinstance(before, Ticket) else None, after)
            if entry is not None:
                unrecorded.append(entry)
        elif isinstance(after, Scan) and before is None and not after.counted:
            recorded.append(after)
            if after.reason == Reason.CLONE_SUSPECTED:
                facts.append(_clone_suspected(after))
        elif isinstance(after, Device):
            facts += devices.facts_of_change(before if isinstance(before, Device) else None, after)
    observability.count("Scans", totals.count(unrecorded, recorded), by="result")
    bus.publish(facts)


def _clone_suspected(scan: Scan) -> Published:
    return Published(
        fact=Fact.CLONE_SUSPECTED,
        fact_id=scan.log_id,
        occurred_at=scan.decided_at,
        ids={"event_id": scan.event_id, "gate": scan.gate, "log_id": scan.log_id},
    )
