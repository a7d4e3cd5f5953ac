"""The evidence of a submission, collected from its items for the rule that judges it.

It is collected when a student asks for feedback, at the submission, and again in the background. All three judge the
same evidence by the same rule.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.campus.attendance import evidence_marks
from chalicelib.domain.campus.evidence.evidence import (
    EarlierPlace,
    EventDemands,
    EventPlace,
    Evidence,
    PhotoEvidence,
)
from chalicelib.table import keys
from chalicelib.table.items import (
    AttendanceDraft,
    AttendancePhoto,
    AttendanceRecord,
    AttendanceSignature,
    CampusEvent,
    LastPlace,
)
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.campus import AttendanceMethod, EvidenceFactor, PhotoSide

SIDES = tuple(PhotoSide)


class SubmissionFacts(Struct, frozen=True):
    """What is known of a submission itself, from its draft and request, or from its record."""

    user_id: str
    nonce: str | None
    method: AttendanceMethod
    verified_at: datetime
    submitted_at: datetime
    code_age: float
    distance: float | None = None
    accuracy: float | None = None
    device_mac: str | None = None
    position_mac: str | None = None
    is_mock: bool = False
    # Of a record: what was judged when it was submitted.
    factors: Mapping[str, Sequence[Any]] | None = None


class OthersThere(Struct, frozen=True):
    """Other people of the event with the same device or at exactly the same position; `device_pause` is in seconds."""

    device_users: int = 0
    position_users: int = 0
    device_pause: float | None = None


class SubmissionFiles(Struct, frozen=True):
    """The photos and the signature of a submission, and where the person was last."""

    photos: tuple[AttendancePhoto, ...] = ()
    signature: AttendanceSignature | None = None
    last_place: LastPlace | None = None


def file_places(attendance_id: str, user_id: str) -> list[Place[Any]]:
    """Return the places of photos, signature and last place."""
    sides = [keys.attendance.photo(attendance_id, side) for side in SIDES]
    return [*sides, keys.attendance.signature(attendance_id), keys.attendance.last_place(user_id)]


def files_of(found: Mapping[Key, Any], attendance_id: str, user_id: str) -> SubmissionFiles:
    """Return what was read at `file_places`."""
    sides = [found.get(keys.attendance.photo(attendance_id, side)) for side in SIDES]
    return SubmissionFiles(
        photos=tuple(photo for photo in sides if photo is not None),
        signature=found.get(keys.attendance.signature(attendance_id)),
        last_place=found.get(keys.attendance.last_place(user_id)),
    )


def facts_of_draft(draft: AttendanceDraft, *, submitted_at: datetime) -> SubmissionFacts:
    """Return the facts of a submission in progress, as if it were submitted at a moment."""
    return SubmissionFacts(
        user_id=draft.user_id,
        nonce=draft.nonce,
        method=draft.method,
        verified_at=draft.verified_at,
        submitted_at=submitted_at,
        code_age=max(0.0, (draft.verified_at - draft.born_at).total_seconds()),
        distance=_metres(draft.distance_m),
        accuracy=_metres(draft.accuracy_m),
        device_mac=draft.device_mac,
        position_mac=draft.position_mac,
    )


def facts_of_record(record: AttendanceRecord) -> SubmissionFacts:
    """Return the facts of a record that a student submitted."""
    seconds = float(record.seconds or 0)
    return SubmissionFacts(
        user_id=record.user_id,
        nonce=record.nonce,
        method=record.method,
        verified_at=record.submitted_at - timedelta(seconds=seconds),
        submitted_at=record.submitted_at,
        code_age=float(record.code_age or 0),
        distance=_metres(record.distance_m),
        accuracy=_metres(record.accuracy_m),
        device_mac=record.device_mac,
        position_mac=record.position_mac,
        is_mock=bool(record.is_mock),
        factors=dict(record.factors or {}),
    )


def evidence_of(event: CampusEvent, facts: SubmissionFacts, files: SubmissionFiles, beside: OthersThere) -> Evidence:
    """Return the evidence of a submission."""
    return Evidence(
        method=facts.method,
        demands=_demands(event, facts, files),
        place=_place(event, facts),
        submitted_at=facts.submitted_at,
        late_after=event.late_until,
        code_age=facts.code_age,
        distance=facts.distance,
        accuracy=facts.accuracy,
        is_mock=facts.is_mock,
        device_users=beside.device_users,
        position_users=beside.position_users,
        device_pause=beside.device_pause,
        earlier=_earlier(files.last_place, event, facts),
        photos=tuple(_photo(photo, facts.nonce) for photo in files.photos if is_received(photo)),
        has_signature=files.signature is not None and files.signature.nonce == facts.nonce,
    )


def _place(event: CampusEvent, facts: SubmissionFacts) -> EventPlace:
    """Return the place of an event. A radius that was made smaller afterwards does not count against a record."""
    place = evidence_marks.place_of(event)
    _, *numbers = (facts.factors or {}).get(EvidenceFactor.LOCATION, (None,))
    return replace(place, radius=max(place.radius, float(numbers[1]))) if len(numbers) > 1 else place


def _demands(event: CampusEvent, facts: SubmissionFacts, files: SubmissionFiles) -> EventDemands:
    """Return what the event asks for. What it did not ask for yet, when a record was submitted, the record needs not.

    A factor that was neither there nor asked for has no result; one of an unchecked photo has none either.
    """

    def was_asked(*factors: EvidenceFactor) -> bool:
        judged = facts.factors
        return judged is None or any(judged.get(factor, (None,))[0] is not None for factor in factors)

    has_photo = any(is_received(photo) for photo in files.photos)
    return EventDemands(
        photos=event.require_photos and (has_photo or was_asked(EvidenceFactor.FRONT_PHOTO, EvidenceFactor.BACK_PHOTO)),
        signature=event.require_signature and was_asked(EvidenceFactor.SIGNATURE),
        location=event.require_location and was_asked(EvidenceFactor.LOCATION),
    )


def _metres(value: float | None) -> float | None:
    return None if value is None else float(value)


def _earlier(last: LastPlace | None, event: CampusEvent, facts: SubmissionFacts) -> EarlierPlace | None:
    """Return the place before this event; a record of a later moment says nothing of the way here."""
    if last is None or last.event_id == event.event_id or last.submitted_at > facts.submitted_at:
        return None
    return EarlierPlace(float(last.latitude), float(last.longitude), last.submitted_at)


def is_received(photo: AttendancePhoto) -> bool:
    """Whether a photo was received, also one that was erased since; an offered upload may have none yet."""
    return photo.sha256 is not None or photo.checked_at is not None


def _photo(photo: AttendancePhoto, nonce: str | None) -> PhotoEvidence:
    findings: dict[str, Any] = dict(photo.findings or {})
    return PhotoEvidence(
        side=photo.side,
        is_bound=nonce is not None and photo.nonce == nonce,
        same_bytes=bool(findings.get("same_bytes")),
        nearest=findings.get("nearest"),
        shows_other_code=bool(findings.get("shows_other_code")),
        shown_code_age=findings.get("shown_code_age"),
        is_screenshot=bool(findings.get("is_screenshot")),
        is_checked=photo.checked_at is not None,
    )
