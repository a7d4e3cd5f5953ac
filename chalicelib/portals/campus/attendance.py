"""Campus: codes, positions, submissions, feedback."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.attendance import code_readings, submissions
from chalicelib.domain.campus.attendance.code_readings import AcceptedReading, CodeInput
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.domain.campus.attendance.submissions import SubmissionInput, Submitted
from chalicelib.portals.http.auth import CAMPUS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.campus import attendance as schema

bp = Blueprint(__name__)
_BASE = "/api/campus/attendance"


def _position(body: schema.PlaceIn) -> GivenPosition | None:
    if body.latitude is None or body.longitude is None:
        return None
    return GivenPosition(body.latitude, body.longitude, body.accuracy)


def _verified_out(verified: AcceptedReading) -> schema.VerifiedCodeOut:
    event = verified.event
    return schema.VerifiedCodeOut(
        event=schema.VerifiedEventOut(
            id=event.event_id,
            title=event.title,
            location=event.location,
            start_time=event.starts_at,
            end_time=event.ends_at,
            latitude=float(event.latitude),
            longitude=float(event.longitude),
            location_radius=event.location_radius,
        ),
        student=schema.StudentOut.read(verified.student),
        submission_id=verified.submission_id,
    )


def _submitted_out(submitted: Submitted) -> schema.SubmittedOut:
    record = submitted.record
    return schema.SubmittedOut(
        attendance_id=record.attendance_id,
        verification_status=record.verification_status,
        next_steps=submitted.next_steps,
        status=record.status,
        location_verified=record.location_verified,
        flags=[schema.FlagOut.read(flag) for flag in submitted.flags],
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/verify-qr",
        guard=CAMPUS,
        body=schema.VerifyCodeIn,
        reply=schema.VerifiedCodeOut,
        refuses=(errors.QrTokenRequired, errors.InvalidQrCode, errors.OutsideAttendancePeriod),
        links=(Link("campus_submit_attendance", body={"submission_id": "/submission_id"}),),
    ),
)
def campus_verify_code(call: Call[schema.VerifyCodeIn, None]) -> schema.VerifiedCodeOut:
    """Verify the code of an event; it is then good for one submission within ten minutes."""
    body = call.body
    given = CodeInput(
        qr_token=body.qr_token,
        code=body.code,
        event_id=body.event_id,
        position=_position(body),
        device_key=body.device_key,
    )
    return _verified_out(code_readings.verify(given, principal=call.principal, visitor=call.visitor))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/submit",
        guard=CAMPUS,
        body=schema.SubmitIn,
        reply=schema.SubmittedOut,
        status=201,
        idempotent=True,
        refuses=(
            errors.QrTokenRequired,
            errors.OutsideAttendancePeriod,
            errors.AlreadySubmitted,
            errors.NotFound,
        ),
    ),
)
def campus_submit_attendance(call: Call[schema.SubmitIn, None]) -> schema.SubmittedOut:
    """Submit attendance, once for each event; flags never refuse."""
    body = call.body
    given = SubmissionInput(
        event_id=body.event_id or body.event,
        submission_id=body.submission_id,
        position=_position(body),
        is_mock=body.is_mock,
        device_key=body.device_key,
    )
    return _submitted_out(submissions.submit(given, principal=call.principal, operation_id=call.operation_id))
