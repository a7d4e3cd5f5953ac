"""Records of gates without the network come to one state, in any order, split, repeated and killed; exact engine."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.vocabulary.gate import RecordStatus
from tests.support import deaths, engines
from tests.support.caches import forget_caches
from tests.support.explore import explore
from tests.support.sizes import size_of
from tests.support.streams import StreamReader
from tests.truth import replays
from tests.truth.replays import ENDS, Made

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("truth"), pytest.mark.timeout(3000)]

RECORDS = size_of("REPLAY_RECORDS", small=40, full=300)
TICKETS = size_of("REPLAY_TICKETS", small=9, full=80)
CALLERS = size_of("REPLAY_CALLERS", small=6, full=32)
# Devices and the records of each, where all of them send everything.
TRUTH_DEVICES = size_of("REPLAY_DEVICES", small=3, full=20)
TRUTH_RECORDS = size_of("REPLAY_TRUTH_RECORDS", small=20, full=200)


@pytest.fixture(scope="module")
def stream() -> Iterator[StreamReader]:
    with engines.cloud():
        forget_caches()
        yield StreamReader()
    forget_caches()


def parts_of(made: list[Made], chance: random.Random) -> list[list[Made]]:
    """Return records in any order, in parts of any size, some of them twice."""
    mixed = [*made, *chance.sample(made, len(made) // 4)]
    chance.shuffle(mixed)
    parts: list[list[Made]] = []
    while mixed:
        size = chance.randint(1, 40)
        parts.append(mixed[:size])
        mixed = mixed[size:]
    return parts


@explore(most=12, fewest=1)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_any_split_order_and_kill_comes_to_one_state_and_a_second_replay_writes_nothing(
    stream: StreamReader, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # the day's records, no secret
    day = replays.make_day(chance, count=RECORDS, ticket_count=TICKETS)
    for number, part in enumerate(parts_of(day.made, chance)):
        with clock.set_to(ENDS + timedelta(seconds=number)):
            if chance.random() < 0.4:  # killed at one of its requests; its gate sends the part again
                deaths.dying_process(partial(day.send, part), left=chance.randint(0, 3 * len(part)))
            assert len(day.send(part)) == len(part)
            if chance.random() < 0.3:
                stream.drain()
    stream.drain()
    assert replays.found(day) == replays.expected(day)
    stream.skip()
    with clock.set_to(ENDS + timedelta(minutes=20)):
        again = day.send(day.made)
    assert replays.statuses(again) == {RecordStatus.REPLAYED: len(day.made)}
    assert stream.read() == []


def test_callers_that_send_overlapping_batches_at_once_come_to_the_same_state(stream: StreamReader) -> None:
    chance = random.Random(7)  # noqa: S311  # the day's records, no secret
    day = replays.make_day(chance, count=RECORDS, ticket_count=max(TICKETS // 3, 2))
    batches = [chance.sample(day.made, len(day.made) * 2 // 3) for _ in range(CALLERS)]
    with clock.set_to(ENDS), ThreadPoolExecutor(CALLERS) as callers:
        verdicts = list(callers.map(day.send, batches))
        day.send(day.made)
    assert [len(each) for each in verdicts] == [len(batch) for batch in batches]
    stream.drain()
    assert replays.found(day) == replays.expected(day)


def test_no_record_of_many_devices_is_lost(stream: StreamReader) -> None:
    chance = random.Random(11)  # noqa: S311  # the day's records, no secret
    count = TRUTH_DEVICES * TRUTH_RECORDS
    # As many tickets as let three in ten records meet another.
    day = replays.make_day(chance, count=count, ticket_count=max(count * 7 // 10, 2), devices=TRUTH_DEVICES)
    with clock.set_to(ENDS):
        verdicts = day.send(day.made)
    assert len(verdicts) == count
    assert RecordStatus.REJECTED not in replays.statuses(verdicts)
    stream.drain()
    assert replays.found(day) == replays.expected(day)
