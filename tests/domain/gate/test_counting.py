"""Log and totals follow the stream, each scan once, however its records are delivered."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.domain.events.events import GateStatus
from chalicelib.domain.gate import checkin, checkin_log
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import keys, operations
from chalicelib.vocabulary.gate import Direction
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud", "event")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
EVENT_ID = "evt_concert"
USHER = Caller(id="ush_1", event_id=EVENT_ID, name="first")
Records = list[dict[str, Any]]


@pytest.fixture
def event() -> Iterator[None]:
    with clock.set_to(START):
        events.create(
            events.EventDraft(
                event_id=EVENT_ID,
                title="Concert",
                starts_at=START,
                ends_at=START + timedelta(hours=6),
                re_entry_allowed=True,
            )
        )
        yield


@pytest.fixture
def stream() -> StreamReader:
    return StreamReader()


def issued(number: int) -> str:
    order = TicketToIssue(event_id=EVENT_ID, holder=Holder(name="Sana Mir"), number=f"A-{number}")
    return str(tickets.issue(order).ticket_id)


def scanned(scan_id: str, ticket_id: str, *, after: int = 0, direction: Direction = Direction.ENTRY) -> None:
    with clock.set_to(START + timedelta(seconds=after)):
        checkin.scan(USHER, Reading(scan_id=scan_id, ticket_id=ticket_id, direction=direction))


def an_evening(stream: StreamReader) -> Records:
    """Two guests: one enters, is scanned again, and exits; the other enters. Four records of the stream."""
    one, other = issued(1), issued(2)
    stream.read()
    scanned("scn_in000001", one)
    scanned("scn_again001", one, after=10)
    scanned("scn_out00001", one, after=20, direction=Direction.EXIT)
    scanned("scn_in000002", other, after=30)
    return stream.read()


def totals() -> tuple[int, int, int]:
    status: GateStatus = events.status(EVENT_ID)
    return status.admitted, status.inside, status.on_leave


def log() -> list[str]:
    page = checkin_log.recent(EVENT_ID, caller_id=USHER.id, page_size=50, page=None, cursor=None)
    return [entry.scan.scan_id for entry in page.results]


EVENING = ["scn_in000002", "scn_out00001", "scn_again001", "scn_in000001"]


def test_the_log_has_every_scan_and_the_totals_agree_with_it(stream: StreamReader) -> None:
    assert project(an_evening(stream)) == {"batchItemFailures": []}
    assert log() == EVENING
    assert totals() == (2, 1, 1)
    assert events.status(EVENT_ID).last_scan_at == START + timedelta(seconds=30)


def test_a_batch_that_comes_twice_counts_once(stream: StreamReader) -> None:
    records = an_evening(stream)
    for _ in range(2):
        assert project(records) == {"batchItemFailures": []}
    assert totals() == (2, 1, 1)
    counters = operations.get(keys.gate.counters(EVENT_ID))
    assert counters is not None
    assert (counters.scans, counters.result_valid, counters.result_already_scanned) == (4, 3, 1)


def test_a_batch_that_was_half_done_counts_the_other_half_only(stream: StreamReader) -> None:
    records = an_evening(stream)
    project(records[: len(records) // 2])
    project(records)
    assert totals() == (2, 1, 1)


def test_records_one_by_one_and_backwards_come_to_the_same(stream: StreamReader) -> None:
    for record in reversed(an_evening(stream)):
        project([record])
    assert log() == EVENING
    assert totals() == (2, 1, 1)
    assert events.status(EVENT_ID).last_scan_at == START + timedelta(seconds=30)


def test_a_worker_that_fails_between_totals_and_mark_leaves_neither(stream: StreamReader) -> None:
    records = an_evening(stream)
    calls: list[str] = []

    def fail_second_write(model: Any, **_: Any) -> None:
        if model.name in ("PutItem", "UpdateItem", "TransactWriteItems"):
            calls.append(model.name)
            if len(calls) == 2:
                raise ConnectionError("the worker's machine is gone")

    events_of = operations.client().meta.events
    events_of.register("before-call.dynamodb", fail_second_write)
    project(records)
    events_of.unregister("before-call.dynamodb", fail_second_write)
    project(records)
    assert totals() == (2, 1, 1)


def test_a_record_that_cannot_be_taken_is_reported_with_all_after_it(stream: StreamReader) -> None:
    records = an_evening(stream)
    operations.record(operations.remove(keys.gate.counters(EVENT_ID)))
    answer = project(records)
    first = next(r for r in records if r["dynamodb"]["NewImage"]["kind"]["S"] in ("ticket", "scan"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": first["dynamodb"]["SequenceNumber"]}]}
