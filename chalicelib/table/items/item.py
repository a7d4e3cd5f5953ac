"""What every item of the table has."""

from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.config import config
from chalicelib.table.items.attributes import IntegerAttribute


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
    ttl = IntegerAttribute(null=True)
