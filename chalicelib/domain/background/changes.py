"""Changes of table items, parsed from stream records, and the followers that take them.

A follower declares the changes that it takes. The stream's mappings let through these and no others (D-OPS-22), so that
what projections write themselves does not call their function again.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import Struct
from pynamodb.attributes import Attribute

from chalicelib.clients.bus import Published
from chalicelib.table.items import Item

ItemT = TypeVar("ItemT", bound=Item)


class Change(Struct, frozen=True):
    """One change of one item. `position` is its stream sequence number; `after` is None for a deletion."""

    position: str
    before: Item | None
    after: Item | None


# Without equality: comparing PynamoDB's attributes makes a condition.
class Wanted(Struct, frozen=True, eq=False):
    """Changes that a follower takes: of one class of items, perhaps only new ones, or by an attribute afterwards."""

    item: type[Item]
    only_new: bool = False
    unless: Attribute[Any] | None = None
    having: Attribute[Any] | None = None

    @property
    def kind(self) -> str:
        """The item's kind, as the table stores it."""
        return str(self.item.kind.get_discriminator(self.item))

    @property
    def has_conditions(self) -> bool:
        """Whether only some changes of the class are taken."""
        return self.only_new or self.unless is not None or self.having is not None

    def takes(self, change: "Change") -> bool:
        """Return whether this is such a change."""
        after = change.after
        if not isinstance(after, self.item) or (self.only_new and change.before is not None):
            return False
        if self.unless is not None and _has(after, self.unless):
            return False
        return self.having is None or _has(after, self.having)


def every(*items: type[Item]) -> tuple[Wanted, ...]:
    """Return that all changes of these classes are taken."""
    return tuple(Wanted(item) for item in items)


def _has(item: Item, attribute: Attribute[Any]) -> bool:
    return item.attribute_values.get(attribute.attr_name) is not None


def change_of(record: dict[str, Any], kinds: Collection[str] | None = None) -> Change:
    """Return the change in a DynamoDB stream record. Both images are None for kinds outside `kinds`."""
    body = record["dynamodb"]
    kind = body.get("NewImage", {}).get("kind", {}).get("S")
    if kind is None or (kinds is not None and kind not in kinds):
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
_Taker = Callable[[Sequence[Change]], list[Published]]


class Follower(Struct, frozen=True):
    """A projection or a source of facts, with the changes that it takes; it gets no others."""

    wanted: tuple[Wanted, ...]
    take: _Taker

    def __call__(self, changes: Sequence[Change]) -> list[Published]:
        """Take those of these changes that are wanted."""
        found = [change for change in changes if any(each.takes(change) for each in self.wanted)]
        return self.take(found) if found else []


def follows(*wanted: Wanted) -> Callable[[_Taker], Follower]:
    """Declare the changes that a function takes."""
    return lambda take: Follower(wanted, take)
