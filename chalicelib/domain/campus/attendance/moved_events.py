"""Records and appeals of an event that was moved to another campus: they follow it, so that its staff have them."""

from collections.abc import Sequence

from chalicelib.domain.campus.attendance import attendance_pages
from chalicelib.domain.lists.attendance import APPEALS
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import MAX_SIZE
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord, CampusEvent
from chalicelib.vocabulary.campus import AppealStatus

# Whose cursors they are.
_READER = "moved event"


def move_records(event: CampusEvent, attendance_ids: Sequence[str]) -> None:
    """Give records the staff of their event as it is now; idempotent."""
    for record in operations.get_many([keys.attendance.record(each) for each in attendance_ids]).values():
        _move(record, event)


def move_appeals(event: CampusEvent) -> None:
    """Give all appeals of an event its staff as it is now, also those without a record; idempotent."""
    for status in AppealStatus:
        cursor: str | None = None
        while True:
            asked = Asked(caller_id=_READER, page_size=MAX_SIZE, cursor=cursor, filters={"status": status})
            page = attendance_pages.narrowed(APPEALS, asked, {"event": event.event_id})
            for appeal in page.results:
                _move(appeal, event)
            cursor = page.next
            if cursor is None:
                break


def _move(thing: AttendanceRecord | AttendanceAppeal, event: CampusEvent) -> None:
    if (thing.campus_id, thing.organizer_id) == (event.campus_id, event.organizer_id):
        return
    kind = type(thing)
    staff = [kind.campus_id.set(event.campus_id), kind.organizer_id.set(event.organizer_id)]
    operations.record(operations.change(thing.place, staff, kind.pk.exists()))
