"""The truth test: on the platform as it runs, on an exact engine, over HTTP."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from chalicelib.domain.events import events
from chalicelib.table import keys, operations
from tests.support import engines, ground, stack
from tests.support.caches import forget_caches
from tests.support.sizes import size_of
from tests.support.stack import Stack
from tests.truth import crowd
from tests.truth.linearizability import is_linearizable

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("truth"), pytest.mark.timeout(1500)]

TICKETS = size_of("TRUTH_TICKETS", small=12, full=60)
# `make test` races on the best engine alone: tests/truth/test_engines.py races writers on MiniStack each time.
ON_MINISTACK = size_of("TRUTH_MINISTACK_TICKETS", small=0, full=60)
CALLERS = 16
SETTLE_SECONDS = 120


@pytest.fixture(scope="module", params=engines.EXACT)
def platform(request: pytest.FixtureRequest) -> Iterator[tuple[Stack, int]]:
    """The platform as `make run` serves it, on each engine, and how many tickets are raced for there."""
    authority = engines.is_available(engines.DYNAMODB_LOCAL)
    if request.param == engines.DYNAMODB_LOCAL and not authority:
        pytest.skip("DynamoDB Local is not available here; MiniStack is the engine then")
    tickets = ON_MINISTACK if authority and request.param == engines.MINISTACK else TICKETS
    if not tickets:
        pytest.skip("the race on MiniStack runs at full size; see docs/testing.md")
    with stack.running(request.param, demo=False) as running:
        forget_caches()
        yield running, tickets
    forget_caches()


def scans_in_the_table(event_id: str) -> list[dict[str, str]]:
    """Read the whole table, as only a test may, and return the event's scans."""
    pages = (
        operations.client()
        .get_paginator("scan")
        .paginate(
            TableName="gatehouse",
            FilterExpression="kind = :kind AND event_id = :event",
            ExpressionAttributeValues={":kind": {"S": "scan"}, ":event": {"S": event_id}},
        )
    )
    return [
        {name: next(iter(value.values())) for name, value in raw.items()} for page in pages for raw in page["Items"]
    ]


def test_each_ticket_is_admitted_exactly_once_whatever_reaches_it_at_once(
    platform: tuple[Stack, int],
) -> None:
    running, count = platform
    event = ground.create_event()
    tickets = ground.fill(event, tickets=count)
    callers = crowd.crowd(event, CALLERS)

    crowd.scan_all(running.port, event, tickets, callers)

    results = sum((caller.results for caller in callers), Counter())
    assert results == {"valid": count, "already_scanned": count * (CALLERS - 1)}
    assert [promise for caller in callers for promise in caller.broken_promises] == []
    for one in tickets:
        history = [call for caller in callers for call in caller.calls[one.ticket_id]]
        assert len(history) == 2 * CALLERS
        assert len({call.scan for call in history if call.admitted}) == 1
        assert all(call.admitted or call.winner is not None for call in history)
        assert is_linearizable(history), history

    wait_until_all_is_counted(running)
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert counters.scans == count * CALLERS
    scans = scans_in_the_table(event.event_id)
    made = {(caller.principal_id, scan_id) for caller in callers for scan_id in caller.scan_ids.values()}
    assert Counter((scan["principal_id"], scan["scan_id"]) for scan in scans) == dict.fromkeys(made, 1)
    assert Counter(scan["result"] for scan in scans) == results
    assert (counters.result_valid, counters.result_already_scanned) == (count, count * (CALLERS - 1))
    assert (counters.admitted, counters.inside, counters.on_leave) == (count, count, 0)
    assert events.status(event.event_id).admitted == count


def wait_until_all_is_counted(platform: Stack) -> None:
    """Scan a ticket of another event, and wait until the stream has counted that: it comes behind all others."""
    event = ground.create_event()
    crowd.scan_all(platform.port, event, ground.fill(event, tickets=1), crowd.crowd(event, 1))
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        counters = operations.get(keys.gate.counters(event.event_id))
        if counters is not None and counters.scans:
            return
        time.sleep(0.1)
    raise AssertionError(f"the stream has not counted all scans within {SETTLE_SECONDS} s")
