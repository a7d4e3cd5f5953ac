"""The rows of the audit log. What is personal stays sealed: a file outlives the key of an erased customer."""

from collections.abc import Sequence

from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.domain.exports import list_rows
from chalicelib.domain.lists.audit_entries import AUDIT_ENTRIES
from chalicelib.table.items import AuditEntry

_FIELDS = (
    "entry_id",
    "at",
    "actor_id",
    "actor_type",
    "role",
    "action",
    "entity_type",
    "entity_id",
    "result",
    "code",
    "address",
    "request_id",
    "shard",
    "number",
    "previous",
)
_STATES = ("before", "after")
_SEALED = "sealed"


def _rows(entries: Sequence[AuditEntry]) -> list[list[Cell]]:
    return [_row(entry) for entry in entries]


def _row(entry: AuditEntry) -> list[Cell]:
    content = entry.content
    states = [_SEALED if "personal_to" in content and name in content else content.get(name) for name in _STATES]
    return [*(content.get(name) for name in _FIELDS), entry.digest, *states]


AUDIT_LOG = list_rows.source_of(AUDIT_ENTRIES, (*_FIELDS, "digest", *_STATES), _rows)
