"""localstripe, an independent imitation of Stripe, as a process of its own on a free loopback port."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

API_KEY, WEBHOOK_SECRET = "sk_test_localstripe", "whsec_of_localstripe"
_PYTHON = Path(__file__).parents[2] / ".venv-localstripe" / "bin" / "python"
_READY_SECONDS = 120.0
# Its own start listens on every interface and keeps its books in a file under /tmp that everybody shares.
_START = """
import socket
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
web.run_app(server.app, sock=sock, print=None)
"""


def python() -> str:
    """Return its interpreter; the test is skipped where it could not be installed."""
    if not _PYTHON.exists():
        pytest.skip("localstripe is not installed: infra/setup.sh localstripe gets it, given a package index")
    return str(_PYTHON)


@contextmanager
def running(log: Path) -> Iterator[str]:
    """Run localstripe inside the block; yields its address."""
    interpreter = python()
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "127.0.0.1"}
    with (
        log.open("wb") as words,
        subprocess.Popen([interpreter, "-c", _START], stdout=subprocess.PIPE, stderr=words, env=environment) as process,
    ):
        try:
            assert process.stdout is not None
            port = process.stdout.readline().decode().strip()
            assert port, f"localstripe did not start: {log.read_text(encoding='utf-8')}"
            url = f"http://127.0.0.1:{port}"
            _await_answer(url)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)


def _await_answer(url: str) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/v1/refunds", headers={"authorization": f"Bearer {API_KEY}"}, timeout=60)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        return
    raise AssertionError("localstripe does not answer")


def send_events_to(address: str, *, of: str, kinds: list[str]) -> None:
    """Make a localstripe send its signed events of some kinds to an address."""
    body: dict[str, Any] = {"url": address, "secret": WEBHOOK_SECRET, "events": kinds}
    httpx.post(f"{of}/_config/webhooks/gatehouse", json=body, timeout=60).raise_for_status()


def authenticate(client_secret: str, *, at: str) -> None:
    """Let the owner of a challenged card prove themselves, as Stripe's script in the browser does."""
    name = client_secret.partition("_secret_")[0]
    body = {"client_secret": client_secret, "success": "true", "key": "pk_test_localstripe"}
    httpx.post(f"{at}/v1/payment_intents/{name}/_authenticate", data=body, timeout=60).raise_for_status()
