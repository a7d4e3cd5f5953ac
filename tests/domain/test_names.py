"""Names of the domain: a class is found by its name alone, and a name is imported from its home."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import chalicelib

_ROOT = Path(chalicelib.__file__).parent
_DOMAIN = sorted((_ROOT / "domain").rglob("*.py"))
# What a class of the domain must not share its name with.
_LOWER = [_ROOT / "errors.py", *sorted((_ROOT / "vocabulary").glob("*.py")), *sorted((_ROOT / "table").rglob("*.py"))]


def _statements(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text(encoding="utf-8")).body


def _public_classes(paths: list[Path]) -> dict[str, list[Path]]:
    homes: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        for statement in _statements(path):
            if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
                homes[statement.name].append(path.relative_to(_ROOT))
    return homes


def _reexports(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield the imported names that a module offers as its own."""
    imported: set[str] = set()
    for statement in statements:
        match statement:
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                imported |= {alias.asname or alias.name for alias in names}
                yield from (alias.name for alias in names if alias.asname == alias.name)
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as listed):
                offered = {element.value for element in listed.elts if isinstance(element, ast.Constant)}
                yield from (str(name) for name in sorted(offered & imported, key=str))
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Attribute(value=ast.Name(id=module), attr=attribute)
            ):
                if name == attribute and module in imported:
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)):
                if other in imported:
                    yield name


def test_a_public_class_of_the_domain_has_a_name_of_its_own() -> None:
    domain, lower = _public_classes(_DOMAIN), _public_classes(_LOWER)
    shared = {name: homes + lower.get(name, []) for name, homes in domain.items() if len(homes) > 1 or name in lower}
    assert len(domain) > 100
    assert shared == {}


def test_no_module_of_the_domain_offers_the_names_of_another() -> None:
    offered = {str(path.relative_to(_ROOT)): list(_reexports(_statements(path))) for path in _DOMAIN}
    assert {path: names for path, names in offered.items() if names} == {}


def test_each_way_to_offer_the_name_of_another_module_is_seen() -> None:
    source = """
from house import door, gate as gate, wall
__all__ = ["wall", "own"]
window = house.window
import house
window = house.window
lift = door
own = 1
"""
    assert list(_reexports(ast.parse(source).body)) == ["gate", "wall", "window", "lift"]
