"""Seals: once a minute the heads of all shards go into one chain (D-AUD-05). No shard can be rewritten for itself.

The log of the function that seals is the witness outside of the table: it has the number and the digest of each seal.
"""

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.audit.chains import GENESIS, canonical, digest_of
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditHead, AuditSeal, AuditSealHead
from chalicelib.table.keys.audit import AUDIT_SHARDS

# By shard, as text: the number and the digest of its last entry. A shard without an entry is left out.
Heads = dict[str, list[int | str]]


class LostEntries(Exception):
    """Shards whose heads moved backwards since the last seal. A fault, so that the function's alarm is raised."""


class Sealed(Struct, frozen=True):
    """A seal that was written."""

    number: int
    digest: str


def seal() -> Sealed | None:
    """Seal the heads of all shards, if any has moved since the last seal; idempotent, also concurrently.

    Raises LostEntries, sealing nothing, where a head has moved backwards, and Unavailable.
    """
    last = operations.get(keys.audit.audit_seal_head())
    heads = _heads()
    sealed: Heads = last.heads if last else {}
    if lost := [shard for shard in sealed if _number(heads, shard) < _number(sealed, shard)]:
        # An alarm counts these lines.
        logger.error("audit log has lost entries", extra={"security": True, "shards": sorted(lost, key=int)})
        raise LostEntries(f"shards {', '.join(sorted(lost, key=int))} have lost entries of the audit log")
    if heads == sealed:
        return None
    return _write(last, heads)


def _write(last: AuditSealHead | None, heads: Heads) -> Sealed | None:
    number = last.number + 1 if last else 1
    content = {
        "at": clock.to_text(clock.now()),
        "heads": heads,
        "number": number,
        "previous": last.digest if last else GENESIS,
    }
    body = canonical(content)
    made = AuditSeal(*keys.audit.audit_seal(number), body=body, digest=digest_of(body))
    head = AuditSealHead(*keys.audit.audit_seal_head(), number=number, digest=made.digest, heads=heads)
    follows = AuditSealHead.number == last.number if last else AuditSealHead.pk.does_not_exist()
    try:
        operations.commit(operations.put(made, AuditSeal.pk.does_not_exist()), operations.put(head, follows))
    except operations.ConditionFailed:
        return None  # another run sealed
    logger.info("audit log sealed", extra={"seal": number, "digest": made.digest})
    return Sealed(number, made.digest)


def _heads() -> Heads:
    found = operations.get_many(keys.audit.audit_head(shard) for shard in range(AUDIT_SHARDS))
    heads: list[AuditHead] = sorted(found.values(), key=lambda head: head.shard)
    return {str(head.shard): [head.number, head.digest] for head in heads}


def _number(heads: Heads, shard: str) -> int:
    return int(heads[shard][0]) if shard in heads else 0
