"""moto's reading of expressions, without asking the same of every node again.

moto 5 makes the table of a processor's functions for each node that it passes, compares each node with abstract
classes, compiles eight patterns for each word of a condition, and copies a tree through pickle's protocol: a tenth of
what the tests of routes cost. Here a class of nodes is looked up once for each processor, the words of a condition are
kept by its text, as an update's tree is, which moto copies before it changes it, and a tree is copied node by node.
"""

import copy
import importlib
from collections import deque
from functools import cache, lru_cache
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser

# Its source is excluded from type checks, so it is read as a module without types.
_nodes: Any = importlib.import_module("moto.dynamodb.parsing.ast_nodes")
_parsers: Any = importlib.import_module("moto.dynamodb.parsing.expressions")
_validators: Any = importlib.import_module("moto.dynamodb.parsing.validators")
_make = _parsers.UpdateExpressionParser.make
_lex = ConditionExpressionParser._lex_condition_expression
_before_child = _nodes.DepthFirstTraverser.pre_processing_of_child
# The longest conditions of the tests have about fifty words.
_KEPT = 4096


# The class whose function processes nodes of a kind, by the processor's class and the kind; False for what is no node.
_wanted: dict[type, dict[type, Any]] = {}
_UNKNOWN = object()


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
    processor = type(self)
    before = self.pre_processing_of_child if processor.pre_processing_of_child is not _before_child else None
    return _processed(node, child_id, self._processing_map(), _wanted.setdefault(processor, {}), before)


def _processed(node: Any, child_id: int, functions: dict[type, Any], wanted: dict[type, Any], before: Any) -> Any:
    kind = type(node)
    function = wanted.get(kind, _UNKNOWN)
    if function is _UNKNOWN:
        fitting = next((each for each in functions if issubclass(kind, each)), None)
        function = wanted[kind] = fitting if issubclass(kind, _nodes.Node) else False
    if function is False:
        return node
    parent = node.parent
    if node.children is not None:
        for place, child in enumerate(node.children):
            if before is not None:
                before(node, place)
            _processed(child, place, functions, wanted, before)
    if function is not None:
        node = functions[function](node)
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


@lru_cache(maxsize=_KEPT)
def _tree(expression: str) -> Any:
    """Return an update's tree; its copies share the record of what was checked in it."""
    tree = _make(expression)
    tree.checked = set()
    return tree


def _count_once(self: Any, tree: Any) -> Any:
    """Count an expression's clauses once for its text, on which alone their number depends."""
    return _checked_once(self, tree, "counts")


def _overlap_once(self: Any, tree: Any) -> Any:
    """Look for overlapping paths once for an expression's text and names."""
    return _checked_once(self, tree, frozenset((self.expression_attribute_names or {}).items()))


def _checked_once(processor: Any, tree: Any, what: Any) -> Any:
    if what not in tree.checked:
        tree = _traverse(processor, tree)
        tree.checked.add(what)
    return tree


def install() -> None:
    """Install the short ways."""
    _nodes.Node.find_clauses = _find_clauses
    _nodes.Node.__deepcopy__ = _copy_of_node
    _nodes.DepthFirstTraverser.traverse_node_recursively = _traverse
    ConditionExpressionParser._lex_condition_expression = _words  # type: ignore[method-assign]
    _parsers.UpdateExpressionParser.make = staticmethod(_tree)
    _validators.ActionCountValidator.traverse = _count_once
    _validators.OverlappingPathsValidator.traverse = _overlap_once
