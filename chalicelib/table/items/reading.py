"""Items and their maps read from DynamoDB's form, by a plan that each class makes once.

PynamoDB walks through every attribute that a class declares, for each item and twice for each map. A ticket declares
forty and has fifteen. The plan has the same attributes' own readers, by the name that is stored, so that the work
follows what the item has. `tests/table/test_reading.py` compares the two for every class.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct
from pynamodb.attributes import Attribute, DiscriminatorAttribute, MapAttribute
from pynamodb.constants import NULL


class Plan(Struct, frozen=True):
    """How to read a class: by stored name the attribute's name, type and reader; and the values of absent ones.

    `factories` make a value of their own for each item; `known` are the names that the class reads, with its kind's.
    """

    readers: Mapping[str, tuple[str, str, Callable[[Any], Any] | None]]
    defaults: Mapping[str, Any]
    factories: tuple[tuple[str, Callable[[], Any]], ...]
    known: frozenset[str]

    def values(self, raw: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return the attributes' values. Raises KeyError where one is stored as another type."""
        found = dict(self.defaults)
        for name, make in self.factories:
            found[name] = make()
        readers = self.readers
        for stored, typed in raw.items():
            if (reader := readers.get(stored)) is not None and NULL not in typed:
                name, kind, read = reader
                found[name] = typed[kind] if read is None else read(typed[kind])
        return found


@lru_cache(maxsize=1_024)
def plan_of(cls: Any) -> Plan | None:
    """Return the plan of an item's or a map's class; None where only PynamoDB can read it."""
    readers: dict[str, tuple[str, str, Callable[[Any], Any] | None]] = {}
    factories: list[tuple[str, Callable[[], Any]]] = []
    for name, attribute in cls.get_attributes().items():
        if type(attribute).get_value is not Attribute.get_value:
            return None
        if callable(attribute.default):
            factories.append((name, _factory(attribute)))
        if not isinstance(attribute, DiscriminatorAttribute):
            readers[attribute.attr_name] = (name, attribute.attr_type, _reader(attribute))
    made = {name for name, _ in factories}
    defaults = cls(_user_instantiated=False).attribute_values.items()
    known = frozenset(attribute.attr_name for attribute in cls.get_attributes().values())
    return Plan(readers, {name: value for name, value in defaults if name not in made}, tuple(factories), known)


def _reader(attribute: Any) -> Callable[[Any], Any] | None:
    """Return what makes an attribute's value of its stored form; None where they are the same."""
    if type(attribute).deserialize is Attribute.deserialize:
        return None
    if isinstance(attribute, MapAttribute) and attribute.is_raw():
        return lambda stored: MapAttribute(**attribute.deserialize(stored))
    read: Callable[[Any], Any] = attribute.deserialize
    return read


def _factory(attribute: Any) -> Callable[[], Any]:
    """Return what makes the value of an attribute that is absent."""
    make: Callable[[], Any] = attribute.default
    return (lambda: type(attribute)(**make())) if isinstance(attribute, MapAttribute) else make
