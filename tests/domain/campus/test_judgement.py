"""Judging evidence: factors, flags, verification status; the status follows from times alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.campus.evidence.evidence import (
    EarlierPlace,
    EventDemands,
    EventPlace,
    Evidence,
    PhotoEvidence,
)
from chalicelib.domain.campus.evidence.flag_messages import OUTSIDE_RADIUS_TEXT, flag_message
from chalicelib.domain.campus.evidence.judgement import judge
from chalicelib.vocabulary.campus import (
    AttendanceMethod,
    AttendanceStatus,
    EvidenceFactor,
    EvidenceFlag,
    PhotoSide,
    VerificationStatus,
)

BEGIN = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
PLACE = EventPlace(31.5204, 74.3587, 50)
FRONT = PhotoEvidence(PhotoSide.FRONT, is_bound=True, is_checked=True, nearest=97)
BACK = PhotoEvidence(PhotoSide.BACK, is_bound=True, is_checked=True, shown_code_age=21.0)
HONEST = Evidence(
    method=AttendanceMethod.QR,
    demands=EventDemands(photos=True, signature=True, location=True),
    place=PLACE,
    submitted_at=BEGIN + timedelta(minutes=1),
    late_after=BEGIN + timedelta(minutes=10),
    code_age=17.0,
    distance=23.4,
    accuracy=12.0,
    photos=(FRONT, BACK),
    has_signature=True,
)
KARACHI = (24.8607, 67.0011)


def with_back(**changes: Any) -> tuple[PhotoEvidence, ...]:
    return FRONT, replace(BACK, **changes)


def test_complete_evidence_is_verified() -> None:
    judged = judge(HONEST)
    assert judged.flags == {}
    assert judged.verification_status is VerificationStatus.VERIFIED
    assert {factor for factor, result in judged.factors.items() if result.passed} == set(EvidenceFactor)


# Each row: what is changed of honest evidence, the flag that it gets, and the flag in words.
FLAGGED: list[tuple[dict[str, Any], EvidenceFlag, str]] = [
    (
        {"code_age": 52.4},
        EvidenceFlag.OLD_QR,
        "The code was 52 s old when it arrived; codes of the room are at most 45 s old",
    ),
    ({"distance": 812.0}, EvidenceFlag.OUTSIDE_RADIUS, "Location does not match event venue"),
    ({"distance": 151.0, "accuracy": 450.0}, EvidenceFlag.OUTSIDE_RADIUS, "Location does not match event venue"),
    ({"distance": None}, EvidenceFlag.NO_POSITION, "No position was received, and the event asks for it"),
    (
        {"accuracy": 10_000.0},
        EvidenceFlag.NO_POSITION,
        "The position is accurate to 10,000 m, which is too coarse to show a place",
    ),
    ({"is_mock": True}, EvidenceFlag.MOCK_POSITION, "The phone says that its position was set by a tool"),
    (
        {"accuracy": 0.0},
        EvidenceFlag.MOCK_POSITION,
        "The position states an accuracy of 0 m, which no phone reaches",
    ),
    ({"distance": 0.0}, EvidenceFlag.MOCK_POSITION, "The position is exactly the published centre of the event"),
    (
        {"position_users": 2, "accuracy": 5.0},
        EvidenceFlag.FROZEN_POSITION,
        "2 other people submitted from exactly the same coordinates",
    ),
    (
        {"earlier": EarlierPlace(*KARACHI, at=BEGIN - timedelta(minutes=59))},
        EvidenceFlag.IMPOSSIBLE_TRAVEL,
        "The last event was 1,032.2 km away, 60 min before: 1,032 km/h",
    ),
    ({"device_users": 3}, EvidenceFlag.SHARED_DEVICE, "3 other people submitted with the same device"),
    (
        {"device_users": 1, "device_pause": 4.6},
        EvidenceFlag.BURST,
        "Another person submitted with the same device 4 s before",
    ),
    ({"photos": ()}, EvidenceFlag.NO_PHOTO, "2 of 2 photos were not received, and the event asks for them"),
    (
        {"photos": with_back(is_bound=False)},
        EvidenceFlag.PHOTO_NOT_BOUND,
        "1 of 2 photos were not taken for this submission",
    ),
    (
        {"photos": with_back(same_bytes=True)},
        EvidenceFlag.DUPLICATE_PHOTO,
        "A photo is the same as one that was sent before",
    ),
    (
        {"photos": with_back(nearest=16)},
        EvidenceFlag.DUPLICATE_PHOTO,
        "A photo is the same picture as one that was sent before: 16 of 256 bits differ",
    ),
    (
        {"photos": with_back(shows_other_code=True)},
        EvidenceFlag.OTHER_CODE_SHOWN,
        "A photo shows a code of another event, or an earlier one",
    ),
    (
        {"photos": with_back(shown_code_age=3_601.0)},
        EvidenceFlag.OTHER_CODE_SHOWN,
        "A photo shows a code that was 3,601 s old at the upload; the limit is 120 s",
    ),
    (
        {"photos": with_back(is_screenshot=True)},
        EvidenceFlag.SCREENSHOT,
        "A photo was drawn by a computer, not taken by a camera",
    ),
    ({"has_signature": False}, EvidenceFlag.NO_SIGNATURE, "No signature was received, and the event asks for it"),
]


@pytest.mark.parametrize(("changes", "flag", "words"), FLAGGED)
def test_each_sign_is_a_flag_said_in_words_with_its_numbers(
    changes: dict[str, Any], flag: EvidenceFlag, words: str
) -> None:
    judged = judge(replace(HONEST, **changes))
    assert set(judged.flags) == {flag}
    assert flag_message(flag, judged.stored_flags()[flag.value]) == words
    assert judged.verification_status is VerificationStatus.FLAGGED
    assert judged.status is AttendanceStatus.PRESENT


def test_every_flag_has_a_case() -> None:
    assert {flag for _, flag, _ in FLAGGED} == set(EvidenceFlag)


@pytest.mark.parametrize("numbers", [{}, {"other": 1}, dict.fromkeys(("age", "limit", "others"))])
@pytest.mark.parametrize("flag", EvidenceFlag)
def test_a_flag_of_an_older_record_is_said_without_its_numbers(flag: EvidenceFlag, numbers: Any) -> None:
    words = flag_message(flag, numbers)
    assert len(words) > 20
    assert words[0].isupper()
    assert "None" not in words


def test_the_text_for_outside_the_radius_is_the_contracts() -> None:
    assert OUTSIDE_RADIUS_TEXT == "Location does not match event venue"


def test_an_unchecked_photo_that_is_required_is_pending() -> None:
    unchecked = replace(HONEST, photos=with_back(is_checked=False))
    assert judge(unchecked).verification_status is VerificationStatus.PENDING
    not_asked = replace(unchecked, demands=replace(HONEST.demands, photos=False))
    assert judge(not_asked).verification_status is VerificationStatus.VERIFIED


def test_the_smallest_of_two_flags_for_photos_does_not_hide_the_other_side() -> None:
    both = (replace(FRONT, same_bytes=True), replace(BACK, is_screenshot=True))
    judged = judge(replace(HONEST, photos=both))
    assert set(judged.flags) == {EvidenceFlag.DUPLICATE_PHOTO, EvidenceFlag.SCREENSHOT}
    assert judged.stored_factors()["front_photo"] == judged.stored_factors()["back_photo"] == [False]


# Each row is at the honest side of a threshold, where company or the event's demands decide.
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code_age": 45.0}, id="a step and a slow phone"),
        pytest.param({"method": AttendanceMethod.CODE, "code_age": 59.0}, id="a typed code is born with its step"),
        pytest.param({"distance": 150.0, "accuracy": 100.0}, id="drift within the stated accuracy"),
        pytest.param({"position_users": 40, "accuracy": 35.0}, id="one access point for all"),
        pytest.param({"device_users": 1, "position_users": 1, "accuracy": 5.0}, id="a borrowed phone's last fix"),
        pytest.param({"position_users": 1, "accuracy": 5.0}, id="the same without a key of the device"),
        pytest.param({"device_users": 1, "device_pause": 20.0}, id="a borrowed phone, handed over"),
        pytest.param({"earlier": EarlierPlace(31.5300, 74.3587, BEGIN)}, id="two events of one campus, a minute apart"),
        pytest.param({"earlier": EarlierPlace(*KARACHI, BEGIN - timedelta(hours=5))}, id="a flight"),
        pytest.param({"photos": with_back(nearest=17)}, id="a neighbour's photo of the same screen"),
        pytest.param({"photos": with_back(shown_code_age=120.0)}, id="a slow upload"),
        pytest.param({"photos": with_back(shown_code_age=-2.0)}, id="a clock that is behind"),
    ],
)
def test_what_honest_people_do_is_no_flag(changes: dict[str, Any]) -> None:
    judged = judge(replace(HONEST, **changes))
    assert judged.flags == {}
    assert judged.verification_status is VerificationStatus.VERIFIED


def test_late_is_said_as_a_factor_and_is_no_flag() -> None:
    judged = judge(replace(HONEST, submitted_at=BEGIN + timedelta(minutes=12, seconds=1)))
    assert judged.status is AttendanceStatus.LATE
    assert judged.verification_status is VerificationStatus.VERIFIED
    result = judged.factors[EvidenceFactor.TIME]
    assert result.message(EvidenceFactor.TIME) == "Submitted 3 min after the limit for lateness"


def test_the_address_is_no_evidence() -> None:
    assert not [name for name in Evidence.__struct_fields__ if "address" in name]


def test_a_position_outside_is_recorded_with_both_lengths() -> None:
    judged = judge(replace(HONEST, distance=812.4))
    assert judged.location_verified is False
    assert judged.stored_flags() == {"outside_radius": {"distance": 812, "radius": 50, "accuracy": 12}}
    assert judged.stored_factors()["location"] == [False, 812, 50]
    words = judged.factors[EvidenceFactor.LOCATION].message(EvidenceFactor.LOCATION)
    assert words == "Location does not match event venue: 812 m from the venue, radius 50 m"
