"""moto's way to undo a transaction, at a cost that does not grow with what the tests before it wrote.

moto 5 copies the whole table once for each action of a transaction, its stream's records with it, and keeps every
copy for ever in the class's list of instances: a module of tests grew by gigabytes. Here the actions of one
transaction share one copy, records (which nobody changes) are shared, and copies are not listed.
"""

import copy
from typing import Any

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import StreamRecord, StreamShard, Table

_last: tuple[Table, int, Table] | None = None


def _copy_of_table(table: Table, memo: dict[int, Any]) -> Table:
    """Return a copy of a table; the one before, where nothing was written since."""
    global _last  # a transaction is one thread's, and moto has no races
    written = len(table.stream_shard.items) if table.stream_shard else -1
    if _last is not None and written >= 0 and _last[0] is table and _last[1] == written:
        return _last[2]
    made = object.__new__(type(table))
    memo[id(table)] = made
    for name, value in vars(table).items():
        setattr(made, name, copy.deepcopy(value, memo))
    _last = (table, written, made)
    return made


def _copy_of_shard(shard: StreamShard, memo: dict[int, Any]) -> StreamShard:
    made = object.__new__(StreamShard)
    memo[id(shard)] = made
    vars(made).update(vars(shard))
    made.items = list(shard.items)
    made.table = copy.deepcopy(shard.table, memo)
    return made


def install() -> None:
    """Put the copying in, once for the whole run."""
    Table.__deepcopy__ = _copy_of_table  # type: ignore[attr-defined]
    StreamShard.__deepcopy__ = _copy_of_shard  # type: ignore[attr-defined]
    for kept in (Table, StreamShard, StreamRecord, Item):
        kept.__new__ = _new  # type: ignore[method-assign]


def _new(cls: type, *_: Any, **__: Any) -> Any:
    """Make an instance that no list keeps, so that a test's end frees what it wrote."""
    return object.__new__(cls)
