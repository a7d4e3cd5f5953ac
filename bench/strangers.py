"""Scans beside strangers who log in: what threads of their own are worth to the gates.

The platform runs twice. First all requests share their threads, as before D-SEC-61, then gates and log-ins have their
own. Each time the same scans are made alone and beside 32 strangers. A local run has one process on the cores of this
machine, so the strangers also take CPU; functions on Lambda do not share theirs.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.crowd import Crowd
from tests.support import ground, stack
from tests.support.ground import Kind
from tests.support.stack import HOST, Stack

STRANGERS = 32
SCANS = 200
_WARM_UP = 200
_CLIENTS = 4
_LOG_IN = "/api/v1/users/login/"
# More than they get answered.
_BODIES = 20_000
_STARTED_SECONDS = 60.0
_ROOT = Path(__file__).parents[1]
_NAME = "webapp POST /api/v1/users/login/"


@dataclass(frozen=True, slots=True)
class Beside:
    """The sorted latencies of scans in seconds, alone and beside the strangers."""

    alone: list[float]
    beside: list[float]


def measure(scans: int = SCANS) -> dict[str, Beside]:
    """Return the scans' latencies with shared threads and with threads of their own."""
    return {"shared threads": _measured("1", scans), "threads of their own": _measured("0", scans)}


def _measured(shared: str, scans: int) -> Beside:
    from tests.support.caches import forget_caches

    with ground.environment(SHARED_THREADS=shared), stack.running() as running:
        forget_caches()  # clients of an earlier platform
        event = ground.create_event()
        crowd = Crowd(running, event, ground.fill(event, tickets=_WARM_UP + 2 * scans))
        crowd.scan(Kind.QR, _WARM_UP, clients=_CLIENTS)
        alone = crowd.scan(Kind.QR, scans, clients=_CLIENTS).latencies
        with _strangers(running, crowd):
            beside = crowd.scan(Kind.QR, scans, clients=_CLIENTS).latencies
        return Beside(alone, beside)


@contextmanager
def _strangers(running: Stack, crowd: Crowd) -> Iterator[None]:
    """Send log-ins of numbers that nobody has, from 32 connections, within the block."""
    bodies = [{"mobile_number": f"+92301{place:07}", "password": "a guessed password"} for place in range(_BODIES)]
    order: dict[str, Any] = {"host": HOST, "port": running.port, "path": _LOG_IN, "token": None, "bodies": bodies}
    command = [sys.executable, "-m", "bench.load"]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None  # noqa: S101  # tells the type checker what PIPE means
    try:
        process.stdin.write(json.dumps({**order, "clients": STRANGERS}).encode())
        process.stdin.close()
        deadline = time.monotonic() + _STARTED_SECONDS
        while crowd.calls(_NAME) < STRANGERS:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the strangers do not log in")
            time.sleep(0.1)
        yield
        if process.poll() is not None:
            raise RuntimeError("the strangers were done before the scans")
    finally:
        process.kill()
        process.wait()
