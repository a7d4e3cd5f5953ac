"""The documentation names only what exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.schemas.examples import demo
from infra import template
from infra.local.demo import demo_passwords
from tests.docs import pages

_DECISION = re.compile(r"\bD-[A-Z]{2,6}-\d{2}\b")
_DECISIONS = pages.ROOT / "docs" / "decisions"
_INDEX = _DECISIONS / "README.md"
_CODE = ("app.py", "chalicelib", "infra", "tests", "bench", "reader-agent/src", "Makefile", "pyproject.toml")
EACH_PAGE = pytest.mark.parametrize("page", pages.pages(), ids=pages.name)


@EACH_PAGE
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for target in pages.links(page.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        if not found.exists() or (anchor and anchor not in pages.anchors(found.read_text(encoding="utf-8"))):
            broken.append(target)
    assert not broken


@EACH_PAGE
def test_every_path_in_the_text_exists(page: Path) -> None:
    missing = [path for path in pages.paths(page.read_text(encoding="utf-8")) if not any(_places(page, path))]
    assert not missing


def _places(page: Path, path: str) -> Iterator[Path]:
    yield from pages.ROOT.glob(path.rstrip("/"))
    if page.parent != pages.ROOT:
        yield from page.parent.glob(path.rstrip("/"))


@EACH_PAGE
def test_every_make_target_in_the_text_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (pages.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(pages.commands(page.read_text(encoding="utf-8"))) <= targets


def test_every_target_that_make_help_lists_is_explained() -> None:
    makefile = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([a-z][a-z-]*):.*##", makefile, re.MULTILINE))
    named = {"help", "clean"}
    for page in ("README.md", "CONTRIBUTING.md"):
        named |= set(pages.commands((pages.ROOT / page).read_text(encoding="utf-8")))
    assert listed <= named


def test_the_readme_opens_with_its_two_commands_and_fits_on_six_thousand_bytes() -> None:
    readme = (pages.ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.encode()) <= 6000
    first = readme.split("```")[1]
    assert [line.split("#")[0].strip() for line in first.strip().splitlines()] == ["make run", "make test"]


def test_every_demo_log_in_of_the_readme_is_one() -> None:
    words = re.findall(
        r"^\| [^|]+ \| `([^`]+)` \| `(demo-[^`]+)` \|$",
        (pages.ROOT / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(words) == 9
    assert {word for pair in words for word in pair} <= {
        value for part in (demo, demo_passwords) for value in vars(part).values() if isinstance(value, str)
    }


def test_every_parameter_and_variable_is_explained() -> None:
    operations = (pages.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    config = (pages.ROOT / "chalicelib" / "config.py").read_text(encoding="utf-8")
    variables = set(re.findall(r'env\(\s*"([A-Z_]+)"', config))
    declared = (pages.ROOT / "infra" / "package" / "parameters.py").read_text(encoding="utf-8")
    parameters = {*template.load()["Parameters"], *re.findall(r'^    "([A-Z][A-Za-z]+)": \{', declared, re.MULTILINE)}
    assert variables
    assert len(parameters) > 10
    assert {name for name in variables | parameters if f"`{name}`" not in operations} == set()


def test_every_decision_that_is_cited_is_recorded() -> None:
    recorded = _recorded()
    cited: set[str] = set()
    for place in _CODE:
        path = pages.ROOT / place
        files = path.rglob("*.*") if path.is_dir() else [path]
        for file in files:
            if file.suffix in (".py", ".toml", ".yaml", ".sh", "") and file.is_file():
                cited |= set(_DECISION.findall(file.read_text(encoding="utf-8")))
    for page in pages.pages():
        cited |= set(_DECISION.findall(page.read_text(encoding="utf-8")))
    assert cited <= recorded


def test_every_decision_is_recorded_once() -> None:
    rows = [row for page in _decision_pages() for row in _rows(page)]
    records = re.findall(r"^\| \[(D-[A-Z]+-\d{2})\]", _INDEX.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted([*rows, *records]) == sorted({*rows, *records})
    assert {*rows, *records} == _recorded()


def test_the_index_of_decisions_names_the_page_of_each_kind_of_id() -> None:
    index = set(re.findall(r"\[D-([A-Z]+)\]\(([a-z-]+\.md)#", _INDEX.read_text(encoding="utf-8")))
    assert index == {(row.split("-")[1], page.name) for page in _decision_pages() for row in _rows(page)}


def _decision_pages() -> list[Path]:
    return [page for page in _DECISIONS.glob("*.md") if page != _INDEX and not page.name.startswith("d-")]


def _rows(page: Path) -> list[str]:
    return re.findall(r"^\| (D-[A-Z]+-\d{2}) \|", page.read_text(encoding="utf-8"), re.MULTILINE)


def _recorded() -> set[str]:
    rows = {row for page in _decision_pages() for row in _rows(page)}
    return {*rows, *map(_id_of, _DECISIONS.glob("d-*.md"))}


def _id_of(record: Path) -> str:
    """Return the id of a record, which its heading and its name must share."""
    found = _DECISION.search(record.read_text(encoding="utf-8").splitlines()[0])
    assert found is not None, record.name
    assert record.name.startswith(found[0].lower()), record.name
    return found[0]


@EACH_PAGE
def test_every_name_by_which_areas_are_composed_is_one_of_the_code(page: Path) -> None:
    named = set(re.findall(r"`([A-Z]+_(?:TAKERS|KINDS)|FOLLOWERS)`", page.read_text(encoding="utf-8")))
    code = "".join(path.read_text(encoding="utf-8") for path in (pages.ROOT / "chalicelib").rglob("background.py"))
    assert {each for each in named if f"\n{each}" not in code} == set()
