"""How fresh a device's snapshot is: its cursor says when the feed had nothing newer, and no device alters it."""

from datetime import datetime

from chalicelib.domain.offline import cursors
from chalicelib.domain.offline.phone_syncs import ATTENDEES, CARDS
from chalicelib.domain.offline.snapshots import WHAT
from chalicelib.errors import InvalidCursor


def of(cursor: str | None, event_id: str, *, reported: datetime | None) -> datetime | None:
    """Return when a device's snapshot was up to date, by its cursor, else as the device reported; None without one."""
    if cursor is None:
        return None
    for what in (WHAT, ATTENDEES, CARDS):
        try:
            return cursors.opened(cursor, what, event_id).at
        except InvalidCursor:
            continue
    return reported
