"""The audit log as a test reads it: straight from the table."""

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.table import keys, operations
from chalicelib.table.items import AuditEntry, AuditHead
from chalicelib.table.keys.audit import AUDIT_SHARDS


@dataclass(frozen=True)
class Shard:
    """A shard's entries in order, and its head."""

    entries: list[AuditEntry]
    head: AuditHead | None


def shards() -> list[Shard]:
    """Return every shard."""
    return [
        Shard(
            [
                AuditEntry.from_raw_data(raw)
                for raw in operations.query(keys.audit.audit_entry(shard, 1).pk, consistent=True)
            ],
            operations.get(keys.audit.audit_head(shard)),
        )
        for shard in range(AUDIT_SHARDS)
    ]


def entries() -> list[dict[str, Any]]:
    """Return what every entry says, oldest first."""
    bodies = [json.loads(entry.body) for shard in shards() for entry in shard.entries]
    return sorted(bodies, key=lambda body: str(body["entry_id"]))


def brief(*fields: str) -> list[tuple[Any, ...]]:
    """Return these fields of every entry, oldest first."""
    return [tuple(body.get(field) for field in fields) for body in entries()]
