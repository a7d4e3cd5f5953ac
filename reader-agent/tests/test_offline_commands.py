"""`sync now`, `snapshot info` and `count`: with an agent that runs, and without one."""

import contextlib
import json
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Box, Work, wait_until
from platform_double import Platform
from test_command_line import Command, here  # noqa: F401  # a fixture
from test_outbox import tap

from reader_agent.cli import main
from reader_agent.identity import Identity
from reader_agent.outbox import Outbox
from reader_agent.snapshot.store import store_path
from reader_agent.state_lock import only_one
from reader_agent.wire import Decision


def test_a_snapshot_is_fetched_and_shown_without_an_agent(
    here: Command,  # noqa: F811
    platform: Platform,
    state: Path,
    identity: Identity,
    box: Box,
) -> None:
    where = ["--state", str(state)]
    before = here("snapshot", "info", *where)
    assert (before.returncode, identity.device_id in before.stdout) == (3, False)
    fetched = here("sync", "now", "--json", *where)
    assert (fetched.returncode, json.loads(fetched.stdout)["tickets"]) == (0, len(box.tickets)), fetched.stderr
    info = json.loads(here("snapshot", "info", "--json", *where).stdout)
    assert (info["cursor"], info["is_expired"], info["deltas"], info["error"]) == ("c1", False, 0, None)
    assert "fingerprint" not in str(info)
    platform.down()
    again = here("sync", "now", *where)
    assert (again.returncode, "cannot be reached" in again.stdout) == (3, True), again.stdout
    assert "cursor: c1" in again.stdout  # the one that is here stays


@pytest.mark.usefixtures("identity")
def test_a_running_agent_fetches_at_once_when_it_is_asked(
    here: Command,  # noqa: F811
    work: Work,
    state: Path,
    box: Box,
) -> None:
    with only_one(state), work() as gate:
        wait_until(lambda: gate.agent.offline.gate.snapshot is not None)
        wait_until(lambda: (state / "runtime.json").exists())
        box.publish(cursor="c2")
        done = here("sync", "now", "--json", "--state", str(state))
        assert (done.returncode, json.loads(done.stdout)["cursor"]) == (0, "c2"), done.stderr


@pytest.mark.usefixtures("box")
def test_an_agent_that_the_platform_refuses_says_at_once_why_it_fetches_nothing(
    here: Command,  # noqa: F811
    work: Work,
    platform: Platform,
    state: Path,
    identity: Identity,
) -> None:
    with only_one(state), work() as gate:
        wait_until(lambda: gate.agent.offline.gate.snapshot is not None)
        platform.revoke(identity.device_id)
        wait_until(lambda: json.loads((state / "runtime.json").read_text())["alarm"] is not None)
        refused = here("sync", "now", "--json", "--state", str(state))
        assert (refused.returncode, refused.stderr) == (3, ""), refused.stderr
        facts = json.loads(refused.stdout)
        assert "refuses this device" in facts["error"]
        assert facts["cursor"] == "c1"  # what is here stays


def test_people_without_a_ticket_are_counted_and_sent_in_their_order(
    here: Command,  # noqa: F811
    work: Work,
    platform: Platform,
    state: Path,
    identity: Identity,
) -> None:
    where = ["--state", str(state)]
    platform.down()
    assert here("count", "--gate", "A", "+3", *where).returncode == 0
    assert here("count", "-1", *where).returncode == 0
    for wrong in (["0"], ["51"], ["-51"], ["many"], ["1", "--gate", "A" * 101], ["1", "--gate", "A\nB"]):
        refused = here("count", *wrong, *where)
        assert (refused.returncode, refused.stdout) == (3, ""), wrong
    listed = here("outbox", "list", *where).stdout
    assert "+3 people" in listed
    platform.up()
    with work() as gate:
        wait_until(lambda: "count of -1: now sent, COUNTED" in gate.screen.getvalue())
        assert "ADMITTED" not in gate.screen.getvalue()
    assert [(tap["seq"], tap["kind"], tap["delta"], tap["gate"]) for tap in platform.received] == [
        (1, "count", 3, "A"), (2, "count", -1, identity.gate),
    ]  # fmt: skip


COMMANDS = [["outbox", "list"], ["outbox", "export"], ["status"], ["count", "+1"], ["self-test"], ["run"]]
# The others work without the table of outcomes, as long as they can.
DAMAGES = [("tap", each) for each in COMMANDS] + [
    ("open", COMMANDS[0]),
    ("outcome", COMMANDS[-2]),
    ("outcome", ["run"]),
]


@pytest.mark.parametrize(
    ("table", "command"), DAMAGES, ids=lambda given: given if isinstance(given, str) else given[-1]
)
def test_an_outbox_with_a_damaged_page_is_said_in_a_sentence_with_what_to_do(
    state: Path,
    identity: Identity,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    table: str,
) -> None:
    path = identity.outbox_path(state)
    with Outbox(path, secret=identity.storage_secret()) as outbox:
        outbox.record(tap())
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [page] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        [size] = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    monkeypatch.setattr(sys, "argv", ["gatehouse-reader", *command, "--state", str(state)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = " ".join(" ".join(capsys.readouterr()).split())
    assert (ended.value.code, "move it aside (do not delete it" in said) == (3, True), said
    assert "Traceback" not in said


def test_a_fetch_that_cannot_be_stored_says_so_and_waits_for_no_agent(
    state: Path, identity: Identity, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store_path(state, identity.device_id).mkdir()
    monkeypatch.setattr(sys, "argv", ["gatehouse-reader", "sync", "now", "--state", str(state)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = " ".join(" ".join(capsys.readouterr()).split())
    assert (ended.value.code, "the snapshot" in said, "agent that runs" in said) == (3, True, False), said


def test_a_wiped_tap_is_not_called_damaged(
    here: Command,  # noqa: F811
    state: Path,
    identity: Identity,
) -> None:
    with Outbox(identity.outbox_path(state), secret=identity.storage_secret()) as outbox:
        taken = outbox.record(tap())
        outbox.decided({taken: Decision(scan_id="x", result="valid")}, at=datetime.now(UTC))
        assert outbox.forget_cards()
    assert "wiped" in here("outbox", "list", "--state", str(state)).stdout
