"""Visitors who are scanned over HTTP, and the cost of their scans."""

import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from infra.local.seed import Seeded
from tests.support import ground
from tests.support.connection import Client, request
from tests.support.ground import Event, Kind
from tests.support.stack import HOST, Stack

_ROOT = Path(__file__).parents[1]
_SETTLE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2
# The worker rests when this long adds nothing to its bill.
_REST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Run:
    """One measured crowd: seconds of each scan, of all, CPU seconds by kind of process, and the bill."""

    tickets: int
    kind: Kind
    clients: int
    latencies: list[float]
    seconds: float
    cpu: dict[str, float]
    usage: dict[str, Any]
    # The pace that was asked for, where it was bounded.
    per_second: float | None = None

    @property
    def scans(self) -> int:
        """How many scans were made, all of them valid."""
        return len(self.latencies)


class Crowd:
    """Visitors of one event, who are scanned over HTTP."""

    def __init__(self, stack: Stack, event: Event, tickets: list[Seeded]) -> None:
        """`tickets` have never been scanned."""
        self._stack, self._event = stack, event
        self._size, self._tickets = len(tickets), iter(tickets)
        self._left, self._admitted = len(tickets), 0
        body = {"event_id": event.event_id, "username": event.usher_name, "password": event.usher_password}
        self._token = str(self._ask("POST", "/api/usher/login/", body)["access"])

    def scan(self, kind: Kind, count: int, *, clients: int, per_second: float | None = None) -> Run:
        """Scan so many tickets and wait until the log and the totals have followed; at most `per_second` a second."""
        if count > self._left:
            raise ValueError(f"{count} scans are more than the {self._left} tickets left")
        self._left -= count
        bodies = [ground.scan_body(kind, next(self._tickets), self._event) for _ in range(count)]
        order = {
            "host": HOST,
            "port": self._stack.port,
            "path": ground.SCAN_PATH,
            "token": self._token,
            "bodies": bodies,
            "clients": clients,
            "per_second": per_second,
        }
        pids = machine.children_of(self._stack.process_id)
        self._usage("DELETE")
        before = machine.cpu_seconds(pids)
        command = [sys.executable, "-m", "bench.load"]
        done = subprocess.run(
            command, cwd=_ROOT, input=json.dumps(order), capture_output=True, text=True, check=False, timeout=600
        )
        if done.returncode:
            raise RuntimeError(f"the clients failed: {done.stderr[-2000:]}")
        tally = json.loads(done.stdout)
        if tally["results"] != {"valid": count}:
            raise RuntimeError(f"{count} scans should have been valid: {tally['results']}")
        self._admitted += count
        self._settle()
        after = machine.cpu_seconds(pids)
        cpu = {name: seconds - before[name] for name, seconds in after.items()}
        latencies = sorted(tally["latencies"])
        return Run(self._size, kind, clients, latencies, tally["seconds"], cpu, self._usage("GET"), per_second)

    def calls(self, route: str) -> int:
        """Return how often a route has been called since the last scans began."""
        return int(self._usage("GET")["requests"].get(route, {"calls": 0})["calls"])

    def _settle(self) -> None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        path = f"/api/usher/events/{self._event.event_id}/status/"
        while (counted := self._ask("GET", path, None)["admitted"]) != self._admitted:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the totals are {counted} of {self._admitted} admissions")
            time.sleep(_PAUSE_SECONDS)
        # The totals show before their own write is booked, and the records that it made come once more.
        booked, before = self._usage("GET")["background"].get("stream"), None
        while booked != before:
            if time.monotonic() > deadline:
                raise RuntimeError("the stream's worker does not come to rest")
            time.sleep(_REST_SECONDS)
            booked, before = self._usage("GET")["background"].get("stream"), booked

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        client = Client(HOST, self._stack.port)
        token = getattr(self, "_token", None)
        status, content = client.ask(request(method, path, body, host=HOST, token=token))
        if status != 200:
            raise RuntimeError(f"{method} {path} was answered {status}: {content.decode()}")
        return json.loads(content)  # type: ignore[no-any-return]  # JSON has no types

    def _usage(self, method: str) -> dict[str, Any]:
        url = f"http://{HOST}:{self._stack.port}/_local/usage/"
        asked = urllib.request.Request(url, method=method, headers={"X-Gatehouse-Local": "1"})
        with urllib.request.urlopen(asked) as answer:  # noqa: S310  # loopback
            return json.loads(answer.read() or b"{}")  # type: ignore[no-any-return]  # JSON has no types
