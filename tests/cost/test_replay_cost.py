"""What a batch of records without the network may cost before its answer."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from infra.local.meter import Meter
from infra.local.seed import Seeded
from tests.support import engines, ground
from tests.support.caches import forget_caches
from tests.support.factories import scan_id
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]

RECORDS = size_of("REPLAY_BATCH", small=100, full=500)
# In a hundred records: so many meet an admission, and so many were refused at the gate.
DOUBLE, REFUSED = 10, 10
MOST_REQUESTS, MOST_WRITE_UNITS = 2.2, 4.0
PATH = "/api/usher/sync/logs/"


@pytest.fixture(scope="module")
def meter() -> Iterator[Meter]:
    made = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            yield made
    finally:
        made.detach()
        forget_caches()


def records_of(crowd: list[Seeded]) -> list[dict[str, Any]]:
    """Return records of a crowd, half of them by card. A share meets an admission, by turns later and earlier."""
    now, records = clock.now() - timedelta(minutes=5), []
    for number, one in enumerate(crowd):
        shown = {"card_id": one.uid} if one.uid and number % 2 else {"ticket_id": one.ticket_id}
        is_refused = number < RECORDS * REFUSED // 100
        record = {
            "scan_id": scan_id(),
            "scanned_at": clock.to_text(now),
            "gate": "Gate 1",
            "offline": {"result": "already_scanned" if is_refused else "valid"},
            **shown,
        }
        records.append(record)
        if not is_refused and len(records) + len(crowd) - number - 1 < RECORDS:
            at = now + timedelta(seconds=1 if number % 2 else -1)
            records.append({**record, "scan_id": scan_id(), "scanned_at": clock.to_text(at)})
    return records


def test_a_batch_stays_within_its_requests_and_write_units_and_its_repeat_writes_nothing(meter: Meter) -> None:
    event = ground.create_event()
    crowd = ground.fill(event, tickets=RECORDS - RECORDS * DOUBLE // 100)
    token = ground.log_in(event)
    body = {"logs": records_of(crowd), "device_time": clock.to_text(clock.now())}
    used = []
    for _ in range(2):
        meter.reset()
        began, worked = time.perf_counter(), time.process_time()
        with meter.request("replay"):
            answer = ground.ask(PATH, body, token=token)
        report = meter.report()["requests"]["replay"]
        used.append((answer, report, (time.perf_counter() - began, time.process_time() - worked)))
    (first, cost, seconds), (again, cost_again, _) = used
    print(f"{RECORDS} records: {seconds[0]:.2f} s, of which {seconds[1]:.2f} s are this process at work; {cost}")
    assert (first["conflicts"], first["accepted"]) == (RECORDS * DOUBLE // 200, RECORDS - RECORDS * DOUBLE // 200)
    assert cost["dynamodb_requests"] / RECORDS <= MOST_REQUESTS
    assert cost["write_units"] / RECORDS <= MOST_WRITE_UNITS
    assert again["replayed"] == RECORDS
    assert cost_again["write_units"] == 0
