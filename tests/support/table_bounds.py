"""DynamoDB's bounds on sizes, on every engine: a request that AWS refuses is refused here too.

moto measures no key of an update or a read, and no transaction; MiniStack measures no key of an index. DynamoDB Local
measures all of them, and its answers are the model (tests/truth/test_engines.py). The guard is a handler of botocore,
so each client of the tests has it. All engines measure items themselves.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.session import Session

# AWS: "Quotas in Amazon DynamoDB".
MOST_PARTITION, MOST_SORT = 2048, 1024
MOST_TRANSACTION = 4 * 1024 * 1024

_TABLE = {"pk": MOST_PARTITION, "sk": MOST_SORT}
_ALL = {**_TABLE, "gsi1pk": MOST_PARTITION, "gsi1sk": MOST_SORT, "gsi2pk": MOST_PARTITION, "gsi2sk": MOST_SORT}
_ASSIGNED = re.compile(r"([#\w]+)\s*=\s*(:\w+)")
_KEY_TOO_LONG = (
    "Hash primary key values must be under 2048 bytes, and range primary key values must be under 1024 bytes"
)
_INDEX_KEY_TOO_LONG = "One or more parameter values were invalid: Size limit exceeded"
_RANGE_TOO_LONG = (
    "One or more parameter values were invalid: "
    "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
)
_TRANSACTION_TOO_LARGE = "Transaction payload size cannot exceed 4MB"

_new_session = botocore.session.get_session


def _refuse(operation: str, message: str) -> None:
    raise ClientError(
        {
            "Error": {"Code": "ValidationException", "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 400},  # type: ignore[typeddict-item]
        },
        operation,
    )


def _measure(**event: Any) -> None:
    """Refuse a request with a key that is too long, before it is built."""
    params, model = event["params"], event["model"]
    for attributes in _attributes(params):
        for name, most in _ALL.items():
            value = attributes.get(name)
            if value is not None and _size(value) > most:
                _refuse(model.name, _KEY_TOO_LONG if name in _TABLE else _INDEX_KEY_TOO_LONG)
    if "KeyConditionExpression" in params:
        values: Mapping[str, Any] = params.get("ExpressionAttributeValues", {})
        # The platform's own: ":s0" and ":s1" are of the sort key.
        if any(name.startswith(":s") and _size(value) > MOST_SORT for name, value in values.items()):
            _refuse(model.name, _RANGE_TOO_LONG)


def _size(value: Mapping[str, Any]) -> int:
    text = value.get("S")
    return len(text.encode()) if isinstance(text, str) else 0


def _attributes(params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the attributes that a request, or each of its parts, names or sets."""
    if "Item" in params:
        yield params["Item"]
    if "Key" in params:
        yield params["Key"]
    if "UpdateExpression" in params:
        yield _set_by(params)
    for part in params.get("TransactItems", ()):
        for action in part.values():
            yield from _attributes(action)
    for parts in params.get("RequestItems", {}).values():
        if isinstance(parts, Mapping):
            yield from parts["Keys"]
        else:
            for part in parts:
                yield from _attributes(part.get("PutRequest") or part["DeleteRequest"])


def _set_by(update: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the key attributes that an update sets, with their values."""
    names: Mapping[str, str] = update.get("ExpressionAttributeNames", {})
    if not _ALL.keys() & {*names.values()} and "gsi" not in update["UpdateExpression"]:
        return {}
    values: Mapping[str, Any] = update.get("ExpressionAttributeValues", {})
    return {
        names.get(name, name): values[value]
        for name, value in _ASSIGNED.findall(update["UpdateExpression"])
        if value in values
    }


def _weigh(**event: Any) -> None:
    """Refuse a transaction that is too large. Its JSON is never smaller than what DynamoDB counts."""
    if len(event["params"]["body"]) > MOST_TRANSACTION:
        _refuse(event["model"].name, _TRANSACTION_TOO_LARGE)


def _session(env_vars: Any = None) -> Session:
    session = _new_session(env_vars)
    session.register("before-parameter-build.dynamodb", _measure, unique_id="table_bounds")
    session.register("before-call.dynamodb.TransactWriteItems", _weigh, unique_id="table_bounds_of_all")
    return session


def install() -> None:
    """Install the guard; after the session is shared, before any module imports `get_session`."""
    global _new_session  # what is shared
    _new_session = botocore.session.get_session
    botocore.session.get_session = _session
