"""The entries of an item: one per index and ordering, and one per word. Pure; the follower writes them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from chalicelib import folding
from chalicelib.domain.lists.declaration import ItemT, ListOf
from chalicelib.table import keys
from chalicelib.table.items import Item, ListEntry, ListWord
from chalicelib.table.places import Key

# Entries of one item, by key.
Rows = dict[Key, ListEntry | ListWord]
# An item in more partitions than this is a mistake of its declaration.
_MOST_PARTITIONS = 200


def of(listed: ListOf[ItemT], item: Item | None) -> Rows:
    """Return all entries of an item; none if the list does not have it."""
    if item is None or not listed.lists(item):
        return {}
    mine: ItemT = item  # type: ignore[assignment]  # `lists` checked its class
    facts = listed.facts_of(mine)
    rows: Rows = {}
    rows |= {Key(row.pk, row.sk): row for row in _entries(listed, mine, facts)}
    rows |= {Key(row.pk, row.sk): row for row in _words(listed, mine, facts)}
    return rows


def same(one: Rows, other: Rows) -> bool:
    """Whether two sets of entries are equal in key and content."""
    return _content(one) == _content(other)


def _content(rows: Rows) -> dict[Key, Any]:
    return {key: (row.facts, list(row.texts) if isinstance(row, ListWord) else None) for key, row in rows.items()}


def index_text(index: Sequence[str], values: Mapping[str, str]) -> str:
    """Return the part of a partition's key that names the values of an index; empty for the whole list."""
    return "&".join(f"{name}={values[name]}" for name in index)


def beginnings(texts: Sequence[str]) -> list[str]:
    """Return what can be searched for: each of these folded texts from each of its words on."""
    return list(dict.fromkeys(begun for text in texts for begun in folding.beginnings(text)))


def is_found(texts: Sequence[str], search: str) -> bool:
    """Whether folded texts have words that begin as typed: one after the other, or each one anywhere."""
    mine = beginnings(texts)
    typed = [folding.typed(word) for word in folding.words(search)]
    return folding.begins_one(mine, folding.typed(search)) or all(folding.begins_one(mine, each) for each in typed)


def _entries(listed: ListOf[ItemT], item: ItemT, facts: Mapping[str, Any]) -> Iterator[ListEntry]:
    thing_id = listed.id_of(item)
    for index in ((), *listed.indexes):
        shard = keys.lists.shard_of(thing_id, shards=listed.shards_of(index))
        several = product(*(facts["filters"][name] for name in index))
        for values, _ in zip(several, range(_MOST_PARTITIONS), strict=False):
            text = index_text(index, dict(zip(index, values, strict=True)))
            for ordering, value in facts["orderings"].items():
                partition = keys.lists.entries(listed.name, ordering, text, shard=shard)
                place = keys.lists.entry(partition, keys.lists.position(value, thing_id))
                yield ListEntry(*place, item_pk=item.pk, item_sk=item.sk, facts=dict(facts))


def _words(listed: ListOf[ItemT], item: ItemT, facts: Mapping[str, Any]) -> Iterator[ListWord]:
    thing_id = listed.id_of(item)
    shard = keys.lists.shard_of(thing_id, shards=listed.shards)
    texts = listed.texts_of(item) if not listed.searches_filters else []
    for begun in beginnings(texts):
        partition = keys.lists.words(listed.name, begun, shard=shard)
        place = keys.lists.word(partition, begun, thing_id)
        yield ListWord(*place, item_pk=item.pk, item_sk=item.sk, facts=dict(facts), texts=texts)
