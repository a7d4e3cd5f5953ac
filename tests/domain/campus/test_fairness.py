"""Fairness of the rule: the status is by time alone, honest evidence never adds a flag, nobody becomes absent."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.campus.evidence.evidence import (
    EarlierPlace,
    EventDemands,
    EventPlace,
    Evidence,
    PhotoEvidence,
)
from chalicelib.domain.campus.evidence.flag_messages import flag_message
from chalicelib.domain.campus.evidence.judgement import judge
from chalicelib.vocabulary.campus import (
    AttendanceMethod,
    AttendanceStatus,
    EvidenceFactor,
    EvidenceFlag,
    PhotoSide,
    VerificationStatus,
)
from tests.support.explore import explore
from tests.support.sizes import size_of

BEGIN = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
_EXAMPLES = size_of("CAMPUS_EVIDENCE_EXAMPLES", small=40, full=300)
SOME = explore(most=_EXAMPLES, fewest=_EXAMPLES)
seconds = st.floats(0, 600)
counts = st.integers(0, 1_000)


def maybe(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | numbers


@st.composite
def photos(draw: st.DrawFn) -> tuple[PhotoEvidence, ...]:
    """Return photos of no, one or both sides, in any state: lost, late, of another nonce, unchecked, reused."""
    return tuple(
        PhotoEvidence(
            side=side,
            is_bound=draw(st.booleans()),
            is_checked=draw(st.booleans()),
            same_bytes=draw(st.booleans()),
            nearest=draw(maybe(st.integers(0, 256))),
            shows_other_code=draw(st.booleans()),
            shown_code_age=draw(maybe(st.floats(-60, 1e6))),
            is_screenshot=draw(st.booleans()),
        )
        for side in draw(st.lists(st.sampled_from(PhotoSide), unique=True))
    )


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """Return any evidence."""
    has_earlier = draw(st.booleans())
    latitude, longitude = draw(st.floats(-90, 90)), draw(st.floats(-180, 180))
    return Evidence(
        method=draw(st.sampled_from(AttendanceMethod)),
        demands=EventDemands(*(draw(st.booleans()) for _ in range(3))),
        place=EventPlace(31.5204, 74.3587, draw(st.integers(1, 10_000))),
        submitted_at=BEGIN + timedelta(seconds=draw(seconds)),
        late_after=draw(maybe(st.just(BEGIN + timedelta(seconds=300)))),
        code_age=draw(st.floats(0, 3600)),
        distance=draw(maybe(st.floats(0, 2e7))),
        accuracy=draw(maybe(st.floats(0, 1e6))),
        is_mock=draw(st.booleans()),
        device_users=draw(counts),
        position_users=draw(counts),
        device_pause=draw(maybe(st.floats(0, 1e5))),
        earlier=EarlierPlace(latitude, longitude, BEGIN - timedelta(seconds=draw(seconds))) if has_earlier else None,
        photos=draw(photos()),
        has_signature=draw(st.booleans()),
    )


# What happens to evidence while a submission is under way: each replaces some of it.
CHANGES: list[st.SearchStrategy[dict[str, Any]]] = [
    st.fixed_dictionaries({"distance": st.none(), "accuracy": st.none()}),
    st.fixed_dictionaries({"distance": st.floats(0, 2e7), "accuracy": maybe(st.floats(0, 1e6))}),
    st.fixed_dictionaries({"photos": photos()}),
    st.fixed_dictionaries({"photos": st.just(())}),
    st.fixed_dictionaries({"has_signature": st.booleans()}),
    st.fixed_dictionaries({"device_users": counts, "device_pause": maybe(seconds)}),
    st.fixed_dictionaries({"position_users": counts}),
    st.fixed_dictionaries({"code_age": st.floats(0, 3600)}),
    st.fixed_dictionaries({"is_mock": st.booleans()}),
    st.fixed_dictionaries({"earlier": st.none()}),
]


@SOME
@given(evidences(), st.lists(st.one_of(CHANGES), max_size=6))
def test_no_sequence_of_flags_and_lost_evidence_changes_a_status(
    evidence: Evidence, changes: list[dict[str, Any]]
) -> None:
    is_late = evidence.late_after is not None and evidence.submitted_at > evidence.late_after
    by_time = AttendanceStatus.LATE if is_late else AttendanceStatus.PRESENT
    for change in [{}, *changes]:
        evidence = replace(evidence, **change)
        judged = judge(evidence)
        assert judged.status is by_time
        assert judged.verification_status is not VerificationStatus.REJECTED
        assert (judged.verification_status is VerificationStatus.FLAGGED) == bool(judged.flags)


@SOME
@given(evidences())
def test_each_flag_and_factor_has_words(evidence: Evidence) -> None:
    judged = judge(evidence)
    assert set(judged.factors) == set(EvidenceFactor)
    assert all(flag_message(flag, numbers) for flag, numbers in judged.flags.items())
    assert all(result.message(factor) for factor, result in judged.factors.items())


@st.composite
def honest_changes(draw: st.DrawFn, evidence: Evidence) -> Evidence:
    """Return the evidence with something honest added or made better."""
    there = {"distance": draw(st.floats(0.3, float(evidence.place.radius))), "accuracy": draw(st.floats(2, 100))}
    checked = tuple(
        PhotoEvidence(side, is_bound=True, is_checked=True, nearest=draw(maybe(st.integers(17, 256))))
        for side in PhotoSide
    )
    better: list[dict[str, Any]] = [
        {"has_signature": True},
        {"photos": checked},
        {"code_age": draw(st.floats(0, evidence.code_age))},
        {"device_users": draw(st.integers(0, evidence.device_users)), "position_users": 0},
        {"device_pause": None},
        # A position where none was makes the way from the earlier place count: an honest person was not elsewhere.
        {
            "is_mock": False,
            "position_users": 0,
            "earlier": evidence.earlier if evidence.distance is not None else None,
            **there,
        },
        {"earlier": None},
    ]
    return replace(evidence, **draw(st.sampled_from(better)))


@SOME
@given(st.data(), evidences())
def test_honest_evidence_never_adds_a_flag(data: st.DataObject, evidence: Evidence) -> None:
    better = data.draw(honest_changes(evidence))
    assert set(judge(better).flags) <= set(judge(evidence).flags)


@SOME
@given(evidences(), st.floats(0, 1e5))
def test_a_nearer_position_never_adds_a_flag_of_its_distance(evidence: Evidence, nearer: float) -> None:
    if evidence.distance is None or nearer > evidence.distance:
        return
    added = set(judge(replace(evidence, distance=nearer)).flags) - set(judge(evidence).flags)
    # A copied centre is the one distance that is too good.
    assert added <= ({EvidenceFlag.MOCK_POSITION} if nearer <= 0.2 else set())


@SOME
@given(evidences())
def test_what_an_event_does_not_ask_for_is_never_missed(evidence: Evidence) -> None:
    demands = EventDemands(photos=False, signature=False, location=False)
    alone = replace(evidence, demands=demands, photos=(), has_signature=False, distance=None, is_mock=False)
    missed = {EvidenceFlag.NO_PHOTO, EvidenceFlag.NO_SIGNATURE, EvidenceFlag.NO_POSITION, EvidenceFlag.PHOTO_NOT_BOUND}
    judged = judge(alone)
    assert not missed & set(judged.flags)
    assert not {EvidenceFactor.LOCATION, *(factor for factor in EvidenceFactor if "photo" in factor)} & {
        factor for factor, result in judged.factors.items() if result.passed is False
    }
