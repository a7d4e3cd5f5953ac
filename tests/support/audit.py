"""The audit log as a test reads it: straight from the table."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from chalicelib import clock
from chalicelib.domain.audit import chains, seals
from chalicelib.domain.audit.chains import GENESIS
from chalicelib.identifiers import new_id
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


def fill(count: int, *, sealed_every: int, seals_at_most: int | None = None, threads: int = 1) -> None:
    """Write so many entries into an empty log, evenly over the shards, with a seal after each `sealed_every`.

    They are written in batches, without the acts.
    """
    last = dict.fromkeys(range(AUDIT_SHARDS), (0, GENESIS))
    written = 0
    with ThreadPoolExecutor(threads) as pool:
        while written < count:
            more = min(sealed_every, count - written)
            made = [_entry(number % AUDIT_SHARDS, last) for number in range(written, written + more)]
            parts = [made[start : start + 25] for start in range(0, more, 25)]
            list(pool.map(operations.put_many, parts))
            operations.put_many(
                AuditHead(*keys.audit.audit_head(shard), shard=shard, number=number, digest=digest)
                for shard, (number, digest) in last.items()
                if number
            )
            written += more
            if seals_at_most is None or written <= seals_at_most * sealed_every:
                seals.seal()


def _entry(shard: int, last: dict[int, tuple[int, str]]) -> AuditEntry:
    number, digest = last[shard]
    content = {
        "entry_id": new_id("aud"),
        "at": clock.to_text(clock.now()),
        "actor_id": "adm_01JZ0000000000000000000000",
        "actor_type": "admin",
        "role": "admin",
        "action": "ticket.change",
        "entity_type": "ticket",
        "entity_id": "tkt_01JZ0000000000000000000000",
        "result": "done",
        "address": "192.0.2.77",
        "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "before": '{"status":"valid"}',
        "after": '{"status":"cancelled"}',
        "number": number + 1,
        "previous": digest,
        "shard": shard,
    }
    body = chains.canonical(content)
    entry = AuditEntry(*keys.audit.audit_entry(shard, number + 1), body=body, digest=chains.digest_of(body))
    last[shard] = (number + 1, entry.digest)
    return entry
