"""Compares two tables item by item: what a rebuild made, and the table that it was made from.

Left out is what two right rebuilds may differ in: attributes that `families.py` names as volatile, items of a moment,
a total of zero against none, the visit of somebody whose tickets are gone, and the shard that a total of the platform
was added to.
"""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.gate import log_pages
from chalicelib.table import operations
from chalicelib.table.families import FAMILIES, OF_KIND, Family, kind_of
from chalicelib.table.items import ListEntry, ListWord, LogPage, PlatformCounts, PlatformSales, Scan, Visit
from chalicelib.table.places import Key
from infra.rebuild import resetting
from infra.rebuild.walk import RawItem, Walk

_SHARDED = frozenset(map(kind_of, (PlatformCounts, PlatformSales)))
_LISTED = frozenset(map(kind_of, (ListEntry, ListWord)))
_PAGE, _SCAN = kind_of(LogPage), kind_of(Scan)
_KEY = frozenset(("pk", "sk", "kind"))
# Without both a visit says nothing. The stream leaves it where the last ticket went; a rebuild makes none.
_OF_A_VISIT = frozenset(("tickets", "attended"))


@dataclass(slots=True)
class Contents:
    """A table as digests by key, and the sums of what is spread over shards."""

    digests: dict[Key, bytes] = field(default_factory=dict)
    kinds: dict[Key, str] = field(default_factory=dict)
    items_of: dict[Key, Key] = field(default_factory=dict)
    sums: dict[Key, Counter[str]] = field(default_factory=dict)
    # Pages come in several threads.
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, page: list[RawItem]) -> None:
        """Add a page."""
        with self._lock:
            self._add(page)

    def _add(self, page: list[RawItem]) -> None:
        for raw in page:
            key, kind = operations.key_of(raw), raw["kind"]["S"]
            if kind in _SHARDED:
                whole = Key(key.pk.rpartition("#")[0], key.sk.rpartition("#")[0])
                numbers = {name: int(value["N"]) for name, value in raw.items() if "N" in value and name != "ttl"}
                self.sums.setdefault(whole, Counter()).update(numbers)
                continue
            for row in log_rows(raw):
                self.digests[row], self.kinds[row] = b"", "row of the log"
            said = normal(raw)
            if said is None:
                continue
            self.digests[key] = hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=12).digest()
            self.kinds[key] = kind
            if kind in _LISTED:
                self.items_of[key] = Key(raw["item_pk"]["S"], raw["item_sk"]["S"])

    @property
    def totals(self) -> dict[Key, dict[str, int]]:
        """The sums, without zeros."""
        found = {key: {name: number for name, number in each.items() if number} for key, each in self.sums.items()}
        return {key: each for key, each in found.items() if each}


@dataclass(frozen=True, slots=True)
class Difference:
    """An item that is not the same in both."""

    key: Key
    kind: str
    what: str


def read(walk: Walk) -> Contents:
    """Return the contents of a table."""
    found = Contents()
    walk.run(f"compare {walk.table}", found.take)
    return found


def differences(original: Contents, rebuilt: Contents) -> Iterator[Difference]:
    """Yield what differs. An entry of a list whose item is gone has no entry after a rebuild, and is none."""
    for key in sorted(original.digests.keys() | rebuilt.digests.keys()):
        before, after = original.digests.get(key), rebuilt.digests.get(key)
        if before == after:
            continue
        kind = original.kinds.get(key) or rebuilt.kinds[key]
        if after is None and key in original.items_of and original.items_of[key] not in original.digests:
            continue
        yield Difference(key, kind, "missing" if after is None else "more" if before is None else "other")
    one, other = original.totals, rebuilt.totals
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            yield Difference(key, "platform totals", f"{one.get(key)} != {other.get(key)}")


def normal(raw: RawItem) -> Mapping[str, Any] | None:
    """Return what must be equal of an item, None if that is nothing."""
    cls = OF_KIND.get(raw["kind"]["S"])
    if cls is None:
        return {name: _value(value) for name, value in raw.items()}
    row = FAMILIES[cls]
    if cls is LogPage or row.family is Family.PASSING or ("ttl" in raw and int(raw["ttl"]["N"]) <= time.time()):
        return None
    if cls is Visit and not _OF_A_VISIT & raw.keys():
        return None
    is_projection = row.family is Family.PROJECTION
    kept = raw.keys() if is_projection else set(resetting.projected(raw))
    said = {
        name: _value(value)
        for name, value in raw.items()
        if name not in row.volatile and not (name in kept and name not in _KEY and _is_nothing(value))
    }
    had_numbers = any("N" in value for value in raw.values())
    has_numbers = any("N" in raw[name] for name in said)
    return None if is_projection and had_numbers and not has_numbers else said


def log_rows(raw: RawItem) -> Iterator[Key]:
    """Yield what an item adds to the check-in logs, which have a row in the index or on a page, as it came."""
    if raw["kind"]["S"] == _PAGE:
        yield from (Key(f"LOG_ROW#{row.key.pk}", row.log_id) for row in log_pages.rows_of(raw))
    elif raw["kind"]["S"] == _SCAN and "gsi1pk" in raw:
        yield Key(f"LOG_ROW#{raw['pk']['S']}", raw["gsi1sk"]["S"])


def _is_nothing(value: Mapping[str, Any]) -> bool:
    return value.get("N") == "0" or value.get("S") == "{}"


def _value(value: Mapping[str, Any]) -> Any:
    """Return a value that two equal ones have in common: sets in order, JSON by its content."""
    kind, held = next(iter(value.items()))
    if kind in ("SS", "NS"):
        return sorted(held)
    if kind == "B":
        return held.hex()
    if kind == "S" and held.startswith("{"):
        try:
            return json.loads(held)
        except ValueError:
            return held
    if kind == "M":
        return {name: _value(each) for name, each in held.items()}
    if kind == "L":
        return [_value(each) for each in held]
    return held
