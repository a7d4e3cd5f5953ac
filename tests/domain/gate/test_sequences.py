"""The numbers that arrived from a device: the rule alone, against a plain set of numbers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.gate import sequences
from chalicelib.domain.gate.sequences import HIGHEST_SEQ, MOST_GAPS, Received
from chalicelib.table import keys, operations
from tests.support.explore import explore

BATCHES = st.lists(st.lists(st.integers(1, 90), max_size=12), max_size=12)


def after(batches: list[list[int]]) -> Received:
    received = Received()
    for batch in batches:
        received = sequences.with_ranges(received, sequences.runs(batch))
    return received


def missing_of(received: Received) -> set[int]:
    return {number for number in range(1, received.highest + 1) if not received.has(number)}


@given(BATCHES, st.randoms())
@explore(most=400, fewest=60)
def test_gaps_are_what_did_not_arrive_in_any_order_and_however_often(
    batches: list[list[int]], order: random.Random
) -> None:
    arrived = {number for batch in batches for number in batch}
    received = after(batches)
    highest = max(arrived, default=0)
    assert received.highest == highest
    assert missing_of(received) == set(range(1, highest + 1)) - arrived
    assert received.missing == highest - len(arrived)
    again = [list(batch) for batch in (*batches, *batches)]
    order.shuffle(again)
    assert after(again) == received


@given(st.lists(st.integers(1, 2000), min_size=120, max_size=400))
@explore(most=100, fewest=15)
def test_with_too_many_gaps_a_lost_record_still_shows(numbers: list[int]) -> None:
    received = after([[number] for number in numbers])
    assert len(received.gaps) <= MOST_GAPS
    lost = set(range(1, max(numbers) + 1)) - set(numbers)
    assert lost <= missing_of(received)
    if received.is_exact:
        assert missing_of(received) == lost
    whole = sequences.with_ranges(received, [(1, received.highest)])
    assert whole == Received(max(numbers), (), is_exact=True)


def test_beyond_the_bound_two_gaps_become_one_and_neither_is_forgotten() -> None:
    odd = set(range(1, 2 * MOST_GAPS + 6, 2))
    received = after([[number + 1] for number in sorted(odd)])
    assert (len(received.gaps), received.is_exact) == (MOST_GAPS, False)
    assert odd <= missing_of(received)
    assert received.missing <= len(odd) + 3


@given(st.lists(st.integers(1, 10**6), max_size=60))
@explore(most=200, fewest=30)
def test_gaps_are_read_as_they_were_stored(numbers: list[int]) -> None:
    gaps = after([numbers]).gaps
    assert sequences.gaps_of(sequences.text_of(gaps)) == gaps


@pytest.mark.usefixtures("moto_cloud")
def test_numbers_that_arrived_before_write_nothing() -> None:
    sequences.note("dev_1", [1, 2, 3])
    sequences.note("dev_1", [9, 6, 7])
    for again in ([1, 2, 3], [2], [6, 7, 9], [9]):
        assert sequences.note("dev_1", again) == Received(9, ((4, 5), (8, 8)))
    stored = operations.get(keys.gate.received_numbers("dev_1"))
    assert stored is not None
    assert stored.version == 2
    assert sequences.received("dev_1").missing == 3


@pytest.mark.usefixtures("moto_cloud")
def test_numbers_that_no_device_makes_are_left_out() -> None:
    assert sequences.note("dev_2", [0, -4, HIGHEST_SEQ + 1]) is None
    assert sequences.received("dev_2") == Received()
    sequences.note("dev_2", [0, 1, HIGHEST_SEQ + 1])
    assert sequences.received("dev_2") == Received(1)


@pytest.mark.usefixtures("moto_cloud")
def test_each_device_has_numbers_of_its_own() -> None:
    sequences.note("dev_a", [1, 4])
    sequences.note("dev_b", [2])
    found = sequences.received_by_all(["dev_a", "dev_b", "dev_c"])
    assert {name: each.missing for name, each in found.items()} == {"dev_a": 2, "dev_b": 1, "dev_c": 0}
