"""What happens while an AWS request is on its way: just before it is sent, or just after it was answered.

The hooks are botocore's own events, so they also work on moto. An act that raises ends the request: before, it is
never sent; after, its answer is lost.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import repeat
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from chalicelib.clients import aws
from chalicelib.table import operations
from chalicelib.table.places import Key

Act = Callable[[], object]
# Decides by a request's parameters whether it matches.
Matches = Callable[[dict[str, Any]], bool]
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


def lost() -> None:
    """Break the connection."""
    raise ConnectionClosedError(endpoint_url="http://the-network.example", request=None, response=None)


def changing(place: Key) -> Matches:
    """Return what matches the transactions that update an item."""
    key = {"pk": {"S": place.pk}, "sk": {"S": place.sk}}
    return lambda sent: any(each.get("Update", {}).get("Key") == key for each in sent["TransactItems"])


@contextmanager
def before(
    operation: str | tuple[str, ...],
    *acts: Act | None,
    service: str = "dynamodb",
    matches: Matches = lambda _: True,
) -> Iterator[None]:
    """Run one act before each of the next matching requests, in this order; None skips one. All must run."""
    with _all_done(acts) as waiting, _hooked("before-call", operation, waiting, service=service, matches=matches):
        yield


@contextmanager
def after(
    operation: str | tuple[str, ...],
    *acts: Act | None,
    service: str = "dynamodb",
    matches: Matches = lambda _: True,
) -> Iterator[None]:
    """Act after each of the next such requests was answered and before the answer is used."""
    with _all_done(acts) as waiting, _hooked("after-call", operation, waiting, service=service, matches=matches):
        yield


def refused(code: str, **more: Any) -> Act:
    """Return the act that refuses a request as AWS does, with an error code."""

    def refuse() -> None:
        raise ClientError({"Error": {"Code": code, "Message": "refused by a test"}, **more}, "of a test")  # type: ignore[typeddict-item]

    return refuse


@contextmanager
def failing(
    operation: str | tuple[str, ...],
    *,
    service: str = "dynamodb",
    matches: Matches = lambda _: True,
    act: Act = lost,
    required: bool = True,
) -> Iterator[None]:
    """Lose every such request inside the block, or end it by another act; at least one unless not `required`."""
    count = 0

    def lose() -> None:
        nonlocal count
        count += 1
        act()

    with _hooked("before-call", operation, repeat(lose), service=service, matches=matches):
        yield
    assert count or not required, "no such request was sent"


@contextmanager
def asked(operation: str, *, service: str = "dynamodb") -> Iterator[list[dict[str, Any]]]:
    """Note the parameters of each such request inside the block."""
    found: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        found.append(params)

    with _registered(_client(service), f"provide-client-params.{service}.{operation}", note):
        yield found


@contextmanager
def _all_done(acts: tuple[Act | None, ...]) -> Iterator[Iterator[Act | None]]:
    waiting = iter(acts)
    yield waiting
    left = len(list(waiting))
    assert not left, f"{left} requests were never sent"


@contextmanager
def _hooked(
    moment: str, operation: str | tuple[str, ...], waiting: Iterator[Act | None], *, service: str, matches: Matches
) -> Iterator[None]:
    client = _client(service)

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = json.loads(json.dumps(params, default=str))

    def hook(context: dict[str, Any], **_: Any) -> None:
        act = next(waiting, None) if matches(context["asked"]) else None
        if act is not None:
            act()

    with ExitStack() as hooked:
        for name in (operation,) if isinstance(operation, str) else operation:
            hooked.enter_context(_registered(client, f"provide-client-params.{service}.{name}", note))
            hooked.enter_context(_registered(client, f"{moment}.{service}.{name}", hook))
        yield


@contextmanager
def _registered(client: Any, event: str, handler: Callable[..., None]) -> Iterator[None]:
    client.meta.events.register_last(event, handler)
    try:
        yield
    finally:
        client.meta.events.unregister(event, handler)


def _client(service: str) -> Any:
    return operations.client() if service == "dynamodb" else aws.client(service)
