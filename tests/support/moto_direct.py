"""The way of a request about items or stream records to moto's handler, without HTTP in between.

It saves a third of what the tests of routes cost.

botocore makes, signs and parses an HTTP message of what stays in this process, and moto makes JSON of its answer, which
botocore reads again. Here the handler gets the body that botocore has written, and its answer is copied. A refusal and
a client with which a test hooks the sending take the whole way.
"""

import base64
import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel
from botocore.utils import parse_timestamp
from moto import settings
from moto.core.exceptions import ServiceException
from moto.core.models import botocore_stubber
from moto.core.serialize import TimestampSerializer
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler
from moto.iam.models import mark_account_as_visited
from werkzeug.exceptions import HTTPException

from chalicelib.table import raw_answers
from tests.support import moto_turns

_METHODS = {
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "DeleteItem": "delete_item",
    "GetItem": "get_item",
    "PutItem": "put_item",
    "Query": "query",
    "TransactGetItems": "transact_get_items",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
    "DescribeStream": "describe_stream",
    "GetRecords": "get_records",
    "GetShardIterator": "get_shard_iterator",
}
_HANDLERS: dict[str, Any] = {"dynamodb": DynamoHandler, "dynamodbstreams": DynamoDBStreamsHandler}
# What botocore asks between the request and its answer, and whose answers the direct way leaves out.
_EVENTS = ("request-created", "choose-signer", "before-sign", "before-send", "response-received", "needs-retry")
_HARMLESS = ("botocore.", "moto.", "chalicelib.table.signature", "aws_lambda_powertools.shared.user_agent")
_BINARY_TYPES = frozenset(("B", "BS"))
_BINARY = ('"B":', '"BS":')
_metadata = {"RequestId": "direct", "HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
_make_request = BaseClient._make_request  # type: ignore[attr-defined]
# How this thread's handler came out, for the whole way to answer without acting again.
_given = threading.local()


class _WholeWay(Exception):
    """An answer that only the whole way writes and reads as AWS does."""


def _answer(self: Any, model: OperationModel, request: dict[str, Any], context: dict[str, Any]) -> Any:
    body = request["body"]
    body = body.decode() if isinstance(body, bytes) else body
    if not _is_direct(self, model):
        return _make_request(self, model, request, context)
    handler = _handler(self, model, body)
    try:
        with moto_turns.turn():
            outcome = getattr(handler, _METHODS[model.name])()
            members = model.output_shape.members if model.output_shape else {}
            parsed = {
                name: _copy(part) for name, part in outcome.result.items() if part is not None and name in members
            }
    except _WholeWay:
        with _given_to_handler(lambda: outcome):
            return _make_request(self, model, request, context)
    except (HTTPException, ServiceException) as error:
        with _given_to_handler(partial(_refuse, error)):
            return _make_request(self, model, request, context)
    return AWSResponse("", 200, HTTPHeaders(), None), parsed | {"ResponseMetadata": _metadata.copy()}


def _is_direct(client: Any, model: OperationModel) -> bool:
    return (
        botocore_stubber.enabled
        and model.service_model.service_name in _HANDLERS
        and model.name in _METHODS
        and math.isinf(settings.INITIAL_NO_AUTH_ACTION_COUNT)
        and client._request_signer._credentials is not None
        and _is_unobserved(client.meta.events, f"{model.service_model.service_id.hyphenize()}.{model.name}")
    )


def _is_unobserved(events: Any, operation: str) -> bool:
    """Return whether nobody but botocore, moto and the platform's signature is asked on a request's way.

    The answer is kept where botocore keeps what it has looked up, and goes with it when a hook comes or goes.
    """
    emitter = events._emitter if hasattr(events, "_emitter") else events
    kept: dict[str, Any] = emitter._lookup_cache
    name = f"direct.{operation}"
    if name not in kept:
        hooks = [hook for event in _EVENTS for hook in emitter._handlers.prefix_search(f"{event}.{operation}")]
        kept[name] = all(_module(hook).startswith(_HARMLESS) for hook in hooks)
    return bool(kept[name])


def _module(hook: Any) -> str:
    return str(getattr(hook, "__module__", None) or type(hook).__module__)


def _handler(client: Any, model: OperationModel, body: str) -> Any:
    """Return moto's handler as it is before it reads an action."""
    service = model.service_model.service_name
    access_key, region = client._request_signer._credentials.access_key, client.meta.region_name
    handler = _HANDLERS[service]()
    handler.headers = {
        "X-Amz-Target": f"{model.metadata['targetPrefix']}.{model.name}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/dynamodb/aws4_request",
    }
    handler.region, handler.partition, handler.access_key = region, "aws", access_key
    handler.querystring, handler.uri_match, handler.response_headers = {}, {}, {}
    params = json.loads(body)
    handler.params = _read(params) if any(binary in body for binary in _BINARY) else params
    # As DynamoHandler.call_action leaves it; the handler of streams reads the text.
    handler.body = handler.params if service == "dynamodb" else body
    handler.current_account = handler.get_current_account()
    mark_account_as_visited(account_id=handler.current_account, access_key=access_key, service=service, region=region)
    return handler


def _read(value: Any) -> Any:
    """Return what a body says with the binary values that it writes in base64."""
    if isinstance(value, list):
        return [_read(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and not _BINARY_TYPES.isdisjoint(value):
        [(name, held)] = value.items()
        if name == "B" and isinstance(held, str):
            return {name: base64.b64decode(held)}
        if name == "BS" and all(isinstance(each, str) for each in held):
            return {name: [base64.b64decode(each) for each in held]}
    return {name: _read(each) for name, each in value.items()}


def _copy(value: Any) -> Any:
    """Copy moto's answer, parts of which it keeps as what is stored. A moment is as botocore reads it.

    Raises _WholeWay for a binary value that is to be read as base64, or that moto holds in another form than bytes.
    """
    if isinstance(value, dict):
        if len(value) == 1 and not _BINARY_TYPES.isdisjoint(value):
            [(name, held)] = value.items()
            if isinstance(held, dict):
                return {name: _copy(held)}  # an attribute of this name
            if raw_answers.is_plain() or not all(
                isinstance(each, bytes) for each in (held if name == "BS" else [held])
            ):
                raise _WholeWay
            return {name: list(held) if name == "BS" else held}
        return {name: _copy(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_copy(each) for each in value]
    if isinstance(value, datetime):
        return parse_timestamp(TimestampSerializer._timestamp_unixtimestamp(value))  # type: ignore[arg-type]
    return value


def _refuse(error: Exception) -> None:
    raise error


@contextmanager
def _given_to_handler(outcome: Callable[[], Any]) -> Iterator[None]:
    _given.outcome = outcome
    try:
        yield
    finally:
        _given.outcome = None


def repeat_outcome(handler: Any, operation: str) -> None:
    """Have a handler of the whole way come out as it did on the direct way, once and without acting again."""
    outcome = getattr(_given, "outcome", None)
    _given.outcome = None
    if outcome is not None:
        setattr(handler, _METHODS[operation], outcome)


def install() -> None:
    """Install the direct way, after what it replaces is patched."""
    BaseClient._make_request = _answer  # type: ignore[attr-defined]
