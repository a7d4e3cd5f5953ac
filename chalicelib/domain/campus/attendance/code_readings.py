"""A student reads the code of an event, or types its digits: good for one submission within ten minutes (D-CAMPUS-30).

A fresh reading replaces the draft, with a fresh nonce, until the submission. A refused reading changes nothing: neither
the draft, nor what a later reading gets. Each reading is logged: a refused one at once, an accepted one from the
table's stream, since one conditional write is all that a crowd at the door should cost.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.campus.attendance import attendance_ids, attendance_periods, evidence_marks
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.domain.campus.attendance.student_details import StudentDetails
from chalicelib.domain.campus.events import code_tries, event_windows, rotating_codes
from chalicelib.domain.campus.events.rotating_codes import CodeClaims, CodeVerdict
from chalicelib.errors import InvalidQrCode, NotFound, QrTokenRequired, ValidationFailed
from chalicelib.identifiers import id_of_moment, new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceDraft, CampusEvent, QrScan
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


class CodeInput(Struct, frozen=True):
    """What a student sends: a token, or the digits with their event."""

    qr_token: str | None = None
    code: str | None = None
    event_id: str | None = None
    position: GivenPosition | None = None
    device_key: str | None = None


class AcceptedReading(Struct, frozen=True):
    """An accepted reading: the event, and the student as forms show them."""

    event: CampusEvent
    student: StudentDetails
    submission_id: str


class _Reading(Struct, frozen=True):
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

    Raises QrTokenRequired, InvalidQrCode, OutsideAttendancePeriod, NotFound, ValidationFailed.
    """
    reading = _arrived(given, principal=principal, visitor=visitor)
    if reading.event_id is None:
        raise _invalid(reading, CodeRefusal.UNKNOWN)
    attendance_id = attendance_ids.attendance_id(reading.event_id, principal.id)
    record, draft = keys.attendance.record(attendance_id), keys.attendance.draft(attendance_id)
    profile, event_place = keys.campus_people.profile(principal.id), keys.campus_events.event(reading.event_id)
    places: list[Place[Any]] = [event_place, profile, record, draft]
    if not given.qr_token:
        places.append(code_tries.limit(reading.event_id, principal.id).place)
    # Strongly consistent: a refresh of the code, a moment ago, voids this one.
    found: dict[Key, Any] = operations.get_many(places)
    event, verdict = _accepted(reading, found.get(event_place), found)
    if profile not in found:
        raise NotFound("This account has no profile of the campus.")
    if record in found or not _begun(_draft(reading, attendance_id, event=event, verdict=verdict)):
        # Submitted already, which the submission will say; the draft stays, since its photos belong to the record.
        _log(_scan(reading, event=event, verdict=verdict, reason=None))
    submission_id = attendance_ids.submission_id(event.event_id, principal.id)
    return AcceptedReading(event, StudentDetails.of(found[profile]), submission_id)


def _accepted(
    reading: _Reading, event: CampusEvent | None, found: Mapping[Key, Any]
) -> tuple[CampusEvent, CodeVerdict]:
    """Return the event of a code that is accepted now. Raises InvalidQrCode, OutsideAttendancePeriod."""
    if event is None or event.deleted_at is not None:
        raise _invalid(reading, CodeRefusal.NO_EVENT)
    verdict = _verdict(reading, event, found)
    window = event_windows.state(event, reading.at)
    is_over = window.reason == event_windows.ENDED and verdict.reason in (None, CodeRefusal.EXPIRED)
    if verdict.reason is not None and not is_over:
        raise _invalid(reading, verdict.reason, event=event, verdict=verdict)
    if not window.is_open:
        _log(_scan(reading, event=event, verdict=verdict, reason=window.reason))
        raise attendance_periods.refusal(event, window, ended=event_windows.ENDED)
    return event, verdict


def _begun(draft: AttendanceDraft) -> bool:
    """Write a draft in place of an earlier one; return whether it was, which a submitted one prevents."""
    is_open = AttendanceDraft.pk.does_not_exist() | AttendanceDraft.submitted_at.does_not_exist()
    try:
        operations.record(operations.put(draft, is_open))
    except operations.ConditionFailed:
        return False
    return True


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


def _verdict(reading: _Reading, event: CampusEvent, found: Mapping[Key, Any]) -> CodeVerdict:
    given = reading.given
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


@follows(Wanted(AttendanceDraft, unless=AttendanceDraft.submitted_at))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Log the accepted readings: each has its draft. Idempotent, since the nonce names the entry."""
    scans: dict[Key, QrScan] = {}
    for change in changes:
        draft = change.after
        if isinstance(draft, AttendanceDraft):
            scan = _scan_of(draft)
            scans[scan.place] = scan
    operations.put_many(scans.values())
    return []


def _scan_of(draft: AttendanceDraft) -> QrScan:
    """Return the log's entry of an accepted reading; its id sorts by time and is the same each time."""
    scan_id = id_of_moment("scn", f"{draft.user_id}/{draft.nonce}", at=draft.verified_at)
    return QrScan(
        *keys.attendance.qr_scan(draft.user_id, scan_id),
        user_id=draft.user_id,
        event_id=draft.event_id,
        at=draft.verified_at,
        age_seconds=_age(draft.born_at, draft.verified_at),
        address_hint=draft.address_hint,
        agent=draft.agent,
        distance_m=draft.read_at_m,
        ttl=int((draft.verified_at + _SCAN_KEPT).timestamp()),
    )


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
        address_hint=reading.visitor.address_hint,
        agent=reading.visitor.device,
        read_at_m=position.metres_to(event) if position else None,
        ttl=int((reading.at + _DRAFT_KEPT).timestamp()),
    )


def _age(born_at: datetime, at: datetime) -> float:
    return round(max(0.0, (at - born_at).total_seconds()), 1)
