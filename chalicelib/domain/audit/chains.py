"""The chains of the audit log: each shard's entries carry the digest of the one before, and a head names the last.

An entry's key is its number, so the table itself refuses a second entry of one number. The head shows a tail that was
cut. It may trail by an entry that left no place for it in its transaction; the next act moves it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.table import keys, operations
from chalicelib.table.items import AuditEntry, AuditHead
from chalicelib.table.operations import ConditionFailed, Write

# The digest before the first entry of a shard, and before the first seal.
GENESIS = "0" * 64


def digest_of(body: str) -> str:
    """Return the digest of an entry's or a seal's body, as hex."""
    return hashlib.sha256(body.encode()).hexdigest()


def canonical(content: Mapping[str, Any]) -> str:
    """Return the text that a digest is computed over."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def next_entry(shard: int, content: Mapping[str, Any]) -> AuditEntry:
    """Return an entry that follows a shard's last one, not yet written."""
    head = operations.get(keys.audit.audit_head(shard))
    number = head.number + 1 if head else 1
    body = canonical({**content, "number": number, "previous": head.digest if head else GENESIS, "shard": shard})
    return AuditEntry(
        *keys.audit.audit_entry(shard, number),
        body=body,
        digest=digest_of(body),
    )


def addition(entry: AuditEntry) -> Write:
    """Return the write of an entry, on the condition that its number is free."""
    return operations.put(entry, AuditEntry.pk.does_not_exist())


def head_move(entry: AuditEntry) -> Write:
    """Return the write that makes an entry the last of its shard, on the condition that it follows the present last."""
    place = keys.audit.audit_head(entry.shard)
    follows = AuditHead.pk.does_not_exist() if entry.number == 1 else AuditHead.number == entry.number - 1
    return operations.put(AuditHead(*place, shard=entry.shard, number=entry.number, digest=entry.digest), follows)


def advance(entry: AuditEntry) -> None:
    """Move the head of a shard to an entry that is written already; does nothing if another act has moved it."""
    try:
        operations.record(head_move(entry))
    except ConditionFailed:
        return
