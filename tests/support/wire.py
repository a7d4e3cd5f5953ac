"""A wire to DynamoDB that fails on demand: before the request arrives, after it, or with an error of DynamoDB."""

import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from chalicelib.errors import Unavailable
from chalicelib.table import operations
from tests.support import fault_days


class Fault(StrEnum):
    """The fault of one request."""

    DROPPED = "the request never arrives"
    ANSWER_LOST = "the request is committed and its answer lost"
    THROTTLED = "the table throttles"
    LIMITED = "the account's rate is limited"
    BROKEN = "DynamoDB answers 500"
    CONFLICT = "another transaction holds an item"
    KILLED_BEFORE = "the process dies before the request"
    KILLED_AFTER = "the process dies after the request, before its answer"


# With each of these the request has no effect.
_NOT_TAKEN = (Fault.DROPPED, Fault.THROTTLED, Fault.LIMITED, Fault.BROKEN)
IN_PROCESS = tuple(fault for fault in Fault if fault not in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER))


def some(*faults: Fault) -> tuple[Fault, ...]:
    """Return the faults of a race: one of those by which a request is not taken, or all of them with FAULTS=all."""
    if fault_days.is_everything():
        return faults
    alike = [fault for fault in faults if fault in _NOT_TAKEN]
    return tuple(fault for fault in faults if fault not in alike or fault is fault_days.share(alike))


def places(count: int, fault: Fault, faults: Sequence[Fault]) -> list[int]:
    """Return at which of so many requests to try a fault, which is one of those of a matrix."""
    return fault_days.places(count, faults.index(fault), len(faults))


def befallings(count: int, faults: Sequence[Fault]) -> list[tuple[int, Fault]]:
    """Return the cells of a matrix to try: the place of a request and its fault."""
    return [(place, fault) for fault in faults for place in places(count, fault, faults)]


_REFUSALS = {
    Fault.THROTTLED: (400, "ProvisionedThroughputExceededException"),
    Fault.LIMITED: (400, "ThrottlingException"),
    Fault.BROKEN: (500, "InternalServerError"),
}
_SINGLE_WRITES = ("PutItem", "UpdateItem", "DeleteItem")


class Wire:
    """Replaces botocore's HTTP session; counts the requests, and injects faults into some of them.

    `faults` has them by place; `choose` decides at the other places.
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
    """Return DynamoDB's error for a write in conflict with another transaction; None for a read."""
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
    """Install a wire in the one DynamoDB client; without `retries` the SDK fails at the first fault."""
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


def requests_of(act: Callable[[], object]) -> int:
    """Do something and return how many requests it sends."""
    with wire(retries=False) as wired:
        act()
    return len(wired.sent)


def befall(act: Callable[[], object], place: int, fault: Fault) -> None:
    """Run an act whose request at this place gets a fault."""
    operations.client.cache_clear()  # its retry quota would outlast the fault
    with wire(retries=False) as wired, suppress(Unavailable):
        wired.faults[place] = fault
        act()


def each_request_failing(act: Callable[[], object], fault: Fault, faults: Sequence[Fault]) -> Iterator[int]:
    """Repeat an act whose requests fail one after the other, the day's share of them, until it succeeds."""
    for place in places(60, fault, faults):
        with wire(retries=False) as wired:
            wired.faults[place] = fault
            with suppress(Unavailable):
                act()
                if place >= len(wired.sent):
                    return
        yield place
