"""Items of the audit log: entries, the head of each shard's chain, the chain of seals, and runs that verify all."""

import json
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.audit import AuditResult

# What each entry says, besides its states.
_NAMED = {
    *("entry_id", "at", "actor_id", "actor_type", "role", "action", "entity_type", "entity_id", "result"),
    *("address", "request_id", "shard", "number"),
}
_STATES = ("before", "after")


class AuditEntry(Item, discriminator="audit_entry"):
    """One act of a member of staff. `body` is the canonical JSON that `digest` is computed over.

    It has no other attribute, since nothing beside the body is protected by the digest.
    """

    body = UnicodeAttribute()
    digest = UnicodeAttribute()

    @property
    def content(self) -> dict[str, Any]:
        """What the entry says."""
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def is_readable(self) -> bool:
        """Whether the body says what an entry says: one that was tampered with may not, and verification names it."""
        try:
            content = self.content
            datetime.fromisoformat(content["at"])
            AuditResult(content["result"])
            for state in filter(None, map(content.get, _STATES)):
                bytes.fromhex(state) if "personal_to" in content else json.loads(state)
            return content.keys() >= _NAMED
        except (KeyError, TypeError, ValueError, AttributeError):
            return False

    @property
    def entry_id(self) -> str:
        """The id of the entry; ids sort by time."""
        return str(self.content["entry_id"])

    @property
    def number(self) -> int:
        """The place in the chain of its shard, from 1."""
        return int(self.content["number"])

    @property
    def shard(self) -> int:
        """The shard."""
        return int(self.content["shard"])

    @property
    def at(self) -> datetime:
        """When the act was done."""
        return datetime.fromisoformat(self.content["at"])


class AuditHead(Item, discriminator="audit_head"):
    """The last entry of one shard's chain."""

    shard = IntegerAttribute()
    number = IntegerAttribute()
    digest = UnicodeAttribute()


class AuditSeal(Item, discriminator="audit_seal"):
    """The heads of all shards at one time. `body` is the canonical JSON that `digest` is computed over."""

    body = UnicodeAttribute()
    digest = UnicodeAttribute()


class AuditSealHead(Item, discriminator="audit_seal_head"):
    """The last seal; `heads` has the number and the digest of each shard's last sealed entry."""

    number = IntegerAttribute()
    digest = UnicodeAttribute()
    heads: JSONAttribute = JSONAttribute()


class AuditVerification(Job, discriminator="audit_verification"):
    """A job that verifies the audit log. `broken` is the first break, `broken_at` the number in its chain."""

    progress: JSONAttribute = JSONAttribute()
    broken = UnicodeAttribute(null=True)
    broken_at = IntegerAttribute(null=True)
