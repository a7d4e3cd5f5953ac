"""The program as an operator runs it: its output and its exit status."""

import itertools
import json
import logging
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import DEMO_UID, wait_until
from platform_double import Platform, refusal

from reader_agent import cli
from reader_agent.clock import Clock
from reader_agent.identity import Identity
from reader_agent.simulator import Air, Ntag213, Ntag424

SLOW = {"GATEHOUSE_READER_AIR_SECONDS": "0.5", "GATEHOUSE_READER_ONLINE_SECONDS": "3"}


def reader(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "reader_agent", *arguments],
        env=os.environ | SLOW | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Return what runs a command in this process: as good as the program, and quicker to start."""
    mask, root = os.umask(0o077), logging.getLogger()
    handlers, level = root.handlers, root.level
    for name, value in SLOW.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["gatehouse-reader", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), out, err)

    yield call
    os.umask(mask)
    root.handlers, root.level = handlers, level


def simulate(run: Command, platform: Platform, *more: str, uid: str = DEMO_UID) -> subprocess.CompletedProcess[str]:
    return run("simulate", "--uid", uid, "--server", platform.url, *more)


def test_a_simulated_card_is_admitted_once_right_after_the_platform_came_up(platform: Platform) -> None:
    first, second = simulate(reader, platform), simulate(reader, platform)
    assert (first.returncode, second.returncode) == (0, 1), first.stderr + second.stderr
    assert "enrolled with the local run" in first.stdout
    assert "ADMITTED" in first.stdout
    assert "enrolled" not in second.stdout
    assert "ALREADY SCANNED" in second.stdout
    assert "Gate 1 by simulated reader" in second.stdout
    assert len(platform.received) == 2


def test_a_simulated_card_without_a_platform_is_kept_and_sent_the_next_time(here: Command, platform: Platform) -> None:
    simulate(here, platform, uid="04000000000001")
    platform.down()
    kept = simulate(here, platform)
    platform.up()
    later = simulate(here, platform, uid="04000000000002")
    assert (kept.returncode, later.returncode) == (2, 1), kept.stderr + later.stderr
    assert "KEPT, NOT YET SENT" in kept.stdout
    assert "now sent, ADMITTED" in later.stdout
    # The person who waits goes first, so the kept tap may follow theirs.
    first, *rest = [tap["uid"] for tap in platform.received]
    assert (first, sorted(rest)) == ("04000000000001", sorted([DEMO_UID, "04000000000002"]))


def test_a_demo_device_enrols_again_with_a_restarted_local_run(here: Command, platform: Platform) -> None:
    simulate(here, platform)
    platform.keys.clear()
    platform.tokens.clear()
    platform.tickets[DEMO_UID] = None
    again = simulate(here, platform)
    assert again.returncode == 0, again.stderr
    assert "it was restarted" in again.stdout


def test_a_secure_simulated_card_counts_on_from_run_to_run(here: Command, platform: Platform) -> None:
    for _ in range(2):
        done = simulate(here, platform, "--kind", "ntag424", "--meta-key", "00" * 16, "--file-key", "11" * 16)
        assert done.returncode in (0, 1), done.stderr
    messages = [tap["sun"] for tap in platform.received]
    assert len({message["picc_data"] for message in messages}) == 2
    counters = Path(os.environ["XDG_STATE_HOME"]) / "gatehouse-reader" / "simulate" / "simulated-cards.json"
    assert json.loads(counters.read_text()) == {DEMO_UID: 2}


def test_a_simulated_felica_card_is_read(here: Command, platform: Platform) -> None:
    done = simulate(here, platform, "--kind", "felica", uid="01:14:B3:4C:2D:1E:0F:99")
    assert done.returncode == 1, done.stderr
    assert platform.received[0]["uid"] == "0114B34C2D1E0F99"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--uid", "04A1"], "has 2"),
        (["--uid", "zz"], "hexadecimal"),
        (["--uid", DEMO_UID, "--kind", "mifare"], "ntag213, ntag424 or felica"),
        (["--uid", DEMO_UID, "--kind", "felica"], "8 bytes"),
        (["--uid", DEMO_UID, "--kind", "ntag424", "--meta-key", "00"], "16 bytes"),
        (["--uid", DEMO_UID, "--server", "https://gate.example.com"], "gatehouse-reader enroll --server"),
        (["--uid", DEMO_UID, "--server", "http://gate.example.com"], "use https"),
        (["--uid", DEMO_UID, "--direction", "sideways"], "direction"),
        (["--uid", DEMO_UID, "--server", "http://127.0.0.1:1"], "make run"),
        ([], "--uid"),
    ],
)
def test_bad_input_to_simulate_gets_a_sentence_and_exit_code_3(here: Command, arguments: list[str], said: str) -> None:
    done = here("simulate", *arguments)
    assert done.returncode == 3
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_wrong_administrators_log_in_is_said(here: Command, platform: Platform) -> None:
    done = simulate(here, platform, "--enroll-admin", "admin@example.com:wrong")
    assert done.returncode == 3
    assert "refuses the log-in of admin@example.com" in " ".join(done.stderr.split())
    assert "wrong" not in done.stderr.replace("log-in", "")


@pytest.mark.parametrize(
    "command",
    ["", "enroll", "run", "status", "self-test", "simulate", "outbox", "outbox list", "outbox export", "outbox retry"],
)
def test_every_command_explains_itself(here: Command, command: str) -> None:
    done = here(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "enroll --server http://127.0.0.1:1 --code A", "run", "status", "self-test --reader serial:/dev/none",
        "sync now", "snapshot info", "count +1", "outbox list", "outbox export", "outbox retry",
        "outbox send", "simulate --uid 04A1B2C3D4E5F6",
    ],
)  # fmt: skip
def test_a_state_folder_that_is_a_file_is_said_with_what_to_do(
    here: Command, platform: Platform, tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    more = ["--server", platform.url] if command.startswith("simulate") else []
    done = here(*command.split(), *more, "--state", str(tmp_path / "file"))
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode in (1, 3)
    assert "folder" in said
    assert "Traceback" not in said
    assert (tmp_path / "file").read_text() == "no folder"


def test_an_option_that_is_no_address_is_answered_with_an_example(
    here: Command, state: Path, identity: Identity
) -> None:
    assert identity.origin == "enrolled"
    named = (["--hub", "--hub-announce"], ["--hub-address"], ["--hub", "--hub-listen"])
    for options, text in itertools.product(named, ("nonsense", "192.0.2.1:99999")):
        done = here("run", *options, text, "--state", str(state))
        said = " ".join(done.stderr.split())
        assert (done.returncode, "HOST:PORT, such as 192.0.2.10:8443" in said) == (3, True), said


def test_an_unknown_command_and_an_unenrolled_device_are_errors(here: Command) -> None:
    for arguments, said in (
        (["dance"], "No such command"),
        (["status"], "not enrolled"),
        (["run"], "not enrolled"),
        (["outbox", "list"], "not enrolled"),
    ):
        done = here(*arguments)
        assert (done.returncode, said in done.stderr) == (3, True), done.stderr


def test_enrolment_from_the_command_line_and_its_status(here: Command, platform: Platform, state: Path) -> None:
    enrolled = here("enroll", "--server", platform.url, "--code", platform.provision(), "--state", str(state))
    assert enrolled.returncode == 0, enrolled.stderr
    facts = status(here, ["--state", str(state)])
    assert (facts["gate"], facts["queue_depth"], facts["running"]) == ("Gate 1", 0, False)
    # The report of an agent whose power went, and whose number another program has now.
    last_boot = {"pid": os.getpid(), "boot_id": "of last night", "alarm": "of last night"}
    (state / "runtime.json").write_text(json.dumps(last_boot))
    facts = status(here, ["--state", str(state)])
    assert (facts["running"], "alarm" in facts) == (False, False)
    again = here("enroll", "--server", platform.url, "--code", platform.provision(), "--state", str(state))
    assert again.returncode == 3
    assert "--replace" in again.stderr


@pytest.mark.usefixtures("identity")
def test_an_agent_that_reports_no_more_is_not_called_ready(here: Command, state: Path) -> None:
    """Its disk may be full: then each tap is refused, and the last report is of before."""
    clock = Clock()
    report = {"pid": os.getpid(), "boot_id": clock.boot_id, "why_not_ready": [], "reported_ns": clock.monotonic_ns()}
    (state / "runtime.json").write_text(json.dumps(report))
    assert status(here, ["--state", str(state)])["why_not_ready"] == []
    report["reported_ns"] = clock.monotonic_ns() - 120 * 10**9
    (state / "runtime.json").write_text(json.dumps(report))
    (why,) = status(here, ["--state", str(state)])["why_not_ready"]
    assert "s old" in why
    assert "full" in " ".join(here("status", "--state", str(state)).stdout.split())


def test_the_self_test_tries_everything(here: Command, platform: Platform, state: Path, identity: Identity) -> None:
    good = here("self-test", "--state", str(state), "--reader", "udp:127.0.0.1:9", "--json")
    checks = {check["name"]: check["passed"] for check in json.loads(good.stdout)}
    assert good.returncode == 0, good.stdout
    assert " ".join(checks) == "settings state folder device key outbox server reader signals secure cards"
    del platform.keys[identity.device_id]
    bad = here("self-test", "--state", str(state), "--reader", "tty:GATEHOUSE9:pn532")
    assert bad.returncode == 3
    assert "FAIL server" in bad.stdout
    assert "FAIL reader" in bad.stdout
    assert "ok   secure cards" in bad.stdout
    fresh = here("self-test", "--state", str(state.with_name("fresh")), "--reader", "udp:127.0.0.1:9")
    assert fresh.returncode == 3
    assert "not enrolled" in " ".join(fresh.stdout.split())


def test_an_agent_at_work_can_be_looked_at_exported_and_stopped(
    here: Command, platform: Platform, state: Path, identity: Identity, tmp_path: Path
) -> None:
    assert identity.origin == "enrolled"
    where = ["--state", str(state)]
    platform.poison = {"04000000000001"}
    command = [sys.executable, "-W", "error", "-m", "reader_agent", "run", *where]
    with Air() as air, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        environment = (
            os.environ
            | SLOW
            | {"GATEHOUSE_READER_DEBOUNCE_SECONDS": "0", "NOTIFY_SOCKET": str(tmp_path / "notify")}
            | {"GATEHOUSE_READER_DIRECTON": "exit"}
        )
        with subprocess.Popen(
            [*command, "--reader", air.path], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            try:
                assert systemd.recv(100) == b"READY=1"
                for total, card in enumerate(
                    (Ntag424(bytes.fromhex(DEMO_UID)), Ntag213(b"\x04" + bytes(5) + b"\x01")), 1
                ):
                    air.place(card)
                    wait_until(lambda total=total: status(here, where)["taps"] == total)  # type: ignore[misc]
                    air.remove()
                    air.wait_for_polls(3, timeout=60)
                wait_until(lambda: status(here, where)["dead_letters"] == 1)
                wait_until(lambda: status(here, where).get("reader_open") is True)
                assert status(here, where)["running"]
                second = here("run", *where)
                assert second.returncode == 3
                assert "another agent uses" in " ".join(second.stderr.split())
                listed = here("outbox", "list", *where)
                assert DEMO_UID not in listed.stdout
                assert "valid" in listed.stdout
                [dead] = json.loads(here("outbox", "list", "--only", "dead", "--json", *where).stdout)
                assert dead["status"] == 400
                target = tmp_path / "taps.jsonl"
                assert here("outbox", "export", "--to", str(target), *where).returncode == 0
                rows = [json.loads(line) for line in target.read_text().splitlines()]
                assert [row["uid"] for row in rows] == [DEMO_UID, "04000000000001"]
                assert stat.S_IMODE(target.stat().st_mode) == 0o600
                assert here("outbox", "export", "--to", str(target), *where).returncode == 3
                assert here("outbox", "retry", "scn_nothing", *where).returncode == 3
                platform.poison = set()
                assert "1 to be sent again" in here("outbox", "retry", *where).stdout
                wait_until(lambda: len(platform.received) == 2)
            finally:
                for number in (signal.SIGHUP, signal.SIGTERM):  # its terminal is closed, and it is ended
                    running.send_signal(number)
                output, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    assert "ADMITTED" in output
    assert "GATEHOUSE_READER_DIRECTON is no setting" in output
    assert DEMO_UID not in output + errors
    assert all(json.loads(line) for line in errors.splitlines())


@pytest.mark.usefixtures("identity")
def test_many_signals_at_once_stop_an_agent_as_one_does(state: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "reader_agent", "run", "--state", str(state)]
    with Air() as air, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        with subprocess.Popen(
            [*command, "--reader", air.path], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            try:
                assert systemd.recv(100) == b"READY=1"
                for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT) * 1000:
                    running.send_signal(number)
                running.wait(timeout=60)
            finally:
                running.kill()
                _, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors


def status(here: Command, where: list[str]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(here("status", "--json", *where).stdout)
    return facts


def test_a_locked_out_agent_says_so_in_its_status(
    here: Command, platform: Platform, state: Path, identity: Identity
) -> None:
    platform.always["/api/device/heartbeat/"] = refusal(403, "FORBIDDEN")
    command = [sys.executable, "-m", "reader_agent", "run", "--state", str(state)]
    with (
        Air() as air,
        subprocess.Popen(
            [*command, "--reader", air.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running,
    ):
        try:
            wait_until(lambda: status(here, ["--state", str(state)]).get("alarm") is not None)
        finally:
            running.send_signal(signal.SIGINT)
            output, _ = running.communicate(timeout=60)
    assert (running.returncode, "LOCKED OUT" in output) == (0, True)
    assert identity.device_id in output


def test_a_unit_enrols_itself_once_by_its_credential(
    here: Command, platform: Platform, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_READER_SERVER", platform.url)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    enroll = ("enroll", "--if-needed", "--state", str(state))
    missing = here(*enroll)
    assert missing.returncode == 3
    assert "gatehouse-reader.code" in missing.stderr
    (tmp_path / "gatehouse-reader.code").write_text(platform.provision() + "\n")
    assert here(*enroll).returncode == 0
    first = Identity.load(state)
    (tmp_path / "gatehouse-reader.code").unlink()
    assert here(*enroll).returncode == 0
    assert Identity.load(state) == first


SYSTEMD = Path(__file__).parents[1] / "systemd"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_unit_is_understood_by_systemd_and_exposes_little(tmp_path: Path) -> None:
    installed = "/opt/gatehouse-reader/.venv/bin/gatehouse-reader"
    unit = tmp_path / "gatehouse-reader.service"
    text = (SYSTEMD / unit.name).read_text()
    assert "Type=notify\n" in text
    assert "LoadCredential=gatehouse-reader.code\n" in text
    unit.write_text(text.replace(installed, "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    exposure = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert exposure.returncode == 0, exposure.stdout[-300:]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "socks5://user:secret@127.0.0.1:1", "the proxy in ALL_PROXY of the environment: SOCKS is not"),
        ("https_proxy", "gopher://127.0.0.1:1", "the proxy in HTTPS_PROXY of the environment: it is not usable"),
        ("NO_PROXY", "[::1", "the proxy in NO_PROXY of the environment: it is not usable"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "no certificates can be read from SSL_CERT_FILE=/nowhere/ca.pem"),
        ("SSL_CERT_FILE", __file__, f"no certificates can be read from SSL_CERT_FILE={__file__}"),
    ],
)
def test_a_way_to_the_platform_that_the_environment_describes_badly_is_named(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    given = ["enroll", "--server", "https://gate.example.com", "--code", "X", "--state", str(tmp_path / "state")]
    # Certificates are read once by a process.
    done = subprocess.run(
        [sys.executable, "-m", "reader_agent", *given],
        env=os.environ | {name: value, "COLUMNS": "300"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_why_a_server_cannot_be_reached_is_said(here: Command, tmp_path: Path) -> None:
    for url, why in (
        ("https://127.0.0.1:1", "connection refused"),
        ("https://nobody.invalid", "its name is not known"),
    ):
        done = here("enroll", "--server", url, "--code", "X", "--state", str(tmp_path / "state"))
        assert done.returncode == 3
        assert why in " ".join(done.stderr.split())


def test_the_self_test_names_a_mistyped_setting(
    here: Command, state: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identity.origin == "enrolled"
    for name in ("server", "DIRECTION", "ONLINE_SECOND", "FLAG"):
        monkeypatch.setenv(f"GATEHOUSE_READER_{name}", "exit" if name == "DIRECTION" else "1")
    checks = json.loads(here("self-test", "--json", "--state", str(state), "--reader", "udp:127.0.0.1:9").stdout)
    [found] = [check for check in checks if check["name"] == "settings"]
    assert not found["passed"]
    flag, seconds = "GATEHOUSE_READER_FLAG", "GATEHOUSE_READER_ONLINE_SECOND"
    nothing = "is no setting, and changes nothing"
    assert found["detail"] == f"{flag} {nothing}; {seconds} {nothing}; is it to be {seconds}S?"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_does_in_a_services_folder_stays_the_services(here: Command, platform: Platform, state: Path) -> None:
    state.mkdir(mode=0o700)
    os.chown(state, 65534, 65534)
    where = ["--state", str(state)]
    for more in ([], ["--replace"]):
        code = platform.provision()
        assert here("enroll", "--server", platform.url, "--code", code, *more, *where).returncode == 0
        assert here("count", "+1", *where).returncode == 0
        here("outbox", "send", "--seconds", "1", *where)
    files = {path.name.partition("-")[0]: path.stat() for path in state.iterdir()}
    assert {"identity.json", "agent.lock", "outbox"} <= files.keys()
    assert {(file.st_uid, file.st_gid) for file in files.values()} == {(65534, 65534)}
