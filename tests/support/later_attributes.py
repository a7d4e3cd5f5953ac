"""Attributes of a later release: every item that is stored gets one, and what drops it from a stored item is named."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from chalicelib.table import operations

NAME = "of_tomorrow"
_MARK = {"M": {"of": {"S": "a later release"}}}
_REQUESTS = ("PutItem", "TransactWriteItems", "BatchWriteItem")


@contextmanager
def written() -> Iterator[set[str]]:
    """Give each new item an attribute that no class knows, and note the kinds of those that lose it in a whole put."""
    lost: set[str] = set()
    events = operations.client().meta.events

    def mark(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["loses"] = {
            raw["kind"]["S"] for raw in _put(params) if NAME not in raw and NAME in _stored(raw) and "kind" in raw
        }
        for raw in _put(params):
            raw[NAME] = _MARK

    def note(http_response: Any, context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code == 200:
            lost.update(context.get("loses", ()))

    with ExitStack() as undo:
        for name in _REQUESTS:
            before, after = f"provide-client-params.dynamodb.{name}", f"after-call.dynamodb.{name}"
            events.register_last(before, mark)
            undo.callback(events.unregister, before, mark)
            events.register_last(after, note)
            undo.callback(events.unregister, after, note)
        yield lost


def _put(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Item" in params:
        yield params["Item"]
    yield from (part["Put"]["Item"] for part in params.get("TransactItems", ()) if "Put" in part)
    for requests in params.get("RequestItems", {}).values():
        yield from (each["PutRequest"]["Item"] for each in requests if "PutRequest" in each)


def _stored(raw: dict[str, Any]) -> dict[str, Any]:
    client: Any = operations.client()
    key = {"pk": raw["pk"], "sk": raw["sk"]}
    found: dict[str, Any] = client.get_item(TableName="gatehouse", Key=key, ConsistentRead=True).get("Item", {})
    return found
