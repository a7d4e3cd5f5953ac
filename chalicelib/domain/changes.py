"""Changes of table items, parsed from stream records."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from chalicelib.clients.bus import Published
from chalicelib.table.items import Item

ItemT = TypeVar("ItemT", bound=Item)

# Kinds of items that followers handle; infra/package/functions.py filters the stream by the same set.
PROJECTED = frozenset(
    {
        "ticket",
        "scan",
        "device",
        "event",
        "category",
        "stock",
        "order",
        "payment",
        "journal",
        "card_balance",
        "card",
        "refund_request",
        "account",
        "merchant_totals",
        "numbered_ticket",
    }
)

# Kinds of items that live updates send or depend on; their function has its own stream subscription.
LIVE = frozenset(
    {
        "ticket",
        "scan",
        "event",
        "counters",
        "device",
        "order",
        "payment",
        "card_balance",
        "refund_request",
        "edit_request",
        "numbered_ticket",
        "number_range",
        "live_news",
        "live_counters",
        "lock_out",
        "staff_revocation",
        "event_revocation",
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one item. `position` is its stream sequence number; `after` is None for a deletion."""

    position: str
    before: Item | None
    after: Item | None


def change_of(record: dict[str, Any], kinds: frozenset[str] = PROJECTED) -> Change:
    """Return the change in a DynamoDB stream record. Both images are None for kinds outside `kinds`."""
    body = record["dynamodb"]
    kind = body.get("NewImage", {}).get("kind", {}).get("S")
    if kind not in kinds:
        return Change(position=body["SequenceNumber"], before=None, after=None)
    before = body.get("OldImage")
    return Change(
        position=body["SequenceNumber"],
        before=Item.from_raw_data(before) if before else None,
        after=Item.from_raw_data(body["NewImage"]),
    )


def that_became(changes: Iterable[Change], cls: type[ItemT], status: StrEnum) -> list[ItemT]:
    """Return the items of a class that entered this status in one of these changes."""
    return [
        change.after
        for change in changes
        if isinstance(change.after, cls)
        and _status_of(change.after) == status
        and not (isinstance(change.before, cls) and _status_of(change.before) == status)
    ]


def _status_of(item: Item) -> str | None:
    return item.attribute_values.get("status")


# Takes a batch of changes, updates its projection, and returns the facts to publish. Idempotent, in whole or in part.
Follower = Callable[[Sequence[Change]], list[Published]]
