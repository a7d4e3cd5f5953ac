"""Keys of the audit log."""

from chalicelib.table.items.audit import AuditEntry, AuditHead
from chalicelib.table.places import Place, joined

# A shard takes one write at a time, each of some milliseconds; staff write far less than that.
AUDIT_SHARDS = 16
_NUMBER_DIGITS = 12


def audit_entry(shard: int, number: int) -> Place[AuditEntry]:
    """Question 110; numbers of a shard have no gap, and sort as text."""
    return Place(AuditEntry, joined("AUDIT", str(shard)), str(number).zfill(_NUMBER_DIGITS))


def audit_head(shard: int) -> Place[AuditHead]:
    """Question 111."""
    return Place(AuditHead, joined("AUDIT_HEAD", str(shard)), "AUDIT_HEAD")
