"""The judgement of a submission while its photos may still come, and as a record stores it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.campus.attendance import submission_evidence
from chalicelib.domain.campus.attendance.submission_evidence import OthersThere, SubmissionFacts, SubmissionFiles
from chalicelib.domain.campus.evidence import judgement
from chalicelib.domain.campus.evidence.judgement import Judgement
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import EvidenceFlag, VerificationStatus

# How long after the submission a missing photo may still come.
PHOTOS_MAY_COME = timedelta(minutes=10)
# What is known at the submission alone: the traces and places that they follow from move on.
_OF_THE_MOMENT = (EvidenceFlag.BURST, EvidenceFlag.IMPOSSIBLE_TRAVEL)


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


def awaits_photos(event: CampusEvent, files: SubmissionFiles, *, may_photos_come: bool) -> bool:
    """Whether the event asks for photos of which one is missing and may still come."""
    received = sum(submission_evidence.is_received(photo) for photo in files.photos)
    return may_photos_come and event.require_photos and received < len(submission_evidence.SIDES)


def may_photos_come(submitted_at: datetime, *, at: datetime) -> bool:
    """Whether a missing photo of a record may still come at a moment."""
    return at < submitted_at + PHOTOS_MAY_COME


def with_earlier(found: Judgement, stored: Mapping[str, Mapping[str, int]]) -> Judgement:
    """Return a later judgement with the flags of the first one that only its moment could know."""
    kept = {flag: dict(stored[flag]) for flag in _OF_THE_MOMENT if flag in stored and flag not in found.flags}
    if not kept:
        return found
    return replace(found, flags={**found.flags, **kept}, verification_status=VerificationStatus.FLAGGED)
