"""Requests to DynamoDB, and the errors of failed conditions.

PynamoDB describes the items and their expressions; the requests themselves go through one botocore
client, because PynamoDB's own `update` cannot return the item that made a condition fail, and its
transactions reorder their parts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from botocore.client import BaseClient
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.botocore_session import passes_by_itself, session
from chalicelib.config import config
from chalicelib.errors import Unavailable
from chalicelib.table import raw_answers, raw_requests, signature
from chalicelib.table.items import Item
from chalicelib.table.places import Key, Place
from chalicelib.table.ranges import Begins, Range
from chalicelib.table.retries import Patience

RawItem = dict[str, Any]
T = TypeVar("T")
ItemT = TypeVar("ItemT", bound=Item)

# AWS: "BatchGetItem" takes 100 keys, "BatchWriteItem" 25 items, "TransactWriteItems" 100 actions.
BATCH_READ_LIMIT = 100
BATCH_WRITE_LIMIT = 25
TRANSACTION_LIMIT = 100

# Every sort key begins with an empty prefix, which DynamoDB refuses.
_ALL = Begins("")
_BUSY = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
}


class ConditionFailed(Exception):
    """A condition failed, so nothing was written; `failures` holds the failed writes and the items found."""

    def __init__(self, failures: dict[int, RawItem | None]) -> None:
        """`failures` maps the position of a failed write to the item that was found, if any."""
        super().__init__(f"conditions {sorted(failures)} did not hold")
        self.failures = failures

    def found(self, cls: type[ItemT], position: int = 0) -> ItemT | None:
        """Return the item that made the write at `position` fail, or None where there was none."""
        raw = self.failures.get(position)
        return cls.from_raw_data(raw) if raw else None


class Write(Struct, frozen=True):
    """One write, not yet sent: `kind` is its DynamoDB name (Put, Update, Delete, ConditionCheck)."""

    kind: str
    arguments: dict[str, Any]


@lru_cache(maxsize=1)
def client() -> BaseClient:
    """Return the one DynamoDB client of this process. Its time-outs fit within a Lambda function's own."""
    how = ClientConfig(
        connect_timeout=1,
        read_timeout=config().limits.table_ms / 1000,
        retries={"total_max_attempts": 4, "mode": "standard"},
        max_pool_connections=32,
        parameter_validation=False,
        # botocore composes its own for each request, at a tenth of a scan's CPU time.
        user_agent="gatehouse",
    )
    with session() as creating:
        made = creating.create_client("dynamodb", region_name=None, config=how)
        credentials = creating.get_credentials()
    # botocore resolves the endpoint again for each request, a twentieth of a scan's CPU time. A client without the
    # resolver uses its own `meta.endpoint_url`, which is the region's (tests/table/test_client.py).
    made._ruleset_resolver = None  # type: ignore[attr-defined]  # noqa: SLF001  # a guard of ours fails if it is renamed
    return signature.attach(raw_requests.attach(raw_answers.attach(made)), credentials)


def _send(operation: str, **arguments: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client(), operation)(**arguments)
    except ClientError as error:
        if passes_by_itself(error, _BUSY):
            raise Unavailable(retry_after=1) from error
        raise
    except BotoCoreError as error:
        raise Unavailable(retry_after=1) from error
    return answer


def get(place: Place[ItemT], *, consistent: bool = True) -> ItemT | None:
    """Return one item, or None; the read is strongly consistent by default."""
    answer = _send(
        "get_item",
        TableName=config().table_name,
        Key=_raw(place),
        ConsistentRead=consistent,
    )
    raw = answer.get("Item")
    return place.item.from_raw_data(raw) if raw else None


def target(write: Write) -> RawItem:
    """Return the item that a change or a removal is about, as it is now, or {}; the read is strongly consistent."""
    key = write.arguments["Key"]
    found: RawItem = _send("get_item", TableName=config().table_name, Key=key, ConsistentRead=True).get("Item", {})
    return found


def get_many(places: Iterable[Place[ItemT]], *, consistent: bool = True, only: Sequence[str] = ()) -> dict[Key, ItemT]:
    """Return the items that exist, by key, at one request per 100. Raises Unavailable where the table stays busy.

    `only` names the attributes to read, which saves time but no read units; all others are then None.
    """
    wanted: dict[Key, type[ItemT]] = {place: place.item for place in places}
    found: dict[Key, ItemT] = {}
    for raws in _batches(wanted, consistent=consistent, only=["pk", "sk", "kind", *only] if only else []):
        found |= _items(raws, wanted)
    return found


def get_raw(places: Iterable[Key], only: Sequence[str], *, consistent: bool = True) -> list[RawItem]:
    """Return some attributes of the items that exist, unparsed; the reads are strongly consistent by default.

    `only` names them, or nothing for all; `admission.scanned_at` is a part of one. For readers of very many items:
    parsing them into their classes takes four times as long.
    """
    with raw_answers.plain():
        return raw_answers.items(raw for raws in _batches(places, consistent=consistent, only=only) for raw in raws)


def _batches(places: Iterable[Key], *, consistent: bool, only: Sequence[str]) -> Iterator[list[RawItem]]:
    """Yield the raw items at these keys, at one request per 100; all attributes where `only` is empty."""
    names = {part: f"#a{n}" for n, part in enumerate(dict.fromkeys(part for name in only for part in name.split(".")))}
    projection: dict[str, Any] = {}
    if only:
        paths = (".".join(names[part] for part in name.split(".")) for name in only)
        written = {alias: part for part, alias in names.items()}
        projection = {"ProjectionExpression": ", ".join(paths), "ExpressionAttributeNames": written}
    for chunk in _chunks(places, BATCH_READ_LIMIT):
        pending: list[dict[str, Any]] = [_raw(place) for place in chunk]
        patience = Patience()
        while pending:
            answer = _send(
                "batch_get_item",
                RequestItems={config().table_name: {"Keys": pending, "ConsistentRead": consistent, **projection}},
            )
            yield answer["Responses"].get(config().table_name, [])
            left = answer.get("UnprocessedKeys", {}).get(config().table_name, {}).get("Keys", [])
            _wait_for_rest(patience, pending, left)
            pending = left


def snapshot(places: Iterable[Place[ItemT]]) -> dict[Key, ItemT]:
    """Return the items that exist, by key, in one consistent snapshot (TransactGetItems).

    Takes at most `TRANSACTION_LIMIT` keys. A read that only met a transaction is tried again; raises Unavailable
    where the conflict lasts.
    """
    wanted: dict[Key, type[ItemT]] = {place: place.item for place in places}
    reads = [{"Get": {"TableName": config().table_name, "Key": _raw(place)}} for place in wanted]
    patience = Patience()
    while True:
        try:
            answer = _send("transact_get_items", TransactItems=reads)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            reasons: list[Any] = error.response.get("CancellationReasons", [])
            if not _was_only_busy(reasons):
                raise
            patience.wait(error)
            continue
        return _items([read["Item"] for read in answer["Responses"] if read.get("Item")], wanted)


def _raw(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _items(raws: Iterable[RawItem], classes: Mapping[Key, type[ItemT]]) -> dict[Key, ItemT]:
    return {key: classes[key].from_raw_data(raw) for key, raw in ((key_of(raw), raw) for raw in raws)}


def query(  # the choices of DynamoDB's Query
    partition: str,
    where: Range | None = None,
    *,
    index: str = "",
    newest_first: bool = False,
    limit: int | None = None,
    consistent: bool = False,
) -> list[RawItem]:
    """Return the raw items of a partition in sort order, at most `limit`; `index` is empty for the table itself."""
    condition, names, values = "#p = :p", {"#p": f"{index}pk"}, {":p": {"S": partition}}
    if where is not None and where != _ALL:
        of_sort, bounds = where.condition()
        condition += f" AND {of_sort}"
        names["#s"] = f"{index}sk"
        values |= {f":s{n}": {"S": bound} for n, bound in enumerate(bounds)}
    arguments: dict[str, Any] = {
        "TableName": config().table_name,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not newest_first,
    }
    if index:
        arguments["IndexName"] = index
    elif consistent:
        arguments["ConsistentRead"] = True
    found: list[RawItem] = []
    while True:
        if limit is not None:
            arguments["Limit"] = limit - len(found)
        answer = _send("query", **arguments)
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer or (limit is not None and len(found) >= limit):
            return found
        arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def stream(first: Key, attributes: Sequence[str], *, page: int) -> Iterator[list[RawItem]]:
    """Yield pages of some attributes of a partition's items from a key on, in order, with strongly consistent reads.

    A page has at most `page` items, and at most 1 MB of the table. For readers of a whole partition.
    """
    arguments: dict[str, Any] = {
        "TableName": config().table_name,
        "KeyConditionExpression": "#p = :p AND #s >= :s",
        "ProjectionExpression": ", ".join(f"#a{n}" for n, _ in enumerate(attributes)),
        "ExpressionAttributeNames": {"#p": "pk", "#s": "sk", **{f"#a{n}": name for n, name in enumerate(attributes)}},
        "ExpressionAttributeValues": {":p": {"S": first.pk}, ":s": {"S": first.sk}},
        "ConsistentRead": True,
        "Limit": page,
    }
    while True:
        with raw_answers.plain():
            answer = _send("query", **arguments)
        yield raw_answers.items(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def key_of(raw: RawItem) -> Key:
    """Return the table key of a raw item."""
    return Key(raw["pk"]["S"], raw["sk"]["S"])


def places_of(item: type[ItemT], raws: Iterable[RawItem]) -> list[Place[ItemT]]:
    """Return the places of raw items of one class, in their order."""
    return [Place(item, *key_of(raw)) for raw in raws]


def put(item: Item, condition: Condition | None = None) -> Write:
    """Describe writing a whole item. A read one keeps the attributes that only a later release knows.

    So what changes a stored item writes the item that it read, or a copy of it (docs/decisions/d-dr-02-shapes.md).
    """
    arguments = item.get_save_kwargs_from_instance(
        condition=condition,
        return_values_on_condition_failure="ALL_OLD" if condition is not None else None,
    )
    if item.unread:
        arguments["Item"] = {**item.unread, **arguments["Item"]}
    return Write("Put", arguments)


def change(place: Place[Item], actions: Sequence[Action], condition: Condition | None = None) -> Write:
    """Describe changing attributes of the item at a place."""
    return Write(
        "Update",
        place.item(*place).get_update_kwargs_from_instance(
            actions=list(actions),
            condition=condition,
            return_values_on_condition_failure="ALL_OLD" if condition is not None else None,
        ),
    )


def remove(place: Place[Item], condition: Condition | None = None) -> Write:
    """Describe deleting the item at a place."""
    return Write(
        "Delete",
        place.item(*place).get_delete_kwargs_from_instance(
            condition=condition,
            return_values_on_condition_failure="ALL_OLD" if condition is not None else None,
        ),
    )


def check(place: Place[Item], condition: Condition) -> Write:
    """Describe a condition on an item that the transaction does not change."""
    arguments = place.item.get_operation_kwargs_from_class(*place, condition=condition)
    return Write("ConditionCheck", {**arguments, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})


_SINGLE = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}
_RETURNED = {"Update": "ALL_NEW", "Delete": "ALL_OLD"}


def record(write: Write) -> RawItem:
    """Send one write. Return the new item of an Update, the old item of a Delete, otherwise {}.

    Raises ConditionFailed with the item that was found at position 0, and Unavailable where a transaction
    keeps the item for too long.
    """
    arguments = dict(write.arguments)
    if write.kind in _RETURNED:
        arguments["ReturnValues"] = _RETURNED[write.kind]
    patience = Patience()
    while True:
        try:
            attributes: RawItem = _send(_SINGLE[write.kind], **arguments).get("Attributes", {})
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionConflictException":
                # A transaction holds the item; the SDK does not retry this error.
                patience.wait(error)
                continue
            if code != "ConditionalCheckFailedException":
                raise
            found: Any = error.response.get("Item")
            raise ConditionFailed({0: found}) from error
        return attributes


def commit(*writes: Write) -> None:
    """Send several writes as one transaction, in the order given.

    A transaction that only met another one is tried again; raises ConditionFailed where conditions did not
    hold, and Unavailable where the conflict lasts.
    """
    items = [{write.kind: write.arguments} for write in writes]
    patience = Patience()
    while True:
        try:
            _send("transact_write_items", TransactItems=items)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            reasons: list[Any] = error.response.get("CancellationReasons", [])
            failed = {
                n: reason.get("Item")
                for n, reason in enumerate(reasons)
                if reason.get("Code") == "ConditionalCheckFailed"
            }
            if failed:
                raise ConditionFailed(failed) from error
            if not _was_only_busy(reasons):
                raise
            patience.wait(error)
        else:
            return


def _was_only_busy(reasons: Iterable[dict[str, Any]]) -> bool:
    """Whether a transaction was cancelled only by conflicts or throttling."""
    busy = (None, "None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")
    return all(reason.get("Code") in busy for reason in reasons)


def put_many(items: Iterable[Item]) -> int:
    """Write whole items, unconditionally, 25 a request; return how many. Raises Unavailable as get_many does."""
    return _write_many({"PutRequest": {"Item": put(item).arguments["Item"]}} for item in items)


def put_raw(raws: Iterable[RawItem]) -> int:
    """Write raw items as `put_many` does, for commands that copy or reset them."""
    return _write_many({"PutRequest": {"Item": raw}} for raw in raws)


def remove_many(places: Iterable[Key]) -> int:
    """Delete the items at these keys, unconditionally, 25 a request; return how many keys there were."""
    return _write_many({"DeleteRequest": {"Key": _raw(key)}} for key in places)


def _write_many(requests: Iterable[dict[str, Any]]) -> int:
    count = 0
    for pending in _chunks(requests, BATCH_WRITE_LIMIT):
        count += len(pending)
        patience = Patience()
        while pending:
            answer = _send("batch_write_item", RequestItems={config().table_name: pending})
            left = answer.get("UnprocessedItems", {}).get(config().table_name, [])
            _wait_for_rest(patience, pending, left)
            pending = left
    return count


def _wait_for_rest(patience: Patience, asked: Sequence[Any], left: Sequence[Any]) -> None:
    """Wait where a batch left something undone. Raises Unavailable where it did nothing too many times in a row."""
    if len(left) < len(asked):
        patience.renew()
    if left:
        patience.wait()


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
