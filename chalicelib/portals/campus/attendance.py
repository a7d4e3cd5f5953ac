"""Campus: codes, positions, submissions, feedback."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.attendance import (
    code_readings,
    photo_uploads,
    position_checks,
    student_details,
    submissions,
    verification_feedback,
)
from chalicelib.domain.campus.attendance.code_readings import AcceptedReading, CodeInput
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.domain.campus.attendance.submissions import SubmissionInput, Submitted
from chalicelib.portals.http.auth import CAMPUS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import BODY_LIMIT, Call, FormBody, Link, Route
from chalicelib.schemas.campus import attendance as schema

bp = Blueprint(__name__)
_BASE = "/api/campus/attendance"
# A photo of a webcam and a signature, in base64.
_JSON_BYTES = 1_000_000
_BEYOND = "Upload a larger photo to upload-front-photo/ first, and submit without it."


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
        form=FormBody(BODY_LIMIT, files=()),
        refuses=(errors.QrTokenRequired, errors.InvalidQrCode, errors.OutsideAttendancePeriod, errors.NotFound),
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
        f"{_BASE}/verify-location",
        guard=CAMPUS,
        body=schema.LocationIn,
        reply=schema.LocationOut,
        form=FormBody(BODY_LIMIT, files=()),
        refuses=(errors.QrTokenRequired, errors.AlreadySubmitted, errors.NotFound),
    ),
)
def campus_verify_location(call: Call[schema.LocationIn, None]) -> schema.LocationOut:
    """Check a position against the place of the event; a submission keeps the distance, not the position."""
    body = call.body
    position = GivenPosition(body.latitude, body.longitude, body.accuracy)
    found = position_checks.check(
        position, submission_id=body.submission_id, event_id=body.event_id, principal=call.principal
    )
    return schema.LocationOut.read(found)


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
        limit=_JSON_BYTES,
        form=FormBody(photo_uploads.MAX_FORM_BYTES, files=("selfie_image",), beyond=_BEYOND),
        refuses=(
            errors.QrTokenRequired,
            errors.OutsideAttendancePeriod,
            errors.AlreadySubmitted,
            errors.NotFound,
            errors.UnsupportedMediaType,
            errors.Unavailable,
        ),
    ),
)
def campus_submit_attendance(call: Call[schema.SubmitIn, None]) -> schema.SubmittedOut:
    """Submit attendance, once for each event; flags never refuse."""
    body = call.body
    given = SubmissionInput(
        event_id=body.named_event,
        submission_id=body.submission_id,
        position=_position(body),
        is_mock=body.is_mock,
        device_key=body.device_key,
        selfie=call.files.get("selfie_image"),
        selfie_text=body.selfie_image,
        signature=body.signature,
    )
    return _submitted_out(submissions.submit(given, principal=call.principal, operation_id=call.operation_id))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/verification-feedback",
        guard=CAMPUS,
        query=schema.FeedbackIn,
        reply=schema.FeedbackOut,
        refuses=(errors.ValidationFailed, errors.NotFound),
    ),
)
def campus_verification_feedback(call: Call[None, schema.FeedbackIn]) -> schema.FeedbackOut:
    """Show each factor of a submission, before it is sent and afterwards."""
    query = call.query
    shown = verification_feedback.show(
        call.principal, attendance_id=query.attendance_id, submission_id=query.submission_id
    )
    return schema.FeedbackOut.read(shown)


@door(
    bp,
    Route("GET", f"{_BASE}/student-autofill", guard=CAMPUS, reply=schema.StudentOut, refuses=(errors.NotFound,)),
)
def campus_student_autofill(call: Call[None, None]) -> schema.StudentOut:
    """Show what forms are filled with, from the own profile."""
    return schema.StudentOut.read(student_details.autofill(call.principal.id))
