"""Records what each request takes from which partition key of the table and of its indexes.

Nothing is estimated from the code: each write is compared with the item before and after it, as DynamoDB bills it.
Reads are the engine's own figures. Rules (AWS, "DynamoDB read and write operations"): a write takes one unit for each
KB of the larger of the two states; in a transaction the table's part twice; an entry of an index one unit where a
projected attribute changed, and two where its key changed.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore.session import get_session

from chalicelib.config import config
from infra.local import boundary
from infra.local.meter import item_size

TABLE = "table"
# What gsi1 projects beside the keys (infra/resources/table.yaml).
_PROJECTED = {"gsi1": ("kind", "result", "principal_id"), "gsi2": ()}
_BYTES_OF_UNIT = 1024
_KEY_CONDITION = re.compile(r"(#\w+|\w+)\s*=\s*(:\w+)")
_BEFORE = "gatehouse_items_before"
_PARAMS = "gatehouse_params"

Raw = Mapping[str, Any]
RawKey = tuple[str, str]


class Touch(NamedTuple):
    """What one request takes from one partition key; `place` is the table or an index."""

    place: str
    partition: str
    read_units: float
    write_units: float


class Recorder:
    """Collects the touches of the deeds that run inside `deed()`."""

    def __init__(self) -> None:
        """Nothing is recorded before `attached`."""
        self._current: list[Touch] | None = None
        self.requests = 0
        # What the engine itself named for writes, to hold the billing against.
        self.named_writes = 0.0
        self._look: Any = None

    @contextmanager
    def attached(self) -> Iterator["Recorder"]:
        """Watch every DynamoDB client that is made inside the block."""
        boundary.watch("dynamodb", self._watch)
        try:
            yield self
        finally:
            boundary.leave(self._watch)

    @contextmanager
    def deed(self) -> Iterator[list[Touch]]:
        """Collect the touches of what runs inside the block."""
        found: list[Touch] = []
        self._current = found
        try:
            yield found
        finally:
            self._current = None

    def _watch(self, client: Any) -> None:
        events = client.meta.events
        events.register("before-parameter-build.dynamodb.*", self._before)
        events.register("after-call.dynamodb.*", self._after)

    def _before(self, *, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if self._current is None:
            return
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"
        context[_PARAMS] = dict(params)
        keys = [key for key, _ in _writes(model.name, params)]
        context[_BEFORE] = {key: self._item(key) for key in keys}

    def _after(self, *, model: Any, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        if self._current is None or _PARAMS not in context:
            return
        self.requests += 1
        params, before = context[_PARAMS], context[_BEFORE]
        self._current += _reads(model.name, params, parsed)
        if _writes(model.name, params):
            self.named_writes += _named_units(parsed)
        factor = 2 if model.name == "TransactWriteItems" else 1
        failed = "Error" in parsed
        for key, changes in _writes(model.name, params):
            after = before[key] if failed or not changes else self._item(key)
            self._current += _touches_of_write(key, before[key], after, factor)

    def _item(self, key: RawKey) -> Raw:
        if self._look is None:
            watcher, self._look = self._watch, None
            boundary.leave(watcher)
            self._look = get_session().create_client("dynamodb")
            boundary.watch("dynamodb", watcher)
        answer = self._look.get_item(
            TableName=config().table_name, Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}}, ConsistentRead=True
        )
        return answer.get("Item", {})  # type: ignore[no-any-return]  # boto3 ships no types


def _key_of(raw: Raw) -> RawKey:
    return raw["pk"]["S"], raw["sk"]["S"]


def _writes(operation: str, params: Mapping[str, Any]) -> list[tuple[RawKey, bool]]:
    """Return the keys that a request writes, and whether it changes each; a check of a transaction changes nothing."""
    if operation == "PutItem":
        return [(_key_of(params["Item"]), True)]
    if operation in ("UpdateItem", "DeleteItem"):
        return [(_key_of(params["Key"]), True)]
    if operation == "TransactWriteItems":
        parts = [next(iter(part.items())) for part in params["TransactItems"]]
        return [(_key_of(part.get("Item") or part["Key"]), kind != "ConditionCheck") for kind, part in parts]
    if operation == "BatchWriteItem":
        requests = [each for some in params["RequestItems"].values() for each in some]
        return [
            (_key_of(each["PutRequest"]["Item"] if "PutRequest" in each else each["DeleteRequest"]["Key"]), True)
            for each in requests
        ]
    return []


def _named_units(answer: Mapping[str, Any]) -> float:
    consumed = answer.get("ConsumedCapacity") or []
    tables = [consumed] if isinstance(consumed, Mapping) else consumed
    return sum(float(table.get("CapacityUnits", 0.0)) for table in tables)


def _reads(operation: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> list[Touch]:
    units = _named_units(answer)
    if operation == "GetItem":
        return [Touch(TABLE, params["Key"]["pk"]["S"], units, 0)]
    if operation == "Query":
        return [Touch(params.get("IndexName", TABLE), _asked_partition(params), units, 0)]
    keys: list[Raw] = []
    if operation == "BatchGetItem":
        keys = [key for some in params["RequestItems"].values() for key in some["Keys"]]
    elif operation == "TransactGetItems":
        keys = [part["Get"]["Key"] for part in params["TransactItems"]]
    return [Touch(TABLE, key["pk"]["S"], units / len(keys), 0) for key in keys]


def _asked_partition(params: Mapping[str, Any]) -> str:
    names, values = params.get("ExpressionAttributeNames", {}), params["ExpressionAttributeValues"]
    wanted = f"{params['IndexName']}pk" if "IndexName" in params else "pk"
    for name, value in _KEY_CONDITION.findall(params["KeyConditionExpression"]):
        if names.get(name, name) == wanted:
            return str(values[value]["S"])
    raise LookupError(f"a query of no partition: {params['KeyConditionExpression']}")


def _touches_of_write(key: RawKey, before: Raw, after: Raw, factor: int) -> Iterator[Touch]:
    largest = max(item_size(before), item_size(after))
    yield Touch(TABLE, key[0], 0, factor * max(1, -(-largest // _BYTES_OF_UNIT)))
    for index, projected in _PROJECTED.items():
        old, new = (_entry(item, index, projected) for item in (before, after))
        if old == new:
            continue
        moved = old is None or new is None or old[0] != new[0]
        for entry in (old, new) if moved else (new,):
            if entry is not None:
                yield Touch(index, entry[0][0], 0, 1)


def _entry(item: Raw, index: str, projected: tuple[str, ...]) -> tuple[tuple[str, str], Any] | None:
    """Return an item's entry in an index: its key there, and what else is projected; None where it has none."""
    if f"{index}pk" not in item or f"{index}sk" not in item:
        return None
    key = item[f"{index}pk"]["S"], item[f"{index}sk"]["S"]
    return key, [item.get(name) for name in projected]
