"""The filters of the stream's mappings: the changes that followers declare, as patterns of Lambda (D-OPS-22).

Patterns name the key `dynamodb` only (AWS: "Using event filtering with a DynamoDB event source"). A new item
is one without an old image. A deletion has no new image, so no filter lets it through.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pynamodb.attributes import Attribute

from chalicelib.domain.background.changes import Wanted
from chalicelib.domain.live import follower as live
from chalicelib.table.items import Item
from chalicelib.workers import stream

Pattern = dict[str, Any]
# How long records gather before a function is called, by its name in app.py: fewer calls of more records, so that fewer
# writes count them (D-COST-02). Totals may be 5 seconds behind. Live messages do not wait.
GATHER_SECONDS = {"stream": 3, "live": 0}
_WANTED: dict[str, tuple[Wanted, ...]] = {"stream": stream.WANTED, "live": live.WANTED}


def of_function(name: str) -> list[Pattern]:
    """Return the filters of the stream's mapping to a function, by its name in app.py."""
    return of(_WANTED[name])


def of(wanted: Sequence[Wanted]) -> list[Pattern]:
    """Return few patterns, one of which matches each wanted change and no other; a mapping takes five (AWS)."""
    whole = {each.kind: each.item for each in wanted if not each.has_conditions}
    groups = [_Group(whole)] if whole else []
    for each in wanted:
        if each.kind not in whole and not any(group.joined(each) for group in groups):
            groups.append(_Group.of(each))
    return [group.pattern() for group in groups]


@dataclass(slots=True)
class _Group:
    """Kinds of items that share a pattern.

    The attributes that must be absent are those of all of them: the other kinds never have them.
    """

    kinds: dict[str, type[Item]]
    only_new: bool = False
    having: Attribute[Any] | None = None
    unless: dict[str, Attribute[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, wanted: Wanted) -> "_Group":
        absent = {wanted.unless.attr_name: wanted.unless} if wanted.unless is not None else {}
        return cls({wanted.kind: wanted.item}, wanted.only_new, wanted.having, absent)

    def joined(self, wanted: Wanted) -> bool:
        """Add a wanted change where this group's pattern can express it; return whether it could."""
        absent = _name(wanted.unless)
        if (self.only_new, _name(self.having)) != (wanted.only_new, _name(wanted.having)):
            return False
        if wanted.kind in self.kinds:
            # Twice the same is one; two attributes that must be absent are two patterns.
            return absent in self.unless if absent else not self.unless
        if not (self.only_new or self.having is not None or (self.unless and absent)):
            # A pattern without conditions is of whole kinds, which may have any attribute.
            return False
        if any(name in wanted.item.get_attributes() and name != absent for name in self.unless):
            return False
        if (
            absent
            and absent not in self.unless
            and any(absent in each.get_attributes() for each in self.kinds.values())
        ):
            return False
        self.kinds[wanted.kind] = wanted.item
        if wanted.unless is not None:
            self.unless[wanted.unless.attr_name] = wanted.unless
        return True

    def pattern(self) -> Pattern:
        """Return the group as a pattern of Lambda."""
        image: dict[str, Any] = {"kind": {"S": sorted(self.kinds)}}
        image |= {name: {attribute.attr_type: [{"exists": False}]} for name, attribute in sorted(self.unless.items())}
        if self.having is not None:
            image[self.having.attr_name] = {self.having.attr_type: [{"exists": True}]}
        # Each item has a partition key, so an image without one does not exist.
        old = {"OldImage": {"pk": {"S": [{"exists": False}]}}} if self.only_new else {}
        return {"dynamodb": {"NewImage": image, **old}}


def _name(attribute: Attribute[Any] | None) -> str | None:
    return None if attribute is None else attribute.attr_name
