"""Pages of the check-in log: the rows of first entries that are counted together, packed into one item.

A row in the index costs a write unit for each scan. A page takes the place of the rows of one transaction, so that a
batch of six costs two units for them and one of forty-eight eight (D-COST-06). A page is written by the transaction
that writes its scans, and never changed: it says who scanned what and when, and all of its scans were valid.

A page is found by its oldest entry, and spans few seconds. So a reader that goes back in time knows what it has seen:
no page further back has an entry that is later than the span after its oldest one.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from msgspec import Struct

from chalicelib.identifiers import created_at, log_id_of, ulid_of
from chalicelib.table import keys, operations
from chalicelib.table.items import LogPage, Scan
from chalicelib.table.operations import RawItem, Write
from chalicelib.table.places import Place
from chalicelib.table.ranges import Before, Between
from chalicelib.vocabulary.gate import ScanResult

# With fewer rows, a page costs as much as their rows in the index, or more.
LEAST_ROWS = 3
SPAN = timedelta(seconds=4)
_MILLISECOND = timedelta(milliseconds=1)
# Ids from outside may name any moment; no entry is older than the platform.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_AT_ONCE = 10


class LogRow(Struct, frozen=True):
    """A row of the log, before the entry itself is read."""

    log_id: str
    key: Place[Scan]
    result: str | None
    principal_id: str | None


def place_rows(scans: Sequence[Scan]) -> list[Write]:
    """Choose for each new scan of one event its row in the index or a page; return the writes of the pages."""
    pages: list[Write] = []
    for group in _groups(sorted(scans, key=attrgetter("log_id"))):
        if len(group) < LEAST_ROWS:
            for scan in group:
                scan.put_in_gsi1(keys.gate.log(scan.event_id, scan.log_id))
            continue
        for scan in group:
            scan.gsi1pk = scan.gsi1sk = None
        rows = [[scan.log_id, scan.principal_id, scan.scan_id, scan.subject] for scan in group]
        packed = zlib.compress(json.dumps(rows, separators=(",", ":")).encode())
        place = keys.gate.log_page(group[0].event_id, group[0].log_id)
        pages.append(operations.put(LogPage(*place, event_id=group[0].event_id, rows=packed)))
    return pages


def newest(event_id: str, *, before: str | None, limit: int) -> tuple[list[LogRow], str | None]:
    """Return rows of an event's pages that sort before an id, and the id from which on they are complete.

    At least the newest `limit` rows are complete; the id is None where no page is left.
    """
    rows: list[LogRow] = []
    where = Before(before) if before else None
    while True:
        raws = operations.query(keys.gate.log_page(event_id, "").pk, where, newest_first=True, limit=_AT_ONCE)
        rows += [row for raw in raws for row in rows_of(raw) if before is None or row.log_id < before]
        if len(raws) < _AT_ONCE:
            return rows, None
        complete_from = _shifted(raws[-1]["sk"]["S"], SPAN + _MILLISECOND)
        if sum(row.log_id >= complete_from for row in rows) >= limit:
            return rows, complete_from
        where = Before(raws[-1]["sk"]["S"])


def find(event_id: str, log_id: str) -> LogRow | None:
    """Return the row of one entry, if a page has it."""
    decided_at = created_at(log_id)
    if decided_at is None or decided_at < _EARLIEST:
        return None
    around = Between(_shifted(log_id, -SPAN - _MILLISECOND), log_id)
    raws = operations.query(keys.gate.log_page(event_id, "").pk, around, newest_first=True)
    return next((row for raw in raws for row in rows_of(raw) if row.log_id == log_id), None)


def rows_of(raw: RawItem) -> Iterator[LogRow]:
    """Yield the rows of a page."""
    page = LogPage.from_raw_data(raw)
    for log_id, principal_id, scan_id, subject in json.loads(zlib.decompress(page.rows)):
        place = keys.gate.scan(principal_id, scan_id, subject)
        yield LogRow(log_id, place, ScanResult.VALID, principal_id)


def _groups(scans: Sequence[Scan]) -> Iterator[list[Scan]]:
    """Yield scans that a page may span, the oldest first."""
    group: list[Scan] = []
    for scan in scans:
        if group and scan.log_id >= _shifted(group[0].log_id, SPAN):
            yield group
            group = []
        group.append(scan)
    if group:
        yield group


def _shifted(log_id: str, by: timedelta) -> str:
    """Return the beginning of the ids of a moment that is so much later than an entry's."""
    ulid = ulid_of(log_id)
    if ulid is None:
        raise ValueError(f"{log_id} is no id of a log entry")
    return log_id_of("", decided_at=ulid.datetime + by)[:14]
