"""moto's way to write the attributes of items, without asking each for all the names that it might have.

moto 5 looks for every type that an attribute's value could be of (ten), under four spellings each: nearly half of
what the tests of the contract cost. The plain types are one entry in a dict, and are written as they are.
"""

from collections.abc import MutableMapping
from typing import Any

from moto.core.model import StructureShape
from moto.core.serialize import BaseJSONSerializer

_PLAIN = {"S", "N", "BOOL", "SS", "NS"}
_write_structure = BaseJSONSerializer._serialize_type_structure


def _write(self: Any, serialized: MutableMapping[str, Any], value: Any, shape: StructureShape, key: str) -> None:
    if shape.name == "AttributeValue" and key and type(value) is dict and len(value) == 1:
        ((name, inner),) = value.items()
        if name in _PLAIN:
            serialized[key] = {name: inner}
            return
    _write_structure(self, serialized, value, shape, key)


def install() -> None:
    """Install the short way."""
    BaseJSONSerializer._serialize_type_structure = _write  # type: ignore[method-assign]
