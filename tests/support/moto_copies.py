"""moto's way to undo a transaction, at a cost that does not grow with what the tests before it wrote.

moto 5 copies the whole table once for each action of a transaction, its stream's records with it, and keeps every
copy for ever in the class's list of instances: a module of tests grew by gigabytes. Here the actions of one
transaction share one copy, and a copy shares every item and record with its original, which is safe since an update
replaces the item that it changes; and copies are not listed.
"""

import copy
from collections import defaultdict
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamRecord, StreamShard, Table

_last: tuple[Table, int, Table] | None = None
_update_item = DynamoDBBackend.update_item


def _copy_of_table(table: Table, memo: dict[int, Any]) -> Table:
    """Return a copy of a table; the one before, where nothing was written since."""
    global _last  # a transaction is one thread's, and moto has no races
    written = len(table.stream_shard.items) if table.stream_shard else -1
    if _last is not None and written >= 0 and _last[0] is table and _last[1] == written:
        return _last[2]
    made: Table = object.__new__(type(table))
    memo[id(table)] = made
    vars(made).update(vars(table))
    made.items = defaultdict(dict, {key: dict(ranges) for key, ranges in table.items.items()})
    made.stream_shard = copy.deepcopy(table.stream_shard, memo)
    _last = (table, written, made)
    return made


def _copy_of_shard(shard: StreamShard, memo: dict[int, Any]) -> StreamShard:
    made = object.__new__(StreamShard)
    memo[id(shard)] = made
    vars(made).update(vars(shard))
    made.items = list(shard.items)
    made.table = copy.deepcopy(shard.table, memo)
    return made


def _update_a_copy(self: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **named: Any) -> Item:
    """Put a copy of the item in its place, which moto then changes where it is."""
    table = self.get_table(table_name)
    ranges = table.items.get(DynamoType(key[table.hash_key_attr]), {})
    range_key = DynamoType(key[str(table.range_key_attr)])
    if range_key in ranges:
        ranges[range_key] = copy.deepcopy(ranges[range_key])
    return _update_item(self, table_name, key, *rest, **named)


def install() -> None:
    """Put the copying in, once for the whole run."""
    Table.__deepcopy__ = _copy_of_table  # type: ignore[attr-defined]
    StreamShard.__deepcopy__ = _copy_of_shard  # type: ignore[attr-defined]
    DynamoDBBackend.update_item = _update_a_copy  # type: ignore[method-assign]
    for kept in (Table, StreamShard, StreamRecord, Item):
        kept.__new__ = _new  # type: ignore[method-assign]


def _new(cls: type, *_: Any, **__: Any) -> Any:
    """Make an instance that no list keeps, so that a test's end frees what it wrote."""
    return object.__new__(cls)
