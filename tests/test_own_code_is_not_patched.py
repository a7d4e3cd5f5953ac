"""Tests reach the platform through its public names: they patch none of its modules and use no private name of one.

Faults are set at botocore's boundary (tests/support/wire.py, meanwhile.py and aws_answers.py), limits by the
environment (tests/support/settings.py). Other people's code may be patched.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path for path in ROOT.glob("tests/**/*.py") if "mutants" not in path.parts)
OWN = ("chalicelib", "infra", "app", "bench")
_PATCHES = {"setattr", "delattr", "setitem", "delitem", "object"}
# What has to stay, with its reason.
ALLOWED = {
    # Both are read by a child or a thread of the local runner, which takes no argument for them.
    "tests/local/test_front.py: patches front",
    "tests/local/test_run.py: patches toolchain",
    # This app is a stand-in, made by the test itself.
    "tests/local/test_front.py: patches app",
    # The packager's steps, whose whole takes a minute.
    "tests/infra/test_package.py: uses builder._compile",
    "tests/infra/test_package.py: uses merge._joined",
}


def own_names(tree: ast.AST) -> set[str]:
    """Return the names under which a file knows modules and things of our own."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OWN:
            names |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name for alias in node.names if alias.name.partition(".")[0] in OWN}
    return names


def offences(source: str, where: str) -> Iterator[str]:
    """Yield what a file does that it must not."""
    tree = ast.parse(source)
    own = own_names(tree)
    for node in ast.walk(tree):
        for name in _patched(node):
            if name in own or name.partition(".")[0] in OWN:
                yield f"{where}: patches {name}"
        for owner, name in _private(node):
            if owner in own:
                yield f"{where}: uses {owner}.{name}"


def _patched(node: ast.AST) -> Iterator[str]:
    """Yield the names whose attributes or items a node replaces."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PATCHES and node.args:
        target = node.args[0]
        if isinstance(target, ast.Constant) and isinstance(target.value, str):
            yield target.value
        yield from _root(target)
    if isinstance(node, ast.Assign | ast.Delete):
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                yield from _root(target)


def _private(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the private names that a node uses, each with its owner."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and _is_private(node.attr):
        yield node.value.id, node.attr
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if _is_private(alias.name):
                yield alias.name, alias.name


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def test_no_test_patches_our_code_or_uses_a_private_name_of_it() -> None:
    found = {
        offence
        for path in FILES
        for offence in offences(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    }
    assert found - ALLOWED == set()
    assert ALLOWED - found == set(), "no longer needed"


@pytest.mark.parametrize(
    "line",
    [
        'patch.setattr(events, "get", 1)',
        'patch.setattr(events.Thing, "get", 1)',
        'patch.setattr("chalicelib.domain.events.events.get", 1)',
        'patch.setitem(events.ALL, "a", 1)',
        "events.LIMIT = 1",
        "del events.LIMIT",
        "events._get()",
        "from chalicelib.domain.events.events import _get",
    ],
)
def test_each_way_of_it_is_seen(line: str) -> None:
    source = f"from chalicelib.domain.events import events\n{line}\n"
    assert list(offences(source, "here"))


def test_other_peoples_code_may_be_patched() -> None:
    source = 'import segno\nfrom chalicelib.domain.events import events\npatch.setattr(segno, "make", events.get)\n'
    assert list(offences(source, "here")) == []
