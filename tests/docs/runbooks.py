"""The runbooks as data: pages, their form, and their blocks of commands with the mark that says where they run."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs import pages

FOLDER = pages.ROOT / "docs" / "runbooks"
INDEX = "README.md"
# Where a block runs: against the local cloud too, on an AWS account only, on a reader agent's machine.
RUN, ACCOUNT, GATE = "run", "account", "gate"
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ALARM = re.compile(r"`([A-Z*][\w*]*(?:Alarm|Budget))`")
FORM = ("**What users see.**", "**What it means.**", "## Look", "## End it", "## It is over when", "## What is lost")


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a block, and what its output must show."""

    page: str
    mark: str
    text: str
    expects: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)


def each_page() -> list[Path]:
    return [path for path in sorted(FOLDER.glob("*.md")) if path.name != INDEX]


def alarms(text: str) -> set[str]:
    """Return the alarms that a page names; `*` in a name is any text."""
    return set(_ALARM.findall(text))


def marks(text: str) -> list[str]:
    return [mark for mark, _ in _FENCE.findall(text)]


def commands(*wanted: str) -> list[Command]:
    """Return the commands of all pages with these marks; the same command is one, with all that it must show."""
    found: dict[tuple[str, str], Command] = {}
    for page in each_page():
        for command in _of(page):
            if command.mark in wanted:
                key = (command.mark, command.text)
                before = found.get(key, command)
                expects = tuple(dict.fromkeys((*before.expects, *command.expects)))
                found[key] = Command(before.page, command.mark, command.text, expects)
    return list(found.values())


def _of(page: Path) -> Iterator[Command]:
    for language, code in _FENCE.findall(page.read_text(encoding="utf-8")):
        mark = language.removeprefix("sh ").strip()
        text, expects = "", []
        for line in [*code.splitlines(), ""]:
            if line.startswith("# expect: "):
                expects.append(line.removeprefix("# expect: "))
                continue
            if text:
                yield Command(page.stem, mark, text, tuple(expects))
            text, expects = line.strip(), []
