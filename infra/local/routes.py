"""Finds the route of a path as API Gateway does: by segment, literals before variables."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chalicelib.portals.http.paths import portal_of


class Resource(NamedTuple):
    """A path of the app with its `{variables}`, and the methods that it takes."""

    path: str
    methods: list[str]
    labels: Mapping[str, str]


class Match(NamedTuple):
    """The resource of a path, with the values of its variables as they were sent."""

    resource: Resource
    variables: dict[str, str]


class _Node:
    __slots__ = ("literals", "resource", "variable", "variable_name")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.variable_name = ""
        self.resource: Resource | None = None


class RouteTable:
    """All routes of the app, ready to be searched."""

    def __init__(self, routes: Mapping[str, Iterable[str]]) -> None:
        """`routes` maps each path, without trailing slash, to its methods: Chalice's own `app.routes`."""
        self._root = _Node()
        self._exact: dict[str, Match] = {}
        for path, methods in routes.items():
            names = sorted(methods)
            resource = Resource(path, names, {method: usage_label(path, method) for method in names})
            node = self._root
            for segment in _segments(path):
                node = _child(node, segment)
            node.resource = resource
            if "{" not in path:
                self._exact[path] = self._exact[path.rstrip("/") + "/"] = Match(resource, {})

    def find(self, path: str) -> Match | None:
        """Return the route of a path, with or without a trailing slash; None where there is none."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        variables: dict[str, str] = {}
        resource = _search(self._root, _segments(path), 0, variables)
        return Match(resource, variables) if resource else None


def usage_label(path: str, method: str) -> str:
    """Return the name of a route in the usage report: portal, method and path as in the route list."""
    portal = portal_of(path)
    slash = "" if portal == "tix" or path.endswith("/") else "/"
    return f"{portal} {method} {path}{slash}"


def routes_of(app: Any) -> dict[str, list[str]]:
    """Return the paths and methods of a Chalice app."""
    return {path: list(methods) for path, methods in app.routes.items()}


def _segments(path: str) -> list[str]:
    # A slash at either end makes no difference; a path with an empty segment inside is unknown.
    return path.removeprefix("/").removesuffix("/").split("/")


def _child(node: _Node, segment: str) -> _Node:
    if segment.startswith("{"):
        node.variable = node.variable or _Node()
        node.variable_name = segment.strip("{}")
        return node.variable
    return node.literals.setdefault(segment, _Node())


def _search(node: _Node, segments: list[str], position: int, variables: dict[str, str]) -> Resource | None:
    if position == len(segments):
        return node.resource
    segment = segments[position]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _search(literal, segments, position + 1, variables)
        if found is not None:
            return found
    if node.variable is not None and segment:
        found = _search(node.variable, segments, position + 1, variables)
        if found is not None:
            variables[node.variable_name] = segment
            return found
    return None
