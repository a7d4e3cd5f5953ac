"""The coordinates of a submission: stored only where the event's settings keep positions for some days (D-CAMPUS-32).

They are an item of their own, so that its key is all that erasing them takes; DynamoDB's TTL removes it as well.
"""

from datetime import datetime

from chalicelib.domain.campus.attendance import attendance_ids, evidence_files, retention_days
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.table import keys
from chalicelib.table.items import AttendancePosition, CampusEvent
from chalicelib.vocabulary.campus import ErasedKind


def item(user_id: str, position: GivenPosition, *, event: CampusEvent, at: datetime) -> AttendancePosition | None:
    """Return the item of a person's position, or None where the event keeps none."""
    if retention_days.days(event, ErasedKind.POSITION) <= 0:
        return None
    attendance_id = attendance_ids.attendance_id(event.event_id, user_id)
    return AttendancePosition(
        *keys.attendance.position(attendance_id),
        gsi1=keys.attendance.evidence_of_event(event.event_id, evidence_files.position_entry(attendance_id)),
        gsi2=keys.attendance.evidence_of_person(user_id, attendance_id),
        latitude=position.latitude,
        longitude=position.longitude,
        accuracy_m=position.accuracy,
        taken_at=at,
        ttl=int(retention_days.ends_at(event, ErasedKind.POSITION).timestamp()),
    )
