"""The one rule from evidence to factors and flags.

Flags never touch the status: `status_by_time` knows times alone. A record stores a judgement as plain numbers;
`flag_messages` says them in words. The same evidence always gets the same judgement, so a record is judged again when
more is known.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.domain.campus.evidence import distances, thresholds
from chalicelib.domain.campus.evidence.evidence import EventDemands, Evidence, PhotoEvidence
from chalicelib.domain.campus.evidence.flag_messages import factor_message
from chalicelib.vocabulary.campus import (
    AttendanceMethod,
    AttendanceStatus,
    EvidenceFactor,
    EvidenceFlag,
    PhotoSide,
    VerificationStatus,
)

Numbers = dict[str, int]
_SIDES = {PhotoSide.FRONT: EvidenceFactor.FRONT_PHOTO, PhotoSide.BACK: EvidenceFactor.BACK_PHOTO}
# A speed over no time at all is bounded, so that it stays a number.
_FASTEST_SAID_KMH = 99_999


class FactorResult(Struct, frozen=True):
    """A factor: passed, failed, or neither (None: not asked for, or not checked yet), with numbers that explain it."""

    passed: bool | None
    numbers: tuple[int, ...] = ()

    def message(self, factor: EvidenceFactor) -> str:
        """Return the result in words."""
        return factor_message(factor, self.passed, self.numbers)


class Judgement(Struct, frozen=True):
    """What the evidence of a submission says. `status` follows from the event's times alone."""

    status: AttendanceStatus
    verification_status: VerificationStatus
    factors: dict[EvidenceFactor, FactorResult]
    flags: dict[EvidenceFlag, Numbers]

    @property
    def location_verified(self) -> bool | None:
        """Whether the position was at the event; None where there was none and none was asked for."""
        return self.factors[EvidenceFactor.LOCATION].passed

    def stored_factors(self) -> dict[str, list[Any]]:
        """Return the factors as the record stores them."""
        return {factor.value: [result.passed, *result.numbers] for factor, result in self.factors.items()}

    def stored_flags(self) -> dict[str, Numbers]:
        """Return the flags as the record stores them."""
        return {flag.value: dict(numbers) for flag, numbers in self.flags.items()}


def judge(evidence: Evidence) -> Judgement:
    """Judge a submission: factors, flags and verification status from its evidence, its status from its times."""
    factors = {
        EvidenceFactor.QR: FactorResult(passed=True, numbers=(round(evidence.code_age),)),
        EvidenceFactor.LOCATION: _location(evidence),
        **_photo_factors(evidence.demands, evidence.photos),
        EvidenceFactor.SIGNATURE: _signature(evidence),
        EvidenceFactor.TIME: _time(evidence),
    }
    flags = dict(
        [
            *_code_flags(evidence),
            *_position_flags(evidence),
            *_travel_flags(evidence),
            *_device_flags(evidence),
            *_photo_flags(evidence.demands, evidence.photos),
            *_signature_flags(evidence),
        ]
    )
    return Judgement(
        status=status_by_time(evidence.submitted_at, evidence.late_after),
        verification_status=_verification(flags, evidence.demands, evidence.photos),
        factors=factors,
        flags=flags,
    )


def status_by_time(submitted_at: datetime, late_after: datetime | None) -> AttendanceStatus:
    """Return whether a submission is in time or late."""
    return AttendanceStatus.LATE if _seconds_late(submitted_at, late_after) > 0 else AttendanceStatus.PRESENT


def _seconds_late(submitted_at: datetime, late_after: datetime | None) -> float:
    return 0 if late_after is None else max(0, (submitted_at - late_after).total_seconds())


def _verification(
    flags: dict[EvidenceFlag, Numbers], demands: EventDemands, photos: Iterable[PhotoEvidence]
) -> VerificationStatus:
    if flags:
        return VerificationStatus.FLAGGED
    if demands.photos and any(photo.is_bound and not photo.is_checked for photo in photos):
        return VerificationStatus.PENDING
    return VerificationStatus.VERIFIED


def _location(evidence: Evidence) -> FactorResult:
    if evidence.distance is None:
        return FactorResult(passed=False if evidence.demands.location else None)
    passed = not _is_coarse(evidence) and distances.is_inside(
        evidence.distance, radius=evidence.place.radius, accuracy=evidence.accuracy
    )
    return FactorResult(passed, (round(evidence.distance), round(evidence.place.radius)))


def _is_coarse(evidence: Evidence) -> bool:
    return evidence.accuracy is not None and evidence.accuracy > thresholds.COARSEST_ACCURACY


def _signature(evidence: Evidence) -> FactorResult:
    return FactorResult(passed=True if evidence.has_signature else (False if evidence.demands.signature else None))


def _time(evidence: Evidence) -> FactorResult:
    late = _seconds_late(evidence.submitted_at, evidence.late_after)
    return FactorResult(passed=False, numbers=(math.ceil(late / 60),)) if late else FactorResult(passed=True)


def _photo_factors(demands: EventDemands, photos: Iterable[PhotoEvidence]) -> dict[EvidenceFactor, FactorResult]:
    by_side = {photo.side: photo for photo in photos}
    return {factor: _photo_factor(demands, by_side.get(side)) for side, factor in _SIDES.items()}


def _photo_factor(demands: EventDemands, photo: PhotoEvidence | None) -> FactorResult:
    if photo is None or not photo.is_bound:
        return FactorResult(passed=False if demands.photos else None)
    if not photo.is_checked:
        return FactorResult(passed=None)
    return FactorResult(passed=not any(_findings(photo)))


def _code_flags(evidence: Evidence) -> Iterator[tuple[EvidenceFlag, Numbers]]:
    # A typed code is as old as its step from the start, so its age says nothing.
    if evidence.method is AttendanceMethod.QR and evidence.code_age > thresholds.OLDEST_ORDINARY_TOKEN:
        limit = round(thresholds.OLDEST_ORDINARY_TOKEN)
        yield EvidenceFlag.OLD_QR, {"age": round(evidence.code_age), "limit": limit}


def _position_flags(evidence: Evidence) -> Iterator[tuple[EvidenceFlag, Numbers]]:
    if evidence.is_mock:
        yield EvidenceFlag.MOCK_POSITION, {}
    if evidence.distance is None or _is_coarse(evidence):
        if evidence.demands.location:
            coarse = {"accuracy": round(evidence.accuracy)} if _is_coarse(evidence) and evidence.accuracy else {}
            yield EvidenceFlag.NO_POSITION, coarse
        return
    distance, accuracy, radius = evidence.distance, evidence.accuracy, evidence.place.radius
    if not distances.is_inside(distance, radius=radius, accuracy=accuracy):
        known = {} if accuracy is None else {"accuracy": round(accuracy)}
        yield EvidenceFlag.OUTSIDE_RADIUS, {"distance": round(distance), "radius": round(radius), **known}
    if not evidence.is_mock:
        if accuracy is not None and accuracy <= thresholds.FINEST_ACCURACY:
            yield EvidenceFlag.MOCK_POSITION, {"accuracy": round(accuracy)}
        elif distance <= thresholds.CENTRE_DISTANCE:
            yield EvidenceFlag.MOCK_POSITION, {"distance": 0}
    is_satellite = accuracy is None or accuracy < thresholds.SATELLITE_ACCURACY
    if is_satellite and evidence.position_users >= thresholds.MOST_PEOPLE_OF_A_POSITION:
        yield EvidenceFlag.FROZEN_POSITION, {"others": evidence.position_users}


def _travel_flags(evidence: Evidence) -> Iterator[tuple[EvidenceFlag, Numbers]]:
    is_of_a_place = evidence.demands.location or evidence.distance is not None
    if evidence.earlier is None or not is_of_a_place:
        return
    earlier, place = evidence.earlier, evidence.place
    length = distances.between((earlier.latitude, earlier.longitude), (place.latitude, place.longitude))
    seconds = abs((evidence.submitted_at - earlier.at).total_seconds())
    speed = length / max(seconds, 1.0) * 3.6
    if length > thresholds.NEAREST_TRAVEL and speed > thresholds.FASTEST_TRAVEL_KMH:
        kmh = min(round(speed), _FASTEST_SAID_KMH)
        yield (
            EvidenceFlag.IMPOSSIBLE_TRAVEL,
            {"distance": round(length), "minutes": round(seconds / 60), "speed": kmh},
        )


def _device_flags(evidence: Evidence) -> Iterator[tuple[EvidenceFlag, Numbers]]:
    if evidence.device_users >= thresholds.MOST_PEOPLE_OF_A_DEVICE:
        yield EvidenceFlag.SHARED_DEVICE, {"others": evidence.device_users}
    if evidence.device_pause is not None and evidence.device_pause < thresholds.SHORTEST_TURN:
        limit = round(thresholds.SHORTEST_TURN)
        yield EvidenceFlag.BURST, {"seconds": math.floor(evidence.device_pause), "limit": limit}


def _findings(photo: PhotoEvidence) -> Iterator[tuple[EvidenceFlag, Numbers]]:
    if photo.same_bytes:
        yield EvidenceFlag.DUPLICATE_PHOTO, {"bits": 0}
    elif photo.nearest is not None and photo.nearest <= thresholds.SAME_PICTURE_BITS:
        yield EvidenceFlag.DUPLICATE_PHOTO, {"bits": photo.nearest}
    if photo.shows_other_code:
        yield EvidenceFlag.OTHER_CODE_SHOWN, {}
    elif photo.shown_code_age is not None and photo.shown_code_age > thresholds.OLDEST_SHOWN_CODE:
        limit = round(thresholds.OLDEST_SHOWN_CODE)
        yield EvidenceFlag.OTHER_CODE_SHOWN, {"age": round(photo.shown_code_age), "limit": limit}
    if photo.is_screenshot:
        yield EvidenceFlag.SCREENSHOT, {}


def _photo_flags(demands: EventDemands, photos: Sequence[PhotoEvidence]) -> Iterator[tuple[EvidenceFlag, Numbers]]:
    by_side = {photo.side: photo for photo in photos}
    if demands.photos:
        missing = sum(side not in by_side for side in _SIDES)
        if missing:
            yield EvidenceFlag.NO_PHOTO, {"missing": missing}
        unbound = sum(not photo.is_bound for photo in by_side.values())
        if unbound:
            yield EvidenceFlag.PHOTO_NOT_BOUND, {"photos": unbound}
    for photo in photos:
        if photo.is_bound and photo.is_checked:
            yield from _findings(photo)


def _signature_flags(evidence: Evidence) -> Iterator[tuple[EvidenceFlag, Numbers]]:
    if evidence.demands.signature and not evidence.has_signature:
        yield EvidenceFlag.NO_SIGNATURE, {}
