"""The rows of the check-in log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import asdict

from chalicelib import clock
from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.domain.exports.rows import ExportRows, ExportSource
from chalicelib.domain.gate import staff_log
from chalicelib.domain.gate.checkin_log import CheckinEntry, CheckinFilters
from chalicelib.domain.gate.staff_log import LogPlace
from chalicelib.vocabulary.gate import ScanKind, ScanResult, ScanSource

COLUMNS = (
    "id",
    "event_id",
    "scanned_at",
    "received_at",
    "result",
    "reason",
    "direction",
    "gate",
    "attendee_name",
    "tier",
    "ticket_id",
    "card_id",
    "usher",
    "device_id",
    "source",
    "conflict",
    "resolved",
    "scan_id",
    "kind",
    "repeat",
    "delta",
)


def _query(event_id: str | None, filters: CheckinFilters) -> dict[str, Any]:
    """Return a search of the log as a job stores it."""
    stored = {name: _stored(value) for name, value in asdict(filters).items()}
    return {"event_id": event_id, **stored}


def _stored(value: Any) -> Any:
    return clock.to_text(value) if isinstance(value, datetime) else value


def _read(query: Mapping[str, Any], position: str | None, limit: int) -> ExportRows:
    place = LogPlace.of(position) if position else LogPlace()
    found = staff_log.read(query["event_id"], _filters(query), place=place, limit=limit)
    return ExportRows([row_of(entry) for entry in found.entries], found.goes_on.text() if found.goes_on else None)


def _filters(query: Mapping[str, Any]) -> CheckinFilters:
    return CheckinFilters(
        card_id=query["card_id"],
        username=query["username"],
        result=ScanResult(query["result"]) if query["result"] else None,
        attendee=query["attendee"],
        date_from=_moment(query["date_from"]),
        date_to=_moment(query["date_to"]),
        source=ScanSource(query["source"]) if query["source"] else None,
        conflict=query["conflict"],
        resolved=query["resolved"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def row_of(entry: CheckinEntry) -> list[Cell]:
    """Return the cells of an entry, in the order of COLUMNS."""
    scan = entry.scan
    by_device = scan.principal_id.startswith("dev_")
    return [
        scan.log_id,
        scan.event_id,
        clock.to_text(scan.scanned_at),
        clock.to_text(scan.decided_at),
        scan.result,
        scan.reason,
        scan.direction,
        scan.gate,
        entry.attendee_name,
        entry.tier,
        scan.ticket_id,
        scan.card_uid,
        None if by_device else scan.principal_name or scan.principal_id,
        scan.principal_id if by_device else None,
        scan.source,
        scan.conflict,
        None if scan.conflict is None else str(scan.resolution is not None).lower(),
        scan.scan_id,
        scan.scan_kind or ScanKind.SCAN,
        str(bool(scan.repeat)).lower(),
        scan.delta,
    ]


CHECKIN_LOG = ExportSource("checkin-log", COLUMNS, _query, _read)
