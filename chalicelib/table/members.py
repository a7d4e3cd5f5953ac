"""How PynamoDB finds the attributes and indexes of a class, in place of `inspect.getmembers`.

PynamoDB calls that function twice for each class, and it reads every name of the class and its bases, methods included.
With 200 classes that was a tenth of a cold start (docs/performance.md). tests/table/test_members.py compares both.
"""

from collections.abc import Callable
from typing import Any

from pynamodb import attributes, indexes, models

# What PynamoDB looks for.
_WANTED = (attributes.Attribute, indexes.Index)


def members(cls: type, is_wanted: Callable[[Any], bool]) -> list[tuple[str, Any]]:
    """Return the attributes or indexes of a class and its bases by name, as `inspect.getmembers` does."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found |= vars(base)
    names = sorted(name for name, value in found.items() if isinstance(value, _WANTED))
    return [(name, value) for name in names if is_wanted(value := getattr(cls, name))]


def install() -> None:
    """Use `members` for the classes that are declared from now on."""
    for module in (attributes, indexes, models):
        vars(module)["getmembers"] = members
