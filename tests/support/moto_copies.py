"""moto's way to undo a transaction, at a cost that does not grow with what the tests before it wrote.

moto 5 copies the whole table once for each action of a transaction, its stream's records with it, and keeps every
copy for ever in the class's list of instances: a module of tests grew by gigabytes. Here the actions of one
transaction share one copy. The copy has partitions of its own only where the transaction writes, and shares every
item and record with its original, which is safe since an update replaces the item that it changes. Copies are not
listed.
"""

import copy
import threading
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamRecord, StreamShard, Table

# The keys of the partitions that the transaction of this thread writes to, and the copy that it made of its table.
_transaction = threading.local()
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


def install() -> None:
    """Install the copying, once for the whole run."""
    Table.__deepcopy__ = _copy_of_table  # type: ignore[attr-defined]
    StreamShard.__deepcopy__ = _copy_of_shard  # type: ignore[attr-defined]
    DynamoDBBackend.update_item = _update_a_copy  # type: ignore[method-assign]
    DynamoDBBackend.transact_write_items = _transact_with_one_copy  # type: ignore[method-assign]
    for kept in (Table, StreamShard, StreamRecord, Item):
        kept.__new__ = _new  # type: ignore[method-assign]


def _new(cls: type, *_: Any, **__: Any) -> Any:
    """Make an instance that no list keeps, so that a test's end frees what it wrote."""
    return object.__new__(cls)
