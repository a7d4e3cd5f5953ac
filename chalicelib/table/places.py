"""A place of the table: a key together with the class of the item that it holds."""

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from chalicelib.table.items.item import Item

ItemT_co = TypeVar("ItemT_co", bound="Item", covariant=True)


class Key(NamedTuple):
    """A partition key and a sort key, of the table or of one of its indexes."""

    pk: str
    sk: str


class Place(Key, Generic[ItemT_co]):
    """Where an item is stored, and its class. A place equals the plain key of the same item."""

    item: type[ItemT_co]

    def __new__(cls, item: type[ItemT_co], pk: str, sk: str) -> "Place[ItemT_co]":
        """Return the place of an item of this class."""
        place = super().__new__(cls, pk, sk)
        place.item = item
        return place

    def __getnewargs__(self) -> tuple[type[ItemT_co], str, str]:
        """Return the arguments of `__new__`, so that a copy keeps the class."""
        return (self.item, self.pk, self.sk)


def joined(*parts: str) -> str:
    """Return the text of a key from its parts."""
    return "#".join(parts)


def whose(pk: str) -> str:
    """Return the id after a partition key's prefix: the customer of a lock-out, the event of a revocation."""
    return pk.partition("#")[2]
