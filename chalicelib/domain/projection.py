"""What follows from a change of the table: log entries, running totals, facts for others.

A batch is taken as a whole; where that fails, each change on its own, so that one that cannot be taken does not
hold up those before it.
"""

from collections.abc import Callable, Sequence

from chalicelib import observability
from chalicelib.clients import bus
from chalicelib.clients.bus import Published
from chalicelib.domain import (
    catalogue,
    customer_totals,
    devices,
    invoices,
    ledger,
    merchant_totals,
    organizers,
    payments,
    refunds,
    sales_totals,
    shop_notices,
    ticket_totals,
    totals,
)
from chalicelib.domain.changes import Change
from chalicelib.table.items import Device, Scan, Ticket
from chalicelib.vocabulary import Fact, Reason

# Each takes a batch of changes, brings what it keeps up to date, and returns the facts to publish. Each is safe
# to repeat, in whole or in part.
Follower = Callable[[Sequence[Change]], list[Published]]


def _scans_and_devices(changes: Sequence[Change]) -> list[Published]:
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
    return facts


def _clone_suspected(scan: Scan) -> Published:
    return Published(
        fact=Fact.CLONE_SUSPECTED,
        fact_id=scan.log_id,
        occurred_at=scan.decided_at,
        ids={"event_id": scan.event_id, "gate": scan.gate, "log_id": scan.log_id},
    )


FOLLOWERS: tuple[Follower, ...] = (
    _scans_and_devices,
    ledger.follow,
    customer_totals.follow,
    catalogue.follow,
    payments.follow,
    invoices.follow,
    merchant_totals.follow,
    sales_totals.follow,
    refunds.follow,
    organizers.follow,
    shop_notices.follow,
    ticket_totals.follow,
)


def apply(changes: Sequence[Change]) -> None:
    """Bring log, totals and subscribers up to date with these changes; safe to repeat, in whole or in part."""
    facts: list[Published] = []
    for follow in FOLLOWERS:
        facts += follow(changes)
    bus.publish(facts)
