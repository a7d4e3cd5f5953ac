"""An evening at a gate at random: cuts, lost answers, reboots with another clock; each tap is at the platform once.

A few seeds in the ordinary run; `READER_EVENINGS=200 READER_DEEDS=120` is the full size. A seed repeats an evening.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from conftest import DEMO_UID, FAMILY, Box, wait_until
from platform_double import Fault, Platform, refusal

from reader_agent.clock import Clock
from reader_agent.delivery import Delivery
from reader_agent.identity import Identity
from reader_agent.local_gate import LocalGate
from reader_agent.offline import Offline
from reader_agent.outbox import Outbox
from reader_agent.outcomes import Decided, DecidedHere, Outcome, Refused
from reader_agent.pace import Pace
from reader_agent.server import Server
from reader_agent.snapshot.store import SnapshotStore, store_path
from reader_agent.snapshot.sync import SnapshotSync
from reader_agent.standing import Standing
from reader_agent.tap import Tap
from reader_agent.trusted_time import TrustedTime

EVENINGS, DEEDS = int(os.environ.get("READER_EVENINGS", "2")), int(os.environ.get("READER_DEEDS", "40"))
TAPS = "/api/device/taps/"
CARDS = (DEMO_UID, FAMILY, FAMILY, "04000000000009")
_log = structlog.get_logger()


class OwnClock(Clock):
    """A board's clocks in one boot: the wall clock is wrong by a few seconds, minutes or years."""

    def __init__(self, boot: int, wrong: timedelta) -> None:
        super().__init__()
        self.boot_id, self.wrong = f"boot-{boot}", wrong

    def wall(self) -> datetime:
        return super().wall() + self.wrong


class Board:
    """What of an agent takes taps and sends them, between two boots."""

    def __init__(self, state: Path, identity: Identity, clock: Clock) -> None:
        self.clock = clock
        self._undo = ExitStack()
        self.outbox = Outbox(identity.outbox_path(state), secret=identity.storage_secret())
        self._undo.callback(self.outbox.close)
        self.server = self._undo.enter_context(Server(identity.server, clock=clock, identity=identity))
        trusted = TrustedTime(self.server)
        offline = Offline(LocalGate(trusted, keys=identity.platform_keys()), trusted)
        store = SnapshotStore(store_path(state, identity.device_id), secret=identity.storage_secret())
        self._undo.callback(store.close)
        self.sync = SnapshotSync(self.server, store, offline, identity, log=_log, seconds=300.0)
        self.sync.load()
        offline.remember(self.outbox)
        self.delivery = Delivery(
            self.outbox,
            self.server,
            pace=Pace(online_seconds=2.0, longest_pause=0.05, slow_seconds=0.1),
            log=_log,
            on_late=lambda _entry, _outcome: None,
            standing=Standing(on_alarm=lambda _why: None, on_all_clear=lambda: None),
        )
        self.delivery.standing.doubt_seconds = 0.0
        self.delivery.decide_by(offline)
        self.delivery.start()

    def tap(self, uid: str) -> tuple[str, Outcome]:
        """Hold a card to the reader."""
        offset = self.server.clock_offset_seconds
        tap = Tap.of_card(
            self.clock, uid, sun=None, direction=None, clock_offset_ms=None if offset is None else round(offset * 1000)
        )
        return tap.scan_id, self.delivery.take(tap)

    def end(self) -> None:
        """Cut the power; what is on the disk stays."""
        self.delivery.stop()
        self._undo.close()


def lost() -> Fault:
    """Return the fault of an answer that is lost after the platform processed the taps."""
    return Fault(lose_answer=True)


FAULTS: tuple[Callable[[], Fault], ...] = (
    lost, lost, lost,
    lambda: Fault(drop=True),
    lambda: Fault(status=500, body=b"<html>"),
    lambda: Fault(status=200, body=b'{"results": [{"scan'),
    lambda: refusal(413, "TOO_LARGE"),
    lambda: refusal(429, "RATE_LIMITED", Retry_After="0"),
    lambda: refusal(401, "UNAUTHENTICATED"),
    lambda: Fault(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(EVENINGS))
def test_an_evening_of_cuts_lost_answers_and_reboots_leaves_each_tap_at_the_platform_once(
    state: Path, identity: Identity, platform: Platform, box: Box, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # an evening, no secret
    platform.tickets[FAMILY] = None
    platform.ticket_ids[FAMILY] = box.tickets[1].id
    board = Board(state, identity, OwnClock(0, timedelta()))
    shown: dict[str, Any] = {}
    boots = 0
    try:
        assert board.sync.fetch()
        for _ in range(DEEDS):
            deed = chance.choices(("tap", "cut", "heal", "fault", "reboot", "set", "sync"), (50, 6, 9, 18, 7, 5, 5))[0]
            if deed == "tap":
                scan_id, outcome = board.tap(chance.choice(CARDS))
                shown[scan_id] = outcome
                assert not isinstance(outcome, Refused) or outcome.why.startswith("TOO_LARGE"), outcome
            elif deed == "cut":
                platform.down()
            elif deed == "heal":
                platform.down()
                platform.up()
            elif deed == "fault":
                platform.break_once(TAPS, chance.choice(FAULTS)())
            elif deed == "reboot":
                boots += 1
                board.end()
                wrong = timedelta(minutes=chance.choice((-600_000, -10, 0, 10, 5_000)))
                board = Board(state, identity, OwnClock(boots, wrong))
            elif deed == "set" and isinstance(board.clock, OwnClock):
                board.clock.wrong = timedelta(seconds=chance.choice((-300, 0, 300)))
            else:
                board.sync.fetch()
        platform.down()
        platform.faults.clear()
        platform.up()
        wait_until(lambda: board.outbox.depth() + board.outbox.dead() == 0)
    finally:
        board.end()
    with Outbox(identity.outbox_path(state), secret=identity.storage_secret()) as outbox:
        entries = outbox.entries("done")
    assert Counter(tap["scan_id"] for tap in platform.received) == Counter(shown.keys())
    assert [entry.sequence for entry in entries] == list(range(1, len(shown) + 1))
    assert {entry.tap.scan_id: entry.detail for entry in entries if '"rejected"' in entry.detail} == {}
    # One gate remembers who passed, through cuts and reboots: a card admits as many as it has tickets.
    let_in = Counter(entry.tap.uid for entry in entries if _is_first_entry(shown[entry.tap.scan_id]))
    assert let_in[DEMO_UID] <= 1
    assert let_in[FAMILY] <= len(box.cards[1].tickets)
    assert let_in[CARDS[-1]] == 0


def _is_first_entry(outcome: Outcome) -> bool:
    if isinstance(outcome, DecidedHere):
        return outcome.decision.admitted and not outcome.decision.repeat
    return isinstance(outcome, Decided) and outcome.decision.admitted and not outcome.decision.repeat
