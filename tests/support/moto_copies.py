"""moto's way to undo a transaction, at a cost that does not grow with what the tests before it wrote.

moto 5 copies the whole table once for each action of a transaction, its stream's records with it, and keeps every
copy for ever in the class's list of instances: a module of tests grew by gigabytes. Here the actions of one
transaction share one copy. The copy has partitions of its own only where the transaction writes, and shares every
item and record with its original, which is safe since an update replaces the item that it changes. Copies are not
listed. A copy of an item shares its plain values, which moto replaces and never changes. moto also sums up an item's
size for each attribute that it sets, and writes each stream record as JSON to measure it, which nobody reads: here a
sum is kept as long as it is far from the limit.
"""

import copy
import threading
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models import table as models_of_tables
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import StreamRecord, StreamShard, Table

# The keys of the partitions that the transaction of this thread writes to, and the copy that it made of its table.
_transaction = threading.local()
_PLAIN = frozenset(("S", "N", "B", "BOOL", "NULL"))
# Bytes up to which a sum that only grows is as good as moto's, which refuses at 405,000.
_FAR_BELOW = 200_000
_set_exactly = LimitedSizeDict.__setitem__
_update_item = DynamoDBBackend.update_item
_transact = DynamoDBBackend.transact_write_items


def _transact_with_one_copy(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    actions = [action for item in transact_items for action in item.values()]
    _transaction.partitions = [
        DynamoType(key[self.tables[action["TableName"]].hash_key_attr])
        for action in actions
        if (key := action.get("Key") or action.get("Item")) and action.get("TableName") in self.tables
    ]
    _transaction.copies = {}
    try:
        _transact(self, transact_items)
    finally:
        del _transaction.partitions, _transaction.copies


def _copy_of_table(table: Table, memo: dict[int, Any]) -> Table:
    """Return a table that keeps what this one has now, for the transaction of this thread."""
    copies: dict[int, Table] = _transaction.copies
    if id(table) in copies:
        return copies[id(table)]
    made: Table = object.__new__(type(table))
    memo[id(table)] = made
    vars(made).update(vars(table))
    made.items = table.items.copy()
    for key in _transaction.partitions:
        if key in made.items:
            made.items[key] = made.items[key].copy()
    made.stream_shard = copy.deepcopy(table.stream_shard, memo)
    copies[id(table)] = made
    return made


def _copy_of_shard(shard: StreamShard, memo: dict[int, Any]) -> StreamShard:
    made = object.__new__(StreamShard)
    memo[id(shard)] = made
    vars(made).update(vars(shard))
    made.items = list(shard.items)
    made.table = copy.deepcopy(shard.table, memo)
    return made


def _update_a_copy(self: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **named: Any) -> Item:
    """Replace the item by a copy, which moto then changes in place."""
    table = self.get_table(table_name)
    ranges = table.items.get(DynamoType(key[table.hash_key_attr]), {})
    range_key = DynamoType(key[str(table.range_key_attr)])
    if range_key in ranges:
        ranges[range_key] = copy.deepcopy(ranges[range_key])
    return _update_item(self, table_name, key, *rest, **named)


def _copy_of_item(item: Item, memo: dict[int, Any]) -> Item:
    made: Item = object.__new__(Item)
    memo[id(item)] = made
    made.hash_key, made.range_key = item.hash_key, item.range_key
    made.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(
        made.attrs,
        {name: value if value.type in _PLAIN else copy.deepcopy(value, memo) for name, value in item.attrs.items()},
    )
    return made


def _set(self: LimitedSizeDict, key: str, value: Any) -> None:
    kept: dict[str, int] = vars(self)
    if "bytes" not in kept and not self:
        kept["bytes"] = 0
    if "bytes" in kept and type(value) is DynamoType:
        kept["bytes"] += len(key.encode()) + value.size()
        if kept["bytes"] <= _FAR_BELOW:
            dict.__setitem__(self, key, value)
            return
    _set_exactly(self, key, value)


def _unmeasured(_record: Any) -> str:
    return ""


def install() -> None:
    """Install the copying, once for the whole run."""
    Item.__deepcopy__ = _copy_of_item  # type: ignore[method-assign,assignment]
    LimitedSizeDict.__setitem__ = _set  # type: ignore[method-assign]
    models_of_tables.dynamo_json_dump = _unmeasured  # type: ignore[attr-defined,assignment]
    Table.__deepcopy__ = _copy_of_table  # type: ignore[attr-defined]
    StreamShard.__deepcopy__ = _copy_of_shard  # type: ignore[attr-defined]
    DynamoDBBackend.update_item = _update_a_copy  # type: ignore[method-assign]
    DynamoDBBackend.transact_write_items = _transact_with_one_copy  # type: ignore[method-assign]
    for kept in (Table, StreamShard, StreamRecord, Item):
        kept.__new__ = _new  # type: ignore[method-assign]


def _new(cls: type, *_: Any, **__: Any) -> Any:
    """Make an instance that no list keeps, so that a test's end frees what it wrote."""
    return object.__new__(cls)
