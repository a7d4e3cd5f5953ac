"""What the stream brings after it was due to be erased: a batch that was held back, or comes from the dead letters.

The erasures of a person and of an event find records by lists that the stream writes. One that comes after them opens
the erasure again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.domain.background.changes import Change
from chalicelib.table.items import AttendanceDraft, AttendanceRecord

# No erasure comes as soon after what it erases: that of a person waits a minute, that of an event an hour.
_ORDINARY = timedelta(seconds=5)


def records(changes: Iterable[Change]) -> list[AttendanceRecord]:
    """Return the new records that come late."""
    fresh = [change.after for change in changes if change.before is None]
    return [each for each in fresh if isinstance(each, AttendanceRecord) and _is_late(each.submitted_at)]


def people(changes: Sequence[Change]) -> set[str]:
    """Return whose new records and readings of codes come late."""
    found = {record.user_id for record in records(changes)}
    for change in changes:
        before, draft = change.before, change.after
        if isinstance(draft, AttendanceDraft) and _is_late(draft.verified_at):
            is_read_before = isinstance(before, AttendanceDraft) and before.nonce == draft.nonce
            found |= set() if is_read_before else {draft.user_id}
    return found


def _is_late(at: datetime) -> bool:
    return clock.now() - at > _ORDINARY
