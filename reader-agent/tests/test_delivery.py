"""From the outbox to the server: within a second, or later, once, in order, never lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from conftest import DEMO_UID, Work, wait_until
from platform_double import Fault, Platform, refusal

from reader_agent.backlog import Backlog
from reader_agent.clock import Clock
from reader_agent.delivery import Delivery
from reader_agent.identity import Identity
from reader_agent.outbox import DecidedAtGate, Outbox
from reader_agent.outcomes import Decided, Kept, Refused
from reader_agent.pace import Pace
from reader_agent.sending import Sender
from reader_agent.server import Server
from reader_agent.simulator import Air, Ntag213
from reader_agent.standing import Standing
from reader_agent.tap import Tap

TAPS, TOKEN = "/api/device/taps/", "/api/device/token/"


def card(number: int = 0) -> Ntag213:
    return Ntag213(bytes.fromhex(DEMO_UID[:-2]) + bytes([0xF6 + number if number < 10 else number]))


def fill(state: Path, identity: Identity, count: int) -> list[str]:
    """Leave taps in the outbox, as an agent that was switched off during an outage does."""
    with Outbox(identity.outbox_path(state)) as outbox:
        taps = [
            Tap.of_card(Clock(), f"04{number:012X}", sun=None, direction=None, clock_offset_ms=None)
            for number in range(count)
        ]
        for tap in taps:
            outbox.record(tap)
    return [tap.scan_id for tap in taps]


def sent(platform: Platform) -> list[str]:
    return [tap["scan_id"] for tap in platform.received]


def test_a_tap_without_a_server_is_kept_and_not_admitted_and_sent_later_with_its_own_time(
    work: Work, platform: Platform
) -> None:
    platform.down()
    with work() as gate:
        _, outcome = gate.tap(card())
        assert isinstance(outcome, Kept)
        assert "KEPT, NOT YET SENT" in gate.screen.getvalue()
        assert "ADMITTED" not in gate.screen.getvalue()
        kept = gate.agent.outbox.pending(1)[0].tap
        platform.up()
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        wait_until(lambda: "kept tap of" in gate.screen.getvalue())
    assert sent(platform) == [kept.scan_id]
    assert platform.received[0]["scanned_at"] == kept.on_the_wire().scanned_at
    assert "now sent, ADMITTED" in gate.screen.getvalue()


def test_a_card_that_is_refused_for_its_own_kept_tap_is_pointed_out(work: Work, platform: Platform) -> None:
    platform.down()
    with work() as gate:
        gate.tap(card())
        platform.up()
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        wait_until(lambda: "now sent, ADMITTED" in gate.screen.getvalue())
        assert gate.decision(card()).result == "already_scanned"
        assert gate.screen.getvalue().count("the earlier tap is this card's own") == 1
        gate.decision(card(1))
        assert gate.screen.getvalue().count("the earlier tap is this card's own") == 1


def test_a_revoked_device_sends_once_what_it_decided_before_and_decides_nothing_more(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    made = fill(state, identity, 300)
    with Outbox(identity.outbox_path(state)) as outbox:
        for entry in outbox.pending(299):
            outbox.decided_here(entry.sequence, DecidedAtGate("valid"), at=entry.tap.scanned_at)
    platform.revoke(identity.device_id)
    with work() as gate:
        gate.agent.delivery.pace.slow_seconds = 0.2
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        wait_until(lambda: gate.agent.standing.locked_out is not None)
        _, outcome = gate.tap(card())
        assert isinstance(outcome, Kept)
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        assert gate.agent.standing.locked_out is not None
        assert gate.agent.delivery.tally.conflicts == 299
        assert gate.agent.delivery.tally.rejected == 2
    assert sent(platform) == made[:299]
    assert "ADMITTED" not in gate.screen.getvalue()
    assert "accepts this device again" not in gate.screen.getvalue()


def test_a_device_that_is_refused_and_not_revoked_keeps_its_taps(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    """Staff moved it, or a key was changed: it asks for the late upload in vain, and goes on asking."""
    made = fill(state, identity, 3)
    key = platform.keys.pop(identity.device_id)
    with work() as gate:
        gate.agent.delivery.pace.slow_seconds = 0.2
        wait_until(lambda: gate.agent.standing.locked_out is not None)
        asked = platform.token_requests
        wait_until(lambda: platform.token_requests > asked + 4)
        assert gate.agent.outbox.depth() == 3
        platform.keys[identity.device_id] = key
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        wait_until(lambda: gate.agent.standing.locked_out is None)
    assert sorted(sent(platform)) == made


def test_the_person_at_the_gate_waits_a_second_at_most(work: Work, platform: Platform) -> None:
    with work(online_seconds=1.0) as gate:
        gate.decision(card(1))  # the token is there now
        platform.break_once(TAPS, Fault(delay=50.0))
        before = time.monotonic()
        _, outcome = gate.tap(card())
        assert isinstance(outcome, Kept)
        assert time.monotonic() - before < 25.0  # a second, and a busy machine
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert len(sent(platform)) == len(set(sent(platform))) == 2


def test_an_outage_loses_nothing_and_keeps_the_order_of_the_kept_taps(work: Work, platform: Platform) -> None:
    platform.down()
    with work() as gate:
        for number in range(5):
            _, outcome = gate.tap(card(number))
            assert isinstance(outcome, Kept)
        made = [entry.tap.scan_id for entry in gate.agent.outbox.entries()]
        platform.up()
        decision = gate.decision(card(5))  # the person goes first, and their answer wakes the backlog
        assert decision.result == "not_found"
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert [scan_id for scan_id in sent(platform) if scan_id != decision.scan_id] == made


def test_a_kept_tap_of_the_same_card_goes_along_before_its_next_tap(work: Work, platform: Platform) -> None:
    platform.down()
    with work() as gate:
        gate.tap(card())
        gate.tap(card(1))
        kept = gate.agent.outbox.entries()[0].tap.scan_id
        platform.always[TAPS] = Fault(status=503)  # the backlog finds no way
        platform.up()
        wait_until(lambda: gate.agent.delivery.tally.failed_attempts > 2)
        del platform.always[TAPS]
        decision = gate.decision(card())
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    order = sent(platform)
    assert order.index(kept) < order.index(decision.scan_id)
    assert decision.result == "already_scanned"


def test_a_backlog_is_sent_in_order_in_slices_that_grow_to_a_hundred(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    made = fill(state, identity, 330)
    with work() as gate:
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    sizes = [len(batch) for batch in platform.batches]
    assert sizes[0] == 1
    assert 16 <= max(sizes) <= 100
    assert sent(platform) == made


def test_an_answer_that_was_lost_is_asked_for_again_and_is_the_same(work: Work, platform: Platform) -> None:
    # Twice: a connection that was kept may be closed, so that the same request goes out again on a new one.
    platform.break_once(TAPS, Fault(lose_answer=True), Fault(lose_answer=True))
    with work() as gate:
        _, outcome = gate.tap(card())
        assert isinstance(outcome, Kept)
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        [entry] = gate.agent.outbox.entries()
    assert len(platform.batches) == 3
    assert len(platform.received) == 1
    assert '"result":"valid"' in entry.detail


@pytest.mark.parametrize(
    ("status", "code"), [(400, "VALIDATION_ERROR"), (404, "NOT_FOUND"), (422, "IDEMPOTENCY_MISMATCH")]
)
def test_a_tap_the_server_will_never_take_is_a_visible_dead_letter(
    work: Work, platform: Platform, status: int, code: str
) -> None:
    platform.poison, platform.poison_status = {DEMO_UID}, (status, code)
    with work() as gate:
        _, outcome = gate.tap(card())
        assert isinstance(outcome, Refused)
        assert "NOT TAKEN" in gate.screen.getvalue()
        wait_until(lambda: bool(gate.agent.delivery.backlog._suspects or gate.agent.outbox.dead()))
        gate.decision(card(1))  # it failed alone once more, and the road works: the tap itself is at fault
        wait_until(lambda: gate.agent.snapshot()["dead_letters"] == 1)
        [dead] = gate.agent.outbox.entries("dead")
        assert (dead.status, dead.detail) == (status, f"{code}: a bad tap")
    assert len(sent(platform)) == 1


def test_dead_letters_follow_each_other_once_the_platform_takes_one(
    platform: Platform, state: Path, identity: Identity
) -> None:
    """A network that comes and goes makes letters of taps that are good; one that the platform refuses stays one."""
    fill(state, identity, 150)
    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        for entry in outbox.pending(150):
            outbox.buried(entry.sequence, status=None, detail="no answer", at=Clock().wall())
        platform.poison = {f"04{7:012X}"}
        standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
        sender = Sender(outbox, server, standing, log=structlog.get_logger())
        # One a second would need two minutes and a half.
        pace = Pace(slow_seconds=1.0)
        backlog = Backlog(sender, pace=pace, log=structlog.get_logger(), on_late=lambda _entry, _outcome: None)
        backlog.start()
        try:
            wait_until(lambda: outbox.dead() == 1)
        finally:
            backlog.stop()
    assert len(platform.received) == 149


def test_a_dead_letter_that_is_retried_is_sent_by_the_agent_at_work(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    platform.poison = {DEMO_UID}
    with work() as gate:
        gate.tap(card())
        wait_until(lambda: gate.agent.outbox.dead() == 1)
        platform.poison = set()
        with Outbox(identity.outbox_path(state)) as seen_by_another_process:
            assert seen_by_another_process.retry(None, at=Clock().wall()) == 1
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert len(sent(platform)) == 1


def test_a_pause_that_the_platform_asks_for_holds_the_kept_taps_and_not_the_person(
    work: Work, platform: Platform
) -> None:
    with work() as gate:
        gate.agent.delivery.pace.longest_pause = 0.1
        gate.decision(card(2))
        platform.always[TAPS] = Fault(status=503)
        gate.tap(card())
        platform.break_once(TAPS, refusal(429, "RATE_LIMITED", Retry_After="2"))
        del platform.always[TAPS]
        wait_until(lambda: not platform.faults[TAPS])
        before = time.monotonic()
        assert gate.decision(card(1)).result == "not_found"
        assert gate.agent.outbox.depth() == 1
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        assert time.monotonic() - before > 1.5


def test_a_full_disk_is_said_and_nothing_is_sent(work: Work, platform: Platform) -> None:
    with work() as gate:
        gate.decision(card(1))
        pages = gate.agent.outbox._db.execute("PRAGMA page_count").fetchone()[0]
        gate.agent.outbox._db.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(80):
            _, outcome = gate.tap(card(number % 10))
            if outcome is None:
                break
            assert isinstance(outcome, Decided)  # what was recorded is decided, also where its answer cannot be
        assert "NOT RECORDED" in gate.screen.getvalue()
        gate.agent.outbox._db.execute("PRAGMA max_page_count = 100000")
        assert isinstance(gate.tap(card(2))[1], Decided)
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        recorded = {entry.tap.scan_id for entry in gate.agent.outbox.entries()}
    assert set(sent(platform)) == recorded


@contextmanager
def process(state: Path, air: Air) -> Iterator[subprocess.Popen[bytes]]:
    """Run the agent as a program of its own, so that it can be killed.

    It writes to a file: a pipe that nobody reads is full after some hundred taps, and the agent waits for it.
    """
    environment = os.environ | {"GATEHOUSE_READER_AIR_SECONDS": "0.5", "GATEHOUSE_READER_DEBOUNCE_SECONDS": "0"}
    command = [sys.executable, "-W", "error", "-m", "reader_agent", "run", "--state", str(state), "--reader", air.path]
    with (
        (state / "printed.txt").open("ab") as printed,
        subprocess.Popen(command, env=environment, stdout=printed, stderr=subprocess.STDOUT) as running,
    ):
        try:
            yield running
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGTERM)
                try:
                    assert running.wait(timeout=60) == 0
                finally:
                    running.kill()


def depth(state: Path, identity: Identity) -> int:
    path = identity.outbox_path(state)
    if not path.exists():
        return 0
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)
    try:
        return int(db.execute("SELECT count(*) FROM open WHERE dead = 0").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not laid out yet
    finally:
        db.close()


@pytest.mark.parametrize("reached", [False, True], ids=["before it was sent", "before its answer came"])
def test_a_tap_survives_the_power_going(platform: Platform, state: Path, identity: Identity, reached: bool) -> None:
    platform.always[TAPS] = Fault(delay=1.0 if reached else 60.0, lose_answer=True)
    with Air() as air, process(state, air) as running:
        air.place(card())
        wait_until(lambda: depth(state, identity) == 1)
        if reached:
            wait_until(lambda: len(platform.batches) > 0)
        running.kill()
        running.wait()
    with Outbox(identity.outbox_path(state)) as outbox:
        [kept] = outbox.pending(10)
    platform.always.clear()
    with Air() as air, process(state, air):
        wait_until(lambda: depth(state, identity) == 0)
    assert sent(platform) == [kept.tap.scan_id]
    assert platform.answers[kept.tap.scan_id]["result"] == "valid"


def test_a_kept_connection_that_the_server_closes_costs_no_tap_its_decision(work: Work, platform: Platform) -> None:
    """A load balancer closes an idle connection at the moment when the next person taps."""
    with work() as gate:
        gate.tap(card())
        for number in range(1, 6):
            platform.break_once(TAPS, Fault(drop=True))
            _, outcome = gate.tap(card(number))
            assert isinstance(outcome, Decided), outcome
    assert len(platform.received) == 6


def test_few_people_wait_for_a_silent_platform_also_on_a_slow_disk(
    platform: Platform, state: Path, identity: Identity
) -> None:
    """The disk takes its part of the second, so a silence is a shorter one."""

    class SlowDisk(Outbox):
        def record(self, tap: Tap) -> int:
            time.sleep(0.3)
            return super().record(tap)

    platform.always[TAPS] = Fault(delay=10.0)
    with (
        SlowDisk(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        server.access_token(timeout=60)
        delivery = Delivery(
            outbox,
            server,
            pace=Pace(online_seconds=1.0),
            log=structlog.get_logger(),
            on_late=lambda _entry, _outcome: None,
            standing=Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None),
        )
        for number in range(2):
            tap = Tap.of_card(Clock(), f"04{number:012X}", sun=None, direction=None, clock_offset_ms=None)
            assert isinstance(delivery.take(tap), Kept)
        assert delivery._silence.lasts(None)
