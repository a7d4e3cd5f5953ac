"""A student reads the code of an event, or types its digits: good for one submission within ten minutes (D-CAMPUS-30).

A fresh reading replaces the draft, with a fresh nonce. A refused reading changes nothing: neither the draft, nor what
a later reading gets. Each reading is logged, good or bad.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.campus.attendance import attendance_ids, attendance_periods, evidence_marks
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.domain.campus.attendance.student_details import StudentDetails
from chalicelib.domain.campus.events import code_tries, event_windows, rotating_codes
from chalicelib.domain.campus.events.rotating_codes import CodeClaims, CodeVerdict
from chalicelib.errors import InvalidQrCode, NotFound, QrTokenRequired, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceDraft, CampusEvent, Item, QrScan
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.campus import AttendanceMethod, CodeRefusal

# How long a verified code is good for a submission.
VALID = timedelta(minutes=10)
# A draft outlives its time, for the photos that still come and for feedback.
_DRAFT_KEPT = timedelta(days=2)
_SCAN_KEPT = timedelta(days=90)
_NONCE_BYTES = 12
_SCAN_AGAIN = "is not valid any more: scan the code that the screen shows now"
_HINTS: Mapping[CodeRefusal, str] = {
    CodeRefusal.EXPIRED: _SCAN_AGAIN,
    CodeRefusal.OLD_EPOCH: _SCAN_AGAIN,
    CodeRefusal.OTHER_EVENT: "is of another event: scan the code of this one",
    CodeRefusal.TOO_MANY_TRIES: "was tried too often: scan the QR code, or wait ten minutes",
}
_UNKNOWN = "is not the code of an event: scan the code on the screen again"


@dataclass(frozen=True, slots=True)
class CodeInput:
    """What a student sends: a token, or the digits with their event."""

    qr_token: str | None = None
    code: str | None = None
    event_id: str | None = None
    position: GivenPosition | None = None
    device_key: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptedReading:
    """An accepted reading: the event, and the student as forms show them."""

    event: CampusEvent
    student: StudentDetails
    submission_id: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading of a code, as it arrived."""

    given: CodeInput
    claims: CodeClaims | None
    event_id: str | None
    principal: Principal
    visitor: Visitor
    at: datetime

    @property
    def field(self) -> str:
        """The field of the request that has the code."""
        return "qr_token" if self.given.qr_token else "code"


def verify(given: CodeInput, *, principal: Principal, visitor: Visitor) -> AcceptedReading:
    """Accept a code and begin a submission.

    Raises QrTokenRequired, InvalidQrCode, OutsideAttendancePeriod, ValidationFailed.
    """
    reading = _arrived(given, principal=principal, visitor=visitor)
    if reading.event_id is None:
        raise _invalid(reading, CodeRefusal.UNKNOWN)
    attendance_id = attendance_ids.attendance_id(reading.event_id, principal.id)
    record, draft = keys.attendance.record(attendance_id), keys.attendance.draft(attendance_id)
    profile, event_place = keys.campus_people.profile(principal.id), keys.campus_events.event(reading.event_id)
    limit = code_tries.limit(reading.event_id, principal.id)
    # Strongly consistent: a refresh of the code, a moment ago, voids this one.
    places: list[Place[Any]] = [event_place, profile, record, draft]
    found: dict[Key, Any] = operations.get_many([*places, *([] if given.qr_token else [limit.place])])
    event: CampusEvent | None = found.get(event_place)
    verdict = _verdict(reading, event, found)
    if event is None or event.deleted_at is not None:
        raise _invalid(reading, CodeRefusal.UNKNOWN)
    window = event_windows.state(event, reading.at)
    is_over = window.reason == event_windows.ENDED and verdict.reason in (None, CodeRefusal.EXPIRED)
    if verdict.reason is not None and not is_over:
        raise _invalid(reading, verdict.reason, event=event, verdict=verdict)
    if not window.is_open:
        _log(_scan(reading, event=event, verdict=verdict, reason=window.reason))
        raise attendance_periods.refusal(event, window, ended="Event attendance period has ended")
    if profile not in found:
        raise NotFound("This account has no profile of the campus.")
    writes: list[Item] = [_scan(reading, event=event, verdict=verdict, reason=None)]
    submitted = found.get(record) is not None or (draft in found and found[draft].submitted_at is not None)
    if not submitted:
        writes.append(_draft(reading, attendance_id, event=event, verdict=verdict))
    operations.put_many(writes)
    return AcceptedReading(
        event, StudentDetails.of(found[profile]), attendance_ids.submission_id(event.event_id, principal.id)
    )


def _arrived(given: CodeInput, *, principal: Principal, visitor: Visitor) -> _Reading:
    at = clock.now()
    if given.qr_token:
        claims = rotating_codes.read(given.qr_token)
        event_id = claims.event_id if claims else None
        return _Reading(given, claims, event_id, principal, visitor, at)
    if not given.code:
        how = "is required: scan the QR code of the event, or send its `code` of eight digits with `event_id`"
        raise QrTokenRequired(details=[{"field": "qr_token", "message": how}])
    if not given.event_id:
        raise ValidationFailed(details=[{"field": "event_id", "message": "is required with a `code`"}])
    return _Reading(given, None, given.event_id, principal, visitor, at)


def _verdict(reading: _Reading, event: CampusEvent | None, found: Mapping[Key, Any]) -> CodeVerdict:
    given = reading.given
    if event is None:
        return CodeVerdict(CodeRefusal.UNKNOWN)
    if given.qr_token:
        verdict = rotating_codes.check_token(given.qr_token, event, reading.at)
        if verdict.is_accepted and given.event_id not in (None, event.event_id):
            return CodeVerdict(CodeRefusal.OTHER_EVENT, verdict.born_at)
        return verdict
    return code_tries.check(given.code or "", event, reading.at, user_id=reading.principal.id, read=found)


def _invalid(
    reading: _Reading,
    reason: CodeRefusal,
    *,
    event: CampusEvent | None = None,
    verdict: CodeVerdict | None = None,
) -> InvalidQrCode:
    """Log a refused code, and return the refusal."""
    _log(_scan(reading, event=event, verdict=verdict, reason=reason))
    hint = _HINTS.get(reason, _UNKNOWN)
    return InvalidQrCode(details=[{"field": reading.field, "message": hint}])


def _log(scan: QrScan) -> None:
    operations.record(operations.put(scan))


def _scan(reading: _Reading, *, event: CampusEvent | None, verdict: CodeVerdict | None, reason: str | None) -> QrScan:
    born_at, position = verdict.born_at if verdict else None, reading.given.position
    return QrScan(
        *keys.attendance.qr_scan(reading.principal.id, new_id("scn")),
        user_id=reading.principal.id,
        event_id=event.event_id if event else None,
        at=reading.at,
        reason=reason,
        age_seconds=_age(born_at, reading.at) if born_at else None,
        address_hint=reading.visitor.address_hint,
        agent=reading.visitor.device,
        distance_m=position.metres_to(event) if event and position else None,
        ttl=int((reading.at + _SCAN_KEPT).timestamp()),
    )


def _draft(reading: _Reading, attendance_id: str, *, event: CampusEvent, verdict: CodeVerdict) -> AttendanceDraft:
    position = reading.given.position
    mac = evidence_marks.position_mac(position, event_id=event.event_id) if position else None
    return AttendanceDraft(
        *keys.attendance.draft(attendance_id),
        user_id=reading.principal.id,
        event_id=event.event_id,
        nonce=secrets.token_urlsafe(_NONCE_BYTES),
        method=AttendanceMethod.QR if reading.given.qr_token else AttendanceMethod.CODE,
        verified_at=reading.at,
        born_at=verdict.born_at or reading.at,
        expires_at=reading.at + VALID,
        device_mac=evidence_marks.device_mac(reading.given.device_key, session_id=reading.principal.session_id),
        distance_m=position.metres_to(event) if position else None,
        accuracy_m=position.accuracy if position else None,
        position_mac=mac,
        ttl=int((reading.at + _DRAFT_KEPT).timestamp()),
    )


def _age(born_at: datetime, at: datetime) -> float:
    return round(max(0.0, (at - born_at).total_seconds()), 1)
