"""Writes whose expressions PynamoDB composes once, and whose values are filled in for each use.

Composing takes a tenth of a scan's CPU time, and gives the same text each time: only the key and the values differ.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from pynamodb.attributes import Attribute

from chalicelib.table.operations import Write
from chalicelib.table.places import Key

_VALUES = "ExpressionAttributeValues"


class _Blank(Struct, frozen=True):
    """Where a value goes: its placeholder, its type and what makes its stored form."""

    placeholder: str
    kind: str
    serialize: Callable[[Any], Any]


class Prepared:
    """A write composed with examples, of which each is stored in exactly one place."""

    def __init__(self, write: Write, **examples: tuple[Attribute[Any], Any]) -> None:
        """`examples` are, by name, the attribute and the value that `write` was composed with.

        Raises ValueError where an example is not found exactly once: other values would go to the wrong place.
        """
        self._write = write
        self._blanks = {name: self._find(name, attribute, value) for name, (attribute, value) in examples.items()}

    def _find(self, name: str, attribute: Attribute[Any], value: Any) -> _Blank:
        stored = {attribute.attr_type: attribute.serialize(value)}
        found = [place for place, one in self._write.arguments[_VALUES].items() if one == stored]
        if len(found) != 1:
            raise ValueError(f"the example of {name} is stored {len(found)} times")
        return _Blank(found[0], attribute.attr_type, attribute.serialize)

    def fill(self, key: Key, values: Mapping[str, Any]) -> Write:
        """Return the write about the item at a key, with a value for each example."""
        if len(values) != len(self._blanks):
            raise ValueError(f"{sorted(values)} are not the values {sorted(self._blanks)}")
        arguments = dict(self._write.arguments)
        filled = dict(arguments[_VALUES])
        for name, value in values.items():
            blank = self._blanks[name]
            filled[blank.placeholder] = {blank.kind: blank.serialize(value)}
        arguments[_VALUES] = filled
        arguments["Key"] = {"pk": {"S": key.pk}, "sk": {"S": key.sk}}
        return Write(self._write.kind, arguments)
