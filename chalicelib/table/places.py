"""A place of the table: a key together with the class of the item that it holds.

A key is bounded in bytes by construction (D-ARC-20). Text from outside may expand when it is folded for search, and
DynamoDB refuses the whole write of an item with a longer key.
"""

import hashlib
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar

if TYPE_CHECKING:
    from chalicelib.table.items.item import Item

ItemT_co = TypeVar("ItemT_co", bound="Item", covariant=True)

# The longest sort key, also of an index (AWS: "Quotas in Amazon DynamoDB"). A partition key may have twice as much.
MOST_BYTES = 1024
# No character of UTF-8 has more bytes.
_BYTES_OF_A_CHARACTER = 4
# Between the beginning of a long text and its digest.
_CUT = "~"


def beginning(text: str, *, most: int) -> str:
    """Return the longest beginning of a text that has at most `most` bytes in UTF-8."""
    if len(text) * _BYTES_OF_A_CHARACTER <= most:
        return text
    return text.encode()[:most].decode(errors="ignore")


def bounded(text: str) -> str:
    """Return a text, or, above MOST_BYTES, its beginning with the SHA-256 of the whole: two texts stay two keys."""
    if len(text) * _BYTES_OF_A_CHARACTER <= MOST_BYTES or len(text.encode()) <= MOST_BYTES:
        return text
    digest = _CUT + hashlib.sha256(text.encode()).hexdigest()
    return beginning(text, most=MOST_BYTES - len(digest)) + digest


class _Pair(NamedTuple):
    """The two parts of a key."""

    pk: str
    sk: str


class Key(_Pair):
    """A partition key and a sort key, of the table or of one of its indexes; each is bounded in bytes."""

    __slots__ = ()

    def __new__(cls, pk: str, sk: str) -> Self:
        """Return the key of these parts, each of at most MOST_BYTES."""
        return super().__new__(cls, bounded(pk), bounded(sk))


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
    """Return the text of a key from its parts, of at most MOST_BYTES."""
    return bounded("#".join(parts))


def whose(pk: str) -> str:
    """Return the id after a partition key's prefix: the customer of a lock-out, the UID of a card."""
    return pk.partition("#")[2]
