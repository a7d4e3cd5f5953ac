"""After the stream is drained the log has every answered scan, in any order of its records."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.gate import checkin, checkin_log, log_pages
from chalicelib.domain.gate.checkin_log import CheckinEntry, CheckinFilters
from chalicelib.domain.paging import Page
from chalicelib.errors import NotFound
from chalicelib.identifiers import log_id_of, ulid_of
from chalicelib.table import keys, operations
from chalicelib.vocabulary.gate import ScanResult
from tests.faults import scenarios
from tests.support.factories import make_event
from tests.support.sizes import size_of
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")

DONE: dict[str, Any] = {"batchItemFailures": []}


def answered(event_id: str) -> list[str]:
    """Scan one ticket of every kind, admitted and refused; return the log ids that the callers were given."""
    answers = [checkin.scan(made.caller, made.reading) for made in (make(event_id) for make in scenarios.ALL.values())]
    return [str(answer.log_id) for answer in answers]


def logged(event_id: str) -> list[str]:
    """Return the ids of the whole log, page by page."""
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = checkin_log.recent(event_id, caller_id="ush_1", page_size=5, page=None, cursor=cursor)
        ids += [entry.scan.log_id for entry in page.results]
        if page.next is None:
            return ids
        cursor = page.next


@pytest.mark.parametrize("seed", range(size_of("LOG_ORDERS", small=3, full=8)))
def test_every_answered_scan_is_in_the_log_once_in_whatever_order_the_records_come(seed: int) -> None:
    shuffle = random.Random(seed)  # noqa: S311  # an order, not a secret
    event_id = make_event().event_id
    stream = StreamReader()
    while stream.drain():
        pass
    # Some kinds are scanned before, as a duplicate is; those scans were answered too.
    ids = answered(event_id)
    records = stream.read()
    records += shuffle.choices(records, k=len(records) // 2)
    shuffle.shuffle(records)
    while records:
        size = shuffle.randint(1, 12)
        assert project(records[:size]) == DONE
        records = records[size:]
    found = logged(event_id)
    assert set(ids) <= set(found)
    assert len(found) == len(set(found))
    for log_id in ids:
        assert checkin_log.get(event_id, log_id).scan.log_id == log_id
    # What the projection wrote leads to nothing more.
    while stream.drain():
        pass
    assert logged(event_id) == found


def test_only_a_first_entry_waits_for_the_stream_and_its_record_is_there_to_be_read() -> None:
    event_id = make_event().event_id
    stream = StreamReader()
    while stream.drain():
        pass
    ids = dict(zip(scenarios.ALL, answered(event_id), strict=True))
    missing = set(ids.values()) - set(logged(event_id))
    assert missing == {ids[kind] for kind in ("by_ticket", "by_code", "by_card", "by_secure_card")}
    for log_id in missing:
        with pytest.raises(NotFound):
            checkin_log.get(event_id, log_id)
    images = [record["dynamodb"].get("NewImage", {}) for record in stream.read()]
    streamed = {image["admission"]["M"]["log_id"]["S"] for image in images if "admission" in image}
    assert missing <= streamed


def beginning(moment: datetime) -> str:
    return log_id_of("", decided_at=moment)[:14]


def time_of(log_id: str) -> datetime:
    ulid = ulid_of(log_id)
    assert ulid is not None
    return ulid.datetime


@dataclass(frozen=True)
class Evening:
    """An event's log, and what it must say."""

    event_id: str
    newest_first: list[str]
    entered: set[str]
    moments: list[datetime]

    @classmethod
    def played(cls) -> "Evening":
        """Scan, and deliver the changes in batches of a random order."""
        draw = random.Random(16)  # noqa: S311  # an order, not a secret
        event_id = make_event().event_id
        stream = StreamReader()
        while stream.drain():
            pass
        ids, entered, moments = [], set(), []
        moment = clock.now()
        for number in range(32):
            moment += timedelta(milliseconds=draw.choice((1, 40, 300, 900, 4000)))
            moments.append(moment)
            with clock.set_to(moment):
                made = scenarios.ALL["unpaid" if number % 8 == 7 else "by_ticket"](event_id)
                answer = checkin.scan(made.caller, made.reading)
            ids.append(str(answer.log_id))
            if answer.result is ScanResult.VALID:
                entered.add(str(answer.log_id))
        records = stream.read()
        while records:
            size = draw.randint(1, 9)
            # Shards are read beside one another, so batches overlap in time; what failed comes twice.
            batch = records[:size] + records[size + 2 : size + 4]
            assert project(batch) == DONE
            records = records[size:]
        while stream.drain():
            pass
        return cls(event_id, sorted(ids, reverse=True), entered, moments)

    def recent(self, page_size: int) -> list[str]:
        """Return the log as the pages of the newest entries show it."""
        return self._walked(
            lambda cursor: checkin_log.recent(
                self.event_id, caller_id="ush_1", page_size=page_size, page=None, cursor=cursor
            )
        )

    def searched(self, filters: CheckinFilters) -> list[str]:
        """Return what a search shows."""
        return self._walked(
            lambda cursor: checkin_log.search(
                self.event_id, filters, caller_id="ush_1", page_size=9, page=None, cursor=cursor
            )
        )

    def in_slices(self, filters: CheckinFilters, limit: int) -> list[str]:
        """Return the log as an export reads it."""
        ids, after = [], None
        while True:
            part = checkin_log.slice_of(self.event_id, filters, after=after, limit=limit)
            ids += [entry.scan.log_id for entry in part.entries]
            if (after := part.after) is None:
                return ids

    @staticmethod
    def _walked(read: Callable[[str | None], Page[CheckinEntry]]) -> list[str]:
        ids, cursor = [], None
        while True:
            page = read(cursor)
            ids += [entry.scan.log_id for entry in page.results]
            if (cursor := page.next) is None:
                return ids


def test_a_log_of_pages_and_rows_is_read_whole_and_newest_first_by_every_reader() -> None:
    evening = Evening.played()
    for page_size in (7, 100):
        assert evening.recent(page_size) == evening.newest_first
    for limit in (12, 500):
        assert evening.in_slices(CheckinFilters(), limit) == evening.newest_first
    for log_id in evening.newest_first[::4]:
        assert checkin_log.get(evening.event_id, log_id).scan.log_id == log_id
    only_valid = CheckinFilters(result=ScanResult.VALID)
    valid = [log_id for log_id in evening.newest_first if log_id in evening.entered]
    assert evening.searched(only_valid) == valid
    assert evening.in_slices(only_valid, 10) == valid
    middle = evening.moments[len(evening.moments) // 2]
    later = [log_id for log_id in evening.newest_first if log_id >= beginning(middle)]
    assert evening.searched(CheckinFilters(date_from=middle)) == later
    # Each row is in one place, and a page spans few seconds.
    pages = operations.query(keys.gate.log_page(evening.event_id, "").pk)
    paged = [[row.log_id for row in log_pages.rows_of(raw)] for raw in pages]
    parts = keys.gate.log_partitions(evening.event_id)
    indexed = [raw["gsi1sk"]["S"] for part in parts for raw in operations.query(part, index="gsi1")]
    assert sorted([*(log_id for ids in paged for log_id in ids), *indexed]) == sorted(evening.newest_first)
    assert len(pages) >= 3
    for raw, ids in zip(pages, paged, strict=True):
        assert raw["sk"]["S"] == min(ids)
        assert len(ids) >= log_pages.LEAST_ROWS
        assert time_of(max(ids)) - time_of(min(ids)) < log_pages.SPAN
