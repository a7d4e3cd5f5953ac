"""nfcpy's `tty` driver on a PN532 that can be unplugged."""

from collections.abc import Iterator

import pn532_chip
import pytest
import structlog
from conftest import DEMO_UID, wait_until
from hostile_cards import ShortAnswerToSelect
from pn532_chip import Pn532
from running_reader import RunningReader

from reader_agent.readers.nfc import NfcReader
from reader_agent.simulator import Ntag213, Ntag424

pytestmark = [
    pytest.mark.skipif(pn532_chip.missing() is not None, reason=str(pn532_chip.missing())),
    # nfcpy leaves the line open after it has looked at it.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"),
]

SECURE = bytes.fromhex("04DE5F1EACC040")


@pytest.fixture
def chip() -> Iterator[Pn532]:
    with Pn532() as plugged:
        yield plugged


@pytest.fixture
def gate(chip: Pn532) -> Iterator[RunningReader]:
    with RunningReader(
        NfcReader(chip.path, log=structlog.get_logger(), debounce_seconds=0.5, longest_pause=0.1)
    ) as running:
        yield running


def test_a_reader_that_is_plugged_in_late_reads_plain_and_secure_cards(chip: Pn532, gate: RunningReader) -> None:
    wait_until(lambda: "no reader found" in str(gate.reader.last_error))
    assert not gate.reader.is_open
    chip.plug()
    card = Ntag424(SECURE, counter=7)
    chip.place(card)
    assert gate.card().sun is not None
    assert card.counter >= 8
    chip.place(Ntag213(bytes.fromhex(DEMO_UID)))
    plain = gate.card()
    assert (plain.uid, plain.sun) == (DEMO_UID, None)
    assert gate.is_quiet(0.4)
    assert str(gate.reader.model).startswith("PN532v1.6")


def test_a_reader_that_is_unplugged_and_plugged_in_again_goes_on_by_itself(chip: Pn532, gate: RunningReader) -> None:
    chip.plug()
    for round_trip in range(1, 3):
        uid = bytes([4, 1, 2, 3, 4, 5, round_trip])  # another one: the debounce outlasts the cable
        chip.place(Ntag213(uid))
        assert gate.card().uid == uid.hex().upper()
        chip.place(None)
        chip.unplug()
        wait_until(lambda: not gate.reader.is_open)
        chip.plug()
        wait_until(lambda: gate.reader.is_open)
        # On a busy machine nfcpy's own time-outs, some 50 ms, may close it more often.
        assert gate.reader.facts()["reconnects"] >= round_trip


def test_a_cable_that_is_pulled_in_the_middle_of_a_secure_card_makes_no_plain_tap(
    chip: Pn532, gate: RunningReader
) -> None:
    chip.plug()
    wait_until(lambda: gate.reader.is_open)
    for exchanges in (1, 4, 6):
        chip.unplugs_at = exchanges
        chip.place(Ntag424(SECURE))
        wait_until(lambda: not gate.reader.is_open)
        chip.place(None)
        chip.plug()
        wait_until(lambda: gate.reader.is_open)
    while not gate.seen.empty():
        assert gate.card().is_torn
    chip.place(Ntag424(SECURE))
    assert gate.card().sun is not None


def test_a_hostile_card_is_counted_and_the_reader_stays_open(chip: Pn532, gate: RunningReader) -> None:
    chip.plug()
    chip.place(ShortAnswerToSelect())
    wait_until(lambda: "IndexError" in str(gate.reader.last_error))
    assert gate.reader.facts()["errors"] > 0
    chip.place(Ntag213(bytes.fromhex(DEMO_UID)))
    assert gate.card().uid == DEMO_UID
