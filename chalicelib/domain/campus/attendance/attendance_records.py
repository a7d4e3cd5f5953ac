"""Records of attendance, read by their owners and by the staff of their events."""

from msgspec.structs import replace
from pynamodb.expressions.condition import Condition

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import attendance_pages, event_staff, missing_attendance, record_views
from chalicelib.domain.campus.attendance.missing_attendance import ShownMissing
from chalicelib.domain.campus.attendance.record_views import ShownRecord
from chalicelib.domain.campus.events import campus_days, campus_events
from chalicelib.domain.campus.events.campus_days import Period
from chalicelib.domain.lists.attendance import ATTENDANCE
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import Page
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord

UNKNOWN_RECORD = "There is no such attendance record."


def page(
    caller: Principal, asked: Asked, *, period: Period = campus_days.ALWAYS, missing: bool = False
) -> Page[ShownRecord | ShownMissing]:
    """Return a page of the records that the caller may read; with `missing` of the people who have none.

    Raises NotFound, InvalidCursor, ValidationFailed.
    """
    asked = campus_days.asked_in(asked, caller, period)
    if missing:
        absent = missing_attendance.page(caller, asked)
        return absent.showing([*absent.results])
    found = attendance_pages.scoped(ATTENDANCE, caller, asked)
    return found.showing([*record_views.show_many(found.results)])


def page_of_event(
    caller: Principal, event_id: str, asked: Asked, *, period: Period, missing: bool = False
) -> Page[ShownRecord | ShownMissing]:
    """Return a page of the records of an event; with `missing` of the expected people without one.

    Raises NotFound, InvalidCursor, ValidationFailed.
    """
    campus_events.require_staff_of(event_id, caller)
    asked = campus_days.asked_in(asked, caller, period, event_id=event_id)
    if missing:
        return page(caller, replace(asked, filters={"event": event_id, **asked.filters}), missing=True)
    found = attendance_pages.narrowed(ATTENDANCE, asked, {"event": event_id})
    return found.showing([*record_views.show_many(found.results)])


def show(caller: Principal, attendance_id: str) -> ShownRecord:
    """Return a record of the caller, or of an event that they are staff of. Raises NotFound."""
    return record_views.show(readable(caller, attendance_id))


def readable(caller: Principal, attendance_id: str) -> AttendanceRecord:
    """Return a record that the caller may read. Raises NotFound."""
    record = operations.get(keys.attendance.record(attendance_id))
    if record is None or not (record.user_id == caller.id or event_staff.is_staff_of(caller, record)):
        raise NotFound(UNKNOWN_RECORD)
    return record


def unchanged(record: AttendanceRecord) -> Condition:
    """Return the condition that a record is as it was read, for decisions and for the check of its evidence."""
    condition: Condition = (
        (AttendanceRecord.version == record.version)
        & (AttendanceRecord.verification_status == record.verification_status)
        & (AttendanceRecord.flags == record.flags)
        & (AttendanceRecord.factors == record.factors)
    )
    return condition
