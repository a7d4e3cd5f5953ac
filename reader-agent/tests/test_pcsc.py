"""PC/SC through the real pcscd and its virtual reader: what a CCID reader at a gate would report."""

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import virtual_reader
from conftest import DEMO_UID, Work, wait_until
from platform_double import Platform
from running_reader import RunningReader
from virtual_reader import HeldCard, Pcscd

from reader_agent import sun
from reader_agent.failures import ReaderUnavailable
from reader_agent.outcomes import Decided
from reader_agent.readers import Card
from reader_agent.readers.pcsc import PcscReader
from reader_agent.simulator import Ntag213, Ntag424
from reader_agent.wire import Sun

_MISSING = virtual_reader.missing()
# There is one pcscd: its tests run on one worker, with `--dist loadgroup`, and else take turns.
pytestmark = [
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
    pytest.mark.xdist_group("pcscd"),
    pytest.mark.timeout(180),
]

SECURE = bytes.fromhex("04DE5F1EACC040")
META_KEY, FILE_KEY = bytes(range(16)), bytes(range(16, 32))
DONE = b"\x90\x00"


@pytest.fixture
def pcscd(tmp_path: Path) -> Iterator[Pcscd]:
    # pcscd has one place for its socket: the tests of several workers take turns.
    with (Path(tempfile.gettempdir()) / "gatehouse-pcscd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        daemon = Pcscd(tmp_path)
        daemon.start()
        yield daemon
        daemon.stop()


@pytest.fixture
def gate(pcscd: Pcscd) -> Iterator[RunningReader]:
    path = f"pcsc:{pcscd.name.lower()}"
    with RunningReader(
        PcscReader(path, log=structlog.get_logger(), debounce_seconds=0.0, longest_pause=0.2)
    ) as running:
        yield running


def read(gate: RunningReader, pcscd: Pcscd, card: HeldCard) -> Card:
    """Hold a card to the reader until it is read, then take it away."""
    with pcscd.holding(card):
        return gate.card()


def test_a_secure_card_gives_a_fresh_message_each_time_and_is_read_once(pcscd: Pcscd, gate: RunningReader) -> None:
    card = Ntag424(SECURE, meta_read_key=META_KEY, file_read_key=FILE_KEY, counter=41)
    for counter in (42, 43):
        with pcscd.holding(HeldCard(card)):
            seen = gate.card()
            assert gate.is_quiet(0.6)
        assert isinstance(seen.sun, Sun)
        assert sun.check(seen.sun, meta_read_key=META_KEY, file_read_key=FILE_KEY) == sun.Reading(
            SECURE.hex().upper(), counter
        )
    assert card.counter == 43
    assert gate.reader.model is not None
    assert gate.reader.model.startswith(pcscd.name)


def test_a_memory_card_is_its_number_and_a_random_number_is_no_identity(pcscd: Pcscd, gate: RunningReader) -> None:
    plain = read(gate, pcscd, HeldCard(Ntag213(bytes.fromhex(DEMO_UID))))
    assert (plain.uid, plain.sun, plain.unreadable) == (DEMO_UID, None, None)
    secure_address = "https://t.gatehouse.example/t?p=" + "A" * 32 + "&m=" + "B" * 16
    assert read(gate, pcscd, HeldCard(Ntag213(bytes.fromhex(DEMO_UID), secure_address))).sun is not None
    assert read(gate, pcscd, HeldCard(None, uid=bytes.fromhex("08A1B2C3"))).is_random


def test_a_card_that_leaves_too_early_is_never_a_plain_card(pcscd: Pcscd, gate: RunningReader) -> None:
    card = Ntag424(SECURE)
    for commands in (1, 4, 7):
        held = HeldCard(card, leaves_at=commands)
        with pcscd.holding(held):
            wait_until(lambda held=held, most=commands: held.commands == most)  # type: ignore[misc]
            wait_until(lambda: gate.reader.tally["errors"] > 0)
        while not gate.seen.empty():
            assert gate.card().is_torn
    assert read(gate, pcscd, HeldCard(card)).sun is not None


@pytest.mark.parametrize(
    "answers",
    [
        {b"\xff\xca": b"\x63\x00"},
        {b"\xff\xca": b"\x04\xa1\xb2" + DONE},
        {b"\xff\xca": b"\x90"},
        {b"\x00\xa4": DONE, b"\x00\xb0": b"\xff" * 15 + DONE},
        {b"\x00\xa4": DONE, b"\x00\xb0\x00\x00\x0f": bytes.fromhex("001720010000FF0406E104") + bytes(4) + DONE,
         b"\x00\xb0\x00\x00\x02": b"\xff\xff" + DONE},
    ],
    ids=["no-identifier", "three-bytes", "half-a-status", "garbage-files", "endless-message"],
)  # fmt: skip
def test_a_hostile_card_is_counted_and_the_next_card_is_read(
    pcscd: Pcscd, gate: RunningReader, answers: dict[bytes, bytes]
) -> None:
    with pcscd.holding(HeldCard(None, uid=SECURE, answers=answers)):
        wait_until(lambda: gate.reader.tally["hostile"] + gate.reader.tally["errors"] > 0 or not gate.seen.empty())
        if b"\xff\xca" in answers:
            assert gate.card().unreadable  # who holds it sees that it was not read
    assert gate.reader.is_open
    with pcscd.holding(HeldCard(Ntag213(bytes.fromhex(DEMO_UID)))):
        while gate.card().uid != DEMO_UID:
            pass  # what the hostile card gave was reported before


def test_a_pcscd_that_is_restarted_is_found_again(pcscd: Pcscd, gate: RunningReader) -> None:
    wait_until(lambda: gate.reader.is_open)
    pcscd.stop()
    wait_until(lambda: not gate.reader.is_open and "systemctl" in str(gate.reader.last_error))
    pcscd.start()
    assert read(gate, pcscd, HeldCard(Ntag213(bytes.fromhex(DEMO_UID)))).uid == DEMO_UID
    assert gate.reader.facts()["reconnects"] == 1
    assert gate.reader.last_error is None


@pytest.mark.usefixtures("pcscd")
def test_a_name_that_no_reader_has_is_answered_with_the_names_there_are() -> None:
    reader = PcscReader("pcsc:omnikey", log=structlog.get_logger())
    with pytest.raises(ReaderUnavailable, match=r"no reader has this name.*Gatehouse test reader"):
        reader.open()
    assert not reader.is_open


def test_a_gate_decides_a_secure_card_at_a_pcsc_reader(work: Work, platform: Platform, pcscd: Pcscd) -> None:
    platform.tickets[SECURE.hex().upper()] = None
    card = Ntag424(SECURE, meta_read_key=META_KEY, file_read_key=FILE_KEY, counter=6)
    with work(more_readers="pcsc") as gate:
        wait_until(lambda: gate.agent.readers.is_open)
        with pcscd.holding(HeldCard(card)):
            _, outcome = gate.outcomes.get(timeout=60)
    assert isinstance(outcome, Decided)
    assert outcome.decision.admitted
    read = sun.check(Sun(**platform.received[0]["sun"]), meta_read_key=META_KEY, file_read_key=FILE_KEY)
    assert read == sun.Reading(SECURE.hex().upper(), 7)
    assert "ADMITTED" in gate.screen.getvalue()
