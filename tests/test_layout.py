"""The house keeps its shape: short files, few modules at the top of the domain, and a page that names each area."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_DOMAIN = _ROOT / "chalicelib" / "domain"
_MOST_LINES = 400
# Files that may be longer, each with its reason.
_LONGER = {
    "schemas/glossary.py": "a table: one line says what a field of the contract is",
    "table/operations.py": "all requests to the table pass its few functions, which share their conversions",
}
# Public functions of the domain that tests alone call, each with its reason.
_FOR_TESTS = {
    "payments.sandbox.set_balance": "the provider of a demo, whose balance an operator may limit",
    "payouts.sandbox_bank.set_available": "the bank of a demo, whose balance an operator may limit",
    "payouts.sandbox_bank.bounce": "a transfer that the bank of a demo sends back",
}
# Caches are dropped by name: each module that has one offers it, whether or not the product needs it.
_OF_CACHES = "forget"
# What several areas share and none owns.
_MOST_AT_THE_TOP = 16


def _areas() -> set[str]:
    return {path.parent.name for path in _DOMAIN.glob("*/__init__.py")}


def _modules() -> set[str]:
    return {path.stem for path in _DOMAIN.glob("*.py")} - {"__init__"}


def test_no_file_of_the_deployed_code_is_longer_than_400_lines() -> None:
    source = _ROOT / "chalicelib"
    lines = {
        str(path.relative_to(source)): path.read_text(encoding="utf-8").count("\n") for path in source.rglob("*.py")
    }
    assert len(lines) > 500
    assert {name: count for name, count in lines.items() if count > _MOST_LINES and name not in _LONGER} == {}
    assert set(_LONGER) <= set(lines)


def test_few_modules_are_at_the_top_of_the_domain() -> None:
    assert len(_modules()) <= _MOST_AT_THE_TOP


def test_each_area_says_what_it_owns_and_must_not_do() -> None:
    said = {area: (_DOMAIN / area / "__init__.py").read_text(encoding="utf-8") for area in _areas()}
    assert {area for area, text in said.items() if not re.search("Owns .*(Must|May) not", text, re.DOTALL)} == set()


def test_the_page_on_architecture_has_the_layers_of_the_contract_and_what_each_area_owns() -> None:
    contracts = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [contract] = [each for each in contracts if each["name"] == "areas of the domain lean one way"]
    page = (_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    text = page[page.index("## The areas of the domain") : page.index("## The table")]
    layers, owners = text.split("| area | owns |")
    shown = [set(re.findall(r"`([a-z_]+)`", row)) for row in re.findall(r"^\| \d.*$", layers, re.MULTILINE)]
    assert shown == [set(layer.split(" | ")) for layer in contract["layers"]]
    assert set.union(*shown) == _areas() | _modules()
    assert set(re.findall(r"^\| `([a-z_]+)` \|", owners, re.MULTILINE)) == _areas()


def _called(path: Path) -> Iterator[str]:
    """Yield what a file takes from the modules that it imports, and what it calls of its own, by qualified name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = ".".join(path.relative_to(_ROOT).with_suffix("").parts)
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    yield from imported.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            yield f"{imported[node.value.id]}.{node.attr}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield f"{module}.{node.id}"


def test_each_public_function_of_the_domain_is_called_by_more_than_tests() -> None:
    deployed = [*(_ROOT / "chalicelib").rglob("*.py"), *(_ROOT / "infra").rglob("*.py"), *_ROOT.glob("*.py")]
    called = {name for path in deployed for name in _called(path)}
    unused, count = set(), 0
    for path in _DOMAIN.rglob("*.py"):
        module = ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not node.decorator_list:
                count += 1
                if node.name != _OF_CACHES and f"{module}.{node.name}" not in called:
                    unused.add(f"{module}.{node.name}".removeprefix("chalicelib.domain."))
    assert count > 1_000
    assert unused == set(_FOR_TESTS)
