"""The usage of DynamoDB by each route and each worker: requests, read units, write units.

The figures are the engine's own (`ReturnConsumedCapacity=INDEXES`), with indexes. They are counted for the route or
worker at work, which a ContextVar holds. Three corrections are made, because the engines differ from AWS:

* DynamoDB Local sums up a transaction's parts as a set, so that parts of equal cost count once. It also doubles the
  indexes' share, while AWS charges twice for the table only, to prepare and to commit. Its transactions are therefore
  counted here from their requests.
* AWS charges a failed condition like the write, one unit per KB of the item that was found; the error carries no
  figure. Each part of a cancelled transaction costs the same, twice.
* MiniStack reports one unit for each read of any size: for read units use DynamoDB Local.

Retries inside botocore count as requests of their own.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from infra.local import boundary

_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
_UNIT_BYTES = 1024
# The key of a transaction's parts in botocore's context of a call.
_PARTS = "gatehouse_transaction_parts"
# Requests of no known route or worker, such as those of a thread without a context.
_UNATTRIBUTED = "unattributed"


class Label(NamedTuple):
    """What is at work: a route of a portal, or a worker in the background."""

    is_request: bool
    name: str


@dataclass(slots=True)
class Tally:
    """The usage of one route or worker until now."""

    calls: int = 0
    dynamodb_requests: int = 0
    read_units: float = 0.0
    write_units: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Return the figures as `/_local/usage/` shows them."""
        return {
            "calls": self.calls,
            "dynamodb_requests": self.dynamodb_requests,
            "read_units": self.read_units,
            "write_units": self.write_units,
        }


_label: ContextVar[Label | None] = ContextVar("gatehouse_usage_label", default=None)


class Meter:
    """Counts what DynamoDB clients use, from the moment it is attached."""

    def __init__(self) -> None:
        """Start at zero; nothing is counted before `attach` or `watch`."""
        self._lock = threading.Lock()
        self._tallies: dict[Label, Tally] = {}
        self._since = datetime.now(UTC)

    def attach(self) -> "Meter":
        """Count on every DynamoDB client that any botocore session makes from now on."""
        boundary.watch("dynamodb", self.watch)
        return self

    def detach(self) -> None:
        """Stop counting on clients that are made from now on."""
        boundary.leave(self.watch)

    def watch(self, client: Any) -> None:
        """Count on one DynamoDB client that exists already."""
        events = client.meta.events
        events.register("before-parameter-build.dynamodb.*", _ask_for_capacity)
        events.register("request-created.dynamodb.*", self._count_request)
        events.register("after-call.dynamodb.*", self._count_units)

    @contextmanager
    def request(self, name: str) -> Iterator[None]:
        """Count the requests within the block for a route, as one call."""
        with self._booked_to(Label(is_request=True, name=name)):
            yield

    @contextmanager
    def background(self, name: str) -> Iterator[None]:
        """Count the requests within the block for a worker, as one call."""
        with self._booked_to(Label(is_request=False, name=name)):
            yield

    def reset(self) -> None:
        """Set every figure to zero."""
        with self._lock:
            self._tallies.clear()
            self._since = datetime.now(UTC)

    def report(self) -> dict[str, Any]:
        """Return all figures, by route and by worker."""
        with self._lock:
            tallies = {label: tally.as_dict() for label, tally in sorted(self._tallies.items())}
            since = self._since
        return {
            "since": since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requests": {label.name: tally for label, tally in tallies.items() if label.is_request},
            "background": {label.name: tally for label, tally in tallies.items() if not label.is_request},
        }

    @contextmanager
    def _booked_to(self, label: Label) -> Iterator[None]:
        with self._lock:
            self._tallies.setdefault(label, Tally()).calls += 1
        token = _label.set(label)
        try:
            yield
        finally:
            _label.reset(token)

    def _tally(self) -> Tally:
        label = _label.get() or Label(is_request=False, name=_UNATTRIBUTED)
        return self._tallies.setdefault(label, Tally())

    def _count_request(self, **_: Any) -> None:
        with self._lock:
            self._tally().dynamodb_requests += 1

    def _count_units(self, *, model: Any, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        read, write = units_of(model.name, parsed, context.get(_PARTS, ()))
        if read or write:
            with self._lock:
                tally = self._tally()
                tally.read_units += read
                tally.write_units += write


def units_of(operation: str, answer: Mapping[str, Any], parts: Sequence[Mapping[str, Any]] = ()) -> tuple[float, float]:
    """Return the read and write units of one answer of DynamoDB; `parts` are a transaction's."""
    if "Error" in answer:
        return 0.0, _units_of_refusal(answer)
    consumed = answer.get("ConsumedCapacity") or []
    tables = [consumed] if isinstance(consumed, Mapping) else consumed
    units = sum(float(table.get("CapacityUnits", 0.0)) for table in tables)
    if operation in _READS:
        return units, 0.0
    if operation == "TransactWriteItems" and _is_dynamodb_local(answer):
        units = max((_units_of_parts(table, parts) for table in tables), default=0.0)
    return 0.0, units


def _units_of_parts(capacity: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> float:
    """Return a transaction's cost: the table's units twice, an index's once."""
    puts = [part["Put"]["Item"] for part in parts if "Put" in part]
    # The sizes of changed, deleted and checked items are unknown here; in this table they are within one unit.
    table = 2 * (sum(_write_units(item) for item in puts) + len(parts) - len(puts))
    indexes = 0.0
    for name, index in capacity.get("GlobalSecondaryIndexes", {}).items():
        entered = sum(f"{name}pk" in item and f"{name}sk" in item for item in puts)
        indexes += max(entered, float(index.get("CapacityUnits", 0.0)) / 2)
    return max(table, float(capacity.get("Table", {}).get("CapacityUnits", 0.0))) + indexes


def _units_of_refusal(answer: Mapping[str, Any]) -> float:
    code = answer["Error"].get("Code")
    if code == "ConditionalCheckFailedException":
        return _write_units(answer.get("Item"))
    if code == "TransactionCanceledException":
        reasons = answer.get("CancellationReasons") or []
        return sum(2 * _write_units(reason.get("Item")) for reason in reasons)
    return 0.0


def _write_units(item: Mapping[str, Any] | None) -> float:
    return float(max(1, -(-item_size(item) // _UNIT_BYTES))) if item else 1.0


def item_size(item: Mapping[str, Any]) -> int:
    """Return approximately an item's size for DynamoDB: its names and its values in UTF-8."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    kind, content = next(iter(value.items()))
    if kind == "M":
        return 3 + item_size(content) + len(content)
    if kind == "L":
        return 3 + sum(1 + _value_size(part) for part in content)
    if kind in ("SS", "NS", "BS"):
        return sum(len(part) for part in content)
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content) // 2 + 1
    return len(content) if kind == "B" else 1


def _is_dynamodb_local(answer: Mapping[str, Any]) -> bool:
    # DynamoDB Local answers from Jetty; AWS and MiniStack do not.
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("server", "")).startswith("Jetty")


def _ask_for_capacity(*, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    if "TransactItems" in params:
        context[_PARTS] = params["TransactItems"]
    if "ReturnConsumedCapacity" in model.input_shape.members:
        params["ReturnConsumedCapacity"] = "INDEXES"
