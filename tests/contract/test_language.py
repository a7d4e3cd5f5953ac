"""The language of what people read: messages, the OpenAPI document, README, docs, docstrings and comments.

The words below make a sentence that must be read twice. What each should be is beside it.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.schemas import messages
from tests.contract.answers import document

# Text changes on any day.
pytestmark = pytest.mark.each_run
ROOT = Path(__file__).parents[2]

# The word, as a pattern, and what to write in its place.
WORDS = {
    r"told": "sent, published, notified, shown",
    r"whoever": "the caller, each user, anyone who",
    r"whatever": "any, regardless of",
    r"whosoever": "anyone who",
    r"anew": "again, fresh",
    r"let it": "the verb itself",
    r"let them": "the verb itself",
    r"nobody knows": "is unknown",
    r"it stands": "is",
    r"stands beside": "is beside",
    r"stands for": "is, means",
    r"stands in": "is in",
    r"goes by": "uses",
    r"has its way": "wins, succeeds",
    r"is to be had": "is available",
    r"not to be had": "is not available",
    r"comes to it": "runs",
    r"lets? (?:in|be|have)": "admits, allows",
    r"makes? good": "repairs",
    r"thereof|therein|whereby|wherein|thereupon": "a plain clause",
    r"hath|shall": "must, will",
    r"befalls?": "happens to, applies to",
    r"one and the same": "the same",
    r"as it stands": "as it is",
}
_WORD = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)
# The same in a source before its comments are joined and its names left out. Most sources have none, and to read the
# tokens of all of them takes 15 s.
_GAP = r"(?:[\s#]|`[^`]*`|[A-Z_]+#)+"
_PERHAPS = re.compile(rf"\b(?:{'|'.join(WORDS)})\b".replace(" ", _GAP), re.IGNORECASE)


def _worst(text: str) -> list[str]:
    return [found[0].lower() for found in _WORD.finditer(text)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key in ("description", "summary", "title") and isinstance(part, str):
                yield part
            elif key not in ("example", "examples"):
                yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def test_the_openapi_document_has_none_of_the_worst_words() -> None:
    assert [(text, words) for text in _strings(document()) if (words := _worst(text))] == []


def test_the_sentences_for_wrong_fields_have_none_of_the_worst_words() -> None:
    sentences = [*messages.PATTERNS.values(), *(entry for entry in messages.TABLE.values() if isinstance(entry, str))]
    assert len(sentences) > 20
    assert [(text, words) for text in sentences if (words := _worst(text))] == []


def _messages_in(path: Path) -> Iterator[tuple[int, str]]:
    """Return the texts that a module raises, and those that an error class has as its message."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        inside: list[ast.AST] = []
        if isinstance(node, ast.Raise) and node.exc is not None:
            inside = [node.exc]
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "message" for t in node.targets):
            inside = [node.value]
        for part in (leaf for root in inside for leaf in ast.walk(root)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.lineno, part.value


def test_no_message_that_is_raised_has_one_of_the_worst_words() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", text, words)
        for path in sorted((ROOT / "chalicelib").rglob("*.py"))
        for line, text in _messages_in(path)
        if (words := _worst(text))
    ]
    assert found == []


def test_no_message_that_is_raised_speaks_of_requests() -> None:
    """A person reads it in an app: what to do is said in words, not as a method and a path."""
    found = [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for path in sorted((ROOT / "chalicelib").rglob("*.py"))
        for line, text in _messages_in(path)
        if re.search(r"\b(GET|POST|PUT|PATCH|DELETE) |/api/", text)
    ]
    assert found == []


def _docstrings_in(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield node.body[0].lineno, text


def _comments_in(source: str) -> Iterator[tuple[int, str]]:
    """Return each comment; adjacent lines are one comment, since a sentence may span several."""
    comments: list[tuple[int, list[str]]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            if not comments or line != comments[-1][0] + len(comments[-1][1]):
                comments.append((line, []))
            comments[-1][1].append(token.string.lstrip("# "))
    for first, lines in comments:
        yield first, "\n".join(lines)


def _worst_of_code(source: str) -> list[tuple[int, list[str]]]:
    """Return the lines of docstrings and comments with words of the list, and these words."""
    if not _PERHAPS.search(source):
        return []
    found = []
    for line, text in (*_docstrings_in(source), *_comments_in(source)):
        # Names in backticks and keys of the table, such as SCAN#caller, are no prose.
        prose = " ".join(re.sub(r"`[^`]*`|\b[A-Z_]+#", "", text).split())
        if words := _worst(prose):
            found.append((line, words))
    return sorted(found)


def test_the_words_are_found_in_docstrings_and_in_comments_also_over_two_lines() -> None:
    source = '"""Let\nit end; `anew` and TOLD#number are names."""\nX = "anew"  # told\n\n# It goes\n# by its id.\n'
    assert _worst_of_code(source) == [(1, ["let it"]), (3, ["told"]), (5, ["goes by"])]


@pytest.mark.parametrize("folder", ["chalicelib", "infra", "tests", "bench", "reader-agent/src", "reader-agent/tests"])
def test_no_docstring_and_no_comment_has_one_of_the_worst_words(folder: str) -> None:
    paths = [path for path in sorted((ROOT / folder).rglob("*.py")) if path != Path(__file__)]
    assert paths != []
    found = [
        (f"{path.relative_to(ROOT)}:{line}", words)
        for path in paths
        for line, words in _worst_of_code(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def _pages() -> list[Path]:
    return sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_none_of_the_worst_words(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = [(number, words) for number, line in enumerate(prose.splitlines(), start=1) if (words := _worst(line))]
    assert found == []
