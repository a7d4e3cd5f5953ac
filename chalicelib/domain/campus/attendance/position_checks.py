"""A student's position before the submission: how far it is from the event, and whether it counts as there.

The draft keeps the distance, the accuracy and a keyed hash. The coordinates themselves are kept only where the event's
settings say so (`kept_positions`).
"""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import (
    attendance_ids,
    evidence_marks,
    judgements,
    kept_positions,
    submission_evidence,
    submission_refusals,
)
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.domain.campus.attendance.submission_evidence import OthersThere, SubmissionFiles
from chalicelib.domain.campus.events import campus_events
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AttendanceDraft, CampusEvent
from chalicelib.table.operations import Write
from chalicelib.table.places import Key


class PositionCheck(Struct, frozen=True):
    """Whether a position counts as at the event; lengths are in metres."""

    location_verified: bool
    distance_m: float
    radius_m: int


def check(
    position: GivenPosition, *, submission_id: str | None, event_id: str | None, principal: Principal
) -> PositionCheck:
    """Check a position and keep what it says for the submission.

    Raises NotFound, QrTokenRequired, AlreadySubmitted, ValidationFailed.
    """
    attendance_id = attendance_ids.asked_for(event_id, submission_id, principal.id)
    for _ in retries.attempts():
        event, draft = _read(attendance_id, event_id, principal)
        facts = replace(
            submission_evidence.facts_of_draft(draft, submitted_at=clock.now()),
            distance=position.metres_to(event),
            accuracy=position.accuracy,
        )
        try:
            operations.commit(*_writes(draft, event, position))
        except operations.ConditionFailed:
            continue  # submitted, or the code was verified again, meanwhile
        found = judgements.judged(event, facts, SubmissionFiles(), OthersThere(), may_photos_come=True)
        return PositionCheck(bool(found.location_verified), facts.distance or 0.0, event.location_radius)
    raise Unavailable(retry_after=1)


def _read(attendance_id: str, event_id: str | None, principal: Principal) -> tuple[CampusEvent, AttendanceDraft]:
    """Return the event and the open submission of the caller. Raises every refusal."""
    record_place, draft_place = keys.attendance.record(attendance_id), keys.attendance.draft(attendance_id)
    found: dict[Key, Any] = operations.get_many([record_place, draft_place])
    record, draft = found.get(record_place), found.get(draft_place)
    known = draft or record
    if known is not None and known.user_id != principal.id:
        raise submission_refusals.none_of_yours()
    if event_id is None and known is None:
        raise submission_refusals.none_of_yours()
    event = campus_events.get(known.event_id if known is not None else event_id or "")
    if record is not None:
        raise submission_refusals.again(record)
    if draft is None or clock.now() >= draft.expires_at:
        raise submission_refusals.code_required(is_late=draft is not None)
    return event, draft


def _writes(draft: AttendanceDraft, event: CampusEvent, position: GivenPosition) -> list[Write]:
    actions = [
        AttendanceDraft.distance_m.set(position.metres_to(event)),
        AttendanceDraft.position_mac.set(evidence_marks.position_mac(position, event_id=event.event_id)),
        AttendanceDraft.accuracy_m.remove()
        if position.accuracy is None
        else AttendanceDraft.accuracy_m.set(position.accuracy),
    ]
    is_same = (AttendanceDraft.nonce == draft.nonce) & AttendanceDraft.submitted_at.does_not_exist()
    kept = kept_positions.item(draft.user_id, position, event=event, at=clock.now())
    return [operations.change(draft.place, actions, is_same), *([operations.put(kept)] if kept else [])]
