"""Items of the audit log: entries, the head of each shard's chain, and the chain of seals."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.items.item import Item


class AuditEntry(Item, discriminator="audit_entry"):
    """One act of a member of staff. `body` is the canonical JSON that `digest` is computed over."""

    entry_id = UnicodeAttribute()
    shard = IntegerAttribute()
    number = IntegerAttribute()
    body = UnicodeAttribute()
    digest = UnicodeAttribute()


class AuditHead(Item, discriminator="audit_head"):
    """The last entry of one shard's chain."""

    shard = IntegerAttribute()
    number = IntegerAttribute()
    digest = UnicodeAttribute()
