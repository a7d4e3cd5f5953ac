"""The commands of an operator at a gate: what is there, what is wrong, and what goes to support."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import structlog
from conftest import DEMO_UID, Work, wait_until
from platform_double import Fault, Platform, envelope

from reader_agent import discovery, metrics, self_test, support
from reader_agent.identity import Identity
from reader_agent.readers import make_reader
from reader_agent.readers.pcsc import PcscReader
from reader_agent.settings import Settings
from reader_agent.simulator import Ntag213, Ntag424
from reader_agent.station_commands import status


def make(system: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (system / name).parent.mkdir(parents=True, exist_ok=True)
        (system / name).write_text(text)


def test_readers_lists_what_is_there_and_says_why_one_cannot_be_opened(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "sys/bus/usb/devices/1-1/idVendor": "054c\n", "sys/bus/usb/devices/1-1/idProduct": "06c3\n",
            "sys/bus/usb/devices/1-1/manufacturer": "SONY", "sys/bus/usb/devices/1-1/product": "RC-S380/P",
            "sys/bus/usb/devices/1-1/busnum": "1", "sys/bus/usb/devices/1-1/devnum": "5",
            "sys/bus/usb/devices/1-2/idVendor": "072f\n", "sys/bus/usb/devices/1-2/idProduct": "2200\n",
            "sys/bus/usb/devices/1-2/1-2:1.0/bInterfaceClass": "0b\n",
            "sys/bus/usb/devices/1-3/idVendor": "046d\n", "sys/bus/usb/devices/1-3/idProduct": "c077\n",
            "dev/ttyACM0": "", "dev/input/by-id/usb-Honeywell_1900-event-kbd": "",
            "proc/modules": "pn533_usb 20480 0 - Live 0x0\nnfc 16384 1 pn533_usb, Live 0x0\n",
        },
    )  # fmt: skip
    found = {each.path: each for each in discovery.find(tmp_path)}
    assert "RC-S380" in found["usb:054c:06c3"].description
    assert "cannot be looked at" in str(found["usb:054c:06c3"].problem)  # no node in /dev: the cable, or a container
    assert "nfcpy does not support it" in found["pcsc"].description or "pcscd" in str(found["pcsc"].problem)
    assert found["serial:/dev/ttyACM0"].problem is None
    assert found["tty:ACM0:pn532"].problem is None
    assert "hid:/dev/input/by-id/usb-Honeywell_1900-event-kbd" in found
    assert not any("046d" in path for path in found)
    assert "modprobe -r pn533_usb" in discovery.hints(tmp_path)[0]


@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize(("ahead", "said"), [(3600.0, "s behind the server's"), (-3600.0, "s ahead of the server's")])
def test_the_self_test_says_which_way_the_clock_is_wrong(
    platform: Platform, state: Path, ahead: float, said: str
) -> None:
    platform.clock_ahead = ahead
    [server] = [check for check in self_test.run(Settings(state_dir=state, reader="usb")) if check.name == "server"]
    assert (server.passed, said in server.detail) == (False, True), server.detail


def test_the_self_test_names_each_reader_and_a_signal_that_is_not_there(state: Path) -> None:
    settings = Settings(state_dir=state, reader="serial:/dev/none,tty:NONE:pn532", lamp_red="gpiochip998:1")
    checks = {check.name + str(place): check for place, check in enumerate(self_test.run(settings))}
    readers = [check for name, check in checks.items() if name.startswith("reader")]
    assert [check.passed for check in readers] == [False, False]
    assert "there is no /dev/none" in readers[0].detail
    signals = next(check for name, check in checks.items() if name.startswith("signals"))
    assert not signals.passed


def test_status_shows_each_reader_and_watch_goes_on_until_it_is_stopped(work: Work, state: Path) -> None:
    with work() as gate:
        gate.decision(Ntag213(bytes.fromhex(DEMO_UID)))
        wait_until(lambda: status(Settings(state_dir=state)).get("shown") == {"valid": 1})
        watching = subprocess.Popen(
            [sys.executable, "-m", "reader_agent", "status", "--watch", "--json", "--state", str(state)],
            stdout=subprocess.PIPE,
            text=True,
            # A shell has its background jobs ignore SIGINT, and their children with them.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert watching.stdout
        seen = ""
        while seen.count("\n}\n") < 2:
            line = watching.stdout.readline()
            assert line
            seen += line
        watching.send_signal(signal.SIGINT)
        watching.stdout.read()
        watching.stdout.close()
        assert watching.wait(timeout=60) == 0
    facts = json.loads(seen.split("\n}\n")[0] + "\n}")
    assert [reader["open"] for reader in facts["readers"]] == [True]
    assert facts["signal_errors"] == []


def test_metrics_are_what_prometheus_reads_with_a_line_for_each_reader() -> None:
    state: dict[str, Any] = {
        "queue_depth": 3, "dead_letters": 0, "reader_open": False, "alarm": None, "why_not_ready": ["x"],
        "card_errors": 2, "failed_attempts": 1_234_567, "shown": {"valid": 4}, "clock_offset_ms": -1500,
        "snapshot": {"age_s": 61}, "signal_errors": ["relay: gone"],
        "readers": [
            {"path": 'pcsc:"A\\B"\n', "kind": "pcsc", "open": True, "reconnects": 2, "errors": 1, "hostile": 5,
             "together": 0, "flickers": 7},
        ],
    }  # fmt: skip
    lines = metrics.metrics_text(state).splitlines()
    for line in (
        "gatehouse_reader_queue_depth 3",
        "gatehouse_reader_open 0",
        "gatehouse_reader_failed_attempts_total 1234567",
        'gatehouse_reader_taps_total{shown="valid"} 4',
        "gatehouse_reader_clock_offset_seconds -1.5",
        "gatehouse_reader_snapshot_age_seconds 61",
        "gatehouse_reader_signal_errors 1",
        r'gatehouse_reader_reader_hostile_total{path="pcsc:\"A\\B\"\n",kind="pcsc"} 5',
        r'gatehouse_reader_reader_reconnects_total{path="pcsc:\"A\\B\"\n",kind="pcsc"} 2',
    ):
        assert line in lines
    assert not any("snapshot_age" in line for line in metrics.metrics_text(state | {"snapshot": None}).splitlines())
    in_1970 = metrics.metrics_text(state | {"clock_offset_ms": 1_795_944_000_125}).splitlines()
    assert "gatehouse_reader_clock_offset_seconds 1795944000.125" in in_1970


SEEDED = ("04A1B2C3D4E5F6", "04DE5F1EACC040", "tkt_01JDEM0T1CKET0000000000001", "VIP-000001", "Ada Lovelace")


def test_a_support_bundle_has_no_key_uid_code_token_or_name(
    work: Work, platform: Platform, state: Path, tmp_path: Path
) -> None:
    echoed = envelope("NOT_FOUND", f"no such ticket tkt_01JDEM0T1CKET0000000000001 of {DEMO_UID}")
    platform.always["/api/device/taps/"] = Fault(status=404, body=echoed)
    with work() as gate:
        for card in (Ntag213(bytes.fromhex(DEMO_UID)), Ntag424(bytes.fromhex("04DE5F1EACC040"))):
            gate.tap(card)
        wait_until(lambda: bool(status(Settings(state_dir=state)).get("shown")))
        log = tmp_path / "agent.log"
        log.write_text(
            gate.log.getvalue()
            + "ADMITTED Ada Lovelace VIP-000001\n"
            + json.dumps({"event": "tap", "level": "info", "attendee": "Ada Lovelace", "error": f"uid {DEMO_UID} no"})
            + "\n"
            + json.dumps({"event": "x", "level": "error", "exception": Identity.load(state).private_key})
            + '\n["no event"]\n'
            + json.dumps({"event": "x", "level": "error", "error": "Bearer abc.def.ghi for a@b.example ?m=0011"})
            + "\n"
        )
        to = tmp_path / "bundle.zip"
        names = support.write_bundle(Settings(state_dir=state), to, logs=[log], status=status)
    assert {"versions.json", "settings.json", "identity.json", "status.json", "logs/0.jsonl"} <= set(names)
    assert to.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(to) as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    everything = "\n".join(parts.values())
    key = Identity.load(state).private_key
    tokens = [str(token) for token in platform.tokens]
    for secret in (*SEEDED, *key.split("\n")[1:2], *tokens, "abc.def.ghi", "a@b.example", "=0011"):
        assert secret
        assert secret not in everything
        assert secret.lower() not in everything.lower()
    # What support needs is there.
    assert json.loads(parts["identity.json"])["gate"] == "Gate 1"
    assert json.loads(parts["status.json"])["reader_path"] == gate.agent.readers.path
    assert json.loads(parts["status.json"])["taps"] == 2
    logged = [json.loads(line) for line in parts["logs/0.jsonl"].splitlines()]
    assert logged[0]["lines"] == 2  # the screen's line, and one that is no event
    tap = next(line for line in logged if line["event"] == "tap")
    assert tap["scan_id"].startswith("scn_01")
    assert (tap["uid"], tap["at"][:2]) == ("[hidden]", "20")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("uid 04A1B2C3D4E5F6.", "uid [hidden]."),
        ("uid 04:a1:b2:c3:d4:e5:f6", "uid [hidden]"),
        ("GHQ1.abcdefgh12.QWERTYUIOP_-asdf", "[hidden]"),
        ("code K7QP-M2XW-9TRB", "code [hidden]"),
        ("scn_01JDEM0T1CKET0000000000001 at", "scn_01JDEM0T1CKET0000000000001 at"),
        ("tried 2026-11-27T20:54:48.5Z", "tried 2026-11-27T20:54:48.5Z"),
        ("no answer within 1 s [Errno 110]", "no answer within 1 s [Errno 110]"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden(text: str, masked: str) -> None:
    assert support.mask_text(text) == masked


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_a_user_without_a_name_is_told_why_a_reader_cannot_be_opened() -> None:
    """As in a container; `/etc/shadow` is a file that nobody else may open."""
    asked = (
        "import os, pathlib; from reader_agent import discovery; os.setgroups([]); os.setgid(54321); os.setuid(54321); "
        "print(discovery._access(pathlib.Path('/etc/shadow'), 'input'))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=120, check=False)
    assert "user 54321 may not open it" in done.stdout, done.stderr


def test_a_pcsc_reader_is_found_by_the_path_that_is_shown_for_it() -> None:
    """Commas divide paths, so the path of a name with commas has none."""
    reader = make_reader("pcsc:Maker  Inc. Reader 00 00", air_seconds=0.1, log=structlog.get_logger())
    assert isinstance(reader, PcscReader)
    assert reader._fits("Maker, Inc. Reader 00 00")
    assert not reader._fits("Another Reader 00 00")


@pytest.mark.usefixtures("box")
def test_the_report_is_not_written_each_second(work: Work, state: Path) -> None:
    """A file each second would wear out the memory card of a small board."""
    with work() as gate:
        wait_until(lambda: gate.agent.sync.state()["age_s"] is not None)
        began, written = gate.agent.sync.state()["age_s"], set()

        def later() -> bool:
            if (state / "runtime.json").exists():
                written.add((state / "runtime.json").stat().st_mtime_ns)
            return bool(gate.agent.sync.state()["age_s"] >= began + 6)

        wait_until(later)
    assert 1 <= len(written) <= 4
