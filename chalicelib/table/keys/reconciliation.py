"""Keys of the daily reconciliation."""

import hashlib

from chalicelib.table.items.reconciliation import ClearedMoney, Difference, Reconciliation, SandboxRefund, SeenMoney
from chalicelib.table.places import Key, Place, joined

# Every sale clears at the provider; a partition takes 1,000 writes a second (AWS).
DAY_SHARDS = 4


def _shard(name: str) -> str:
    """Questions 143 and 145: the part of a day that a name belongs to."""
    return str(hashlib.sha256(name.encode()).digest()[0] % DAY_SHARDS)


def cleared(provider: str, day: str, journal_id: str) -> Place[ClearedMoney]:
    """Question 143: one movement."""
    return Place(ClearedMoney, joined("CLEARED", provider, day, _shard(journal_id)), journal_id)


def cleared_partitions(provider: str, day: str) -> list[str]:
    """Question 143: the partitions of a day."""
    return [joined("CLEARED", provider, day, str(shard)) for shard in range(DAY_SHARDS)]


def seen(provider: str, name: str) -> Place[SeenMoney]:
    """Question 146."""
    return Place(SeenMoney, joined("SEEN", provider, name), "SEEN")


def reconciliation(day: str) -> Place[Reconciliation]:
    """Question 144: the run of a day."""
    return Place(Reconciliation, joined("RECONCILIATION", day), "RECONCILIATION")


def difference(day: str, name: str) -> Place[Difference]:
    """Question 144: one difference."""
    return Place(Difference, joined("RECONCILIATION", day), joined("DIFFERENCE", name))


def sandbox_day(day: str, reference: str) -> Key:
    """Question 145."""
    return Key(joined("SANDBOX_DAY", day, _shard(reference)), reference)


def sandbox_partitions(day: str) -> list[str]:
    """Question 145: the partitions of a day."""
    return [joined("SANDBOX_DAY", day, str(shard)) for shard in range(DAY_SHARDS)]


def sandbox_refund(reference: str) -> Place[SandboxRefund]:
    """Question 145: one refund."""
    return Place(SandboxRefund, joined("SANDBOX_REFUND", reference), "SANDBOX_REFUND")
