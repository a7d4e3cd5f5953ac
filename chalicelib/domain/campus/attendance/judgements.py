"""The judgement of a submission while its photos may still come, and as a record stores it."""

from dataclasses import replace

from chalicelib.domain.campus.attendance import submission_evidence
from chalicelib.domain.campus.attendance.submission_evidence import OthersThere, SubmissionFacts, SubmissionFiles
from chalicelib.domain.campus.evidence import judgement
from chalicelib.domain.campus.evidence.judgement import Judgement
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import EvidenceFlag, VerificationStatus


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
