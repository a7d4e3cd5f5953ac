"""The documentation as data: pages, links, paths, commands and anchors."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
# A span of code is a path of the repository if it begins with one of these.
_TOPS = (
    ".chalice/",
    ".ci/",
    ".github/",
    "bench/",
    "chalicelib/",
    "console/",
    "docs/",
    "infra/",
    "reader-agent/",
    "requirements",
    "tests/",
)
_FILES = frozenset(path.name for path in ROOT.iterdir() if path.is_file())


def pages() -> list[Path]:
    """Return every page of the documentation."""
    pages = [path for path in ROOT.glob("*.md") if path.is_file()]
    return sorted([*pages, *(ROOT / "docs").rglob("*.md"), ROOT / "reader-agent" / "README.md"])


def name(page: Path) -> str:
    """Return a page's path as it is in the repository."""
    return page.relative_to(ROOT).as_posix()


def links(text: str) -> Iterator[str]:
    """Yield the targets of links that stay inside the repository."""
    for target in _LINK.findall(_FENCE.sub("", text)):
        if not re.match(r"[a-z]+:", target):
            yield target


def paths(text: str) -> Iterator[str]:
    """Yield the code spans that name a file or folder of the repository."""
    for span in _CODE.findall(_FENCE.sub("", text)):
        word = span.split("::")[0].rstrip(":")
        if " " not in word and "<" not in word and (word.startswith(_TOPS) or word in _FILES):
            yield word


def commands(text: str) -> Iterator[str]:
    """Yield the make targets that a page names, in code spans and blocks."""
    for code in [*_FENCE.findall(text), *_CODE.findall(_FENCE.sub("", text))]:
        yield from _MAKE.findall(code)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(_FENCE.sub("", text))
    }
