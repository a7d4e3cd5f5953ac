"""What a record of attendance costs in its list: five write units, and none for a decision or a check of photos."""

import pytest

from chalicelib.domain.lists import entries
from chalicelib.domain.lists.attendance import ATTENDANCE
from chalicelib.table import operations
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user

pytestmark = pytest.mark.usefixtures("moto_cloud")
KILOBYTE = 1024


def _bytes(raw: operations.RawItem) -> int:
    return sum(len(name.encode()) + len(str(*value.values()).encode()) for name, value in raw.items())


def test_a_record_has_five_entries_of_one_write_unit_each() -> None:
    campus = make_campus()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    record = make_record(event, make_campus_user(campus, department="D" * 100), department="D" * 100)
    rows = entries.of(ATTENDANCE, record)
    sizes = [_bytes(operations.put(row).arguments["Item"]) for row in rows.values()]
    assert len(sizes) == 5
    assert max(sizes) <= KILOBYTE


def test_a_decision_and_a_check_of_photos_write_no_entry() -> None:
    campus = make_campus()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    record = make_record(event, make_campus_user(campus))
    before = entries.of(ATTENDANCE, record)
    record.status, record.verification_status = AttendanceStatus.LATE, VerificationStatus.REJECTED
    record.flags, record.note, record.version = {"no_photo": {"missing": 1}}, "Not there", 2
    assert entries.same(before, entries.of(ATTENDANCE, record))
