"""Every question of the table has its functions; items and keys share their modules; no key is made elsewhere."""

import ast
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

from chalicelib.table import items, keys
from chalicelib.table.items import Item
from chalicelib.table.places import Key, Place

PACKAGE = Path(__file__).parents[2] / "chalicelib"
AREAS: list[ModuleType] = [getattr(keys, name) for name in keys.__all__]
FUNCTIONS = [
    function
    for area in AREAS
    for _, function in inspect.getmembers(area, inspect.isfunction)
    if function.__module__ == area.__name__
]


def numbered() -> list[int]:
    """Return the numbers of the questions in the table of the package."""
    return [int(number) for number in re.findall(r"^ ?(\d+)  +\S", keys.__doc__ or "", flags=re.MULTILINE)]


def answered() -> set[int]:
    """Return the numbers of the questions in the functions' docstrings."""
    found: set[int] = set()
    for function in FUNCTIONS:
        said = re.match(r"Questions? (\d+)(?: and (\d+))?", function.__doc__ or "")
        found |= {int(number) for number in said.groups() if number} if said else set()
    return found


def test_every_question_is_numbered_once() -> None:
    assert len(numbered()) >= 80
    assert len(set(numbered())) == len(numbered())


def test_every_question_has_a_function_and_every_function_a_question() -> None:
    assert answered() == set(numbered())
    silent = [f.__name__ for f in FUNCTIONS if not re.match(r"Questions? \d", f.__doc__ or "")]
    assert sorted(silent) == ["minute"]  # they make parts of keys


def test_items_and_keys_have_modules_of_the_same_names() -> None:
    of_items = {module.name for module in pkgutil.iter_modules(items.__path__)}
    assert of_items - {"item", "attributes", "reading"} == set(keys.__all__)
    assert {module.name for module in pkgutil.iter_modules(keys.__path__)} == set(keys.__all__)


def test_a_place_is_of_an_item_in_the_module_of_the_same_name_or_in_one_below() -> None:
    for function in FUNCTIONS:
        returned = get_type_hints(function)["return"]
        if getattr(returned, "__origin__", None) is Place:
            (item,) = returned.__args__
            assert issubclass(item, Item)
            assert item.__module__.rpartition(".")[2] == function.__module__.rpartition(".")[2]


def test_a_place_equals_the_key_of_its_item_and_keeps_its_class() -> None:
    place = keys.sale.order("ord_1")
    assert place == Key("ORDER#ord_1", "ORDER")
    assert hash(place) == hash(Key(*place))
    assert place.item is items.Order
    assert items.Order(*place).place == place


def test_keys_are_composed_in_the_table_package_alone() -> None:
    composing = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] in ("domain", "workers", "clients", "schemas")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "#" in node.value
        if not _is_text(node.value)
    ]
    assert composing == []


def _is_text(value: str) -> bool:
    """Whether a constant with a # is a docstring, a colour or a row of a keyboard, but no part of a key."""
    return "\n" in value or " " in value or re.fullmatch(r"#[0-9a-fA-F]{3,8}|[\W_]{4,}", value) is not None
