"""The judgement of a submission while its photos may still come, and as a record stores it."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from chalicelib.domain.campus.attendance import submission_evidence
from chalicelib.domain.campus.attendance.submission_evidence import OthersThere, SubmissionFacts, SubmissionFiles
from chalicelib.domain.campus.evidence import judgement
from chalicelib.domain.campus.evidence.judgement import FactorResult, Judgement
from chalicelib.table.items import AttendanceRecord, CampusEvent
from chalicelib.vocabulary.campus import EvidenceFactor, EvidenceFlag, VerificationStatus

# How long after the submission a missing photo may still come.
PHOTOS_MAY_COME = timedelta(minutes=10)
# What a later look cannot know any more: traces are erased, and places and times of events move on.
_KEPT_FLAGS = (
    EvidenceFlag.BURST,
    EvidenceFlag.IMPOSSIBLE_TRAVEL,
    EvidenceFlag.SHARED_DEVICE,
    EvidenceFlag.FROZEN_POSITION,
)
_KEPT_FACTORS = (EvidenceFactor.QR, EvidenceFactor.TIME)


def judged(
    event: CampusEvent,
    facts: SubmissionFacts,
    files: SubmissionFiles,
    beside: OthersThere,
    *,
    may_photos_come: bool,
) -> Judgement:
    """Return the judgement of a submission. A missing photo that may still come is no flag; the record is pending."""
    found = judgement.judge(submission_evidence.evidence_of(event, facts, files, beside))
    if not may_photos_come or EvidenceFlag.NO_PHOTO not in found.flags:
        return found
    flags = dict(found.flags)
    del flags[EvidenceFlag.NO_PHOTO]
    status = VerificationStatus.FLAGGED if flags else VerificationStatus.PENDING
    return replace(found, flags=flags, verification_status=status)


def awaits_photos(event: CampusEvent, files: SubmissionFiles, nonce: str | None, *, may_photos_come: bool) -> bool:
    """Whether the event asks for photos of which one is missing and may still come.

    A photo of another nonce does not count, and one for this submission takes its place.
    """
    received = sum(submission_evidence.is_received(photo) and photo.nonce == nonce for photo in files.photos)
    return may_photos_come and event.require_photos and received < len(submission_evidence.SIDES)


def may_photos_come(submitted_at: datetime, *, at: datetime) -> bool:
    """Whether a missing photo of a record may still come at a moment."""
    return at < submitted_at + PHOTOS_MAY_COME


def with_earlier(found: Judgement, record: AttendanceRecord) -> Judgement:
    """Return a later judgement of a record with what only the earlier one could know."""
    flags, factors = dict(found.flags), dict(found.factors)
    for flag in _KEPT_FLAGS:
        if flag in record.flags:
            flags.setdefault(flag, dict(record.flags[flag]))
    for factor in _KEPT_FACTORS:
        if factor in record.factors:
            passed, *numbers = record.factors[factor]
            factors[factor] = FactorResult(passed, tuple(numbers))
    status = found.verification_status if len(flags) == len(found.flags) else VerificationStatus.FLAGGED
    return replace(found, flags=flags, factors=factors, verification_status=status)
