"""Processes that die at one of their requests, each simulated by a thread with its own clock.

A thread simulates a process. After its death every further request of the thread dies as well, so that no cleanup
code has an effect until the thread is alive again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from chalicelib import clock
from chalicelib.clients import aws
from chalicelib.table import operations
from tests.support import fault_days

ResultT = TypeVar("ResultT")


class Died(BaseException):
    """The process is gone; no caller received the result of its request."""


@dataclass(slots=True)
class _State:
    left: int | None = None
    after: bool = False
    sent: int = 0
    offset: timedelta = timedelta(0)


_STATE: ContextVar[_State] = ContextVar("life")


class Life:
    """The remaining life of a thread: `left` requests, the last of them sent or not; and the offset of its clock.

    Threads that work in its context share its life, as those of a process do.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._state(), name, value)

    @staticmethod
    def _state() -> _State:
        state = _STATE.get(None)
        if state is None:
            state = _State()
            _STATE.set(state)
        return state


LIFE = Life()


class Mortal:
    """Replaces botocore's HTTP session; counts a thread's requests, and raises Died at one of them."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def close(self) -> None:
        self._session.close()

    def send(self, request: Any) -> Any:
        if LIFE.left is not None and LIFE.left <= 0:
            if LIFE.left == 0 and LIFE.after:
                LIFE.left = -1
                self._session.send(request)
            LIFE.left = -1
            raise Died
        if LIFE.left is not None:
            LIFE.left -= 1
        LIFE.sent += 1
        return self._session.send(request)


@contextmanager
def mortal() -> Iterator[None]:
    """Make each thread able to die at a request to DynamoDB or SQS, with its own clock."""
    clients: list[Any] = [operations.client(), aws.client("sqs")]
    sessions = [client._endpoint.http_session for client in clients]
    for client, session in zip(clients, sessions, strict=True):
        client._endpoint.http_session = Mortal(session)
    try:
        with clock.driven_by(lambda: datetime.now(UTC) + LIFE.offset):
            yield
    finally:
        for client, session in zip(clients, sessions, strict=True):
            client._endpoint.http_session = session


def requests_of(act: Callable[[], object]) -> int:
    """Do something and return how many requests it took."""
    LIFE.left, LIFE.sent = None, 0
    act()
    return int(LIFE.sent)


def deaths(count: int, *, after: bool) -> list[int]:
    """Return at which of so many requests to die, before or after each is sent: the day's share, or all."""
    return fault_days.places(count, int(after), 2)


def dying(act: Callable[[], ResultT], *, place: int, after: bool) -> ResultT | None:
    """Do something and die at its request at this place, before it is sent or after; None where that comes."""
    LIFE.left, LIFE.after = place, after
    try:
        return act()
    except Died:
        return None
    finally:
        LIFE.left = None


class Doomed:
    """Replaces botocore's HTTP session; all threads of the process die after so many requests between them."""

    def __init__(self, session: Any, *, left: int) -> None:
        self._session, self._left = session, left
        self._lock = threading.Lock()

    def close(self) -> None:
        self._session.close()

    def send(self, request: Any) -> Any:
        with self._lock:
            self._left -= 1
            lives = self._left >= 0
        if not lives:
            raise Died
        return self._session.send(request)


def dying_process(act: Callable[[], ResultT], *, left: int) -> ResultT | None:
    """Do something with several threads, all of which die after `left` requests to DynamoDB; None where they did."""
    client: Any = operations.client()
    endpoint = client._endpoint
    session, endpoint.http_session = endpoint.http_session, Doomed(endpoint.http_session, left=left)
    try:
        return act()
    except Died:
        return None
    finally:
        endpoint.http_session = session
