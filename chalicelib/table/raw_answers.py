"""Answers of DynamoDB read by the JSON parser alone, for readers of very many items.

botocore walks through each answer by the model of its operation, in Python: half of the time of such a reader. What it
makes of items equals their JSON, except for binary values, which are base64 there.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from botocore.client import BaseClient

RawItem = dict[str, Any]
_is_plain: ContextVar[bool] = ContextVar("plain_answers", default=False)


def attach(client: BaseClient) -> BaseClient:
    """Give a client the hook that `plain` switches on, and return it."""
    client.meta.events.register("before-parse.dynamodb.*", _read)
    return client


@contextmanager
def plain() -> Iterator[None]:
    """Read the answers of requests within the block as plain JSON; no other thread is affected."""
    before = _is_plain.set(True)
    try:
        yield
    finally:
        _is_plain.reset(before)


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
    if _is_plain.get() and response_dict["status_code"] == HTTPStatus.OK:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
