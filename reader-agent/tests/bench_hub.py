"""`python tests/bench_hub.py [AGENTS] [TAPS_A_SECOND] [SECONDS]`: how long people wait for the hub's decision.

A hub of its own process on loopback, TLS and disk as at an event; each agent taps at its pace, and each ticket is
tapped at two gates. Prints the times that the agents measured, and the decisions that were wrong.
"""

import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from hub_double import Party, tap_of


def serve(folder: str, gates: int, tickets: int, pipe: Connection) -> None:
    party = Party(Path(folder), gates=gates, tickets=tickets, seed=1)
    with party.hub() as hub:
        pipe.send(hub.port)
        pipe.recv()


def main(agents: int = 4, rate: int = 10, seconds: int = 20) -> None:
    count = agents * rate * seconds // 2
    taps = [number for number in range(count) for _ in range(2)]
    random.Random(2).shuffle(taps)  # noqa: S311  # no secret
    took: list[float] = []
    admitted: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        near, far = multiprocessing.Pipe()
        hub = multiprocessing.Process(target=serve, args=(folder, agents, count, far), daemon=True)
        hub.start()
        port = near.recv()
        party = Party(Path(folder), gates=agents, tickets=count, seed=1)

        def gate(device: str, mine: list[int]) -> None:
            client = stack.enter_context(party.client(port, device_id=device))
            client.state(0, wait=0, seconds=5)
            began = time.monotonic()
            for place, number in enumerate(mine):
                time.sleep(max(0.0, began + place / rate - time.monotonic()))
                before = time.monotonic()
                decision = client.decide(tap_of(party.cards[number]), seconds=5)[1]
                took.append(time.monotonic() - before)
                admitted[number] += decision.result == "valid"

        threads = [
            threading.Thread(target=gate, args=(device, taps[place::agents]))
            for place, device in enumerate(party.gates)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        near.send(None)
        hub.join(timeout=10)
    cuts = [1000 * cut for cut in statistics.quantiles(took, n=100)]
    wrong = sum(admitted[number] != 1 for number in range(count))
    sys.stdout.write(
        f"{len(took)} taps of {agents} agents at {rate} a second each: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, "
        f"p99 {cuts[98]:.1f} ms, most {1000 * max(took):.0f} ms; {wrong} wrong\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
