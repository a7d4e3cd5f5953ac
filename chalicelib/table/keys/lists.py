"""Keys of the lists of staff."""

from chalicelib.table.items.lists import ListEntry, ListWord
from chalicelib.table.places import Place, joined

# Before the id of a thing in a sort key.
SEPARATOR = "#"


def entries(name: str, ordering: str, index: str, *, shard: int) -> str:
    """Question 100: one partition of a list in one ordering, for the values of one index."""
    return joined("LIST", name, ordering, index, str(shard))


def entry(partition: str, position: str) -> Place[ListEntry]:
    """Question 100: one entry."""
    return Place(ListEntry, partition, position)


def position(value: str, thing_id: str) -> str:
    """Question 100: where a value sorts; things of one value sort by id."""
    return joined(value, thing_id)


def words(name: str, beginning: str, *, shard: int) -> str:
    """Question 101: one partition of a list's words with this first letter."""
    return joined("LIST_WORDS", name, beginning[:1], str(shard))


def word(partition: str, text: str, thing_id: str) -> Place[ListWord]:
    """Question 101: one word; things of one word sort by id."""
    return Place(ListWord, partition, joined(text, thing_id))


def shard_of(thing_id: str, *, shards: int) -> int:
    """Questions 100 and 101: the shard of a thing."""
    return ord(thing_id[-1]) % shards
