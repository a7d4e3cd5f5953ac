"""What every item of the table has."""

from datetime import datetime

from pynamodb.attributes import Attribute, DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.models import Model

from chalicelib import clock
from chalicelib.config import config


class MomentAttribute(Attribute[datetime]):
    """A moment in UTC, as RFC 3339 text with milliseconds."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        """Write a moment."""
        return clock.to_text(value)

    def deserialize(self, value: str) -> datetime:
        """Read a moment."""
        return datetime.fromisoformat(value)


class Item(Model):
    """What every item has: its keys, its place in the indexes, and when it may vanish."""

    class Meta:
        """The table."""

        table_name = config().table_name

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    ttl = NumberAttribute(null=True)
