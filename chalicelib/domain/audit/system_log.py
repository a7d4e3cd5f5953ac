"""The audit log as staff read it: entries with their states opened, and whether the log is whole."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.domain.audit import states, verification_runs
from chalicelib.domain.audit.verification_runs import Finding
from chalicelib.domain.crypto import encryption
from chalicelib.domain.crypto.encryption import Envelope, UndecryptableData
from chalicelib.domain.paging import Page
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditEntry, DataKey
from chalicelib.table.places import Key
from chalicelib.vocabulary.audit import AuditResult


class ShownEntry(Struct, frozen=True):
    """An entry; `erased` says that its states were personal, and went with the key of the customer."""

    id: str
    at: datetime
    actor_id: str
    actor_type: str
    role: str
    action: str
    entity_type: str
    entity_id: str | None
    result: AuditResult
    code: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    erased: bool
    address: str
    request_id: str
    shard: int
    number: int
    digest: str


class SystemLog(Struct, frozen=True):
    """A page of the log, and what a verification found, if one was asked for."""

    results: Sequence[ShownEntry]
    next: str | None
    count: int | None
    verification: Finding | None


def show(page: Page[AuditEntry], *, verify: bool, reader_id: str) -> SystemLog:
    """Return a page of entries, opened for a reader who may see personal data. Raises Unavailable."""
    finding = verification_runs.verify(starter_id=reader_id) if verify else None
    return SystemLog(_opened(page.results), page.next, page.count, finding)


def _opened(entries: Sequence[AuditEntry]) -> list[ShownEntry]:
    owners = {owner for entry in entries if (owner := entry.content.get("personal_to"))}
    data_keys = operations.get_many(keys.access.data_key(owner) for owner in owners)
    envelopes = {owner: _envelope(owner, data_keys) for owner in owners}
    return [_shown(entry, envelopes) for entry in entries]


def _envelope(owner: str, data_keys: Mapping[Key, DataKey]) -> Envelope | None:
    try:
        return encryption.existing_envelope(owner, data_keys.get(keys.access.data_key(owner)))
    except UndecryptableData:
        return None


def _shown(entry: AuditEntry, envelopes: Mapping[str, Envelope | None]) -> ShownEntry:
    content = entry.content
    owner: str | None = content.get("personal_to")
    envelope = envelopes[owner] if owner is not None else None
    before, after = (_state(content.get(name), name, envelope, sealed=owner is not None) for name in _STATES)
    return ShownEntry(
        id=content["entry_id"],
        at=entry.at,
        actor_id=content["actor_id"],
        actor_type=content["actor_type"],
        role=content["role"],
        action=content["action"],
        entity_type=content["entity_type"],
        entity_id=content["entity_id"] or None,
        result=AuditResult(content["result"]),
        code=content.get("code"),
        before=before,
        after=after,
        erased=owner is not None and envelope is None and any(name in content for name in _STATES),
        address=content["address"],
        request_id=content["request_id"],
        shard=content["shard"],
        number=content["number"],
        digest=entry.digest,
    )


_STATES = ("before", "after")


def _state(stored: str | None, name: str, envelope: Envelope | None, *, sealed: bool) -> dict[str, Any] | None:
    if stored is None or (sealed and envelope is None):
        return None
    if envelope is not None:
        try:
            stored = envelope.open(states.field_of(name), bytes.fromhex(stored))
        except UndecryptableData:
            return None  # under a key that the owner had before
    state: dict[str, Any] = json.loads(stored)
    return state
