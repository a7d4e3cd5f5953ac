"""The check-in log: every scan, newest first, with search by card, usher, result or attendee."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import paging
from chalicelib.domain.access import accounts
from chalicelib.domain.cards import cards
from chalicelib.domain.gate import attendee_names, conflicts, log_pages
from chalicelib.domain.gate.log_pages import LogRow
from chalicelib.domain.gate.passages import passages
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.identifiers import log_id_of
from chalicelib.table import keys, operations
from chalicelib.table.items import Leave, Scan, Ticket
from chalicelib.table.places import Key, Place
from chalicelib.table.ranges import Before, Between
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.gate import ScanResult, ScanSource

# A numbered page reads the index up to it; deeper pages need the cursor.
MAX_PAGE = 50
# For filters without an index.
_FILTERED = ReadBudget(first=1000, total=1000)
# A numbered page of a search reads from the newest entry on, so that no page depends on how far another one read.
_NUMBERED = ReadBudget(first=1000, chunk=1000, total=10_000)
# What an entry shows, of the scan and of its ticket. Reading no more takes half the time.
_SHOWN = (
    *(
        "log_id",
        "scan_id",
        "event_id",
        "ticket_id",
        "card_uid",
        "result",
        "reason",
        "direction",
        "scan_kind",
        "repeat",
        "delta",
        "source",
        "gate",
    ),
    *("principal_id", "principal_name", "scanned_at", "decided_at", "conflict", "resolution", "holder_name", "tier"),
    *("error", "correction", "seq", "via"),
)
# Rows that are found by the lists of conflicts.
_LISTS = (keys.incidents.listed_as_open, keys.incidents.listed_as_closed)
_CONFLICTS = "conflicts"
_LOG_ID = re.compile(r"log_[0-9A-HJKMNP-TV-Z]{26}")


class CheckinEntry(Struct, frozen=True):
    """A scan with the name of its attendee and the tier, which are stored only on the ticket."""

    scan: Scan
    attendee_name: str | None
    tier: str | None = None


class CheckinFilters(Struct, frozen=True):
    """Filters of a search in the log."""

    card_id: str | None = None
    username: str | None = None
    result: ScanResult | None = None
    attendee: str | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    source: ScanSource | None = None
    conflict: bool | None = None
    resolved: bool | None = None

    def fits(self, scan: Scan) -> bool:
        """Whether a scan has what only its item says."""
        return (
            (self.source is None or scan.source == self.source)
            and (self.conflict is None or self.conflict == (scan.conflict is not None))
            and (
                self.resolved is None or (scan.conflict is not None and self.resolved == (scan.resolution is not None))
            )
        )

    @property
    def asks_items(self) -> bool:
        """Whether only the items of scans answer it."""
        return (self.source, self.conflict, self.resolved) != (None, None, None)

    @property
    def asks_conflicts(self) -> bool:
        """Whether the lists of conflicts answer it, of which there are few, instead of the whole log."""
        return (bool(self.conflict) or self.resolved is not None) and (self.card_id, self.attendee) == (None, None)


class CheckinSlice(Struct, frozen=True):
    """A part of an event's log; `after` is where it goes on, None at the end."""

    entries: Sequence[CheckinEntry]
    after: str | None


def get(event_id: str, log_id: str) -> CheckinEntry:
    """Return one entry of an event's log. Raises NotFound."""
    if _LOG_ID.fullmatch(log_id):
        place = keys.gate.log(event_id, log_id)
        raws = operations.query(place.pk, Between(place.sk, place.sk), index="gsi1")
        places = operations.places_of(Scan, raws)
        if not places and (row := log_pages.find(event_id, log_id)) is not None:
            places = [row.key]
        entries = _entries(places)
        if entries:
            return entries[0]
    raise NotFound("There is no such log entry.")


def recent(
    event_id: str, *, caller_id: str, page_size: int, page: int | None, cursor: str | None
) -> Page[CheckinEntry]:
    """Return a page of an event's log, newest first, by number or by cursor."""
    bound_to = f"log/{caller_id}/{event_id}"
    before = paging.unseal(cursor, bound_to=bound_to) if cursor else None
    skip = _skipped(page, page_size) if page is not None and cursor is None else 0
    rows = _sorted(_rows_of_log(event_id, before=before, limit=skip + page_size + 1)[0], skip + page_size + 1)[skip:]
    counters = operations.get(keys.gate.counters(event_id), consistent=False)
    found = _page(rows, page_size=page_size, more=len(rows) > page_size, bound_to=bound_to)
    return replace(found, count=counters.scans if counters else None)


def search(
    event_id: str, filters: CheckinFilters, *, caller_id: str, page_size: int, page: int | None, cursor: str | None
) -> Page[CheckinEntry]:
    """Return a page of the entries that fit, newest first, by number or by cursor.

    By card or attendee it queries the index of that ticket or card, and reads first entries off the tickets. By usher
    and result it reads a bounded part of the event's log per request. Such a page may hold fewer entries than
    requested; `next` continues.
    """
    is_numbered = page is not None and cursor is None
    skip = _skipped(page, page_size) if page is not None and is_numbered else 0
    question = _question(event_id, filters)
    if question is None:
        return paging.nothing(cursor)
    by_cursor = _FILTERED if question.usher_id or filters.result else ReadBudget()
    found = paging.walk(
        PageRequest(f"log-search/{caller_id}/{event_id}/{filters}", skip + page_size, cursor),
        question.read,
        question.load,
        budget=_NUMBERED if is_numbered else by_cursor,
    )
    if skip and len(found.results) <= skip and found.next is not None:
        raise _too_deep("is too deep for this search; use the cursor in `next`, or more filters")
    return found.showing(_entries(found.results[skip:]))


def _skipped(page: int, page_size: int) -> int:
    """Return how many entries come before a numbered page. Raises ValidationFailed."""
    if page > MAX_PAGE:
        raise _too_deep(f"goes to {MAX_PAGE}; use the cursor in `next`, or search")
    return (page - 1) * page_size


def _too_deep(message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": "page", "message": message}])


def slice_of(
    event_id: str, filters: CheckinFilters, *, after: str | None, limit: int, most: int | None = None
) -> CheckinSlice:
    """Return the entries that fit among about `limit` next ones of an event's log, newest first, and at most `most`."""
    question = _question(event_id, filters)
    if question is None:
        return CheckinSlice((), None)
    rows, end = question.read_slice(after, limit)
    places = question.load(rows)
    fitting = [(row, place) for row, place in zip(rows, places, strict=True) if place is not None]
    if most is not None and len(fitting) > most:
        fitting = fitting[:most]
        end = fitting[-1][0].log_id
    entries = _entries([place for _, place in fitting])
    return CheckinSlice([entry for entry in entries if filters.fits(entry.scan)], end)


def _question(event_id: str, filters: CheckinFilters) -> "_Question | None":
    """Return how a search reads an event's log, or None if nothing can fit."""
    usher_id = _usher_id(filters.username) if filters.username else None
    if filters.username and usher_id is None:
        return None
    entered: list[LogRow] = []
    if filters.asks_conflicts:
        are_open, are_closed = (each(event_id).pk for each in _LISTS)
        listed = {None: [are_open, are_closed], False: [are_open], True: [are_closed]}[filters.resolved]
        return _Question(filters, usher_id, listed, _CONFLICTS, [])
    if filters.card_id is not None or filters.attendee is not None:
        ticket_ids, partitions = _history_of(event_id, filters)
        partitions = [keys.gate.ticket_log(event_id, ticket_id).pk for ticket_id in ticket_ids] + partitions
        entered, index = _first_entries(ticket_ids), "gsi2"
    else:
        return _Question(filters, usher_id, keys.gate.log_partitions(event_id), "gsi1", [], log_of=event_id)
    return _Question(filters, usher_id, partitions, index, entered)


class _Question(Struct, frozen=True):
    """A search of one event's log: the partitions to read, and the first entries that no partition has."""

    filters: CheckinFilters
    usher_id: str | None
    partitions: list[str]
    index: str
    entered: list[LogRow]
    # The event whose whole log is read.
    log_of: str | None = None

    def read(self, after: str | None, limit: int) -> list[tuple[str, LogRow]]:
        """Return the next rows with their positions; fewer than `limit` end the log."""
        before = after or _end_of(self.filters.date_to)
        rows, _ = self._rows(before, limit, each=limit)
        rows = self._with_entered(rows, before)
        rows = sorted(rows, key=lambda row: row.log_id, reverse=True)[:limit]
        start = _start_of(self.filters.date_from)
        return [(row.log_id, row) for row in rows if row.log_id >= start]

    def read_slice(self, after: str | None, limit: int) -> tuple[list[LogRow], str | None]:
        """Return about `limit` of the next rows, and where the log goes on; each row is read once."""
        before = after or _end_of(self.filters.date_to)
        each = limit // max(len(self.partitions), 1) + 1
        rows, frontier = self._rows(before, limit, each=each)
        # Behind the last row of a partition that goes on, others may have rows that were not read.
        reached = max(frontier, default=None)
        start = _start_of(self.filters.date_from)
        rows = self._with_entered(rows, before)
        rows = [row for row in rows if row.log_id >= max(reached or "", start)]
        goes_on = reached is not None and reached >= start
        return sorted(rows, key=lambda row: row.log_id, reverse=True), reached if goes_on else None

    def load(self, rows: Sequence[LogRow]) -> list[Place[Scan] | None]:
        """Return the place of each row's scan, None where it does not fit."""
        fitting = _fitting(rows, usher_id=self.usher_id, result=self.filters.result, index=self.index)
        return [row.key if row.key in fitting else None for row in rows]

    def _rows(self, before: str | None, limit: int, *, each: int) -> tuple[list[LogRow], list[str]]:
        """Return the next rows, `each` of a partition, and where each part of the log goes on."""
        if self.log_of is not None:
            return _rows_of_log(self.log_of, before=before, limit=limit, each=each)
        if self.index == _CONFLICTS:
            return conflicts.listed(self.partitions, before=before, limit=each)
        return _rows_of(self.partitions, self.index, before=before, limit=each)

    def _with_entered(self, rows: Sequence[LogRow], before: str | None) -> list[LogRow]:
        entered = [row for row in self.entered if before is None or row.log_id < before]
        return list({row.key: row for row in (*entered, *rows)}.values())


def _fitting(rows: Sequence[LogRow], *, usher_id: str | None, result: ScanResult | None, index: str) -> set[Key]:
    """Return the keys of the scans with this result and by this usher."""
    if usher_id is None and result is None:
        return {row.key for row in rows}
    if index != "gsi1":  # others carry keys only
        scans = operations.get_many([row.key for row in rows], consistent=False)
        facts: dict[Key, tuple[str, str]] = {key: (scan.result, scan.principal_id) for key, scan in scans.items()}
    else:
        facts = {row.key: (row.result or "", row.principal_id or "") for row in rows}
    return {
        key
        for key, (was, by) in facts.items()
        if (result is None or was == result) and (usher_id is None or by == usher_id)
    }


def _start_of(date_from: datetime | None) -> str:
    return log_id_of("", decided_at=date_from)[:14] if date_from else ""


def _end_of(date_to: datetime | None) -> str | None:
    # A log id begins with its time, so that time followed by "~" sorts after all of its entries.
    return log_id_of("", decided_at=date_to)[:14] + "~" if date_to else None


def _sorted(rows: Iterable[LogRow], limit: int) -> list[LogRow]:
    return sorted(rows, key=lambda row: row.log_id, reverse=True)[:limit]


def _rows_of_log(
    event_id: str, *, before: str | None, limit: int, each: int | None = None
) -> tuple[list[LogRow], list[str]]:
    """Return the newest rows of an event's log, of its index and its pages, and where each part of it goes on.

    Of the pages there are `limit` rows or more, of each partition of the index `each`.
    """
    rows, goes_on = _rows_of(keys.gate.log_partitions(event_id), "gsi1", before=before, limit=each or limit)
    paged, complete_from = log_pages.newest(event_id, before=before, limit=limit)
    return [*rows, *paged], [*goes_on, *([complete_from] if complete_from is not None else [])]


def _rows_of(partitions: list[str], index: str, *, before: str | None, limit: int) -> tuple[list[LogRow], list[str]]:
    """Return the newest rows of several partitions, and the last row of each that may go on."""
    rows: list[LogRow] = []
    goes_on: list[str] = []
    for partition in partitions:
        raws = operations.query(
            partition, Before(before) if before else None, index=index, newest_first=True, limit=limit
        )
        if len(raws) == limit:
            goes_on.append(raws[-1][f"{index}sk"]["S"])
        rows += [
            LogRow(
                log_id=raw[f"{index}sk"]["S"],
                key=place,
                result=raw.get("result", {}).get("S"),
                principal_id=raw.get("principal_id", {}).get("S"),
            )
            for raw, place in zip(raws, operations.places_of(Scan, raws), strict=True)
        ]
    return rows, goes_on


def _page(rows: Sequence[LogRow], *, page_size: int, more: bool, bound_to: str) -> Page[CheckinEntry]:
    shown = list(rows[:page_size])
    following = paging.seal(shown[-1].log_id, bound_to=bound_to) if more and shown else None
    return Page(results=_entries([row.key for row in shown]), next=following)


def _entries(scan_keys: Sequence[Place[Scan]]) -> list[CheckinEntry]:
    # The key of a scan mostly names its ticket, so both are read at once.
    named = [place for key in scan_keys if (place := keys.gate.scanned_ticket(key.sk)) is not None]
    wanted: list[Place[Any]] = [*scan_keys, *named]
    found: dict[Key, Any] = operations.get_many(wanted, consistent=False, only=_SHOWN)
    scans: dict[Key, Scan] = {key: found[key] for key in scan_keys if key in found}
    tickets = {found[place].ticket_id: found[place] for place in named if place in found}
    tickets |= scanned_tickets(scan for scan in scans.values() if scan.ticket_id not in tickets)
    return [entry_of(scans[key], tickets.get(scans[key].ticket_id or "")) for key in scan_keys if key in scans]


def entry_of(scan: Scan, ticket: Ticket | None) -> CheckinEntry:
    """Return a scan with what its ticket says, if it found one."""
    return CheckinEntry(scan, ticket.holder_name if ticket else None, ticket.tier if ticket else None)


def scanned_tickets(scans: Iterable[Scan | Leave]) -> dict[str, Ticket]:
    """Return the tickets of these scans or leaves, by id."""
    wanted = {keys.tickets.ticket(scan.ticket_id) for scan in scans if scan.ticket_id}
    tickets = operations.get_many(wanted, consistent=False).values()
    return {ticket.ticket_id: ticket for ticket in tickets}


def _usher_id(username: str) -> str | None:
    account = accounts.find(Portal.USHER, username)
    return account.account_id if account else None


def _first_entries(ticket_ids: Sequence[str]) -> list[LogRow]:
    """Return the rows of the tickets' passages: the index leaves a first entry out, to save a write unit a scan.

    Some of these rows are in the index as well, since they were written with their record.
    """
    tickets = operations.get_many([keys.tickets.ticket(ticket_id) for ticket_id in ticket_ids], consistent=False)
    rows = []
    for ticket in tickets.values():
        for passage in passages(ticket):
            place = keys.gate.scan(passage.caller_id, passage.scan_id, passage.subject or ticket.ticket_id)
            rows.append(LogRow(passage.log_id, place, ScanResult.VALID, passage.caller_id))
    return rows


def _history_of(event_id: str, filters: CheckinFilters) -> tuple[list[str], list[str]]:
    """Return the tickets of a card or attendee, and the partition of the card's scans that found none."""
    ticket_ids: list[str] = []
    partitions: list[str] = []
    if filters.card_id is not None:
        uid = cards.name_to_uid(filters.card_id)
        card = operations.get(keys.cards.card(uid), consistent=False)
        ticket_ids += card.tickets.get(event_id, []) if card else []
        partitions.append(keys.gate.card_log(event_id, uid).pk)
    if filters.attendee is not None:
        named = attendee_names.find(event_id, filters.attendee)
        ticket_ids = [t for t in ticket_ids if t in named] if filters.card_id is not None else named
        if filters.card_id is not None:
            partitions = []
    return ticket_ids, partitions
