"""A record judged again, from what is known now: checked photos, photos that came late or never, others on one device.

It changes flags, factors and verification status. It never changes the status, never what staff decided, and never a
record that staff made by hand.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.campus.attendance import attendance_ids, evidence_traces, judgements, submission_evidence
from chalicelib.domain.campus.attendance.evidence_traces import TraceKind
from chalicelib.domain.campus.attendance.submission_evidence import OthersThere
from chalicelib.domain.campus.evidence.judgement import Judgement
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AttendanceRecord, CampusEvent, EvidenceTrace
from chalicelib.table.operations import ConditionFailed
from chalicelib.table.places import Key, Place


def rejudge(attendance_id: str) -> bool:
    """Judge a record again; return whether it changed. Idempotent. Raises Unavailable under lasting contention."""
    for _ in retries.attempts():
        record = operations.get(keys.attendance.record(attendance_id))
        if record is None or record.nonce is None or record.erased_at is not None:
            return False
        judgement = _judged_now(record)
        if judgement is None or not _differs(record, judgement):
            return False
        try:
            operations.record(_change(record, judgement))
        except ConditionFailed:
            continue  # staff, or another check, changed the record meanwhile
        return True
    raise Unavailable(retry_after=1)


@follows(Wanted(EvidenceTrace))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Judge everybody of a trace again that somebody joined: who came first did not know of the others."""
    subjects: dict[str, None] = {}
    for change in changes:
        trace = change.after
        if isinstance(trace, EvidenceTrace) and len(trace.users) > 1:
            subjects |= {attendance_ids.attendance_id(trace.event_id, user_id): None for user_id in trace.users}
    for attendance_id in subjects:
        rejudge(attendance_id)
    return []


def _judged_now(record: AttendanceRecord) -> Judgement | None:
    facts = submission_evidence.facts_of_record(record)
    event_place = keys.campus_events.event(record.event_id)
    traces = evidence_traces.places(record.event_id, record.device_mac, record.position_mac)
    places: list[Place[Any]] = [event_place, *traces.values()]
    places += submission_evidence.file_places(record.attendance_id, record.user_id)
    found: dict[Key, Any] = operations.get_many(places)
    event: CampusEvent | None = found.get(event_place)
    if event is None:
        return None
    files = submission_evidence.files_of(found, record.attendance_id, record.user_id)
    seen = {kind: evidence_traces.look(at, found.get(at), user_id=record.user_id) for kind, at in traces.items()}
    beside = OthersThere(
        device_users=seen[TraceKind.DEVICE].others if TraceKind.DEVICE in seen else 0,
        position_users=seen[TraceKind.POSITION].others if TraceKind.POSITION in seen else 0,
    )
    may_come = judgements.may_photos_come(record.submitted_at, at=clock.now())
    found_now = judgements.judged(event, facts, files, beside, may_photos_come=may_come)
    return judgements.with_earlier(found_now, record)


def _differs(record: AttendanceRecord, judgement: Judgement) -> bool:
    return (
        dict(record.factors) != judgement.stored_factors()
        or dict(record.flags) != judgement.stored_flags()
        or (record.verified_by is None and record.verification_status is not judgement.verification_status)
    )


def _change(record: AttendanceRecord, judgement: Judgement) -> operations.Write:
    actions = [
        AttendanceRecord.factors.set(judgement.stored_factors()),
        AttendanceRecord.flags.set(judgement.stored_flags()),
    ]
    if record.verified_by is None:
        actions.append(AttendanceRecord.verification_status.set(judgement.verification_status))
        is_undecided = AttendanceRecord.verified_by.does_not_exist()
    else:
        is_undecided = AttendanceRecord.verified_by == record.verified_by
    # Decisions count up the version; other checks change what is compared here.
    is_same = (
        (AttendanceRecord.version == record.version)
        & (AttendanceRecord.flags == record.flags)
        & (AttendanceRecord.factors == record.factors)
        & (AttendanceRecord.verification_status == record.verification_status)
    )
    return operations.change(record.place, actions, is_undecided & is_same)
