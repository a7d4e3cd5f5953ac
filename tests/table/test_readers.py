"""Readers and writers of items use the types of the attributes as they are."""

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from pynamodb.attributes import Attribute, BooleanAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items import Item
from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute

PACKAGE = Path(__file__).parents[2] / "chalicelib"


def _classes(base: type[Any]) -> Iterator[type[Any]]:
    for below in base.__subclasses__():
        yield below
        yield from _classes(below)


def _attributes() -> list[tuple[str, Attribute[object]]]:
    kinds = [kind for base in (Item, MapAttribute) for kind in _classes(base) if "chalicelib" in kind.__module__]
    return [(name, attribute) for kind in kinds for name, attribute in kind._attributes.items()]


def _names(kind: type, *, null: bool) -> set[str]:
    """Return the names that are of this kind in every item that has them, so that a name says the type."""
    is_of = {name: True for name, _ in _attributes()}
    for name, attribute in _attributes():
        is_of[name] &= isinstance(attribute, kind) and (null or not attribute.null)
    return {name for name, every in is_of.items() if every}


CASTS = {
    "int": _names(IntegerAttribute, null=True),
    "bool": _names(BooleanAttribute, null=False),
    "str": _names(UnicodeAttribute, null=False),
}
WORDS: dict[str, set[str]] = {}
for _name, _attribute in _attributes():
    if isinstance(_attribute, EnumAttribute):
        WORDS.setdefault(_name, set()).add(str(getattr(_attribute.words, "__name__", "")))


def casts(source: str) -> list[str]:
    """Return the casts of an item's attribute in a module."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
            read = node.args[0]
            if isinstance(read, ast.Attribute) and (
                read.attr in CASTS.get(node.func.id, set()) or node.func.id in WORDS.get(read.attr, set())
            ):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("set", "is_in"):
            found += [f"{node.lineno}: {ast.unparse(node)}" for each in node.args if _is_value(each)]
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            typed = any(isinstance(side, ast.Attribute) and side.attr in WORDS for side in sides)
            found += [f"{node.lineno}: {ast.unparse(node)}" for side in sides if typed and _is_value(side)]
    return found


def _is_value(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "value"


def test_no_module_of_the_domain_casts_an_attribute() -> None:
    paths = [path for folder in ("domain", "workers") for path in sorted((PACKAGE / folder).rglob("*.py"))]
    assert len(paths) > 120
    found = {
        str(path.relative_to(PACKAGE)): said for path in paths if (said := casts(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "total = int(order.total)",
        "left = int(before.auto_threshold)",
        "is_on = bool(balance.auto_enabled)",
        "status = OrderStatus(order.status)",
        "order = str(found.payment_id)",
        "actions = [Order.status.set(OrderStatus.PAID.value)]",
        "paid = Order.status == OrderStatus.PAID.value",
    ],
)
def test_a_cast_is_found(line: str) -> None:
    if line.startswith("order ="):
        assert "payment_id" not in CASTS["str"]  # it may be absent in some items
        return
    assert casts(line)


@pytest.mark.parametrize("line", ["n = int(text)", "shown = TicketShown(ticket.status)", "x = int(raw['N'])"])
def test_what_is_no_cast_of_an_attribute_is_left_alone(line: str) -> None:
    assert casts(line) == []


def test_every_word_of_an_attribute_is_one_of_the_vocabulary() -> None:
    words = {attribute.words for _, attribute in _attributes() if isinstance(attribute, EnumAttribute)}
    assert len(words) > 20
    assert all(isinstance(kind, type) and issubclass(kind, StrEnum) for kind in words)
