"""The ES module for browsers against a local run: two clients scan together, live."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_passwords
from tests.local.local_run import LocalRun

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]
SCRIPT = Path(__file__).parents[1] / "live_module" / "two_clients.mjs"
# Node 20 has WebSocket behind a flag; later ones accept the flag.
_FLAG = "--experimental-websocket"


def node() -> str | None:
    """Return the path of a Node with WebSocket, or None."""
    found = shutil.which("node")
    if found is None:
        return None
    has_sockets = subprocess.run(
        [found, _FLAG, "-e", "process.exit(globalThis.WebSocket ? 0 : 1)"], capture_output=True, check=False
    )
    return found if has_sockets.returncode == 0 else None


@pytest.mark.skipif(node() is None, reason="A Node with WebSocket (20.10 or later) is not available here")
def test_two_clients_scan_together_and_one_comes_back_with_what_it_missed(run: LocalRun) -> None:
    url = f"http://127.0.0.1:{run.port}"
    command = [str(node()), _FLAG, str(SCRIPT), url, demo.TIX_EMAIL, demo_passwords.TIX]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {"scanned": 4, "sockets": 2}
