"""The numbers of one device, uploaded by many requests at once: only what was lost is missing."""

import random
import threading
from collections.abc import Iterator, Sequence

import pytest

from chalicelib.domain.gate import sequences
from chalicelib.domain.gate.sequences import Received
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]
CALLERS = 32
ROUNDS = size_of("SEQUENCE_ROUNDS", small=1, full=10)


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def upload_at_once(device_id: str, uploads: Sequence[Sequence[Sequence[int]]]) -> None:
    """Note each caller's batches one after the other, all callers at once; a busy answer is followed by another try."""
    together = threading.Barrier(len(uploads))
    faults: list[BaseException] = []

    def work(batches: Sequence[Sequence[int]]) -> None:
        together.wait(60)
        try:
            for batch in batches:
                while not _is_noted(device_id, batch):
                    pass
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(batches,)) for batches in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def _is_noted(device_id: str, batch: Sequence[int]) -> bool:
    try:
        sequences.note(device_id, batch)
    except Unavailable:
        return False
    return True


def test_of_32_uploads_at_once_every_number_arrives_and_the_lost_ones_are_missing() -> None:
    for turn in range(ROUNDS):
        chance, device_id = random.Random(turn), new_id("dev")  # noqa: S311  # a repeatable order
        numbers = list(range(1, CALLERS * 8 + 1))
        lost = set(chance.sample(numbers[:-1], 5))
        sent = [number for number in numbers if number not in lost]
        # Runs as a device makes them, each sent by two callers, in any order.
        batches = [sent[start : start + 8] for start in range(0, len(sent), 8)] * 2
        chance.shuffle(batches)
        upload_at_once(device_id, [batches[start::CALLERS] for start in range(CALLERS)])
        received = sequences.received(device_id)
        assert {number for number in numbers if not received.has(number)} == lost
        assert (received.highest, received.missing, received.is_exact) == (numbers[-1], 5, True)


def test_of_32_callers_with_one_number_each_none_overwrites_another() -> None:
    for _ in range(ROUNDS):
        device_id = new_id("dev")
        upload_at_once(device_id, [[[number]] for number in range(1, CALLERS + 1)])
        assert sequences.received(device_id) == Received(CALLERS)
