"""Answers of DynamoDB about items, read by the JSON parser alone.

botocore walks through each answer by the model of its operation, in Python: a tenth of a scan, and half of the time of
a reader of very many items. What it makes of items equals their JSON, except for binary values, which are base64 there.
So an answer that may hold one is left to botocore, unless its reader asks for `plain` answers.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from botocore.client import BaseClient
from msgspec import json

RawItem = dict[str, Any]
# Answers of other operations have moments, which botocore makes of numbers.
OPERATIONS = (
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
)
_BINARY = (b'"B"', b'"BS"')
_is_plain: ContextVar[bool] = ContextVar("plain_answers", default=False)


def attach(client: BaseClient) -> BaseClient:
    """Give a client the hook that reads answers, and return it."""
    for operation in OPERATIONS:
        client.meta.events.register(f"before-parse.dynamodb.{operation}", _read)
    return client


@contextmanager
def plain() -> Iterator[None]:
    """Read the answers of requests within the block as plain JSON, binary values too; no other thread is affected."""
    before = _is_plain.set(True)
    try:
        yield
    finally:
        _is_plain.reset(before)


def is_plain() -> bool:
    """Whether this thread reads answers as plain JSON now."""
    return _is_plain.get()


def items(raws: Iterable[RawItem]) -> list[RawItem]:
    """Return raw items of a plain answer with their top-level binary values as bytes."""
    found = list(raws)
    for raw in found:
        for name, value in raw.items():
            if "B" in value:
                raw[name] = {"B": b64decode(value["B"])}
    return found


def _read(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    # Refusals are parsed as ever: their codes are in headers too.
    body = response_dict["body"]
    if response_dict["status_code"] == HTTPStatus.OK and (is_plain() or not any(b in body for b in _BINARY)):
        answer = json.decode(body or b"{}")
        # As botocore does: an engine may send null for what is absent.
        customized_response_dict.update({name: part for name, part in answer.items() if part is not None})
        response_dict["body"] = b"{}"
