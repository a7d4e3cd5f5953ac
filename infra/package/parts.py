"""What one composition root needs of the whole archive: the packages that its modules import, found in the sources.

An import inside a function counts too, since a request may run it. tests/infra/test_gates_archive.py serves every route
of the gates from such an archive alone.
"""

import ast
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path, PurePosixPath

from infra.local.console import CannotStart
from infra.package.targets import ROOT

_OWN = ("app", "chalicelib", "gates")
# Data that Python's own zoneinfo reads; nothing imports it.
_UNNAMED = frozenset({"tzdata"})
# photos.py decodes uploads with it, for routes of other functions; the gates show links to photos.
_OF_OTHERS = frozenset({"PIL"})
# It comes from Chalice's archive, without the records of an installed package.
_RUNTIME = "chalice"


def imported(root: str) -> tuple[set[str], set[str]]:
    """Return the modules of our own that a composition root may import, and the names of others' packages."""
    own: set[str] = set()
    others: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in own:
            continue
        path = _path(name)
        if path is None:  # a name inside a module
            continue
        own.add(name)
        waiting += [package for package, _, _ in (name.rpartition("."),) if package]
        for found in _imports(path):
            top = found.partition(".")[0]
            if top in _OWN:
                waiting.append(found)
            elif top not in sys.stdlib_module_names:
                others.add(top)
    return own, others


@lru_cache(maxsize=2048)
def _imports(path: Path) -> tuple[str, ...]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(name for node in ast.walk(tree) for name in _named(node))


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _path(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def copy(root: str, whole: Path, part: Path) -> set[str]:
    """Copy what a composition root needs of a whole archive's folder; return the names of its installed packages."""
    own, others = imported(root)
    needed = _with_requirements(whole, (others | _UNNAMED) - _OF_OTHERS - {_RUNTIME})
    for path in (
        *(path for package in needed for path in _files(whole, package)),
        *(whole / _RUNTIME).rglob("*"),
        *(path for module in own for path in _source_files(whole, module)),
    ):
        if path.is_file():
            target = part / path.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    return needed


def _source_files(whole: Path, module: str) -> Iterator[Path]:
    """Return the files of a module of our own; of a package also the data beside its modules."""
    source = _path(module)
    if source is None:
        raise CannotStart(f"{module} has no source.")
    path = whole / source.relative_to(ROOT)
    yield from _compiled(path)
    if path.name == "__init__.py":
        yield from (beside for beside in path.parent.iterdir() if beside.suffix not in (".py", ".pyc"))


def _compiled(path: Path) -> Iterator[Path]:
    """Return a source and its compiled files."""
    yield path
    yield from (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")


def _with_requirements(whole: Path, modules: Iterable[str]) -> set[str]:
    """Return the installed packages that have these modules, and those that they require in turn."""
    installed = {_name(info): info for info in whole.glob("*.dist-info")}
    having = {module: name for name, info in installed.items() for module in _modules(info)}
    waiting = [having[module] for module in modules]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each for each in _requirements(installed[name]) if each in installed]
    return found


def _name(info: Path) -> str:
    return _normal(info.name.removesuffix(".dist-info").rpartition("-")[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _modules(info: Path) -> set[str]:
    """Return the names by which a package's modules are imported."""
    tops = {PurePosixPath(line).parts[0] for line in _record(info)}
    endings = (".py", *EXTENSION_SUFFIXES, ".so")
    return {top.partition(".")[0] for top in tops if "." not in top or top.endswith(endings)}


def _requirements(info: Path) -> list[str]:
    headers = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    wanted = [line for line in headers.get_all("Requires-Dist", []) if "extra ==" not in line]
    return [_normal(found[0]) for line in wanted if (found := re.match(r"[A-Za-z0-9._-]+", line))]


def _record(info: Path) -> list[str]:
    lines = (info / "RECORD").read_text(encoding="utf-8").splitlines()
    names = [line.split(",")[0].strip('"') for line in lines]
    return [name for name in names if name and not name.startswith(("..", "/", "__pycache__"))]


def _files(whole: Path, package: str) -> Iterator[Path]:
    """Return a package's files that the archive has, with the compiled ones."""
    (info,) = (info for info in whole.glob("*.dist-info") if _name(info) == package)
    for name in _record(info):
        path = whole / name
        if path.is_file() and path.suffix != ".pyc":
            yield from _compiled(path) if path.suffix == ".py" else (path,)
