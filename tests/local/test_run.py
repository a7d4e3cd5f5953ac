"""`make run` itself, as a process."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from chalicelib.schemas.examples import demo
from infra.local import console, toolchain
from infra.local.console import CannotStart
from infra.local.resources import Cloud
from tests.local.conftest import wait_until

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]
READY_SECONDS = 60


class LocalRun:
    """One `make run`, without the make."""

    def __init__(self, settings: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        environment = {name: value for name, value in os.environ.items() if name not in ("DATA", "DEMO", "ENGINE")}
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
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

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
        code = self.process.wait(40)
        self._reader.join()
        self.client.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(number) for number in found.split()]

    def cpu_seconds(self) -> float:
        """Return the CPU time of the runner itself until now."""
        used = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    def usher(self) -> dict[str, str]:
        body = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo.USHER_PASSWORD}
        answer = self.client.post("/api/usher/login/", json=body)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access']}"}

    def scan(self, headers: dict[str, str], scan_id: str) -> Any:
        body = {"scan_id": scan_id, "card_id": demo.CARD_UID, "gate": "Gate 1"}
        return self.client.post("/api/usher/scan/result/", json=body, headers=headers).json()

    def admitted(self, headers: dict[str, str]) -> int:
        return int(self.client.get(f"/api/usher/events/{demo.EVENT_ID}/status/", headers=headers).json()["admitted"])


Start = Callable[..., LocalRun]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start runs that end with the test, whatever becomes of it."""
    runs: list[LocalRun] = []

    def make(**settings: str) -> LocalRun:
        runs.append(LocalRun(settings))
        return runs[-1].until_ready()

    yield make
    for run in runs:
        run.end()


def is_gone(process_id: int) -> bool:
    return not Path(f"/proc/{process_id}").exists()


def check_the_main_job_and_that_data_is_kept(start: Start, folder: Path, **settings: str) -> None:
    first = start(DATA=str(folder), **settings)
    children = first.children()
    headers = first.usher()
    assert first.scan(headers, "scn_kept00001")["result"] == "valid"
    wait_until(lambda: first.admitted(headers) == 1)
    usage = first.client.get("/_local/usage/").json()
    assert usage["requests"]["usher POST /api/usher/scan/result/"]["calls"] == 1
    assert usage["background"]["stream"]["write_units"] > 0
    assert first.end() == 0
    assert children
    assert all(is_gone(child) for child in children)

    second = start(DATA=str(folder), **settings)
    assert second.cpu_seconds() < 15
    headers = second.usher()
    assert second.scan(headers, "scn_kept00002")["result"] == "already_scanned"
    assert second.admitted(headers) == 1
    wait_until(lambda: len(second.client.get("/api/usher/scan/logs/", headers=headers).json()["results"]) == 2)
    assert second.end(signal.SIGTERM) == 0


def test_a_scan_is_decided_projected_and_kept_over_a_restart(start: Start, tmp_path: Path) -> None:
    check_the_main_job_and_that_data_is_kept(start, tmp_path)


@pytest.mark.engine
@pytest.mark.usefixtures("engine_cloud")
def test_amazons_own_engine_holds_the_table_where_asked(start: Start, tmp_path: Path) -> None:
    check_the_main_job_and_that_data_is_kept(start, tmp_path, ENGINE="dynamodb-local")


def test_a_fact_becomes_a_mail_and_a_killed_run_leaves_no_orphans(start: Start) -> None:
    run = start()
    children = run.children()
    cloud_line = next(line for line in run.lines if line.strip().startswith("cloud "))
    cloud = Cloud(cloud_line.split()[1], cloud_line.split()[1])
    events = cloud.client("events")
    detail = '{"fact_id": "fct_1", "occurred_at": "2026-01-01T00:00:00Z", "device_id": "dev_1", "event_id": "evt_demo"}'
    entry = {"Source": "gatehouse", "DetailType": "device.silent", "Detail": detail, "EventBusName": "gatehouse"}
    events.put_events(Entries=[entry])
    events.close()

    def mails() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = run.client.get("/_local/outbox/?to=admin@example.com").json()["messages"]
        return found

    wait_until(lambda: bool(mails()))
    [mail] = mails()
    assert (mail["channel"], mail["to"]) == ("email", "admin@example.com")
    assert mail["subject"]
    assert mail["sent_at"].endswith("Z")
    assert run.client.get("/_local/outbox/?to=nobody@example.com").json() == {"messages": []}

    ran = run.client.post("/_local/schedule/watch_devices/")
    assert (ran.status_code, ran.json()["status"]) == (200, "done")
    assert run.client.get("/_local/usage/").json()["background"]["watch_devices"]["calls"] == 1
    assert run.client.post("/_local/schedule/nothing/").json()["error"]["code"] == "NOT_FOUND"
    assert run.client.get("/_local/schedule/watch_devices/").status_code == 405
    assert run.client.delete("/_local/usage/").status_code == 204

    run.end(signal.SIGKILL)
    wait_until(lambda: all(is_gone(child) for child in children))


def test_a_run_whose_engine_dies_ends_with_the_reason(start: Start) -> None:
    run = start(DEMO="0")
    [engine] = run.children()
    os.kill(engine, signal.SIGKILL)
    assert run.process.wait(60) == 1
    assert run.end() == 1
    assert any("MiniStack ended unexpectedly." in line for line in run.lines)


def test_a_refusal_is_found_in_the_log_by_its_id_with_sixteen_callers_at_once(start: Start) -> None:
    run = start(LOG="json", LOG_LEVEL="INFO")
    headers = run.usher()

    def one_caller(caller: int) -> list[str]:
        """Ask for what is not there; return the ids of the refusals."""
        with httpx.Client(base_url=run.client.base_url, headers=headers, timeout=20) as client:
            answers = [client.get(f"/api/usher/scan/logs/log_{caller}_{number}/") for number in range(10)]
        assert {answer.status_code for answer in answers} == {404}
        return [answer.json()["error"]["request_id"] for answer in answers]

    with ThreadPoolExecutor(16) as callers:
        refused = [request_id for found in callers.map(one_caller, range(16)) for request_id in found]
    assert run.end() == 0

    logged = [json.loads(line) for line in run.lines if line.startswith("{")]
    for request_id in refused:
        [line] = [line for line in logged if line.get("request_id") == request_id]
        assert (line["message"], line["route"]) == ("request", "/api/usher/scan/logs/{log_id}")
        assert (line["status"], line["code"], line["portal"]) == (404, "NOT_FOUND", "usher")
        assert line["principal_id"].startswith("ush_")
    assert len(set(refused)) == 160


def test_nothing_but_its_steps_is_printed_before_a_run_is_ready(start: Start) -> None:
    run = start(LOG_LEVEL="INFO")
    ready, serving = run.lines.index("ready"), next(n for n, line in enumerate(run.lines) if line.endswith(" serving"))
    assert [line for line in run.lines[:serving] if not line.startswith("[")] == []
    assert any(demo.CUSTOMER_NUMBER in line for line in run.lines[serving:ready])
    answer = run.client.get("/api/usher/nothing/")
    request_id = answer.headers["x-request-id"][:8]
    wait_until(lambda: any(f"{request_id} GET (unknown) 404 NOT_FOUND" in line for line in run.lines[ready:]))
    assert "\x1b[" not in "".join(run.lines)


def refused_start(**settings: str) -> str:
    """Start a run that must not start; return what it prints as its error."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATA", "DEMO", "ENGINE")}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = subprocess.run(
        [sys.executable, "-m", "infra.local"],
        cwd=toolchain.ROOT,
        env={**environment, "PORT": str(port), **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_wrong_setting_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    assert "is not a folder. Name one that exists or can be created." in refused_start(DATA=str(file))
    assert "Choose ministack or dynamodb-local." in refused_start(ENGINE="mysql")
    assert "Choose one from 1 to 65535." in refused_start(PORT="99999")


def test_a_folder_that_another_run_uses_is_refused(tmp_path: Path) -> None:
    with (tmp_path / ".in-use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another run uses DATA=" in refused_start(DATA=str(tmp_path))


def test_a_port_in_use_is_told_at_once_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "infra.local", "--port", str(port)],
            cwd=toolchain.ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert f"PORT={port + 1} make run" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_start_has_the_first_administrator_and_nothing_else(start: Start) -> None:
    run = start(DEMO="0")
    body = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo.USHER_PASSWORD}
    assert run.client.post("/api/usher/login/", json=body).status_code == 401
    assert not any("usher1" in line for line in run.lines)
    assert any(demo.ADMIN_EMAIL in line for line in run.lines)
    assert run.end() == 0


def test_a_full_disk_gets_a_message_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="DATA=/path/to/folder make run"):
        console.require_space(tmp_path, needed_bytes=2**62)
    told = console.explained(OSError(28, "No space left on device", "/somewhere"))
    assert "The disk is full (/somewhere)" in str(told)


def test_a_missing_java_gets_a_message_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("UV", str(tmp_path / "no-uv"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("FETCH", raising=False)
    monkeypatch.setattr(toolchain, "FETCHED", tmp_path)
    with pytest.raises(CannotStart, match="apt-get install openjdk-17-jre-headless"):
        toolchain.java()
    with pytest.raises(CannotStart, match="apt-get install npm"):
        toolchain.dynamodb_local_home()
