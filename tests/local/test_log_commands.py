"""`make logs` and `make trace` over a real run: one scan is found in the API, the stream and the live function."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from infra.local import run_log
from tests.local.conftest import wait_until
from tests.local.local_run import LocalRun
from tests.support.factories import scan_id

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]


def ask(run: LocalRun, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LOG_FOLDER": run.logs.name}
    command = [sys.executable, "-m", "infra.logs", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


def test_a_scan_is_traced_through_api_and_stream_and_counted_by_the_query(run: LocalRun) -> None:
    wanted, headers = scan_id(), run.usher()
    answer = run.scan(headers, wanted)
    assert answer["scan_id"] == wanted

    def of(function: str | None) -> list[dict[str, Any]]:
        folder = run_log.folder(data=None, port=0, environment={"LOG_FOLDER": run.logs.name})
        return [
            line for line in run_log.lines(folder) if wanted in line["@message"] and line.get("function") == function
        ]

    wait_until(lambda: bool(of("stream")))
    traced = ask(run, "trace", "--id", wanted)
    assert traced.returncode == 0, traced.stderr
    shown = traced.stdout.splitlines()
    # The card may be inside by another test's scan.
    [decided] = [line for line in shown if f"result={answer['result']}" in line and wanted in line]
    request_id = of(None)[0]["request_id"]
    assert any("route=/api/usher/scan/result" in line and request_id in line for line in shown)
    assert any(" stream " in line and " call " in line for line in shown)
    assert shown == sorted(shown), "in the order of time"
    assert f"request_id={request_id}" in decided
    assert request_id in ask(run, "trace", "--id", request_id).stdout
    scans = ask(run, "logs", "--query", "scans")
    assert scans.returncode == 0
    assert "result" in scans.stdout.splitlines()[0]


def test_the_file_has_the_lines_that_the_terminal_has(run: LocalRun) -> None:
    headers = run.usher()
    wanted = scan_id()
    run.scan(headers, wanted)
    wait_until(lambda: any(line.get("scan_id") == wanted for line in run.logged()))
    [at_terminal] = [line for line in run.logged() if line.get("scan_id") == wanted]
    folder = run_log.folder(data=None, port=0, environment={"LOG_FOLDER": run.logs.name})
    [in_file] = [json.loads(line["@message"]) for line in run_log.lines(folder) if line.get("scan_id") == wanted]
    assert in_file == at_terminal
