"""Feedback on each factor of a submission: of the record, or of what is there before the submission."""

from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import (
    attendance_ids,
    event_staff,
    evidence_traces,
    judgement_words,
    judgements,
    submission_evidence,
    submission_refusals,
)
from chalicelib.domain.campus.attendance.judgement_words import WordedFactor
from chalicelib.domain.campus.events import campus_events
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceDraft
from chalicelib.table.places import Key
from chalicelib.vocabulary.campus import VerificationStatus

_NO_RECORD = "There is no such attendance record."


class VerificationFeedback(Struct, frozen=True):
    """The factors in words, and what they come to."""

    factors: list[WordedFactor]
    overall: VerificationStatus


def show(principal: Principal, *, attendance_id: str | None, submission_id: str | None) -> VerificationFeedback:
    """Return the feedback on a record or a submission of the caller, or of an event that they are staff of.

    Raises NotFound, ValidationFailed.
    """
    asked = _asked(attendance_id, submission_id)
    record_place, draft_place = keys.attendance.record(asked), keys.attendance.draft(asked)
    found: dict[Key, Any] = operations.get_many([record_place, draft_place])
    record, draft = found.get(record_place), found.get(draft_place)
    if record is not None:
        if record.user_id != principal.id and not event_staff.is_staff_of(principal, record):
            raise NotFound(_NO_RECORD)
        return VerificationFeedback(judgement_words.factors(record.factors), record.verification_status)
    if draft is None or attendance_id is not None:
        raise NotFound(_NO_RECORD) if attendance_id is not None else submission_refusals.none_of_yours()
    return _of_draft(principal, draft, asked)


def _asked(attendance_id: str | None, submission_id: str | None) -> str:
    """Return the id of the record that is asked about; a submission's gives its record's."""
    if attendance_id is None and submission_id is None:
        raise ValidationFailed(details=[{"field": "attendance_id", "message": "is required, or `submission_id`"}])
    of_submission = attendance_ids.of_submission(submission_id) if submission_id is not None else None
    if None not in (attendance_id, submission_id) and attendance_id != of_submission:
        raise NotFound(_NO_RECORD)
    return attendance_id or of_submission or ""


def _of_draft(principal: Principal, draft: AttendanceDraft, attendance_id: str) -> VerificationFeedback:
    """Return what a submission would be judged now."""
    event = campus_events.get(draft.event_id)
    if draft.user_id != principal.id and not event_staff.is_staff_of(principal, event):
        raise submission_refusals.none_of_yours()
    traces = evidence_traces.places(draft.event_id, draft.device_mac, draft.position_mac)
    wanted = [*submission_evidence.file_places(attendance_id, draft.user_id), *traces.values()]
    found: dict[Key, Any] = operations.get_many(wanted)
    files = submission_evidence.files_of(found, attendance_id, draft.user_id)
    seen = {kind: evidence_traces.look(at, found.get(at), user_id=draft.user_id) for kind, at in traces.items()}
    now = clock.now()
    facts = submission_evidence.facts_of_draft(draft, submitted_at=now)
    judgement = judgements.judged(event, facts, files, evidence_traces.beside(seen, now), may_photos_come=True)
    factors = judgement_words.factors(judgement.stored_factors())
    return VerificationFeedback(factors, judgement.verification_status)
