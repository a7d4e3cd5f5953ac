"""Records are structs of msgspec: a dataclass compiles its methods whenever a function starts (D-COST-11)."""

import ast
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1] / "chalicelib"
# What a struct cannot do, and a record of these must: keep a field out of its repr, keep what it once computed, or say
# its fields' types and defaults.
_REASONS = ("repr=False", "cached_property", "fields(")


def _dataclasses(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(each) for each in node.decorator_list):
            yield node.name


def test_a_record_is_a_struct_unless_it_does_what_a_struct_cannot() -> None:
    made = {}
    for file in _PACKAGE.rglob("*.py"):
        text = file.read_text()
        if not any(reason in text for reason in _REASONS):
            made[file] = list(_dataclasses(ast.parse(text)))
    assert len(made) > 500
    assert not [name for names in made.values() for name in names]
