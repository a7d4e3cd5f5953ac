"""`python tests/bench_offline.py [TICKETS] [TAPS]`: an agent's snapshot, and how long people wait without the network.

The platform's double gives the snapshot, is away while cards are tapped, then gives no answer, then is back. A tap is
measured from the reading of the card to the decision, with its record on the disk.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import snapshot_double
from conftest import WorkingAgent, wait_until
from platform_double import Fault, Platform
from snapshot_double import CardRow, TicketRow
from ulid import ULID

from reader_agent import enrolment
from reader_agent.outcomes import Decided, DecidedHere, Outcome
from reader_agent.readers import Card
from reader_agent.settings import Settings
from reader_agent.simulator import Air
from reader_agent.snapshot import Package, Snapshot

TAPS = "/api/device/taps/"
# For each of what is measured after a cut.
CUTS = 5


def uid_of(number: int) -> str:
    return f"04{number:012X}"


def main(tickets: int = 100_000, taps: int = 2_000) -> None:
    rows = [TicketRow(ULID()) for _ in range(tickets)]
    cards = [CardRow(uid_of(number), (row,)) for number, row in enumerate(rows)]
    platform = Platform().up()

    def made(device_id: str) -> bytes:
        return snapshot_double.make(platform.signer, rows, cards, now=datetime.now(UTC), device_id=device_id)

    platform.snapshots[None] = made
    with tempfile.TemporaryDirectory() as folder, Air() as air:
        state = Path(folder)
        identity = enrolment.enroll(state, server=platform.url, code=platform.provision(), name="bench", replace=False)
        data = made(identity.device_id)
        began, cpu = time.monotonic(), time.process_time()
        Snapshot.of(Package.read(data, platform.signer.keys, event_id="evt_demo", device_id=identity.device_id))
        loaded = f"{time.monotonic() - began:.2f} s, {time.process_time() - cpu:.2f} s CPU"
        sys.stdout.write(f"snapshot of {tickets:,} tickets: {len(data):,} bytes, loaded in {loaded}\n")
        settings = Settings(
            state_dir=state, reader=air.path, debounce_seconds=0.0, online_seconds=1.0, sound="off", log_level="error"
        )
        with WorkingAgent(settings, identity, air) as gate:
            wait_until(lambda: gate.agent.offline.gate.snapshot is not None)
            platform.down()
            took = tapped(gate, range(taps))
            sys.stdout.write(f"{taps:,} taps without the network: {shown([each.seconds for each in took])}\n")
            sys.stdout.write(f"  CPU of the deciding thread: {shown([each.cpu for each in took])}\n")
            platform.up()
            wait_until(lambda: gate.agent.outbox.depth() == 0)
            cut(gate, platform, taps)
    platform.down()


@dataclass(frozen=True)
class Took:
    """Seconds until a decision, and how many of them its thread computed."""

    seconds: float
    cpu: float


def tap(gate: WorkingAgent, number: int) -> tuple[Outcome | None, Took]:
    began, cpu = time.perf_counter(), time.thread_time()
    outcome = gate.agent.gate.tapped(Card(uid=uid_of(number), kind="bench", sun=None))
    return outcome, Took(time.perf_counter() - began, time.thread_time() - cpu)


def tapped(gate: WorkingAgent, numbers: range) -> list[Took]:
    took = []
    for number in numbers:
        outcome, needed = tap(gate, number)
        assert isinstance(outcome, DecidedHere), outcome
        assert outcome.decision.result == "valid"
        took.append(needed)
    return took


def cut(gate: WorkingAgent, platform: Platform, first: int) -> None:
    """Measure the first decision after the platform stops to answer, and the first of its own after it is back."""
    falls, heals = [], []
    for number in range(first, first + 2 * CUTS, 2):
        assert isinstance(tap(gate, number)[0], Decided)
        platform.always[TAPS] = Fault(delay=5.0)
        falls += [each.seconds for each in tapped(gate, range(number + 1, number + 2))]
        platform.always.clear()
        healed = time.monotonic()
        while not isinstance(tap(gate, number)[0], Decided):
            pass
        heals.append(time.monotonic() - healed)
    sys.stdout.write(f"first decision after {CUTS} cuts: at most {max(falls):.2f} s; ")
    sys.stdout.write(f"first one of the platform after each healed: at most {max(heals):.2f} s\n")


def shown(seconds: list[float]) -> str:
    cuts = [1000 * cut for cut in statistics.quantiles(seconds, n=100)]
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, most {1000 * max(seconds):.0f} ms"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
