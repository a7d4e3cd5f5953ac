"""One `make run` as a process, without the make."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from chalicelib.schemas.examples import demo
from infra.local import toolchain
from infra.local.demo import demo_passwords

# Above the limits of a run's own start: two engines, and the stack. A run that reaches one of them ends and says why.
READY_SECONDS = 600


class LocalRun:
    """A run that is started, used over HTTP, and ended."""

    def __init__(self, settings: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        environment = {name: value for name, value in os.environ.items() if name not in ("DATA", "DEMO", "ENGINE")}
        # Not beside the logs of this machine's own runs, of which the oldest are removed.
        self.logs = tempfile.TemporaryDirectory()
        environment["LOG_FOLDER"] = self.logs.name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            env={**environment, "PORT": str(self.port), "LOG_LEVEL": "WARNING", **settings},
            cwd=toolchain.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.strip() == "ready":
                self._ready.set()
        self._ready.set()

    def until_ready(self) -> "LocalRun":
        assert self._ready.wait(READY_SECONDS), self.lines
        assert "ready" in self.lines, self.lines
        return self

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait; return how the process ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(120)
        self._reader.join()
        self.client.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.logs.cleanup()
        return code

    def logged(self) -> list[dict[str, Any]]:
        """Return the lines of JSON until now; the run needs `LOG=json`."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="utf-8")
        return [int(number) for number in found.split()]

    def cpu_seconds(self) -> float:
        """Return the CPU time of the runner itself until now."""
        used = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    def usher(self) -> dict[str, str]:
        body = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo_passwords.USHER}
        answer = self.client.post("/api/usher/login/", json=body)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access']}"}

    def scan(self, headers: dict[str, str], scan_id: str) -> Any:
        body = {"scan_id": scan_id, "card_id": demo.CARD_UID, "gate": "Gate 1"}
        return self.client.post("/api/usher/scan/result/", json=body, headers=headers).json()

    def admitted(self, headers: dict[str, str]) -> int:
        return int(self.client.get(f"/api/usher/events/{demo.EVENT_ID}/status/", headers=headers).json()["admitted"])


Start = Callable[..., LocalRun]
