"""Items and parts are read and written as PynamoDB itself does it, for every class that the table has."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.attributes import (
    Attribute,
    AttributeContainer,
    BinaryAttribute,
    BooleanAttribute,
    DiscriminatorAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    UnicodeSetAttribute,
)
from pynamodb.exceptions import AttributeDeserializationError, AttributeNullError
from pynamodb.models import Model

from chalicelib import clock
from chalicelib.table import operations, shapes
from chalicelib.table.items import Item, Passage, Ticket
from chalicelib.table.items.attributes import EnumAttribute, MapPart, MomentAttribute


def _below(base: Any) -> Iterator[Any]:
    for cls in base.__subclasses__():
        yield cls
        yield from _below(cls)


ITEMS = [cls for cls in _below(Item) if cls.__module__.startswith("chalicelib.") and cls.kind.get_discriminator(cls)]
PARTS = [cls for cls in _below(MapPart) if cls.__module__.startswith("chalicelib.")]


def _stored(cls: Any, *, full: bool) -> dict[str, Any]:
    return {
        attribute.attr_name: {attribute.attr_type: _value(cls, attribute)}
        for attribute in cls.get_attributes().values()
        if full or not attribute.null
    }


def _value(cls: Any, attribute: Attribute[Any]) -> Any:
    match attribute:
        case DiscriminatorAttribute():
            return attribute.get_discriminator(cls) or "ticket"
        case EnumAttribute():
            return next(iter(attribute.words)).value  # type: ignore[call-overload]  # an enum's class
        case MomentAttribute():
            return "2026-11-28T08:00:00.123Z"
        case MapAttribute():
            return _stored(type(attribute), full=True) or {"a": {"N": "1"}}
        case ListAttribute():
            of_parts = attribute.element_type is not None and issubclass(attribute.element_type, AttributeContainer)
            return [{"M": _stored(attribute.element_type, full=True)}] if of_parts else [{"S": "one"}]
        case JSONAttribute():
            return '{"a": [1]}'
        case BinaryAttribute():
            return b"bytes"
        case BooleanAttribute():
            return True
        case UnicodeSetAttribute():
            return ["a"]
    return {"S": "text", "N": "7"}[attribute.attr_type]


def _plain(value: Any) -> Any:
    if isinstance(value, AttributeContainer):
        return type(value), {name: _plain(one) for name, one in value.attribute_values.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def by_pynamodb(cls: Any, raw: dict[str, Any]) -> Any:
    return Model.from_raw_data.__func__(cls, raw)  # type: ignore[attr-defined]  # of a class method


@pytest.mark.parametrize("cls", ITEMS, ids=lambda cls: cls.__name__)
def test_an_item_is_read_as_pynamodb_reads_it(cls: Any) -> None:
    for raw in (
        _stored(cls, full=True),
        _stored(cls, full=False),
        {"pk": {"S": "p"}, "sk": {"S": "s"}, "unknown": {"S": "x"}},
        _stored(cls, full=False) | {"gsi1pk": {"NULL": True}},
    ):
        assert _plain(cls.from_raw_data(raw)) == _plain(by_pynamodb(cls, shapes.upgraded(raw)))
        assert _plain(Item.from_raw_data(_stored(cls, full=True)))[0] is cls


@pytest.mark.parametrize("cls", ITEMS, ids=lambda cls: cls.__name__)
def test_a_read_item_is_written_back_with_what_its_class_does_not_know(cls: Any) -> None:
    later = {"of_tomorrow": {"M": {"deep": {"L": [{"S": "?"}, {"B": b"bytes"}]}}}, "also": {"NULL": True}}
    read = cls.from_raw_data(_stored(cls, full=True) | later)
    assert read.unread == later
    for item in (read, copy.deepcopy(read)):
        item.ttl = 8
        written = operations.put(item).arguments["Item"]
        assert written == operations.put(cls.from_raw_data(_stored(cls, full=True))).arguments["Item"] | later | {
            "ttl": {"N": "8"}
        }
    assert not cls("p", "s").unread


@pytest.mark.parametrize("cls", PARTS, ids=lambda cls: cls.__name__)
def test_a_part_is_read_and_written_as_pynamodb_does(cls: Any) -> None:
    for full in (True, False):
        raw = _stored(cls, full=full)
        part, theirs = cls().deserialize(raw), MapAttribute.deserialize(cls(), raw)
        assert _plain(part) == _plain(theirs)
        assert cls().serialize(part) == MapAttribute.serialize(cls(), theirs) == raw


def test_items_do_not_share_their_values() -> None:
    for cls in ITEMS:
        first, second = cls.from_raw_data(_stored(cls, full=False)), cls.from_raw_data(_stored(cls, full=False))
        for name, value in first.attribute_values.items():
            assert value is not second.attribute_values[name] or not isinstance(value, (dict, list, set))


def test_wrong_types_and_classes_and_absent_values_are_refused() -> None:
    with pytest.raises(AttributeDeserializationError):
        Ticket.from_raw_data(_stored(Ticket, full=False) | {"number": {"N": "1"}})
    with pytest.raises(ValueError, match="Ticket"):
        Ticket.from_raw_data(_stored(Ticket, full=False) | {"kind": {"S": "scan"}})
    with pytest.raises(AttributeNullError):
        Ticket.admission.serialize(Passage(scan_id="scn_1", decided_at=clock.now()))
