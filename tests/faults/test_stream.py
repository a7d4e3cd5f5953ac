"""The table's stream, delivered in the worst ways of Lambda: twice, in halves, interrupted, out of order."""

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Reading
from chalicelib.table import operations
from chalicelib.table.items import Event
from tests.faults import dying, scenarios
from tests.faults.recount import assert_log_and_totals_are_true, items_of
from tests.support import card_states
from tests.support.children import exit_code
from tests.support.explore import explore
from tests.support.later import later
from tests.support.streams import StreamReader, project
from tests.support.wire import Fault, places, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_stream")]

DONE: dict[str, Any] = {"batchItemFailures": []}
BEFALLING = (Fault.ANSWER_LOST, Fault.DROPPED, Fault.THROTTLED, Fault.CONFLICT)


def mixed_scans(event_id: str, stream: StreamReader) -> list[dict[str, Any]]:
    """Make scans of every kind, admitted and refused, and return the records that they left in the stream."""
    stream.skip()
    made = [make(event_id) for make in scenarios.ALL.values()]
    for scenario in made:
        assert checkin.scan(scenario.caller, scenario.reading).result == scenario.result
    return stream.read()


def test_a_batch_that_comes_twice_counts_once(event: Event, stream: StreamReader) -> None:
    records = mixed_scans(event.event_id, stream)
    assert project(records) == DONE
    assert project(records) == DONE
    assert_log_and_totals_are_true(event.event_id)


def test_a_batch_that_comes_whole_and_then_in_halves_counts_once(event: Event, stream: StreamReader) -> None:
    records = mixed_scans(event.event_id, stream)
    half = len(records) // 2
    assert project(records) == DONE
    assert project(records[half:]) == DONE
    assert project(records[:half]) == DONE
    assert_log_and_totals_are_true(event.event_id)


@pytest.mark.parametrize("fault", BEFALLING)
def test_a_worker_that_fails_at_any_request_reports_it_and_its_next_try_completes(
    fault: Fault, event: Event, stream: StreamReader
) -> None:
    for place in places(4, fault, BEFALLING):
        records = mixed_scans(event.event_id, stream)
        operations.client.cache_clear()
        with wire(retries=False) as wired:
            # The whole batch fails, and then each record on its own.
            wired.faults = {place: fault, place + 1: fault}
            answer = project(records)
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        positions = [record["dynamodb"]["SequenceNumber"] for record in records]
        # Lambda retries the first record that failed and all after it.
        start = min((positions.index(position) for position in failed), default=len(records))
        assert project(records[start:]) == DONE
    assert_log_and_totals_are_true(event.event_id)


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
def test_a_worker_killed_around_its_transaction_leaves_the_batch_to_the_next(
    fault: Fault, event: Event, stream: StreamReader
) -> None:
    records = mixed_scans(event.event_id, stream)
    assert exit_code(dying.follow, event.event_id, records, 0, fault) == 137
    counted = [scan for scan in items_of(event.event_id, "scan") if scan.get("counted")]
    assert bool(counted) is (fault is Fault.KILLED_AFTER)
    assert project(records) == DONE
    assert_log_and_totals_are_true(event.event_id)


@explore(most=15, fewest=3)
@given(shuffle=st.randoms(use_true_random=False))
def test_records_in_any_order_and_size_count_once(shuffle: random.Random, event: Event, stream: StreamReader) -> None:
    records = mixed_scans(event.event_id, stream)
    records += shuffle.choices(records, k=len(records) // 2)
    shuffle.shuffle(records)
    while records:
        size = shuffle.randint(1, 12)
        assert project(records[:size]) == DONE
        records = records[size:]
    assert_log_and_totals_are_true(event.event_id)


def test_a_record_that_cannot_be_taken_is_reported_and_those_before_it_are_done(
    event: Event, stream: StreamReader
) -> None:
    records = mixed_scans(event.event_id, stream)
    scans = [record for record in records if record["dynamodb"]["NewImage"]["kind"] == {"S": "scan"}]
    lost = {"S": "evt_that_has_no_totals"}
    poison = {**scans[-1], "dynamodb": {**scans[-1]["dynamodb"], "SequenceNumber": "poison"}}
    poison["dynamodb"]["NewImage"] = {**poison["dynamodb"]["NewImage"], "event_id": lost}
    others = [record for record in records if record is not scans[-1]]
    answer = project([*others, poison])
    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert project([scans[-1]]) == DONE
    assert_log_and_totals_are_true(event.event_id)


def pieces(records: list[dict[str, Any]], cuts: list[int]) -> Iterator[list[dict[str, Any]]]:
    """Yield parts of a batch, by wanton cuts: overlapping, repeated, backwards."""
    for one, other in pairwise(cuts):
        low, high = sorted((one % (len(records) + 1), other % (len(records) + 1)))
        yield records[low:high]


@explore(most=25, fewest=3)
@given(cuts=st.lists(st.integers(0, 60), min_size=2, max_size=12))
def test_however_a_batch_is_cut_and_repeated_each_scan_counts_once(
    cuts: list[int], event: Event, stream: StreamReader
) -> None:
    records = mixed_scans(event.event_id, stream)
    for part in pieces(records, cuts):
        if part:
            assert project(part) == DONE
    assert project(records) == DONE
    assert_log_and_totals_are_true(event.event_id)


def test_a_familys_hint_that_comes_late_or_twice_changes_no_admission(event: Event, stream: StreamReader) -> None:
    family = [scenarios.issue(event.event_id) for _ in range(3)]
    uid = scenarios.card_for(family[0])
    card_states.let_open(uid, event_id=event.event_id, ticket_ids=[ticket.ticket_id for ticket in family])
    caller = scenarios.caller(event.event_id)
    readings = [Reading(scenarios.scan_id(), uid=uid) for _ in range(4)]
    answers = []
    for count, reading in enumerate(readings):
        if count == 2:
            records = stream.read()
            project(records)
            project(records)
        with later(count):
            answers.append(checkin.scan(caller, reading))
    assert [answer.result for answer in answers] == ["valid", "valid", "valid", "already_scanned"]
    assert [answer.ticket and answer.ticket.id for answer in answers[:3]] == [ticket.ticket_id for ticket in family]
    assert [checkin.scan(caller, reading) for reading in readings] == answers
    stream.drain()
    assert len(items_of(event.event_id, "scan")) == 4
    assert_log_and_totals_are_true(event.event_id)
