"""Taps of earlier boots and earlier enrolments, and a disk that can only be read."""

import contextlib
import ctypes
import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from conftest import Box
from platform_double import Fault, Platform, refusal
from test_command_line import Command, here  # noqa: F401  # a fixture
from test_delivery import TAPS, fill, sent
from test_outbox import NOW, SetClock

from reader_agent import enrolment
from reader_agent.clock import read_time
from reader_agent.failures import TryLater
from reader_agent.identity import Identity
from reader_agent.outbox import DecidedAtGate, Outbox
from reader_agent.sending import Sender
from reader_agent.server import Server
from reader_agent.snapshot.store import SnapshotStore, store_path
from reader_agent.standing import Standing
from reader_agent.tap import ServerTime, Tap


def made_at(clock: SetClock, offset_ms: int | None = None, number: int = 0) -> Tap:
    return Tap.of_card(clock, f"04{number:012X}", sun=None, direction=None, clock_offset_ms=offset_ms)


BOOT_A = SetClock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC), 60 * 10**9, boot_id="boot-a")
BOOT_B = SetClock(NOW + timedelta(hours=1), 5 * 10**9, boot_id="boot-b")


@pytest.mark.parametrize(
    ("offset_ms", "of_boots", "sent_as"),
    [
        # The server's clock was 2026-11-21T11:00 when boot A began, and is a minute behind B's.
        (None, {"boot-a": 1_795_258_800_000}, "2026-11-21T11:02:00.000Z"),
        (7 * 10**3, {"boot-a": 1_795_258_800_000}, "2026-11-21T11:02:00.000Z"),
        (1_795_258_740_000, {}, "2026-11-21T11:01:00.000Z"),
        (1_795_258_740_000, {"boot-b": 5}, "2026-11-21T11:01:00.000Z"),
        (None, {}, None),
        (None, {"boot-a": 10**18}, None),
    ],
    ids=["boot known", "boot before tap", "tap only", "other boot", "nothing known", "absurd"],
)
def test_a_tap_of_an_earlier_boot_has_the_time_that_boot_knew(
    offset_ms: int | None, of_boots: dict[str, int], sent_as: str | None
) -> None:
    now = ServerTime(offset_seconds=-60.0, of_boots=of_boots)
    made = made_at(BOOT_A, offset_ms)
    assert made.time_after_a_reboot(BOOT_B, now) == (read_time(sent_as) if sent_as else None)


@pytest.mark.parametrize(
    ("decided_at", "sent_as"),
    [
        ("2026-11-21T11:00:00.000Z", "2026-11-21T11:01:00.000Z"),
        ("1970-01-01T00:01:02.500Z", None),
        ("1969-12-31T23:00:00.000Z", None),
    ],
    ids=["by the snapshot's time", "by the wall clock", "wall clock set meanwhile"],
)
def test_a_tap_of_a_boot_that_never_heard_the_server_has_the_time_of_its_decision(
    decided_at: str, sent_as: str | None
) -> None:
    now = ServerTime(offset_seconds=-60.0, of_boots={})
    found = made_at(BOOT_A, None).time_after_a_reboot(BOOT_B, now, decided_at=read_time(decided_at))
    assert found == (read_time(sent_as) if sent_as else None)


def test_an_admission_of_a_boot_in_1970_arrives_with_a_time_that_the_platform_believes(
    platform: Platform, state: Path, identity: Identity
) -> None:
    standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
    decided_at = datetime.now(UTC) - timedelta(hours=1)
    now = SetClock(datetime.now(UTC), 10 * 10**9, boot_id="boot-b")
    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=now, identity=identity) as server,
    ):
        sequence = outbox.record(made_at(BOOT_A))
        outbox.decided_here(sequence, DecidedAtGate("valid"), at=decided_at)
        Sender(outbox, server, standing, log=structlog.get_logger()).send(outbox.pending(1), road="backlog", seconds=5)
    [record] = platform.received
    assert abs(read_time(record["scanned_at"]) - decided_at) < timedelta(seconds=10)


def test_what_one_boot_learns_of_the_servers_clock_corrects_its_kept_taps_in_the_next(
    platform: Platform, state: Path, identity: Identity
) -> None:
    """A board without a clock: boot A begins in 1970, boot B a day late; the server's own time is right."""
    standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
    boot_a = SetClock(datetime(1970, 1, 1, tzinfo=UTC), 100 * 10**9, boot_id="boot-a")
    path = identity.outbox_path(state)
    with Outbox(path) as outbox, Server(identity.server, clock=boot_a, identity=identity) as server:
        sender = Sender(outbox, server, standing, log=structlog.get_logger())
        outbox.record(made_at(boot_a))
        sender.send(outbox.pending(1), road="person", seconds=5)
        true_time = datetime.now(UTC)
        outbox.record(made_at(boot_a, number=1))  # no offset was noted with this one
    boot_b = SetClock(datetime.now(UTC) + timedelta(days=1), 10 * 10**9, boot_id="boot-b")
    with Outbox(path) as outbox, Server(identity.server, clock=boot_b, identity=identity) as server:
        sender = Sender(outbox, server, standing, log=structlog.get_logger())
        platform.break_once(TAPS, Fault(lose_answer=True))
        with pytest.raises(TryLater):
            sender.send(outbox.pending(1), road="backlog", seconds=5)
        sender.send(outbox.pending(1), road="backlog", seconds=5)
    assert len(platform.received) == 2  # it was the same record both times
    corrected = read_time(platform.received[1]["scanned_at"]) - timedelta(days=1)
    assert abs(corrected - true_time) < timedelta(seconds=5)


def test_a_tap_of_an_earlier_boot_is_one_record_whichever_later_boot_sends_it(
    platform: Platform, state: Path, identity: Identity
) -> None:
    """Two later boots disagree by an hour, so each sends another time; the boot clock names the moment."""
    standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
    path = identity.outbox_path(state)
    with Outbox(path) as outbox:
        outbox.record(made_at(BOOT_A))
        outbox.learn_boot("boot-a", 1_795_258_800_000)
    for hours, boot_id in ((1, "boot-b"), (2, "boot-c")):
        clock = SetClock(datetime.now(UTC) + timedelta(hours=hours), 10 * 10**9, boot_id=boot_id)
        with Outbox(path) as outbox, Server(identity.server, clock=clock, identity=identity) as server:
            platform.break_once(TAPS, *[Fault(lose_answer=True)] * (boot_id == "boot-b"))
            sender = Sender(outbox, server, standing, log=structlog.get_logger())
            with contextlib.suppress(TryLater):
                sender.send(outbox.pending(1), road="backlog", seconds=5)
            left = outbox.depth()
    [verdict] = platform.answers.values()
    assert (left, len(platform.received), verdict["status"]) == (0, 1, "accepted")
    with Outbox(path) as outbox:
        [entry] = outbox.entries()
        assert '"status":"replayed"' in entry.detail


@pytest.fixture
def earlier(platform: Platform, state: Path, identity: Identity) -> Identity:
    """Leave taps in the outbox of an enrolment, and enrol the device again."""
    fill(state, identity, 3)
    enrolment.enroll(state, server=platform.url, code=platform.provision(), name=None, replace=True)
    return identity


def test_taps_of_an_earlier_enrolment_are_listed_exported_and_sent_as_that_device(
    here: Command,  # noqa: F811
    platform: Platform,
    state: Path,
    earlier: Identity,
) -> None:
    where = ["--state", str(state)]
    assert json.loads(here("status", "--json", *where).stdout)["unsent_of_earlier_enrolments"] == 3
    assert here("outbox", "list", *where).stdout == ""
    for chosen in (["--enrolment", earlier.device_id], ["--all"]):
        rows = json.loads(here("outbox", "list", "--json", *chosen, *where).stdout)
        assert [(row["device_id"], row["state"]) for row in rows] == [(earlier.device_id, "pending")] * 3
        exported = [json.loads(line) for line in here("outbox", "export", *chosen, *where).stdout.splitlines()]
        assert [row["qr"] for row in exported] == [False] * 3
        assert [row["uid"] for row in exported] == [f"04{number:012X}" for number in range(3)]
    found = json.loads(here("outbox", "enrolments", "--json", *where).stdout)
    assert [(each["is_present"], each["can_send"], each["unsent"]) for each in found] == [
        (True, True, 0),
        (False, True, 3),
    ]
    done = here("outbox", "send", "--enrolment", earlier.device_id, *where)
    assert (done.returncode, "3 sent, 0 kept" in done.stdout) == (0, True), done.stderr
    assert len(sent(platform)) == 3
    assert not (state / f"identity-{earlier.device_id}.json").exists()  # its key has nothing left to send
    present = Identity.load(state)
    with Outbox(present.outbox_path(state), secret=present.storage_secret()) as outbox:
        outbox.record(Tap.of_code(SetClock(NOW, 1), "GH1-CODE", direction=None, clock_offset_ms=None))
    assert json.loads(here("outbox", "export", *where).stdout)["qr"] == "GH1-CODE"
    unknown = here("outbox", "list", "--enrolment", "dev_nobody", *where)
    assert (unknown.returncode, "has no outbox of dev_nobody" in " ".join(unknown.stderr.split())) == (3, True)


def test_taps_that_the_platform_no_longer_takes_are_refused_with_a_clear_word_and_kept(
    here: Command,  # noqa: F811
    platform: Platform,
    state: Path,
    earlier: Identity,
) -> None:
    del platform.keys[earlier.device_id]
    where = ["--enrolment", earlier.device_id, "--state", str(state)]
    refused = here("outbox", "send", *where)
    assert refused.returncode == 2
    assert "3 kept" in refused.stdout
    assert "refuses this device's credentials" in " ".join(refused.stdout.split())
    assert f"outbox export --enrolment {earlier.device_id}" in " ".join(refused.stdout.split())
    (state / f"identity-{earlier.device_id}.json").unlink()
    keyless = here("outbox", "send", *where)
    assert (keyless.returncode, "key of" in keyless.stderr) == (3, True)
    assert len(here("outbox", "export", *where).stdout.splitlines()) == 3


def test_the_present_enrolment_can_be_sent_without_a_reader(
    here: Command,  # noqa: F811
    platform: Platform,
    state: Path,
    identity: Identity,
) -> None:
    fill(state, identity, 2)
    platform.always[TAPS] = refusal(503, "UNAVAILABLE")
    kept = here("outbox", "send", "--seconds", "1", "--state", str(state))
    assert (kept.returncode, "UNAVAILABLE" in kept.stdout) == (2, True)
    platform.always.clear()
    assert here("outbox", "send", "--state", str(state)).returncode == 0
    assert len(sent(platform)) == 2


_COMMANDS = """
import io, json, sys
if sys.argv[1] == "without nfcpy":
    for name in ("nfc", "ndef", "usb1", "serial"):
        sys.modules[name] = None
from reader_agent.cli import main
told = []
for command in json.loads(sys.argv[2]):
    sys.argv, sys.stdout, sys.stderr = ["gatehouse-reader", *command], io.StringIO(), io.StringIO()
    try:
        main()
    except SystemExit as ended:
        told.append([ended.code, sys.stdout.getvalue(), sys.stderr.getvalue()])
sys.__stdout__.write(json.dumps(told))
"""


def _obey_permissions() -> None:
    """Drop root's right to write anywhere (CAP_DAC_OVERRIDE, 1) from what the next program may have."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP


def _freeze(folder: Path) -> None:
    for file in (*folder.iterdir(), folder):
        file.chmod(0o555 if file.is_dir() else 0o444)


def _told(how: str, *commands: list[str]) -> list[tuple[int, str, str]]:
    """Run commands in one process of their own; return the exit code, the output and the errors of each."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _COMMANDS, how, json.dumps(commands)],
        preexec_fn=_obey_permissions, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return [(code, out, errors) for code, out, errors in json.loads(done.stdout)]


def test_a_disk_that_cannot_be_written_is_read_with_its_log(state: Path, identity: Identity, tmp_path: Path) -> None:
    """As after a power cut: the last taps are in SQLite's log only."""
    made = fill(state, identity, 2)
    path, frozen = identity.outbox_path(state), tmp_path / "frozen"
    with Outbox(path) as live:
        live.record(made_at(BOOT_B, number=9))
        shutil.copytree(state, frozen, ignore=shutil.ignore_patterns("*-shm"))
    assert (frozen / f"{path.name}-wal").stat().st_size > 0
    _freeze(frozen)
    where = ["--state", str(frozen)]
    listed, exported, status = _told(
        "read-only", ["outbox", "list", "--json", *where], ["outbox", "export", *where], ["status", "--json", *where]
    )
    assert [listed[0], exported[0], status[0]] == [0, 0, 0], (listed, exported, status)
    assert [row["scan_id"] for row in json.loads(listed[1])][:2] == made
    assert len(exported[1].splitlines()) == 3
    assert json.loads(status[1])["queue_depth"] == 3
    assert len(list(frozen.iterdir())) == 3


def test_a_snapshot_on_a_disk_that_cannot_be_written_is_shown_with_its_log(
    here: Command,  # noqa: F811
    box: Box,
    state: Path,
    identity: Identity,
    tmp_path: Path,
) -> None:
    frozen, without, damaged = (tmp_path / name for name in ("frozen", "without", "damaged"))
    shutil.copytree(state, without)
    assert here("sync", "now", "--state", str(state)).returncode == 0
    path = store_path(state, identity.device_id)
    with SnapshotStore(path, secret=identity.storage_secret()) as live:
        live.set_fact("last error", "what the last fetch found")
        shutil.copytree(state, frozen, ignore=shutil.ignore_patterns("*-shm"))
    shutil.copytree(state, damaged)
    store_path(damaged, identity.device_id).write_bytes(b"\xff" * 4096)
    files = {folder: {file.name: file.read_bytes() for file in folder.iterdir()} for folder in (frozen, damaged)}
    assert files[frozen][f"{path.name}-wal"]
    for folder in (frozen, without, damaged):
        _freeze(folder)
    shown, none, broken = _told(
        "read-only",
        *(["snapshot", "info", "--json", "--state", str(folder)] for folder in (frozen, without, damaged)),
    )
    assert (shown[0], json.loads(shown[1])["tickets"]) == (0, len(box.tickets)), shown
    assert json.loads(shown[1])["error"] == "what the last fetch found"
    assert (none[0], json.loads(none[1])["cursor"]) == (3, None), none
    assert (broken[0], "is damaged; `sync now` fetches it again" in " ".join(broken[2].split())) == (3, True), broken
    # A look deletes nothing.
    assert {file.name: file.read_bytes() for file in damaged.iterdir()} == files[damaged]


def test_an_outbox_of_the_first_version_is_read_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with Outbox(path) as outbox:
        outbox.record(made_at(BOOT_B))
    db = sqlite3.connect(path)
    db.executescript("DROP TABLE failure; DROP TABLE boot")
    db.close()
    with Outbox.reading(path) as seen:
        assert seen.depth() == 1
    with Outbox(path) as outbox:
        outbox.failed(1, "HTTP 502", at=NOW)
        assert outbox.pending(1)[0].detail == "HTTP 502"


def test_the_agent_works_without_nfcpy_and_says_what_to_install(state: Path) -> None:
    where = ["--state", str(state)]
    plain, outbox, tested, tapped = _told(
        "without nfcpy",
        ["--help"],
        ["outbox", "--help"],
        ["self-test", "--reader", "usb", *where],
        ["simulate", "--uid", "04A1B2C3D4E5F6", *where],
    )
    assert (plain[0], "simulate" in plain[1]) == (0, True)
    assert (outbox[0], "enrolments" in outbox[1]) == (0, True)
    assert (tested[0], "-m pip install '.[nfc]'" in " ".join(tested[1].split())) == (3, True)
    assert tapped[0] == 3
    # A public index may have another package of that name.
    assert "gatehouse-reader[nfc]" not in str((tested, tapped))


def test_a_tap_of_an_earlier_boot_has_its_time_also_where_the_clock_is_set_between_two_attempts(
    platform: Platform, state: Path, identity: Identity
) -> None:
    """A board without a clock is three hours behind at first, and the road fails; then the time comes by NTP."""
    standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
    made_then = datetime.now(UTC) - timedelta(hours=1)
    clock = SetClock(datetime.now(UTC) - timedelta(hours=3), 10 * 10**9, boot_id="boot-b")
    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(identity.server, clock=clock, identity=identity) as server,
    ):
        outbox.record(made_at(BOOT_A))
        outbox.learn_boot("boot-a", round(made_then.timestamp() * 1000) - 60_000)
        sender = Sender(outbox, server, standing, log=structlog.get_logger())
        platform.break_once(TAPS, Fault(drop=True))
        with pytest.raises(TryLater):
            sender.send(outbox.pending(1), road="backlog", seconds=5)
        clock._wall = datetime.now(UTC)
        sender.send(outbox.pending(1), road="backlog", seconds=5)
    [record] = platform.received
    assert abs(read_time(record["scanned_at"]) - made_then) < timedelta(seconds=10)


def test_an_enrolment_that_is_replaced_keeps_its_key_as_long_as_a_tap_is_not_done(
    here: Command,  # noqa: F811
    platform: Platform,
    state: Path,
    identity: Identity,
) -> None:
    """A dead letter is not done; without the key its sealed card could not even be exported."""
    with Outbox(identity.outbox_path(state), secret=identity.storage_secret()) as outbox:
        outbox.buried(outbox.record(made_at(BOOT_B)), status=422, detail="no", at=NOW)
    enrolment.enroll(state, server=platform.url, code=platform.provision(), name=None, replace=True)
    where = ["--enrolment", identity.device_id, "--state", str(state)]
    assert json.loads(here("outbox", "export", *where).stdout)["uid"] == "04" + "0" * 12
    assert here("outbox", "retry", *where).returncode == 0
    assert here("outbox", "send", *where).returncode == 0
    assert len(sent(platform)) == 1
    assert not (state / f"identity-{identity.device_id}.json").exists()


def test_the_taps_of_an_earlier_enrolment_that_was_revoked_are_sent_all_the_same(
    here: Command,  # noqa: F811
    platform: Platform,
    state: Path,
    identity: Identity,
) -> None:
    made = fill(state, identity, 20)
    with Outbox(identity.outbox_path(state)) as outbox:
        for entry in outbox.pending(20):
            outbox.decided_here(entry.sequence, DecidedAtGate("valid"), at=NOW)
    enrolment.enroll(state, server=platform.url, code=platform.provision(), name=None, replace=True)
    platform.revoke(identity.device_id)
    done = here("outbox", "send", "--enrolment", identity.device_id, "--state", str(state))
    assert (done.returncode, done.stdout.strip()) == (0, f"{identity.device_id}: 20 sent, 0 kept, 0 dead letters")
    assert sent(platform) == made


def test_a_damaged_outbox_of_an_earlier_enrolment_keeps_no_gate_closed(
    here: Command,  # noqa: F811
    platform: Platform,
    state: Path,
    earlier: Identity,
) -> None:
    earlier.outbox_path(state).write_bytes(b"no database " * 1000)
    where = ["--state", str(state)]
    assert json.loads(here("status", "--json", *where).stdout)["unsent_of_earlier_enrolments"] == 0
    [_, listed] = json.loads(here("outbox", "enrolments", "--json", *where).stdout)
    assert "cannot be opened" in listed["trouble"]
    # What asks for these very taps says so.
    assert here("outbox", "list", "--enrolment", earlier.device_id, *where).returncode == 3
    # Its key stays for the file's repair, and a damaged present outbox is no reason not to enrol.
    present = Identity.load(state)
    present.outbox_path(state).write_bytes(b"no database " * 1000)
    enrolment.enroll(state, server=platform.url, code=platform.provision(), name=None, replace=True)
    assert (state / f"identity-{present.device_id}.json").exists()
