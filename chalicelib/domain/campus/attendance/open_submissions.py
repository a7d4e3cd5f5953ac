"""The submission that a person is making: theirs alone, and for ten minutes from the verified code on.

Once it is submitted, its missing photos and signature may come as long as its record waits for photos.
"""

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.domain.campus.attendance import attendance_ids, judgements
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceDraft

_OVER = "This submission has expired after ten minutes. Scan the code again."
_CLOSED = "Photos and signatures are taken until ten minutes after the submission. Add a statement if one is missing."


def get(submission_id: str, *, user_id: str) -> AttendanceDraft:
    """Return the submission of a person. Raises NotFound for another person's, ValidationFailed once it expired."""
    draft = operations.get(keys.attendance.draft(attendance_ids.attendance_of(submission_id)))
    if draft is None or draft.user_id != user_id or not submission_id.startswith("sub_"):
        raise NotFound("There is no such submission. Scan the code of the event first.")
    submitted_at, now = draft.submitted_at, clock.now()
    if now < draft.expires_at or (submitted_at and judgements.may_photos_come(submitted_at, at=now)):
        return draft
    if submitted_at:
        raise ValidationFailed(_CLOSED, details=[{"field": "submission_id", "message": "takes no more photos"}])
    raise ValidationFailed(_OVER, details=[{"field": "submission_id", "message": "has expired; scan the code"}])


def is_same(draft: AttendanceDraft) -> Condition:
    """Return the condition that a submission is the one that was read, and as little submitted."""
    submitted = AttendanceDraft.submitted_at
    unchanged = submitted.does_not_exist() if draft.submitted_at is None else submitted == draft.submitted_at
    same: Condition = (AttendanceDraft.nonce == draft.nonce) & unchanged
    return same
