"""Items and their maps read from DynamoDB's form, by a plan that each class makes once.

PynamoDB walks through every attribute that a class declares, for each item and twice for each map. A ticket declares
forty and has fifteen. The plan has the same attributes' own readers, by the name that is stored, so that the work
follows what the item has. `tests/table/test_reading.py` compares the two for every class.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.attributes import Attribute, DiscriminatorAttribute
from pynamodb.constants import NULL


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read a class: by stored name the attribute's name, its type and its reader; and what absent ones are."""

    readers: Mapping[str, tuple[str, str, Callable[[Any], Any] | None]]
    defaults: Mapping[str, Any]

    def values(self, raw: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return the attributes' values. Raises KeyError where one is stored as another type."""
        found = dict(self.defaults)
        readers = self.readers
        for stored, typed in raw.items():
            if (reader := readers.get(stored)) is not None and NULL not in typed:
                name, kind, read = reader
                found[name] = typed[kind] if read is None else read(typed[kind])
        return found


@cache
def plan_of(cls: Any) -> Plan | None:
    """Return the plan of an item's or a map's class; None where only PynamoDB can read it."""
    readers: dict[str, tuple[str, str, Callable[[Any], Any] | None]] = {}
    for name, attribute in cls.get_attributes().items():
        if callable(attribute.default) or type(attribute).get_value is not Attribute.get_value:
            return None
        if not isinstance(attribute, DiscriminatorAttribute):
            is_as_stored = type(attribute).deserialize is Attribute.deserialize
            readers[attribute.attr_name] = (name, attribute.attr_type, None if is_as_stored else attribute.deserialize)
    return Plan(readers, dict(cls(_user_instantiated=False).attribute_values))
