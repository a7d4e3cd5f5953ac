"""Keys of the audit log."""

from chalicelib.table.items.audit import AuditEntry, AuditHead, AuditSeal, AuditSealHead, AuditVerification
from chalicelib.table.keys import jobs
from chalicelib.table.places import Place, joined

# A shard takes one write at a time, each of some milliseconds; staff write far less than that.
AUDIT_SHARDS = 16
_NUMBER_DIGITS = 12


def audit_entry(shard: int, number: int) -> Place[AuditEntry]:
    """Question 110; numbers of a shard have no gap, and sort as text."""
    return Place(AuditEntry, joined("AUDIT", str(shard)), _digits(number))


def audit_head(shard: int) -> Place[AuditHead]:
    """Question 111."""
    return Place(AuditHead, joined("AUDIT_HEAD", str(shard)), "AUDIT_HEAD")


def audit_seal(number: int) -> Place[AuditSeal]:
    """Question 112. One partition: there is at most one seal a minute."""
    return Place(AuditSeal, "AUDIT_SEALS", _digits(number))


def audit_seal_head() -> Place[AuditSealHead]:
    """Question 113."""
    return Place(AuditSealHead, "AUDIT_SEAL_HEAD", "AUDIT_SEAL_HEAD")


def audit_verification(job_id: str) -> Place[AuditVerification]:
    """Question 69."""
    return Place(AuditVerification, *jobs.job(job_id))


def _digits(number: int) -> str:
    """Questions 110 and 112: a number as text that sorts as the number does."""
    return str(number).zfill(_NUMBER_DIGITS)
