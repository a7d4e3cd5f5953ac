"""A wire to DynamoDB that fails on order: before the request is taken, after it, or in DynamoDB's own words."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from chalicelib.table import operations


class Fault(StrEnum):
    """What befalls one request."""

    DROPPED = "the request never arrives"
    ANSWER_LOST = "the request is committed and its answer lost"
    THROTTLED = "the table throttles"
    LIMITED = "the account's rate is limited"
    BROKEN = "DynamoDB answers 500"
    CONFLICT = "another transaction holds an item"
    KILLED_BEFORE = "the process dies before the request"
    KILLED_AFTER = "the process dies after the request, before its answer"


# Of those by which the request is not taken, one stands for the others unless FAULTS=all asks for each.
_ALIKE = (Fault.THROTTLED, Fault.LIMITED, Fault.BROKEN)


def some(*faults: Fault) -> tuple[Fault, ...]:
    """Return the faults that a test tries: of some that are alike only the first, unless FAULTS=all."""
    if os.environ.get("FAULTS") == "all":
        return faults
    return tuple(fault for fault in faults if fault not in _ALIKE)


_REFUSALS = {
    Fault.THROTTLED: (400, "ProvisionedThroughputExceededException"),
    Fault.LIMITED: (400, "ThrottlingException"),
    Fault.BROKEN: (500, "InternalServerError"),
}
_SINGLE_WRITES = ("PutItem", "UpdateItem", "DeleteItem")


class Wire:
    """Stands where botocore's HTTP session stood; counts the requests, and lets faults befall some of them.

    `faults` names them by place; `choose` is asked where there is none.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._places = itertools.count()  # whose next is atomic: the client is shared by threads
        self.sent: list[str] = []
        self.faults: dict[int, Fault] = {}
        self.choose: Callable[[], Fault | None] = lambda: None

    def close(self) -> None:
        self._session.close()

    def send(self, request: Any) -> Any:
        place = next(self._places)
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        self.sent.append(operation)
        fault = self.faults.get(place) or self.choose()
        if fault is Fault.KILLED_BEFORE:
            os._exit(137)
        if fault is Fault.DROPPED:
            raise ConnectionClosedError(endpoint_url=request.url, request=request, response=None)
        if fault in _REFUSALS:
            status, kind = _REFUSALS[fault]
            return _answer(request, status, kind, str(fault))
        if fault is Fault.CONFLICT and (conflict := _conflict(request, operation)) is not None:
            return conflict
        answer = self._session.send(request)
        if fault is Fault.KILLED_AFTER:
            os._exit(137)
        if fault is Fault.ANSWER_LOST:
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer


def _conflict(request: Any, operation: str) -> AWSResponse | None:
    """Return DynamoDB's words where a write meets another transaction; a read meets none."""
    if operation in _SINGLE_WRITES:
        return _answer(request, 400, "TransactionConflictException", "Transaction is ongoing for the item")
    if operation != "TransactWriteItems":
        return None
    others = len(json.loads(request.body)["TransactItems"]) - 1
    reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]
    return _answer(
        request,
        400,
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons",
        CancellationReasons=[*reasons, *({"Code": "None"} for _ in range(others))],
    )


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def _answer(request: Any, status: int, kind: str, message: str, **more: Any) -> AWSResponse:
    headers = HTTPHeaders()
    headers["content-type"] = "application/x-amz-json-1.0"
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "Message": message, "message": message, **more}
    return AWSResponse(request.url, status, headers, _Raw(json.dumps(body).encode()))


@contextmanager
def wire(*, retries: bool) -> Iterator[Wire]:
    """Put a wire into the one DynamoDB client; without `retries` the SDK gives up at the first fault."""
    client: Any = operations.client()
    endpoint = client._endpoint
    before, wired = endpoint.http_session, Wire(endpoint.http_session)
    endpoint.http_session = wired

    if not retries:
        # botocore asks its handlers whether to try again; the first that answers has decided.
        client.meta.events.register_first("needs-retry.dynamodb", _never)
    try:
        yield wired
    finally:
        endpoint.http_session = before
        if not retries:
            client.meta.events.unregister("needs-retry.dynamodb", _never)


def _never(**_: Any) -> bool:
    return False
