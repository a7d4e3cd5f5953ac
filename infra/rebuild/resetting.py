"""First pass: removes projections, and the marks and totals that the stream keeps on other items."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.gate import checkin_totals
from chalicelib.table import keys, operations
from chalicelib.table.families import FAMILIES, OF_KIND, Family
from chalicelib.table.items import Item, Scan, Ticket, TicketBucket
from chalicelib.table.places import Key
from infra.rebuild.walk import RawItem

# They are removed with the sums of their marks (marks.py).
BY_MARKS = frozenset(("attendance_totals", "event_attendance_totals", "events_of_rule"))


@dataclass(slots=True)
class Reset:
    """What a pass does, or in a dry run would do: items removed and changed, by kind.

    Of a table that is in use, each item is changed for itself, so that no write beside it is lost. Else they are
    written whole, 25 a request.
    """

    is_dry: bool = False
    is_used: bool = False
    removed: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    # Pages come in several threads.
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, page: list[RawItem]) -> None:
        """Reset the items of one page."""
        gone = {operations.key_of(raw): raw for raw in page if _is_projection(raw)}
        gone |= {operations.key_of(raw): raw for raw in _derived_scans(page)}
        changes = {
            operations.key_of(raw): (raw, change)
            for raw in page
            if operations.key_of(raw) not in gone and (change := _change(raw)) is not None
        }
        # Nothing is counted of a page with an item that cannot be read: its items come one by one.
        self._count(self.removed, gone.values())
        self._count(self.changed, (raw for raw, _ in changes.values()))
        if self.is_dry:
            return
        operations.remove_many(gone)
        if not self.is_used:
            operations.put_raw(change.applied(raw) for raw, change in changes.values())
            return
        client: Any = operations.client()
        for raw, change in changes.values():
            with suppress(client.exceptions.ConditionalCheckFailedException):  # it was deleted meanwhile
                client.update_item(**change.request(raw))

    def _count(self, counts: dict[str, int], found: Iterable[RawItem]) -> None:
        with self._lock:
            for raw in found:
                kind = raw["kind"]["S"]
                counts[kind] = counts.get(kind, 0) + 1


@dataclass(frozen=True, slots=True)
class _Change:
    """Attributes that go from an item, and such that get a value."""

    gone: tuple[str, ...]
    values: dict[str, Any]

    def applied(self, raw: RawItem) -> RawItem:
        """Return the item afterwards."""
        return {name: value for name, value in raw.items() if name not in self.gone} | self.values

    def request(self, raw: RawItem) -> dict[str, Any]:
        """Return the request that makes the change and no other."""
        aliases = {name: f"#a{number}" for number, name in enumerate([*self.gone, *self.values])}
        parts = []
        if self.values:
            sets = (f"{aliases[name]} = :v{number}" for number, name in enumerate(self.values))
            parts.append("SET " + ", ".join(sets))
        if self.gone:
            parts.append("REMOVE " + ", ".join(aliases[name] for name in self.gone))
        values = {f":v{number}": value for number, value in enumerate(self.values.values())}
        return {
            "TableName": Item.Meta.table_name,
            "Key": {"pk": raw["pk"], "sk": raw["sk"]},
            "UpdateExpression": " ".join(parts),
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": {alias: name for name, alias in aliases.items()},
            **({"ExpressionAttributeValues": values} if values else {}),
        }


def _is_projection(raw: RawItem) -> bool:
    kind = raw["kind"]["S"]
    cls = OF_KIND.get(kind)
    return cls is not None and FAMILIES[cls].family is Family.PROJECTION and kind not in BY_MARKS


def projected(raw: RawItem) -> Iterator[str]:
    """Yield the attributes of an item that the stream keeps."""
    cls = OF_KIND.get(raw["kind"]["S"])
    for name in FAMILIES[cls].projected if cls is not None else ():
        if name.endswith("*"):
            yield from (each for each in raw if each.startswith(name[:-1]))
        elif name in raw:
            yield name


def _change(raw: RawItem) -> _Change | None:
    """Return what resets what the stream keeps on an item; None where there is nothing."""
    gone, values, kind = tuple(projected(raw)), dict[str, Any](), raw["kind"]["S"]
    if kind == "ticket_bucket":
        bucket = TicketBucket.from_raw_data(raw)
        # A deleted ticket's item goes, so its bit is all that says that it was scanned (D-TIX-02).
        kept = int.from_bytes(bucket.scanned, "little") & int.from_bytes(bucket.deleted, "little")
        if kept.to_bytes(len(bucket.scanned), "little") != bucket.scanned:
            values["scanned"] = {"B": kept.to_bytes(len(bucket.scanned), "little")}
    if kind == "scan" and "revision" in raw and raw.get("counted_revision") != raw["revision"]:
        # It is counted again as it is now.
        values["counted_revision"] = raw["revision"]
    if kind == "scan" and "gsi1pk" not in raw:
        # The page that has its row goes.
        row = keys.gate.log(raw["event_id"]["S"], raw["log_id"]["S"])
        values |= {"gsi1pk": {"S": row.pk}, "gsi1sk": {"S": row.sk}}
    return _Change(gone, values) if gone or values else None


# What the stream decides: the marks, and whether the row in the log is in the index or on a page.
_MARKS = frozenset(("counted", "projected", "gsi1pk", "gsi1sk"))


def _derived_scans(page: Iterable[RawItem]) -> Iterator[RawItem]:
    """Yield the log entries that the stream made of a ticket's admission, and would make again as they are."""
    rows = {operations.key_of(raw): raw for raw in page if raw["kind"]["S"] == "scan" and "first_entry" in raw}
    wanted = {raw["ticket_id"]["S"] for raw in rows.values() if "ticket_id" in raw}
    tickets = operations.get_many([keys.tickets.ticket(ticket_id) for ticket_id in sorted(wanted)])
    for ticket in tickets.values():
        entry = made_of(ticket)
        raw = rows.get(Key(entry.pk, entry.sk)) if entry is not None else None
        if entry is not None and raw is not None and _said(operations.put(entry).arguments["Item"]) == _said(raw):
            yield raw


def made_of(ticket: Ticket) -> Scan | None:
    """Return the log entry that the stream makes of a ticket's admission."""
    return checkin_totals.record_of_first_entry(None, ticket)


def _said(raw: RawItem) -> RawItem:
    return {name: value for name, value in raw.items() if name not in _MARKS}
