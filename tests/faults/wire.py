"""A wire to DynamoDB that fails on order: before the request is taken, after it, or in DynamoDB's own words."""

import json
import os
from collections.abc import Iterator
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
    BROKEN = "DynamoDB answers 500"
    KILLED_BEFORE = "the process dies before the request"
    KILLED_AFTER = "the process dies after the request, before its answer"


_REFUSALS = {
    Fault.THROTTLED: (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
    Fault.BROKEN: (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
}


class Wire:
    """Stands where botocore's HTTP session stood; counts the requests, and lets faults befall some of them."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.sent: list[str] = []
        self.faults: dict[int, Fault] = {}

    def close(self) -> None:
        self._session.close()

    def send(self, request: Any) -> Any:
        place = len(self.sent)
        self.sent.append(request.headers["X-Amz-Target"].decode().partition(".")[2])
        fault = self.faults.get(place)
        if fault is Fault.KILLED_BEFORE:
            os._exit(137)
        if fault is Fault.DROPPED:
            raise ConnectionClosedError(endpoint_url=request.url, request=request, response=None)
        if fault in _REFUSALS:
            status, kind = _REFUSALS[fault]
            return _answer(request, status, {"__type": kind, "message": str(fault)})
        answer = self._session.send(request)
        if fault is Fault.KILLED_AFTER:
            os._exit(137)
        if fault is Fault.ANSWER_LOST:
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def _answer(request: Any, status: int, body: dict[str, Any]) -> AWSResponse:
    headers = HTTPHeaders()
    headers["content-type"] = "application/x-amz-json-1.0"
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
