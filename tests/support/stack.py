"""The whole platform as `make run` serves it, on an engine of its own."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import ground

_ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
_READY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A running platform."""

    port: int
    process_id: int


@contextmanager
def running(engine: str = "dynamodb-local", *, demo: bool = True) -> Iterator[Stack]:
    """Serve the platform, with demo data or empty; AWS clients of this process use its engines."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if name not in ("DATA", "DEMO", "ENGINE", "PORT")}
    environ |= {} if demo else {"DEMO": "0"}
    command = [sys.executable, "-m", "infra.local", "--engine", engine, "--port", str(port)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=_ROOT, env=environ, stdout=said, stderr=subprocess.STDOUT)
        try:
            addresses = _wait(process, said)
            urls = {
                "AWS_ENDPOINT_URL": addresses["cloud"],
                "AWS_ENDPOINT_URL_DYNAMODB": addresses["table"],
                "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": addresses["table"],
            }
            with ground.environment(**urls):
                yield Stack(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], said: Any) -> dict[str, str]:
    """Return the addresses that the runner prints, once it is ready."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        said.seek(0)
        text = said.read().decode(errors="replace")
        if re.search(r"^ready$", text, re.MULTILINE):
            return dict(re.findall(r"^\s+(cloud|table)\s+(http\S+)", text, re.MULTILINE))
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the platform did not come up:\n{text[-2000:]}")
        time.sleep(0.1)
