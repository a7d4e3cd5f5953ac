"""moto's reading of expressions, without asking the same of every node again.

moto 5 makes the table of a processor's functions for each node that it passes, compares each node with abstract
classes, compiles eight patterns for each word of a condition, and copies a tree through pickle's protocol: a tenth of
what the tests of routes cost. Here a class of nodes is looked up once for each processor, the words of a condition are
kept by its text, and a tree is copied node by node.
"""

import copy
import importlib
from collections import deque
from functools import cache, lru_cache
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser

# Its source is excluded from type checks, so it is read as a module without types.
_nodes: Any = importlib.import_module("moto.dynamodb.parsing.ast_nodes")
_lex = ConditionExpressionParser._lex_condition_expression
# The longest conditions of the tests have about fifty words.
_KEPT = 4096


@cache
def _is(kind: Any, wanted: Any) -> bool:
    return issubclass(kind, wanted)


@cache
def _has_clauses(kind: Any) -> bool:
    return issubclass(kind, (_nodes.Expression, _nodes.UpdateExpressionFunction))


def _find_clauses(self: Any, clause_types: Any) -> list[Any]:
    found: list[Any] = []
    rest = list(reversed(self.children or []))
    while rest:
        child = rest.pop()
        if type(child) in clause_types:
            found.append(child)
        elif _has_clauses(child.__class__):
            rest.extend(reversed(child.children or []))
    return found


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    """Process the nodes of a tree, those below first, as moto does."""
    return _processed(self, node, child_id, self._processing_map())


def _processed(processor: Any, node: Any, child_id: int, functions: dict[type, Any]) -> Any:
    kind: Any = type(node)
    if not _is(kind, _nodes.Node):
        return node
    parent = node.parent
    if node.children is not None:
        for place, child in enumerate(node.children):
            processor.pre_processing_of_child(node, place)
            _processed(processor, child, place, functions)
    function = next((each for wanted, each in functions.items() if _is(kind, wanted)), None)
    if function is not None:
        node = function(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _copy_of_node(self: Any, memo: dict[int, Any]) -> Any:
    made = object.__new__(type(self))
    memo[id(self)] = made
    vars(made).update(vars(self))
    made.parent = memo.get(id(self.parent), self.parent)
    if self.children is not None:
        made.children = [child if type(child) is str else copy.deepcopy(child, memo) for child in self.children]
    return made


def _words(self: Any) -> deque[Any]:
    return deque(_words_of(self.condition_expression))


@lru_cache(maxsize=_KEPT)
def _words_of(condition: str) -> tuple[Any, ...]:
    parser = object.__new__(ConditionExpressionParser)
    parser.condition_expression = condition
    return tuple(_lex(parser))


def install() -> None:
    """Install the short ways."""
    _nodes.Node.find_clauses = _find_clauses
    _nodes.Node.__deepcopy__ = _copy_of_node
    _nodes.DepthFirstTraverser.traverse_node_recursively = _traverse
    ConditionExpressionParser._lex_condition_expression = _words  # type: ignore[method-assign]
