"""Views: each is one call of the domain between parsing and reply, and its type is the type of its reply."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import app  # noqa: F401  # registers the routes
import chalicelib.portals
from chalicelib.portals.http.route import ROUTES
from chalicelib.schemas.wire import Out

ROOT = Path(chalicelib.portals.__file__).parent
_DOORS = ("door", "list_door")
_DECISIONS = (ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.Match, ast.comprehension, ast.BoolOp)
# Pure functions that only show what another call returned.
_SHOWING = {"own_payments.shown"}


@dataclass(frozen=True)
class View:
    """A view as it is written, and the names in its module that belong to the domain."""

    part: str
    code: ast.FunctionDef
    domain: frozenset[str]

    def nodes(self) -> Iterator[ast.AST]:
        """Go through the view's body."""
        for statement in self.code.body:
            yield from ast.walk(statement)

    def domain_calls(self) -> list[str]:
        """Return the functions of the domain that the view calls; classes only carry values."""
        called = (node.func for node in self.nodes() if isinstance(node, ast.Call))
        names = [ast.unparse(function) for function in called if _root(function) in self.domain]
        return [name for name in names if name.rpartition(".")[2].islower() and name not in _SHOWING]


def _root(expression: ast.expr) -> str | None:
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return expression.id if isinstance(expression, ast.Name) else None


def _views(path: Path) -> Iterator[View]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom)]
    domain = frozenset(
        name.asname or name.name
        for node in imports
        if (node.module or "").startswith("chalicelib.domain")
        for name in node.names
    )
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            decorators = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
            if any(isinstance(each, ast.Name) and each.id in _DOORS for each in decorators):
                yield View(str(path.relative_to(ROOT)), node, domain)


VIEWS = [view for path in sorted(ROOT.rglob("*.py")) for view in _views(path)]


def _named(view: View) -> str:
    return f"{view.part}:{view.code.name}"


def test_every_route_has_its_view_here() -> None:
    # Refresh, log-out and the changes of a password are one view each for all portals.
    shared = {view.code.name for view in VIEWS if view.part == "session_routes.py"}
    own = {view.code.name for view in VIEWS} - shared
    assert shared == {"refresh", "log_out", "change_password", "send_code", "set_password"}
    of_sessions = re.compile(".*_(refresh|logout|change_password|(forgot|reset)_password|password_reset(_confirm)?)")
    rest = {route.operation_id for route in ROUTES} - own
    assert {name for name in rest if not of_sessions.fullmatch(name)} == set()


@pytest.mark.parametrize("view", VIEWS, ids=_named)
def test_a_view_calls_the_domain_at_most_once(view: View) -> None:
    assert len(view.domain_calls()) <= 1, view.domain_calls()


@pytest.mark.parametrize("view", VIEWS, ids=_named)
def test_a_view_decides_nothing(view: View) -> None:
    decisions = [ast.unparse(node) for node in view.nodes() if isinstance(node, _DECISIONS)]
    assert decisions == []


@pytest.mark.parametrize("view", VIEWS, ids=_named)
def test_a_view_says_what_it_returns(view: View) -> None:
    assert view.code.returns is not None
    assert "Any" not in ast.unparse(view.code.returns)


def _models(base: type[Out]) -> Iterator[type[Out]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def test_no_field_of_an_answer_is_empty_unless_its_source_says_so() -> None:
    # Else a renamed attribute of the domain would be answered as null.
    silent = [
        f"{model.__name__}.{name}"
        for model in _models(Out)
        for name, field in model.model_fields.items()
        if not field.is_required() and field.get_default(call_default_factory=True) is None
    ]
    assert silent == []
