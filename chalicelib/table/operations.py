"""What is asked of DynamoDB, and how a failed condition comes back.

PynamoDB describes the items and their expressions; the requests themselves go through one botocore
client, because PynamoDB's own `update` cannot return the item that made a condition fail, and its
transactions reorder their parts.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from botocore.client import BaseClient
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.config import config
from chalicelib.errors import Unavailable
from chalicelib.table.items import Item
from chalicelib.table.places import Key, Place

RawItem = dict[str, Any]
T = TypeVar("T")
ItemT = TypeVar("ItemT", bound=Item)

# AWS: "BatchGetItem" takes 100 keys, "BatchWriteItem" 25 items, "TransactWriteItems" 100 actions.
BATCH_READ_LIMIT = 100
BATCH_WRITE_LIMIT = 25
TRANSACTION_LIMIT = 100

_BUSY = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
}
_CONFLICT_ATTEMPTS = 6


class ConditionFailed(Exception):
    """A condition did not hold, so nothing was written; `failures` says which writes and what stood there."""

    def __init__(self, failures: dict[int, RawItem | None]) -> None:
        """`failures` maps the position of a failed write to the item that was found, if any."""
        super().__init__(f"conditions {sorted(failures)} did not hold")
        self.failures = failures

    def found(self, cls: type[ItemT], position: int = 0) -> ItemT | None:
        """Return the item that made the write at `position` fail, or None where there was none."""
        raw = self.failures.get(position)
        return cls.from_raw_data(raw) if raw else None


@dataclass(frozen=True, slots=True)
class Write:
    """One write, not yet sent: `kind` is its DynamoDB name (Put, Update, Delete, ConditionCheck)."""

    kind: str
    arguments: dict[str, Any]


@lru_cache(maxsize=1)
def client() -> BaseClient:
    """Return the one DynamoDB client of this process; time-outs stay within a function's own."""
    return get_session().create_client(
        "dynamodb",
        region_name=None,
        config=ClientConfig(
            connect_timeout=1,
            read_timeout=2,
            retries={"total_max_attempts": 4, "mode": "standard"},
            max_pool_connections=32,
            parameter_validation=False,
            # botocore composes its own anew for each request, at a tenth of a scan's CPU time.
            user_agent="gatehouse",
        ),
    )


def _send(operation: str, **arguments: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client(), operation)(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in _BUSY:
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


def get_many(places: Iterable[Place[ItemT]], *, consistent: bool = True) -> dict[Key, ItemT]:
    """Return the items that exist, by key, at one request per 100."""
    wanted: dict[Key, type[ItemT]] = {place: place.item for place in places}
    found: dict[Key, ItemT] = {}
    for chunk in _chunks(wanted, BATCH_READ_LIMIT):
        pending: list[dict[str, Any]] = [_raw(place) for place in chunk]
        attempt = 0
        while pending:
            answer = _send(
                "batch_get_item",
                RequestItems={config().table_name: {"Keys": pending, "ConsistentRead": consistent}},
            )
            found |= _items(answer["Responses"].get(config().table_name, []), wanted)
            pending = answer.get("UnprocessedKeys", {}).get(config().table_name, {}).get("Keys", [])
            attempt = _pause(attempt) if pending else 0
    return found


def snapshot(places: Iterable[Place[ItemT]]) -> dict[Key, ItemT]:
    """Return the items that exist, by key, all as they stood at one and the same moment.

    Takes at most `TRANSACTION_LIMIT` keys. A read that only met a transaction is tried again; raises Unavailable
    where the conflict lasts.
    """
    wanted: dict[Key, type[ItemT]] = {place: place.item for place in places}
    reads = [{"Get": {"TableName": config().table_name, "Key": _raw(place)}} for place in wanted]
    attempt = 0
    while True:
        try:
            answer = _send("transact_get_items", TransactItems=reads)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            reasons: list[Any] = error.response.get("CancellationReasons", [])
            if not _was_only_busy(reasons):
                raise
            if attempt >= _CONFLICT_ATTEMPTS:
                raise Unavailable(retry_after=1) from error
            attempt = _pause(attempt)
            continue
        return _items([read["Item"] for read in answer["Responses"] if read.get("Item")], wanted)


def _raw(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _items(raws: Iterable[RawItem], classes: Mapping[Key, type[ItemT]]) -> dict[Key, ItemT]:
    return {key: classes[key].from_raw_data(raw) for key, raw in ((key_of(raw), raw) for raw in raws)}


def query(  # noqa: PLR0913  # the choices of DynamoDB's Query
    partition: str,
    *,
    index: str | None = None,
    begins: str = "",
    before: str | None = None,
    between: tuple[str, str] | None = None,
    newest_first: bool = False,
    limit: int | None = None,
    consistent: bool = False,
) -> list[RawItem]:
    """Return the raw items of a partition in sort order, at most `limit`."""
    prefix = f"{index}" if index else ""
    names, values = {"#p": f"{prefix}pk"}, {":p": {"S": partition}}
    condition = "#p = :p"
    if between is not None:
        names["#s"] = f"{prefix}sk"
        values |= {":a": {"S": between[0]}, ":b": {"S": between[1]}}
        condition += " AND #s BETWEEN :a AND :b"
    elif before is not None:
        names["#s"] = f"{prefix}sk"
        values[":s"] = {"S": before}
        condition += " AND #s < :s"
    elif begins:
        names["#s"] = f"{prefix}sk"
        values[":s"] = {"S": begins}
        condition += " AND begins_with(#s, :s)"
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


def key_of(raw: RawItem) -> Key:
    """Return the table key of a raw item."""
    return Key(raw["pk"]["S"], raw["sk"]["S"])


def places_of(item: type[ItemT], raws: Iterable[RawItem]) -> list[Place[ItemT]]:
    """Return the places of raw items of one class, in their order."""
    return [Place(item, *key_of(raw)) for raw in raws]


def put(item: Item, condition: Condition | None = None) -> Write:
    """Describe writing a whole item."""
    return Write(
        "Put",
        item.get_save_kwargs_from_instance(
            condition=condition,
            return_values_on_condition_failure="ALL_OLD" if condition is not None else None,
        ),
    )


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
    """Describe a condition on an item that the transaction leaves as it is."""
    arguments = place.item.get_operation_kwargs_from_class(*place, condition=condition)
    return Write("ConditionCheck", {**arguments, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})


_SINGLE = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}
_RETURNED = {"Update": "ALL_NEW", "Delete": "ALL_OLD"}


def record(write: Write) -> RawItem:
    """Send one write and return the item after it (after an Update), or as it was (of a Delete); else nothing.

    Raises ConditionFailed with the item that was found at position 0, and Unavailable where a transaction
    keeps the item for too long.
    """
    arguments = dict(write.arguments)
    if write.kind in _RETURNED:
        arguments["ReturnValues"] = _RETURNED[write.kind]
    attempt = 0
    while True:
        try:
            attributes: RawItem = _send(_SINGLE[write.kind], **arguments).get("Attributes", {})
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionConflictException":
                # A transaction holds the item at this moment; the SDK does not try again by itself.
                if attempt >= _CONFLICT_ATTEMPTS:
                    raise Unavailable(retry_after=1) from error
                attempt = _pause(attempt)
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
    attempt = 0
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
            if attempt >= _CONFLICT_ATTEMPTS:
                raise Unavailable(retry_after=1) from error
            attempt = _pause(attempt)
        else:
            return


def _was_only_busy(reasons: Iterable[dict[str, Any]]) -> bool:
    """Whether a transaction was cancelled only because others were at its items, or the table was busy."""
    busy = (None, "None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")
    return all(reason.get("Code") in busy for reason in reasons)


def put_many(items: Iterable[Item]) -> int:
    """Write whole items, unconditionally, 25 a request; return how many."""
    return _write_many({"PutRequest": {"Item": put(item).arguments["Item"]}} for item in items)


def remove_many(places: Iterable[Key]) -> int:
    """Delete the items at these keys, unconditionally, 25 a request; return how many keys there were."""
    return _write_many({"DeleteRequest": {"Key": _raw(key)}} for key in places)


def _write_many(requests: Iterable[dict[str, Any]]) -> int:
    count = 0
    for pending in _chunks(requests, BATCH_WRITE_LIMIT):
        count += len(pending)
        attempt = 0
        while pending:
            answer = _send("batch_write_item", RequestItems={config().table_name: pending})
            pending = answer.get("UnprocessedItems", {}).get(config().table_name, [])
            attempt = _pause(attempt) if pending else 0
    return count


def attempts(most: int = 8) -> Iterator[int]:
    """Yield the numbers of the attempts at a change that others may come before; waits between them, with jitter."""
    for attempt in range(most):
        if attempt:
            _pause(attempt)
        yield attempt


def _pause(attempt: int) -> int:
    """Wait with full jitter (AWS Architecture Blog, 2015) and return the number of the next attempt."""
    time.sleep(random.uniform(0, min(1.0, 0.02 * 2**attempt)))  # noqa: S311  # jitter, not a secret
    return attempt + 1


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
