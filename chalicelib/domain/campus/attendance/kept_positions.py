"""The coordinates of a submission: stored only where the event's settings keep positions for some days (D-CAMPUS-32).

They are an item of their own, so that its key is all that erasing them takes; DynamoDB's TTL removes it as well.
"""

from datetime import datetime, timedelta

from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.table import keys
from chalicelib.table.items import AttendancePosition, CampusEvent


def days(event: CampusEvent) -> int:
    """Return for how many days an event keeps positions; 0 for not at all."""
    return int(event.retention.get("position_days", 0)) if event.retention else 0


def item(attendance_id: str, position: GivenPosition, *, event: CampusEvent, at: datetime) -> AttendancePosition | None:
    """Return the item of a position, or None where the event keeps none."""
    if days(event) <= 0:
        return None
    gone_at = max(at, event.ends_at) + timedelta(days=days(event))
    return AttendancePosition(
        *keys.attendance.position(attendance_id),
        latitude=position.latitude,
        longitude=position.longitude,
        accuracy_m=position.accuracy,
        taken_at=at,
        ttl=int(gone_at.timestamp()),
    )
