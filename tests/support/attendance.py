"""Records of attendance for tests of their readers: an ordinary submission, one after the other."""

import itertools
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, CampusEvent
from tests.support.attended import attend

_later = itertools.count(1)


def make_record(event: CampusEvent, student: Account, **changes: Any) -> AttendanceRecord:
    """Store the record of a submission, later than the one before; `changes` are its attributes."""
    profile = operations.get(keys.campus_people.profile(student.account_id))
    assert profile is not None
    submission = {
        "department": profile.department,
        "submitted_at": clock.now() + timedelta(milliseconds=next(_later)),
        "factors": {"qr": [True, 3], "location": [True, 12, 50], "time": [True]},
        "location_verified": True,
        "distance_m": 12,
    }
    return attend(event, student, **submission | changes)
