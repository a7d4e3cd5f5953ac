"""The submission that a person is making: theirs alone, and for ten minutes from the verified code on."""

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceDraft

_OVER = "This submission has expired after ten minutes. Scan the code again."


def get(submission_id: str, *, user_id: str) -> AttendanceDraft:
    """Return the submission of a person. Raises NotFound for another person's, ValidationFailed once it expired."""
    draft = operations.get(keys.attendance.draft(attendance_ids.attendance_of(submission_id)))
    if draft is None or draft.user_id != user_id or not submission_id.startswith("sub_"):
        raise NotFound("There is no such submission. Scan the code of the event first.")
    if clock.now() >= draft.expires_at:
        raise ValidationFailed(_OVER, details=[{"field": "submission_id", "message": "has expired; scan the code"}])
    return draft


def is_same(draft: AttendanceDraft) -> Condition:
    """Return the condition that a submission is the one that was read, and as little submitted."""
    submitted = AttendanceDraft.submitted_at
    unchanged = submitted.does_not_exist() if draft.submitted_at is None else submitted == draft.submitted_at
    same: Condition = (AttendanceDraft.nonce == draft.nonce) & unchanged
    return same
