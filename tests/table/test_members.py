"""The attributes and indexes of every class of the table are those that PynamoDB itself would find, in its order."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb import attributes, indexes, models
from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import Index
from pynamodb.models import Model

from chalicelib.table.items import Item
from chalicelib.table.items.attributes import MapPart
from chalicelib.table.members import members


def _below(base: Any) -> Iterator[Any]:
    yield base
    for cls in base.__subclasses__():
        yield from _below(cls)


def _is_attribute(value: Any) -> bool:
    return isinstance(value, Attribute)


def _is_index(value: Any) -> bool:
    return isinstance(value, Index)


@pytest.mark.parametrize("is_wanted", [_is_attribute, _is_index])
def test_the_members_of_every_class_are_those_that_inspect_finds(is_wanted: Any) -> None:
    classes = [*_below(Item), *_below(MapPart)]
    assert len(classes) > 150
    for cls in classes:
        expected = inspect.getmembers(cls, is_wanted)
        assert [(name, id(value)) for name, value in members(cls, is_wanted)] == [
            (name, id(value)) for name, value in expected
        ]


def test_an_attribute_that_a_class_takes_away_or_replaces_is_not_found_in_its_base() -> None:
    class Base(Model):
        pk = UnicodeAttribute(hash_key=True)
        kept = UnicodeAttribute()
        gone = UnicodeAttribute()
        changed = UnicodeAttribute()

    class Below(Base):
        gone = None  # type: ignore[assignment]  # what the test is about
        changed = NumberAttribute()  # type: ignore[assignment]

    found = members(Below, _is_attribute)
    assert found == inspect.getmembers(Below, _is_attribute)
    assert [name for name, _ in found] == ["changed", "kept", "pk"]
    assert dict(found)["changed"] is vars(Below)["changed"]


def test_pynamodb_uses_it() -> None:
    # A new release of PynamoDB that finds members in another way would make every cold start slower, silently.
    assert [vars(module)["getmembers"] for module in (attributes, indexes, models)] == [members] * 3
