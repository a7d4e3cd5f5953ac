"""Cards through the real reader stack, over the simulated air."""

import json
import threading
import time

import pytest
import structlog
from conftest import DEMO_UID, Work, wait_until
from hostile_cards import BrokenMessage, Garbage, HalfMessage, Leaving, ShortAnswerToSelect
from platform_double import Platform

from reader_agent import sun
from reader_agent.readers import Card
from reader_agent.readers.debounce import Debounce, Visit
from reader_agent.readers.nfc import NfcReader
from reader_agent.simulator import Air, FelicaCard, Ntag213, Ntag424, SimulatedCard
from reader_agent.wire import Sun

META_KEY, FILE_KEY = bytes(range(16)), bytes(range(16, 32))


def test_a_tapped_card_is_admitted_once_and_then_refused_with_when_where_and_by_whom(
    work: Work, platform: Platform
) -> None:
    with work() as gate:
        first = gate.decision(Ntag213(bytes.fromhex(DEMO_UID)))
        second = gate.decision(Ntag213(bytes.fromhex(DEMO_UID)))
    assert (first.result, second.result) == ("valid", "already_scanned")
    assert second.first_scan is not None
    assert second.first_scan.scanned_at == platform.received[0]["scanned_at"]
    shown = gate.screen.getvalue()
    assert "ADMITTED" in shown
    assert "ALREADY SCANNED" in shown
    assert "Gate 1 by simulated reader" in shown
    assert [tap["uid"] for tap in platform.received] == [DEMO_UID, DEMO_UID]


@pytest.mark.parametrize(
    ("card", "uid"),
    [
        (Ntag213(bytes.fromhex(DEMO_UID)), DEMO_UID),
        (Ntag213(bytes.fromhex("A1B2C3D4")), "A1B2C3D4"),
        (FelicaCard(bytes.fromhex("0114B34C2D1E0F99")), "0114B34C2D1E0F99"),
    ],
    ids=["ntag213", "single-size", "felica"],
)
def test_each_kind_of_card_is_read_by_its_identifier(
    work: Work, platform: Platform, card: SimulatedCard, uid: str
) -> None:
    with work() as gate:
        gate.decision(card)
    assert platform.received[0]["uid"] == uid
    assert "sun" not in platform.received[0]


def test_a_secure_card_sends_a_fresh_message_at_each_tap_and_burns_one_counter_value_for_it(
    work: Work, platform: Platform
) -> None:
    card = Ntag424(bytes.fromhex("04DE5F1EACC040"), meta_read_key=META_KEY, file_read_key=FILE_KEY, counter=41)
    with work() as gate:
        for _ in range(3):
            gate.decision(card)
    readings = [
        sun.check(Sun(**tap["sun"]), meta_read_key=META_KEY, file_read_key=FILE_KEY) for tap in platform.received
    ]
    assert readings == [sun.Reading("04DE5F1EACC040", counter) for counter in (42, 43, 44)]


def test_a_card_with_a_random_identifier_is_no_identity(work: Work, platform: Platform) -> None:
    card = Ntag424(bytes.fromhex("04DE5F1EACC040"), random_identifier=bytes.fromhex("08A1B2C3"))
    with work() as gate:
        _, outcome = gate.tap(card)
        gate.decision(Ntag213(bytes.fromhex(DEMO_UID)))
    assert outcome is None
    assert "NOT A GATE CARD" in gate.screen.getvalue()
    assert [tap["uid"] for tap in platform.received] == [DEMO_UID]


@pytest.mark.parametrize(
    "card",
    [
        ShortAnswerToSelect(),
        Garbage(b"", acknowledge=0x00),
        Garbage(b"\xff" * 40, acknowledge=0x00),
        Garbage(b"\x00", acknowledge=0x20),
        Garbage(b"\xff" * 40, acknowledge=0x20),
    ],
    ids=["short-ats", "empty-type2", "garbage-type2", "nak-type4", "garbage-type4"],
)
def test_a_hostile_card_does_not_stop_the_gate(work: Work, card: SimulatedCard) -> None:
    with work() as gate:
        gate.air.place(card)
        gate.air.wait_for_polls(12, timeout=60)
        gate.air.remove()
        # Some of them are read as a plain identifier, which is what they gave.
        decision = gate.decision(Ntag213(bytes.fromhex(DEMO_UID)), passing_over=lambda read: read.uid != DEMO_UID)
    assert decision.admitted


def test_a_card_with_a_broken_message_is_still_a_tap(work: Work) -> None:
    with work() as gate:
        decision = gate.decision(BrokenMessage(bytes.fromhex(DEMO_UID)))
        assert decision.admitted
        assert gate.agent.readers.errors == 1
    assert "DecodeError" in gate.log.getvalue()


def test_a_short_answer_to_select_is_counted(work: Work) -> None:
    with work() as gate:
        gate.air.place(ShortAnswerToSelect())
        wait_until(lambda: gate.agent.readers.errors > 0)
        assert "IndexError" in str(gate.agent.readers.last_error)


def test_a_card_that_flickers_at_the_edge_of_the_field_is_one_tap(work: Work, platform: Platform) -> None:
    card = Ntag213(bytes.fromhex(DEMO_UID))
    with work(debounce_seconds=30.0) as gate:
        gate.tap(card)
        for _ in range(4):
            gate.air.place(card)
            gate.air.wait_for_polls(12, timeout=60)
            gate.air.remove()
            gate.air.wait_for_polls(3, timeout=60)
        assert gate.outcomes.empty()
    assert len(platform.received) == 1


def test_a_card_that_stays_is_one_tap(work: Work, platform: Platform) -> None:
    with work() as gate:
        gate.air.place(Ntag213(bytes.fromhex(DEMO_UID)))
        gate.outcomes.get(timeout=60)
        time.sleep(0.7)
        assert gate.outcomes.empty()
    assert len(platform.received) == 1


def test_a_secure_card_that_leaves_too_early_is_asked_for_again_and_never_sent_without_its_message(
    work: Work, platform: Platform
) -> None:
    uid = bytes.fromhex(DEMO_UID)
    asked = 0

    def is_asked_again(card: Card) -> bool:
        nonlocal asked
        asked += card.is_torn
        return card.is_torn

    with work() as gate:
        for frames in range(12):
            leaving = Leaving(uid, after_frames=frames)
            gate.air.place(leaving)
            wait_until(lambda leaving=leaving: leaving.has_left or not gate.outcomes.empty())  # type: ignore[misc]
            gate.air.wait_for_polls(3, timeout=60)
            gate.air.remove()
            while not gate.outcomes.empty():
                card, outcome = gate.outcomes.get()
                is_asked_again(card)
                assert outcome is None or card.sun
            next(iter(gate.agent.readers))._asked_again = ("", 0.0)  # it asks once in two seconds
        assert gate.decision(Ntag424(uid), is_asked_again).result in ("valid", "already_scanned")
    assert asked >= 4
    assert gate.screen.getvalue().count("HOLD IT LONGER") == asked
    assert all("sun" in tap for tap in platform.received)
    assert DEMO_UID not in gate.log.getvalue()


def test_a_card_that_is_held_on_after_a_torn_reading_is_read_at_once(work: Work, platform: Platform) -> None:
    uid = bytes.fromhex(DEMO_UID)
    with work(debounce_seconds=5.0) as gate:
        gate.air.place(Leaving(uid, after_frames=4))
        card, _ = gate.outcomes.get(timeout=60)
        assert card.is_torn
        assert gate.decision(Ntag424(uid)).admitted  # within the debounce
    assert len(platform.received) == 1


def test_half_a_secure_message_is_no_plain_card(work: Work, platform: Platform) -> None:
    with work() as gate:
        card, outcome = gate.tap(HalfMessage(bytes.fromhex(DEMO_UID)))
    assert (outcome, card.unreadable) == (None, "the message has the wrong length")
    assert "CARD NOT READABLE" in gate.screen.getvalue()
    assert platform.received == []


def test_a_card_that_comes_back_within_the_debounce_is_shown_its_verdict(work: Work, platform: Platform) -> None:
    card = Ntag213(bytes.fromhex(DEMO_UID))
    with work(debounce_seconds=8.0) as gate:
        gate.tap(card)
        threading.Event().wait(0.5)  # longer than a flicker
        gate.air.place(card)
        wait_until(lambda: "was read just now: ADMITTED" in gate.screen.getvalue())
        assert gate.outcomes.empty()
    assert len(platform.received) == 1


def visits(*steps: tuple[float, str]) -> str:
    """Return what each reading is (N new, R repeated, S same), after these seconds each."""
    now = [100.0]
    debounce = Debounce(1.0, clock=lambda: now[0])
    found = ""
    for passed, uid in steps:
        now[0] += passed
        found += debounce.visit(uid).name[0]
        debounce.released(uid)
    return found


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (((0, "A"), (0.5, "A"), (0.9, "A"), (0.9, "A"), (1.0, "A")), "NRRRN"),
        (((0, "A"), (0.1, "A"), (0.3, "A")), "NSS"),
        (((0, "A"), (0.2, "B"), (0.2, "A"), (0.2, "B"), (0.3, "A"), (0.3, "B")), "NNSSSS"),
        (((0, "A"), *(((0.3, "B"), (0.3, "A")) * 20)), "NNS" + "SS" * 19),
        (((0, "A"), (0.2, "B"), (0.2, "C"), (1.2, "A")), "NNNN"),
        (((0, "A"), (0.5, "B"), (0.6, "A")), "NNN"),
    ],
    ids=["a person taps again", "flicker", "two cards", "two cards for long", "a quick queue", "card after card"],
)
def test_a_reading_is_new_repeated_or_the_same(steps: tuple[tuple[float, str], ...], found: str) -> None:
    assert visits(*steps) == found


def test_two_cards_at_once_and_a_flicker_are_counted() -> None:
    now = [100.0]
    debounce = Debounce(1.0, clock=lambda: now[0])
    for uid in ("A", "B", "A", "A"):
        debounce.visit(uid)
        now[0] += 0.2
    assert (debounce.together, debounce.flickers) == (1, 2)


def test_the_debounce_counts_from_when_the_card_left() -> None:
    now = [100.0]
    debounce = Debounce(1.0, clock=lambda: now[0])
    debounce.visit("A")
    now[0] += 60
    debounce.released("A")
    now[0] += 0.9
    assert debounce.visit("A") is Visit.REPEATED


def test_a_reader_that_is_not_there_is_waited_for_and_said_so() -> None:
    stop = threading.Event()
    reader = NfcReader("tty:GATEHOUSE0:pn532", log=structlog.get_logger(), longest_pause=0.05)
    thread = threading.Thread(target=reader.run, args=(lambda _card: None, stop))
    thread.start()
    wait_until(lambda: reader.last_error is not None)
    stop.set()
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert "tty:GATEHOUSE0:pn532" in str(reader.last_error)
    assert not reader.is_open


def test_what_is_sent_before_the_reader_asks_again_is_thrown_away() -> None:
    """A late answer to the last question must not be taken for the answer to the next one."""
    seen: list[Card] = []
    stop = threading.Event()
    with Air() as air:
        reader = NfcReader(air.path, log=structlog.get_logger(), debounce_seconds=0, air_seconds=0.5)
        reader.open()
        device = reader._frontend.device
        device._create_socket()
        device.socket.bind(("127.0.0.1", 0))
        for _ in range(3):
            air._socket.sendto(b"106A 4400", device.socket.getsockname())
        time.sleep(0.05)
        device._send_data("106A", b"\x26", ("127.0.0.1", air.port))
        time.sleep(0.1)
        assert device.socket.recv(100) == b"106A"
        reader.close()
        thread = threading.Thread(target=reader.run, args=(seen.append, stop))
        thread.start()
        air.place(Ntag213(bytes.fromhex(DEMO_UID)))
        wait_until(lambda: bool(seen))
        stop.set()
        thread.join(timeout=60)
    assert seen[0].uid == DEMO_UID


def test_logs_carry_masked_identifiers_only(work: Work) -> None:
    with work() as gate:
        gate.decision(Ntag424(bytes.fromhex("04DE5F1EACC040")))
    lines = [json.loads(line) for line in gate.log.getvalue().splitlines()]
    assert [line["uid"] for line in lines if line["event"] == "tap"] == ["**********C040"]
    assert "04DE5F1EACC040" not in gate.log.getvalue()
    assert "04DE5F1EACC040" not in gate.screen.getvalue()
