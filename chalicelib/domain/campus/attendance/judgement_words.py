"""Stored factors and flags in words, and what a student does next."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from chalicelib.domain.campus.evidence.flag_messages import factor_message, flag_message
from chalicelib.vocabulary.campus import EvidenceFactor, EvidenceFlag, VerificationStatus


class WordedFactor(Struct, frozen=True):
    """A factor with its result in words; `passed` is None where it is not asked for or not checked yet."""

    factor: EvidenceFactor
    passed: bool | None
    message: str


class WordedFlag(Struct, frozen=True):
    """A flag with its numbers, and in words."""

    flag: EvidenceFlag
    evidence: Mapping[str, int]
    message: str


def factors(stored: Mapping[str, Sequence[Any]] | None) -> list[WordedFactor]:
    """Return stored factors in words, in the order of a submission."""
    known = stored or {}
    found = [(factor, known[factor]) for factor in EvidenceFactor if factor in known]
    return [
        WordedFactor(factor, passed, factor_message(factor, passed, numbers)) for factor, (passed, *numbers) in found
    ]


def flags(stored: Mapping[str, Mapping[str, int]] | None) -> list[WordedFlag]:
    """Return stored flags in words."""
    found = [(EvidenceFlag(name), dict(numbers)) for name, numbers in (stored or {}).items()]
    return [WordedFlag(flag, numbers, flag_message(flag, numbers)) for flag, numbers in found]


def next_steps(status: VerificationStatus, *, awaits_photos: bool) -> list[str]:
    """Return what a student does after the submission."""
    steps = ["Upload the missing photos within ten minutes."] if awaits_photos else []
    match status:
        case VerificationStatus.PENDING if not awaits_photos:
            steps.append("Your photos are being checked. You need not do anything.")
        case VerificationStatus.FLAGGED:
            steps.append("You are counted. Staff will look at what is unusual; add a statement if it is wrong.")
        case VerificationStatus.VERIFIED:
            steps.append("You are counted. You need not do anything.")
    return steps
