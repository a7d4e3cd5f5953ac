"""A student submits attendance: once for each event, in one transaction, after a code that was verified (D-CAMPUS-31).

The record's key follows from event and student, so a second record is impossible. The transaction also marks the draft
as submitted, if it is still the one that was judged, and adds the student to the traces of device and position. A trace
that changed meanwhile comes back with the refusal, and the submission is judged again with it.

Flags never refuse. Refused are a missing or expired code, a moment outside the event's windows, and a second
submission.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import (
    attendance_appeals,
    attendance_ids,
    attendance_periods,
    evidence_marks,
    evidence_traces,
    judgement_words,
    judgements,
    kept_positions,
    submission_evidence,
    submission_files,
    submission_refusals,
)
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.domain.campus.attendance.evidence_traces import TraceKind, TraceLook
from chalicelib.domain.campus.attendance.judgement_words import WordedFlag
from chalicelib.domain.campus.attendance.submission_evidence import SubmissionFacts, SubmissionFiles
from chalicelib.domain.campus.events import campus_events, event_windows
from chalicelib.errors import NotFound, Unavailable
from chalicelib.identifiers import is_unkeyed
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    AttendanceAppeal,
    AttendanceDraft,
    AttendanceRecord,
    CampusEvent,
    CampusProfile,
    EvidenceTrace,
)
from chalicelib.table.operations import ConditionFailed, Write
from chalicelib.table.places import Key, Place

ENDED = "Attendance submission period has ended"
# Each try after the first follows a write of somebody else in between.
_TRIES = 6
_RECORD, _DRAFT, _KEPT = "record", "draft", "kept position"


class SubmissionInput(Struct, frozen=True):
    """What a student submits; the event is named by its id or by the id of the submission.

    The photo comes as bytes, or as text: a data URL, or base64.
    """

    event_id: str | None = None
    submission_id: str | None = None
    position: GivenPosition | None = None
    is_mock: bool = False
    device_key: str | None = None
    selfie: bytes | None = None
    selfie_text: str | None = None
    signature: str | None = None


class Submitted(Struct, frozen=True):
    """A record as submitted; `awaits_photos` while photos that the event asks for may still come."""

    record: AttendanceRecord
    awaits_photos: bool = False

    @property
    def flags(self) -> list[WordedFlag]:
        """The flags in words."""
        return judgement_words.flags(self.record.flags)

    @property
    def next_steps(self) -> list[str]:
        """What the student does next."""
        return judgement_words.next_steps(self.record.verification_status, awaits_photos=self.awaits_photos)


class _Attempt(Struct, frozen=True):
    """What a submission is judged by and written from."""

    attendance_id: str
    event: CampusEvent
    profile: CampusProfile
    draft: AttendanceDraft
    position: GivenPosition | None
    facts: SubmissionFacts
    files: SubmissionFiles
    traces: dict[TraceKind, TraceLook]
    # An absence may be contested before its event is made longer.
    appeal: AttendanceAppeal | None


def submit(given: SubmissionInput, *, principal: Principal, operation_id: str) -> Submitted:
    """Submit attendance; requests with one operation id get one answer.

    Raises QrTokenRequired, OutsideAttendancePeriod, AlreadySubmitted, NotFound, ValidationFailed.
    """
    selfie = given.selfie or submission_files.decoded(given.selfie_text)
    signature = submission_files.sent(given.signature)
    prepared = _prepared(given, principal=principal, operation_id=operation_id)
    if isinstance(prepared, _Attempt) and (selfie is not None or signature is not None):
        # Only once nothing refuses the submission; its files are then judged with it.
        submission_files.keep(prepared.draft, selfie=selfie, signature=signature)
        prepared = _prepared(given, principal=principal, operation_id=operation_id)
    for _ in range(_TRIES):
        if isinstance(prepared, Submitted):
            return prepared
        submitted = _judged(prepared, operation_id)
        writes = _writes(prepared, submitted.record)
        try:
            operations.commit(*writes.values())
        except ConditionFailed as failure:
            names = list(writes)
            failed = {names[place]: place for place in failure.failures}
            if _RECORD in failed or _DRAFT in failed:
                # Another request submitted, or verified the code again.
                prepared = _prepared(given, principal=principal, operation_id=operation_id)
                continue
            changed = {kind: failure.found(EvidenceTrace, failed[kind]) for kind in TraceKind if kind in failed}
            prepared = _seeing(prepared, changed)
        else:
            return submitted
    raise Unavailable(retry_after=1)


def _prepared(given: SubmissionInput, *, principal: Principal, operation_id: str) -> "_Attempt | Submitted":
    """Return what a submission is made of, or the record that the same operation has made. Raises every refusal."""
    at = clock.now()
    attendance_id = attendance_ids.asked_for(given.event_id, given.submission_id, principal.id)
    record_place, draft_place = keys.attendance.record(attendance_id), keys.attendance.draft(attendance_id)
    profile_place, appeal_place = keys.campus_people.profile(principal.id), keys.attendance.appeal(attendance_id, 1)
    places: list[Place[Any]] = [record_place, draft_place, profile_place, appeal_place]
    places += submission_evidence.file_places(attendance_id, principal.id)
    if given.event_id is not None:
        places += [keys.campus_events.event(given.event_id), *_likely_traces(given, given.event_id, principal)]
    # Strongly consistent: a draft or a photo of a moment ago counts.
    found: dict[Key, Any] = operations.get_many(places)
    record, draft, profile = found.get(record_place), found.get(draft_place), found.get(profile_place)
    if any(item is not None and item.user_id != principal.id for item in (record, draft)):
        raise submission_refusals.none_of_yours()
    event = _event(given, found, record or draft)
    files = submission_evidence.files_of(found, attendance_id, principal.id)
    if record is not None:
        return _again(record, event, files, operation_id)
    window = event_windows.state(event, at)
    if not window.is_open:
        raise attendance_periods.refusal(event, window, ended=ENDED)
    if draft is None or at >= draft.expires_at:
        raise submission_refusals.code_required(is_late=draft is not None)
    if profile is None:
        raise NotFound("This account has no profile of the campus.")
    facts = _facts(draft, given, event, at=at)
    traces = _traces(event.event_id, facts, found)
    appeal = found.get(appeal_place)
    return _Attempt(attendance_id, event, profile, draft, given.position, facts, files, traces, appeal)


def _likely_traces(given: SubmissionInput, event_id: str, principal: Principal) -> list[Place[EvidenceTrace]]:
    """Return the places of the traces, as far as the request alone says; the draft may name another device."""
    device = evidence_marks.device_mac(given.device_key, session_id=principal.session_id)
    position = evidence_marks.position_mac(given.position, event_id=event_id) if given.position else None
    return list(evidence_traces.places(event_id, device, position).values())


def _event(
    given: SubmissionInput, found: dict[Key, Any], known: AttendanceRecord | AttendanceDraft | None
) -> CampusEvent:
    if given.event_id is None:
        if known is None:
            raise submission_refusals.none_of_yours()
        return campus_events.get(known.event_id)
    event: CampusEvent | None = found.get(keys.campus_events.event(given.event_id))
    if event is None or event.deleted_at is not None:
        raise NotFound(campus_events.NOT_FOUND)
    return event


def _again(record: AttendanceRecord, event: CampusEvent, files: SubmissionFiles, operation_id: str) -> Submitted:
    """Return the record of the same operation. Raises AlreadySubmitted for that of another one."""
    if record.operation_id is None or record.operation_id != operation_id:
        raise submission_refusals.again(record)
    may_come = judgements.may_photos_come(record.submitted_at, at=clock.now())
    return Submitted(record, judgements.awaits_photos(event, files, record.nonce, may_photos_come=may_come))


def _facts(draft: AttendanceDraft, given: SubmissionInput, event: CampusEvent, *, at: datetime) -> SubmissionFacts:
    """Return the facts of a submission; a position or a device of the request replaces the draft's."""
    facts = replace(submission_evidence.facts_of_draft(draft, submitted_at=at), is_mock=given.is_mock)
    if given.device_key is not None:
        facts = replace(facts, device_mac=evidence_marks.device_mac(given.device_key, session_id=""))
    if given.position is not None:
        facts = replace(
            facts,
            distance=given.position.metres_to(event),
            accuracy=given.position.accuracy,
            position_mac=evidence_marks.position_mac(given.position, event_id=event.event_id),
        )
    return facts


def _traces(event_id: str, facts: SubmissionFacts, found: dict[Key, Any]) -> dict[TraceKind, TraceLook]:
    """Return the traces as they were read; one that was not read counts as missing, and its write then fails."""
    places = evidence_traces.places(event_id, facts.device_mac, facts.position_mac)
    return {kind: evidence_traces.look(at, found.get(at), user_id=facts.user_id) for kind, at in places.items()}


def _seeing(attempt: _Attempt, changed: dict[TraceKind, EvidenceTrace | None]) -> _Attempt:
    """Return a submission with the traces that a failed condition returned."""
    user_id = attempt.facts.user_id
    fresh = {
        kind: evidence_traces.look(attempt.traces[kind].place, found, user_id=user_id, is_exact=False)
        for kind, found in changed.items()
    }
    return replace(attempt, traces={**attempt.traces, **fresh})


def _judged(attempt: _Attempt, operation_id: str) -> Submitted:
    facts, event, profile = attempt.facts, attempt.event, attempt.profile
    judgement = judgements.judged(
        event, facts, attempt.files, evidence_traces.beside(attempt.traces, facts.submitted_at), may_photos_come=True
    )
    record = AttendanceRecord(
        *keys.attendance.record(attempt.attendance_id),
        attendance_id=attempt.attendance_id,
        event_id=event.event_id,
        user_id=facts.user_id,
        campus_id=event.campus_id,
        organizer_id=event.organizer_id,
        department=profile.department,
        year_level=profile.year_level,
        status=judgement.status,
        verification_status=judgement.verification_status,
        method=facts.method,
        submitted_at=facts.submitted_at,
        # Clocks of two containers differ.
        seconds=round(max(0.0, (facts.submitted_at - facts.verified_at).total_seconds()), 1),
        location_verified=judgement.location_verified,
        distance_m=facts.distance,
        factors=judgement.stored_factors(),
        flags=judgement.stored_flags(),
        device_mac=facts.device_mac,
        nonce=facts.nonce,
        code_age=round(facts.code_age, 1),
        accuracy_m=facts.accuracy,
        position_mac=facts.position_mac,
        is_mock=facts.is_mock or None,
        operation_id=None if is_unkeyed(operation_id) else operation_id,
        appeal=attendance_appeals.brief_of(attempt.appeal) if attempt.appeal else None,
        appeal_status=attempt.appeal.status if attempt.appeal else None,
    )
    return Submitted(record, judgements.awaits_photos(event, attempt.files, facts.nonce, may_photos_come=True))


def _writes(attempt: _Attempt, record: AttendanceRecord) -> dict[str, Write]:
    """Return the writes of a submission by name, in the order of the transaction."""
    draft = attempt.draft
    is_same = (AttendanceDraft.nonce == draft.nonce) & AttendanceDraft.submitted_at.does_not_exist()
    writes = {
        _RECORD: operations.put(record, AttendanceRecord.pk.does_not_exist()),
        _DRAFT: operations.change(draft.place, [AttendanceDraft.submitted_at.set(record.submitted_at)], is_same),
    }
    for kind, seen in attempt.traces.items():
        if seen.is_written:
            writes[kind] = evidence_traces.addition(seen, attempt.event, at=record.submitted_at)
    if attempt.position is not None:
        kept = kept_positions.item(record.user_id, attempt.position, event=attempt.event, at=record.submitted_at)
        writes |= {_KEPT: operations.put(kept)} if kept else {}
    return writes
