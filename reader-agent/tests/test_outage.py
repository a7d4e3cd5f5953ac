"""After an outage the people at the gate go first, and the kept taps follow; a killed agent loses nothing.

Reduced in the ordinary run. `READER_KEPT=300 READER_PEOPLE=52 READER_EVERY=1` and `READER_TAPS=500 READER_KILLS=20` are
the full sizes.
"""

import os
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from conftest import Box, Work, wait_until
from platform_double import Fault, Platform
from snapshot_double import CardRow, TicketRow
from test_delivery import TAPS, fill, process
from ulid import ULID

from reader_agent.clock import Clock
from reader_agent.delivery import Delivery
from reader_agent.identity import Identity, read_json
from reader_agent.outbox import Entry, Outbox
from reader_agent.outcomes import Decided, Outcome
from reader_agent.pace import Backoff, Pace, Slice
from reader_agent.server import Server
from reader_agent.simulator import Air, Ntag213
from reader_agent.standing import Standing
from reader_agent.tap import Tap

KEPT, PEOPLE = int(os.environ.get("READER_KEPT", "60")), int(os.environ.get("READER_PEOPLE", "6"))
EVERY = float(os.environ.get("READER_EVERY", "0.3"))
ALL_TAPS, KILLS = int(os.environ.get("READER_TAPS", "4")), int(os.environ.get("READER_KILLS", "1"))


def person(number: int) -> Tap:
    return Tap.of_card(Clock(), f"04FF{number:010X}", sun=None, direction=None, clock_offset_ms=None)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("fault", [Fault(delay=30.0), Fault(status=502), None], ids=["silent", "bad gateway", "down"])
def test_people_are_decided_at_once_after_an_outage_and_the_kept_taps_follow(
    platform: Platform, state: Path, identity: Identity, fault: Fault | None
) -> None:
    """The platform needs 100 ms a tap, one after the other: a slice of 100 takes twice a person's timeout."""
    made = fill(state, identity, KEPT)
    platform.seconds_per_tap = 0.1
    if fault:
        platform.always[TAPS] = fault
    else:
        platform.down()
    late: list[Outcome] = []
    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        delivery = Delivery(
            outbox,
            server,
            pace=Pace(online_seconds=5.0, sync_seconds=15.0),
            log=structlog.get_logger(),
            on_late=lambda _tap, outcome: late.append(outcome),
            standing=Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None),
        )
        delivery.start()
        try:
            wait_until(lambda: delivery.tally.failed_attempts > 1)
            platform.always.clear()
            if fault is None:
                platform.up()
            back, took, decided = time.monotonic(), [], 0
            for number in range(PEOPLE):
                before = time.monotonic()
                decided += isinstance(delivery.take(person(number)), Decided)
                took.append(time.monotonic() - before)
                threading.Event().wait(max(0.0, EVERY - took[-1]))
            wait_until(lambda: outbox.depth() == 0, timeout=60 - (time.monotonic() - back))
        finally:
            delivery.stop()
    assert decided >= PEOPLE - 1  # one may come before the first token
    assert statistics.quantiles(took, n=20)[-1] <= 7.5
    received = [tap["scan_id"] for tap in platform.received]
    assert len(received) == len(set(received)) == KEPT + PEOPLE
    assert set(made) <= set(received)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_started_again_and_sends_the_rest(
    platform: Platform, state: Path, identity: Identity
) -> None:
    made = fill(state, identity, 5)
    late: list[Entry] = []

    def die_once(entry: Entry, _: Outcome) -> None:
        late.append(entry)
        if len(late) == 1:
            raise SystemExit

    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        delivery = Delivery(
            outbox,
            server,
            pace=Pace(),
            log=structlog.get_logger(),
            on_late=die_once,
            standing=Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None),
        )
        delivery.start()
        try:
            wait_until(lambda: len(late) == 1 and not delivery.backlog.is_alive)
            delivery.backlog.ensure()
            wait_until(lambda: outbox.depth() == 0)
            assert delivery.backlog.is_alive
        finally:
            delivery.stop()
    assert [tap["scan_id"] for tap in platform.received] == made


def test_a_thread_that_hangs_is_seen_as_soon_as_its_request_and_its_pause_had_to_be_over(
    platform: Platform, state: Path, identity: Identity
) -> None:
    fill(state, identity, 2)
    shows_again = threading.Event()

    def hang(_entry: Entry, _outcome: Outcome) -> None:
        shows_again.wait(60)

    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        delivery = Delivery(
            outbox,
            server,
            pace=Pace(online_seconds=0.5, sync_seconds=2.0, late_seconds=0.2),
            log=structlog.get_logger(),
            on_late=hang,
            standing=Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None),
        )
        delivery.start()
        try:
            wait_until(lambda: outbox.depth() < 2)
            wait_until(lambda: not delivery.backlog.is_alive)
            shows_again.set()
            wait_until(lambda: delivery.backlog.is_alive and outbox.depth() == 0)
        finally:
            shows_again.set()
            delivery.stop()
    assert len(platform.received) == 2


def test_a_person_waits_for_no_slice_of_kept_taps(platform: Platform, state: Path, identity: Identity) -> None:
    fill(state, identity, 40)
    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        delivery = Delivery(
            outbox,
            server,
            pace=Pace(sync_seconds=10.0),
            log=structlog.get_logger(),
            on_late=lambda _tap, _outcome: None,
            standing=Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None),
        )
        server.access_token(timeout=60)
        platform.break_once(TAPS, Fault(delay=5.0))  # for the first slice, which is then on its way
        delivery.start()
        try:
            wait_until(lambda: not platform.faults[TAPS])
            assert isinstance(delivery.take(person(1)), Decided)
        finally:
            platform.stopped.set()
            delivery.stop()
    assert len(platform.batches[0]) == 1
    assert platform.received[0]["uid"] == person(1).uid


@pytest.mark.parametrize(
    ("single", "each", "expected"), [(0.05, 0.02, (8, 20)), (0.6, 0.0, (100, 100)), (0.01, 0.5, (1, 2))]
)
def test_a_slice_is_as_large_as_its_answer_is_quick(single: float, each: float, expected: tuple[int, int]) -> None:
    size, seen = Slice(), []
    for _ in range(60):
        seen.append(size.size)
        size.answered(size.size, single + each * (size.size - 1), most=100)
    assert seen[0] == 1
    assert 1 <= min(seen) <= max(seen) <= 100
    assert expected[0] <= max(seen[20:]) <= expected[1]
    size.failed()
    assert size.size <= max(1, seen[-1])


def test_pauses_have_full_jitter_a_bound_and_are_reset() -> None:
    backoff = Backoff()
    pauses = [backoff.next(15.0) for _ in range(200)]
    assert all(0 <= pause <= 15 for pause in pauses)
    assert pauses[0] <= 0.5
    assert max(pauses[10:]) - min(pauses[10:]) > 5
    backoff.reset()
    assert backoff.next(15.0) <= 0.5


def _recorded(state: Path, identity: Identity) -> int:
    path = identity.outbox_path(state)
    if not path.exists():
        return 0
    with Outbox.reading(path) as outbox:
        return outbox.total()


def _until(condition: Callable[[], bool]) -> None:
    wait_until(condition)


@pytest.mark.timeout(900)
def test_an_agent_that_is_killed_again_and_again_sends_each_tap_once(
    platform: Platform, state: Path, identity: Identity, box: Box
) -> None:
    """The platform loses every third answer after it has processed the taps; what the gate showed is in the records."""
    platform.lose_every = 3
    uids = [(b"\x04" + number.to_bytes(6, "big")).hex().upper() for number in range(ALL_TAPS)]
    platform.tickets |= dict.fromkeys(uids)
    box.tickets[:] = [TicketRow(ULID()) for _ in uids]
    box.cards[:] = [CardRow(uid, (ticket,)) for uid, ticket in zip(uids, box.tickets, strict=True)]
    box.publish()
    killed_at = {round((number + 0.5) * ALL_TAPS / KILLS) for number in range(KILLS)}
    with Air() as air:
        number = 0
        while number < ALL_TAPS:
            with process(state, air) as running:
                while number < ALL_TAPS:
                    recorded = _recorded(state, identity)
                    air.place(Ntag213(b"\x04" + number.to_bytes(6, "big")))
                    _until(lambda recorded=recorded: _recorded(state, identity) > recorded)  # type: ignore[misc]
                    number += 1
                    if number in killed_at:  # recorded, and perhaps sent, decided or neither
                        running.kill()
                        running.wait()
                        air.remove()
                        break
                    air.remove()
                    air.wait_for_polls(3, timeout=60)
        platform.lose_every = 0
        with process(state, air) as running, Outbox(identity.outbox_path(state)) as outbox:
            _until(lambda: (read_json(state / "runtime.json") or {}).get("pid") == running.pid)
            _until(lambda: outbox.depth() == 0)
            made = [entry.tap.scan_id for entry in outbox.entries()]
    received = [tap["scan_id"] for tap in platform.received]
    assert len(made) >= ALL_TAPS
    assert sorted(received) == sorted(made)
    assert sorted(tap["seq"] for tap in platform.received) == list(range(1, len(made) + 1))
    assert all(platform.answers[scan_id].get("conflict") is None for scan_id in made)


def test_a_stop_waits_for_no_answer_and_loses_no_tap(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    with Outbox(identity.outbox_path(state), secret=identity.storage_secret()) as outbox:
        outbox.record(person(1))
    asked = [f"/api/device/{name}/" for name in ("taps", "heartbeat", "snapshot")]
    for path in asked:
        platform.break_once(path, Fault(delay=120.0))
    with work(sync_seconds=120.0) as working:
        wait_until(lambda: not any(platform.faults[path] for path in asked))
        threads = {thread for thread in threading.enumerate() if thread.name in ("backlog", "heartbeat", "snapshot")}
    assert len(threads) == 3
    assert not [thread.name for thread in threads if thread.is_alive()]
    assert "taps not sent" not in working.log.getvalue()
    with Outbox(identity.outbox_path(state), secret=identity.storage_secret()) as outbox:
        assert [entry.detail for entry in outbox.pending(9)] == [""]
