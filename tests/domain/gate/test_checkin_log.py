"""After the stream is drained the log has every answered scan, in any order of its records."""

import random
from typing import Any

import pytest

from chalicelib.domain.gate import checkin, checkin_log
from chalicelib.errors import NotFound
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
