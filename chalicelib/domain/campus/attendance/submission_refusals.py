"""Why a submission is refused, in words: no verified code, a second one, or another person's."""

from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.errors import AlreadySubmitted, NotFound, QrTokenRequired
from chalicelib.table.items import AttendanceRecord

_SCAN = "scan the QR code of the event, then submit within ten minutes"


def none_of_yours() -> NotFound:
    """Return the refusal of a submission that does not exist, or is another person's."""
    return NotFound(attendance_ids.NO_SUBMISSION)


def code_required(*, is_late: bool) -> QrTokenRequired:
    """Return the refusal without a code that was verified within ten minutes."""
    reason = "the code was verified more than ten minutes ago" if is_late else "no code was verified for this event"
    return QrTokenRequired(details=[{"field": "qr_token", "message": f"{reason}; {_SCAN}"}])


def again(record: AttendanceRecord) -> AlreadySubmitted:
    """Return the refusal of a second submission; the first one counts."""
    return AlreadySubmitted(extra={"duplicate": True, "attendance_id": record.attendance_id})
