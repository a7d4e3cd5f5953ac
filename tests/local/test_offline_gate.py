"""A gate without the network, on real parts: `make run`, the agent as a program, and a cable between them to pull."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.schemas.examples import demo
from infra.local import toolchain
from infra.local.cable import Cable
from infra.local.demo import demo_passwords
from tests.local.conftest import wait_until
from tests.local.local_run import LocalRun

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]

AGENT = toolchain.ROOT / "reader-agent"
PYTHON = AGENT / ".venv" / "bin" / "python"


@pytest.fixture
def cable(run: LocalRun) -> Iterator[Cable]:
    made = Cable(run.port)
    yield made
    made.pull()


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the agent, which is a program of its own with its own environment."""
    environment = {**os.environ, "PYTHONPATH": str(AGENT / "src"), "GATEHOUSE_READER_AIR_SECONDS": "1"}
    return subprocess.run(
        [str(PYTHON), "-m", "reader_agent", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.each_run
@pytest.mark.skipif(not PYTHON.exists(), reason="the agent's environment is not installed (make setup)")
def test_a_gate_decides_without_the_cloud_and_the_log_shows_it_afterwards(
    run: LocalRun, cable: Cable, tmp_path: Path
) -> None:
    state = ("--state", str(tmp_path / "state"))
    code = _provision(run)
    enrolled = command("enroll", "--server", cable.url, "--code", code, *state)
    assert enrolled.returncode == 0, enrolled.stderr
    wait_until(lambda: command("sync", "now", *state).returncode == 0)
    info = json.loads(command("snapshot", "info", "--json", *state).stdout)
    assert info["tickets"] > 0
    cable.pull()
    # Each is a run of its own on one state folder, as after a power cut.
    first = command("simulate", "--uid", demo.FAMILY_UID, "--server", cable.url, *state)
    assert (first.returncode, "DECIDED HERE" in first.stdout) == (0, True), first.stdout + first.stderr
    stranger = command("simulate", "--uid", "04FFFFFFFFFFFF", "--server", cable.url, *state)
    assert (stranger.returncode, "DECIDED HERE" in stranger.stdout) == (1, True), stranger.stdout + stranger.stderr
    assert command("count", "+2", *state).returncode == 0
    cable.plug()
    sent = command("outbox", "send", *state)
    assert "3 sent, 0 kept, 0 dead letters" in sent.stdout, sent.stdout + sent.stderr
    rows = json.loads(command("outbox", "list", "--json", *state).stdout)
    verdicts = [json.loads(row["detail"]) for row in rows]
    assert [(each["status"], each["result"]) for each in verdicts] == [
        ("accepted", "valid"), ("accepted", "not_found"), ("accepted", "valid"),
    ]  # fmt: skip
    scan_id = rows[0]["scan_id"]
    wait_until(lambda: any(entry["scan_id"] == scan_id for entry in _log(run)))
    [entry] = [entry for entry in _log(run) if entry["scan_id"] == scan_id]
    assert (entry["source"], entry["result"]) == ("offline", "valid")


def _provision(run: LocalRun) -> str:
    login = {"email": demo.ADMIN_EMAIL, "password": demo_passwords.ADMIN}
    access = run.client.post("/api/auth/login/", json=login).json()["access"]
    body = {"event_id": demo.EVENT_ID, "gate": "Gate 1", "name": "offline gate"}
    answer = run.client.post("/api/devices/", json=body, headers={"Authorization": f"Bearer {access}"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["enrollment_code"])


def _log(run: LocalRun) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run.client.get("/api/usher/scan/logs/", headers=run.usher()).json()["results"]
    return found
