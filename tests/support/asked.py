"""Records the requests to AWS of one call, for tests that they reveal nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.clients import aws
from chalicelib.table import operations


@contextmanager
def requests() -> Iterator[list[tuple[Any, ...]]]:
    """Collect the requests to AWS: the operation, the number of parts of each kind, and the KB of the message."""
    found: list[tuple[Any, ...]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        parts = [next(iter(part)) for part in params.get("TransactItems", [])]
        items = [
            sorted(part[kind]["Item"]) for part in params.get("TransactItems", []) for kind in part if kind == "Put"
        ]
        batch = [len(each["Keys"]) for each in params.get("RequestItems", {}).values()]
        size = len(params.get("MessageBody", "")) // 1024
        found.append((model.name, parts, [set(item) - {"account_id"} for item in items], batch, size))

    clients: list[Any] = [operations.client(), aws.client("sqs"), aws.client("secretsmanager")]
    for client in clients:
        client.meta.events.register("before-parameter-build.*.*", note)
    try:
        yield found
    finally:
        for client in clients:
            client.meta.events.unregister("before-parameter-build.*.*", note)
