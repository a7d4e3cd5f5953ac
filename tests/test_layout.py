"""The house keeps its shape: short files, few modules at the top of the domain, and a page that names each area."""

import re
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_DOMAIN = _ROOT / "chalicelib" / "domain"
_MOST_LINES = 400
# Files that may be longer, each with its reason.
_LONGER = {
    "schemas/glossary.py": "a table: one line says what a field of the contract is",
    "table/operations.py": "all requests to the table pass its few functions, which share their conversions",
}
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
