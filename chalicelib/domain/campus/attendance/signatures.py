"""The signature of a submission: kept as a small picture, one for each submission; a second one replaces it.

After the submission one is taken only where it is missing. The record is then judged again.
"""

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.attendance import (
    attendance_ids,
    evidence_files,
    open_submissions,
    resubmission,
    signature_drawings,
)
from chalicelib.errors import InvalidState, Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AttendanceDraft, AttendanceSignature


def capture(submission_id: str, signature: str, *, user_id: str) -> AttendanceSignature:
    """Keep the signature of a submission.

    Raises NotFound, ValidationFailed, and InvalidState where a submitted record has another signature.
    """
    draft = open_submissions.get(submission_id, user_id=user_id)
    attendance_id = attendance_ids.attendance_of(submission_id)
    content = signature_drawings.drawn(signature)
    key = evidence_files.new_signature(draft.event_id, attendance_id)
    # The bytes come first, and stay after an unknown answer, as those of photos.
    files.write(key, content, content_type="image/png")
    try:
        before, after = _put(draft, attendance_id, key)
    except InvalidState:
        files.delete(key)
        # The request that stored the signature may have died before this.
        resubmission.rejudge(attendance_id)
        there = operations.get(keys.attendance.signature(attendance_id))
        if there is None or there.key is None or files.read(there.key, limit=len(content)) != content:
            raise
        return there  # the answer to the request that brought it may be lost
    if before is not None and before.key is not None:
        files.delete(before.key)
    resubmission.rejudge(attendance_id)  # nothing, before the submission
    return after


def is_missing(signature: AttendanceSignature | None, nonce: str) -> bool:
    """Whether a submission has no signature of its own."""
    return signature is None or signature.key is None or signature.nonce != nonce


def _put(
    draft: AttendanceDraft, attendance_id: str, key: str
) -> tuple[AttendanceSignature | None, AttendanceSignature]:
    """Make a file the signature in one transaction with a look at the submission; return what was and what is."""
    place, of_draft = keys.attendance.signature(attendance_id), keys.attendance.draft(attendance_id)
    for _ in retries.attempts():
        present, before = operations.get(of_draft), operations.get(place)
        if present is not None and present.submitted_at is not None and not is_missing(before, present.nonce):
            raise InvalidState("This record has its signature already.")
        after = AttendanceSignature(
            *place,
            gsi1=keys.attendance.evidence_of_event(draft.event_id, evidence_files.signature_entry(attendance_id)),
            gsi2=keys.attendance.evidence_of_person(draft.user_id, attendance_id),
            attendance_id=attendance_id,
            event_id=draft.event_id,
            user_id=draft.user_id,
            nonce=draft.nonce,
            key=key,
            captured_at=clock.now(),
        )
        as_read: Condition = AttendanceSignature.pk.does_not_exist()
        if before is not None:
            as_read = AttendanceSignature.key == before.key if before.key else AttendanceSignature.key.does_not_exist()
        try:
            operations.commit(
                operations.put(after, as_read), operations.check(of_draft, open_submissions.is_same(present or draft))
            )
        except operations.ConditionFailed:
            continue  # the signature or the submission changed after the read
        return before, after
    raise Unavailable(retry_after=1)
