"""moto's queries and its values' comparisons, at a cost that does not grow with the rest of the table.

moto 5 sorts every item of the table for each query, and asks each value of a comparison for seven types: three
fifths of what the tests of the contract cost. Here a query sorts the items of its partition alone, and a string is
compared as it is.
"""

import inspect
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_query = Table.query
_SIGNATURE = inspect.signature(_query)
_cast_value = DynamoType.cast_value.fget  # type: ignore[attr-defined]
_size = DynamoType.size


def _query_one_partition(self: Table, *args: Any, **named: Any) -> Any:
    """Query a view of the table that has the items of one partition only."""
    given = _SIGNATURE.bind(self, *args, **named).arguments
    view: Table = object.__new__(type(self))
    vars(view).update(vars(self))
    if given.get("index_name") is None:
        hash_value = given["hash_key"]
        view.items = {hash_value: self.items[hash_value]} if hash_value in self.items else {}  # type: ignore[assignment]
    else:
        ((name, wanted),) = given["hash_key_conditions"]  # the platform's indexes have one hash key each
        view.items = _with_attribute(self.items, name, wanted.value)  # type: ignore[assignment]
    return _query(view, *args, **named)


def _with_attribute(items: Any, name: str, value: str) -> dict[DynamoType, dict[DynamoType, Item]]:
    """Return the items whose attribute has this value; none changes meanwhile, since requests take turns.

    Each query of an index passes the whole table, so the loop is as short as it can be.
    """
    found: dict[DynamoType, dict[DynamoType, Item]] = {}
    for hash_value, ranges in items.items():
        for key, item in ranges.items():
            if name in (attributes := item.attrs) and attributes[name].value == value:
                found.setdefault(hash_value, {})[key] = item
    return found


def _cast(self: DynamoType) -> Any:
    return self.value if self.type == "S" else _cast_value(self)


def _equals(self: DynamoType, other: DynamoType) -> bool:
    return self.type == other.type and _cast(self) == _cast(other)


def _is_less(self: DynamoType, other: DynamoType) -> bool:
    return bool(_cast(self) < _cast(other))


def _hash(self: DynamoType) -> int:
    return hash(self.value) if self.type == "S" else hash((self.type, _cast_value(self)))


def _bytes(self: DynamoType) -> int:
    return len(self.value.encode()) if self.type == "S" else _size(self)


def install() -> None:
    """Install the short ways."""
    Table.query = _query_one_partition  # type: ignore[method-assign]
    DynamoType.cast_value = property(_cast)  # type: ignore[method-assign,assignment]
    DynamoType.__eq__ = _equals  # type: ignore[method-assign]
    DynamoType.__lt__ = _is_less  # type: ignore[method-assign]
    DynamoType.__hash__ = _hash  # type: ignore[method-assign]
    DynamoType.size = _bytes  # type: ignore[method-assign]
