"""The log and the totals, recounted from every item of the table, as only a test may."""

from collections import Counter
from typing import Any

from chalicelib.config import config
from chalicelib.table import keys, operations


def items_of(event_id: str, kind: str) -> list[dict[str, Any]]:
    """Return all items of a kind that belong to an event, each attribute as plain text or True."""
    pages = (
        operations.client()
        .get_paginator("scan")
        .paginate(
            TableName=config().table_name,
            ConsistentRead=True,
            FilterExpression="kind = :kind AND event_id = :event",
            ExpressionAttributeValues={":kind": {"S": kind}, ":event": {"S": event_id}},
        )
    )
    return [
        {name: next(iter(value.values())) for name, value in raw.items()} for page in pages for raw in page["Items"]
    ]


def assert_log_and_totals_are_true(event_id: str) -> None:
    """Assert that each scan was counted once, and that the totals agree with the log and the tickets."""
    scans, tickets = items_of(event_id, "scan"), items_of(event_id, "ticket")
    counters = operations.get(keys.gate.counters(event_id))
    assert counters is not None
    results = Counter(scan["result"] for scan in scans)
    admitted = [ticket for ticket in tickets if "admission" in ticket]
    entries = [scan for scan in scans if scan["result"] == "valid" and scan.get("first_entry")]
    assert all(scan.get("counted") for scan in scans)
    assert Counter(scan["ticket_id"] for scan in entries) == Counter(ticket["ticket_id"] for ticket in admitted)
    inside = sum(ticket.get("presence") == "inside" for ticket in tickets)
    told = {
        "scans": counters.scans,
        "valid": counters.result_valid,
        "invalid": counters.result_invalid,
        "already_scanned": counters.result_already_scanned,
        "not_found": counters.result_not_found,
        "admitted": counters.admitted,
        "inside": counters.inside,
        "on_leave": counters.on_leave,
    }
    counted = {
        "scans": len(scans),
        **{result: results[result] for result in ("valid", "invalid", "already_scanned", "not_found")},
        "admitted": len(admitted),
        "inside": inside,
        "on_leave": len(admitted) - inside,
    }
    assert told == counted
