"""The lines of an event's settlement: every movement of its money, as a file that anyone can add up (D-FIN-03).

A follower writes one line for each journal of an event, at one write unit. A line is written whole under the journal's
own key, so a repeated batch changes nothing. The partitions are read in order of time and merged, a page at a time: a
settlement of any length takes the memory of a few pages.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.ledger import account_names
from chalicelib.domain.money import Money
from chalicelib.legible import spreadsheet_cell
from chalicelib.table import keys, operations
from chalicelib.table.items import EventLine, Journal, Settlement
from chalicelib.table.ranges import After

COLUMNS = (
    *("at", "what", "after_close", "gross", "refunds", "platform_fee", "net", "waiting", "currency"),
    *("order_id", "payment_id", "refund_id", "journal_id"),
)
# What books the platform's own acts on an event's accounts. They repeat the other lines and change no sum.
_OWN = ("settlement",)
_PAGE = 1000


@follows(Wanted(Journal, only_new=True, unless=Journal.counted))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Write the lines of new journals that belong to an event; idempotent."""
    journals = [change.after for change in changes if isinstance(change.after, Journal)]
    lines = [line for line in map(line_of, journals) if line is not None]
    operations.put_many({line.place: line for line in lines}.values())
    return []


def line_of(journal: Journal) -> EventLine | None:
    """Return the line of a journal, or None where it moves no money of an event's buyers."""
    event_id = journal.references.get("event_id")
    if not event_id or journal.type in _OWN:
        return None
    of_sales, of_fees, taken_back, waiting = _sums(journal, event_id)
    if not (of_sales or of_fees or taken_back or waiting):
        return None
    paid = of_sales + of_fees
    return EventLine(
        *keys.money.event_line(
            event_id, _shard(journal.journal_id), clock.to_text(journal.posted_at), journal.journal_id
        ),
        journal_id=journal.journal_id,
        event_id=event_id,
        what=_what(journal, paid=paid, taken_back=taken_back),
        currency=journal.currency,
        gross=max(paid, 0) or None,
        refunds=(max(-paid, 0) + taken_back) or None,
        platform_fee=of_fees or None,
        waiting=waiting or None,
        order_id=journal.references.get("order_id"),
        payment_id=journal.references.get("payment_id"),
        refund_id=journal.references.get("refund_id"),
        posted_at=journal.posted_at,
    )


def _sums(journal: Journal, event_id: str) -> tuple[int, int, int, int]:
    """Return what a journal adds to the event's sales, to fees, to what providers took back, and to refunds due."""
    sums = dict.fromkeys(
        (
            account_names.sales(event_id),
            account_names.FEES,
            account_names.chargebacks(event_id),
            account_names.REFUNDS_DUE,
        ),
        0,
    )
    for entry in journal.entries:
        if entry["account"] in sums:
            sums[entry["account"]] += int(entry["amount"])
    sales, fees, lost, due = sums.values()
    return sales, fees, -lost, due


def _what(journal: Journal, *, paid: int, taken_back: int) -> str:
    if taken_back:
        return "provider"
    if paid > 0:
        return "order"
    return "refund" if paid < 0 else "late_payment" if journal.type == "charge" else journal.type


def _shard(journal_id: str) -> int:
    return hashlib.sha256(journal_id.encode()).digest()[0] % keys.money.LINE_SHARDS


def read(event_id: str) -> Iterator[EventLine]:
    """Yield the lines of an event in order of time."""
    return merge(*map(_partition, keys.money.event_lines(event_id)), key=_moment)


def _moment(line: EventLine) -> tuple[datetime, str]:
    return line.posted_at, line.journal_id


def _partition(partition: str) -> Iterator[EventLine]:
    after: str | None = None
    while True:
        raws = operations.query(partition, After(after) if after else None, limit=_PAGE)
        yield from (EventLine.from_raw_data(raw) for raw in raws)
        if len(raws) < _PAGE:
            return
        after = raws[-1]["sk"]["S"]


def csv_rows(settlement: Settlement | None, lines: Iterable[EventLine]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180), its heading first. No cell begins a formula of a spreadsheet."""
    yield _row(COLUMNS)
    for line in lines:
        gross, refunds, fee = (int(amount or 0) for amount in (line.gross, line.refunds, line.platform_fee))
        amounts = (gross, refunds, fee, gross - refunds - fee, int(line.waiting or 0))
        is_after = settlement is not None and line.posted_at > settlement.closed_at
        words = (line.currency, line.order_id, line.payment_id, line.refund_id, line.journal_id)
        yield _row(
            (
                *(clock.to_text(line.posted_at), spreadsheet_cell(line.what), "yes" if is_after else "no"),
                *(Money(amount, line.currency).amount for amount in amounts),
                *(spreadsheet_cell(word or "") for word in words),
            )
        )


def _row(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
