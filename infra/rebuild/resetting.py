"""First pass: removes projections, and the marks and totals that the stream keeps on other items."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.gate import checkin_totals
from chalicelib.table import keys, operations
from chalicelib.table.families import FAMILIES, OF_KIND, Family
from chalicelib.table.items import Item, Scan, Ticket, TicketBucket
from chalicelib.table.places import Key
from infra.rebuild.walk import RawItem

# They are removed with the sums of their marks (marks.py).
BY_MARKS = frozenset(("attendance_totals", "event_attendance_totals"))


@dataclass(slots=True)
class Reset:
    """What a pass does, or in a dry run would do: items removed and changed, by kind."""

    is_dry: bool = False
    removed: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)

    def take(self, page: list[RawItem]) -> None:
        """Reset the items of one page."""
        gone = {operations.key_of(raw): raw for raw in page if _is_projection(raw)}
        gone |= {operations.key_of(raw): raw for raw in _derived_scans(page)}
        for raw in gone.values():
            _count(self.removed, raw)
        if not self.is_dry:
            operations.remove_many(gone)
        for raw in page:
            if operations.key_of(raw) not in gone and (change := _change(raw)):
                _count(self.changed, raw)
                if not self.is_dry:
                    client: Any = operations.client()
                    client.update_item(**change)


def _count(counts: dict[str, int], raw: RawItem) -> None:
    kind = raw["kind"]["S"]
    counts[kind] = counts.get(kind, 0) + 1


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


def _change(raw: RawItem) -> dict[str, Any] | None:
    """Return the request that resets what the stream keeps on an item; None where there is nothing."""
    names = list(projected(raw))
    sets: dict[str, Any] = {}
    kind = raw["kind"]["S"]
    if kind == "ticket_bucket":
        bucket = TicketBucket.from_raw_data(raw)
        # A deleted ticket's item goes, so its bit is all that says that it was scanned (D-TIX-02).
        gone = int.from_bytes(bucket.scanned, "little") & int.from_bytes(bucket.deleted, "little")
        if gone.to_bytes(len(bucket.scanned), "little") != bucket.scanned:
            sets["scanned"] = {"B": gone.to_bytes(len(bucket.scanned), "little")}
    if kind == "scan" and "revision" in raw and raw.get("counted_revision") != raw["revision"]:
        # It is counted again as it is now.
        sets["counted_revision"] = raw["revision"]
    if not names and not sets:
        return None
    aliases = {name: f"#a{number}" for number, name in enumerate([*names, *sets])}
    parts = []
    if sets:
        parts.append("SET " + ", ".join(f"{aliases[name]} = :v{number}" for number, name in enumerate(sets)))
    if names:
        parts.append("REMOVE " + ", ".join(aliases[name] for name in names))
    change: dict[str, Any] = {
        "TableName": Item.Meta.table_name,
        "Key": {"pk": raw["pk"], "sk": raw["sk"]},
        "UpdateExpression": " ".join(parts),
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeNames": {alias: name for name, alias in aliases.items()},
    }
    if sets:
        change["ExpressionAttributeValues"] = {f":v{number}": value for number, value in enumerate(sets.values())}
    return change


_MARKS = frozenset(("counted", "projected"))


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
