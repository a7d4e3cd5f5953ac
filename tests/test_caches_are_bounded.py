"""What a container keeps between requests has a bound: a container lives for hours, and callers choose many keys."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import chalicelib

_PACKAGE = Path(chalicelib.__file__).parent
_CONTAINERS = {"dict", "list", "set", "defaultdict", "deque", "OrderedDict", "Counter"}
_ADDING = {"add", "append", "appendleft", "extend", "insert", "setdefault", "update"}
# What grows only while the program starts, or by names that are in its source.
_FIXED = {
    "clients/secrets.py _derived": "one key for each purpose in the source and key of the secret",
}


# What may keep something: only these modules are parsed, since parsing all costs many seconds.
_MAY_KEEP = re.compile(
    r"^@(functools\.)?(lru_)?cache"
    r"|^\w+(: [^=\n]+)? = (\{|\[|\w*(dict|list|set|deque|Dict|Counter)\()"
    r"|^        self\._\w+: ",
    re.MULTILINE,
)


def _modules() -> Iterator[tuple[str, str]]:
    for path in sorted(_PACKAGE.rglob("*.py")):
        yield str(path.relative_to(_PACKAGE)), path.read_text(encoding="utf-8")


def _is_unbounded(decorator: ast.expr) -> bool:
    """Whether a decorator keeps every answer that it has seen."""
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("lru_cache"):
        given = [*decorator.args[:1], *(word.value for word in decorator.keywords if word.arg == "maxsize")]
        return any(isinstance(size, ast.Constant) and size.value is None for size in given)
    return ast.unparse(decorator) in ("cache", "functools.cache")


def _unbounded_functions(name: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(_is_unbounded, node.decorator_list)):
            arguments = node.args
            if arguments.args or arguments.kwonlyargs or arguments.posonlyargs or arguments.vararg or arguments.kwarg:
                yield f"{name} {node.name}"


def _is_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in _CONTAINERS
    return isinstance(value, ast.Dict | ast.List | ast.Set)


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            yield node.target, node.value


def _of_process(tree: ast.Module, kept_classes: set[str]) -> set[str]:
    """Return the containers that live as long as the process: of the module, and of what a module makes."""
    found = {ast.unparse(target) for target, value in _assigned(tree.body) if _is_container(value)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in kept_classes:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    found |= {ast.unparse(target) for target, value in _assigned(method.body) if _is_container(value)}
    return found


def _grown(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AugAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Subscript):
                    yield ast.unparse(target.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDING:
            yield ast.unparse(node.func.value)


def _growing(name: str, tree: ast.Module, kept_classes: set[str]) -> Iterator[str]:
    """Yield the containers of a module that a function adds to, and does not look at the size of."""
    kept = _of_process(tree, kept_classes)
    if not kept:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for grown in kept & {*_grown(node)}:
                if f"len({grown})" not in ast.unparse(node):
                    yield f"{name} {grown.removeprefix('self.')}"


def _kept_classes(sources: dict[str, str]) -> set[str]:
    """Return the names of the classes of which a module makes one when it is imported."""
    made = re.compile(r"^\w+(?:: [^=\n]+)? = (?:\w+\.)*([A-Z]\w+)\(", re.MULTILINE)
    return {name for source in sources.values() for name in made.findall(source)}


def test_each_cache_that_callers_fill_has_a_bound() -> None:
    sources = dict(_modules())
    assert len(sources) > 500
    kept_classes = _kept_classes(sources)
    trees = {name: ast.parse(source) for name, source in sources.items() if _MAY_KEEP.search(source)}
    assert {"RequestRates", "Keys"} <= kept_classes
    growing = {each for name, tree in trees.items() for each in _growing(name, tree, kept_classes)}
    assert growing - set(_FIXED) == set()
    assert set(_FIXED) <= growing
    assert [each for name, tree in trees.items() for each in _unbounded_functions(name, tree)] == []


def test_the_search_finds_a_cache_without_a_bound() -> None:
    source = "_kept: dict[str, int] = {}\n\ndef get(name):\n    _kept[name] = 1\n"
    assert [*_growing("a.py", ast.parse(source), set())] == ["a.py _kept"]
    bounded = source + "    if len(_kept) > 5:\n        _kept.clear()\n"
    assert [*_growing("a.py", ast.parse(bounded), set())] == []
    assert [*_unbounded_functions("a.py", ast.parse("@cache\ndef get(name): ..."))] == ["a.py get"]
    assert [*_unbounded_functions("a.py", ast.parse("@lru_cache(maxsize=None)\ndef get(name): ..."))] == ["a.py get"]
    assert [*_unbounded_functions("a.py", ast.parse("@lru_cache(maxsize=8)\ndef get(name): ..."))] == []
