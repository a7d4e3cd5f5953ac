"""The history of a record: every version, who replaced it, when and why, with all appeals; nothing is left out."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import attendance_appeals, event_staff, judgement_words, record_writes
from chalicelib.domain.campus.attendance.attendance_records import UNKNOWN_RECORD
from chalicelib.domain.campus.attendance.judgement_words import WordedFactor, WordedFlag
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord, AttendanceVersion, QrScan
from chalicelib.table.ranges import Before, Begins

# Readings of codes that staff see beside a record, the newest.
_MOST_READINGS = 50
# Readings of all events that one look goes through, and looks: a student reads five codes a day, for 90 days.
_LOOKED_THROUGH, _MOST_LOOKS = 500, 4


class ShownVersion(Struct, frozen=True):
    """A version of a record; `replaced_…` and `reason` say by whom, when and why it was replaced."""

    version: int
    status: str
    verification_status: str
    method: str
    submitted_at: datetime
    location_verified: bool | None
    distance_m: float | None
    factors: list[WordedFactor]
    flags: list[WordedFlag]
    note: str | None
    decided_by: str | None
    decided_at: datetime | None
    replaced_by: str | None
    replaced_at: datetime | None
    reason: str | None
    is_original: bool
    is_current: bool


class RecordHistory(Struct, frozen=True):
    """All versions of a record, the original first; appeals, the oldest first; readings of codes, for staff."""

    id: str
    versions: list[ShownVersion]
    appeals: list[AttendanceAppeal]
    readings: list[QrScan]


def show(caller: Principal, attendance_id: str) -> RecordHistory:
    """Return the history of a record, to its owner or staff. Raises NotFound."""
    record = operations.get(keys.attendance.record(attendance_id))
    appeals = attendance_appeals.every(attendance_id)
    subject = record or (appeals[0] if appeals else None)
    if subject is None:
        raise NotFound(UNKNOWN_RECORD)
    is_staff = event_staff.is_staff_of(caller, subject)
    if not (is_staff or subject.user_id == caller.id):
        raise NotFound(UNKNOWN_RECORD)
    return RecordHistory(
        id=attendance_id,
        versions=_versions(record) if record is not None else [],
        appeals=appeals,
        readings=_readings(subject.user_id, subject.event_id) if is_staff else [],
    )


def _versions(record: AttendanceRecord) -> list[ShownVersion]:
    raws = operations.query(record.pk, Begins(keys.attendance.VERSIONS), consistent=True)
    earlier = [AttendanceVersion.from_raw_data(raw) for raw in raws]
    # A decision between the two reads shows in the next answer.
    shown = [_shown(each.version, dict(each.content), each) for each in earlier if each.version < record.version]
    return [*shown, _shown(record.version, record_writes.content_of(record), None)]


def _shown(number: int, content: dict[str, Any], replaced: AttendanceVersion | None) -> ShownVersion:
    return ShownVersion(
        version=number,
        status=content["status"],
        verification_status=content["verification_status"],
        method=content["method"],
        submitted_at=_moment(content["submitted_at"]),
        location_verified=content["location_verified"],
        distance_m=content["distance_m"],
        factors=judgement_words.factors(content["factors"]),
        flags=judgement_words.flags(content["flags"]),
        note=content["note"],
        decided_by=content["verified_by"],
        decided_at=_moment(content["verified_at"]) if content["verified_at"] else None,
        replaced_by=replaced.replaced_by if replaced is not None else None,
        replaced_at=replaced.replaced_at if replaced is not None else None,
        reason=replaced.reason if replaced is not None else None,
        is_original=number == 1,
        is_current=replaced is None,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _readings(user_id: str, event_id: str) -> list[QrScan]:
    """Return the newest readings of a person at one event, among those of all events."""
    found: list[QrScan] = []
    older: Before | None = None
    for _ in range(_MOST_LOOKS):
        raws = operations.query(keys.attendance.qr_scan(user_id).pk, older, newest_first=True, limit=_LOOKED_THROUGH)
        found += [scan for scan in map(QrScan.from_raw_data, raws) if scan.event_id == event_id]
        if len(raws) < _LOOKED_THROUGH or len(found) >= _MOST_READINGS:
            break
        older = Before(raws[-1]["sk"]["S"])
    return found[:_MOST_READINGS]
