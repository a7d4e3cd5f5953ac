"""Files that earlier versions of the agent wrote (files/README.md): kept whole, and sent once, in their order."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from conftest import wait_until
from platform_double import Platform

from reader_agent.backlog import Backlog
from reader_agent.clock import Clock
from reader_agent.identity import Identity
from reader_agent.outbox import Outbox
from reader_agent.pace import Pace
from reader_agent.sending import Sender
from reader_agent.server import Server
from reader_agent.snapshot.store import SnapshotStore
from reader_agent.standing import Standing
from reader_agent.tap import Tap
from reader_agent.wire import DeviceConfig

FILES = Path(__file__).parent / "files"
OUTBOXES = ["outbox-1", "outbox-1-last", "outbox-2-astray"]
SCANS = [f"scn_01KAJ2Q5G0000000000000000{number}" for number in range(1, 7)]


def restore(name: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript((FILES / f"{name}.sql").read_text())


@pytest.mark.parametrize("name", OUTBOXES)
def test_what_an_old_outbox_kept_is_sent_once_and_in_order_and_new_taps_follow(
    platform: Platform, state: Path, identity: Identity, name: str
) -> None:
    path = identity.outbox_path(state)
    restore(name, path)
    with (
        Outbox(path, secret=identity.storage_secret()) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        assert [(entry.sequence, entry.state) for entry in outbox.entries()] == [
            (1, "done"), (2, "pending"), (3, "pending"), (4, "dead"), (5, "pending"), (6, "pending"),
        ]  # fmt: skip
        made = Tap.of_card(Clock(), "04A1B2C3D4E5FA", sun=None, direction=None, clock_offset_ms=None)
        assert outbox.record(made) == 7
        outbox.retry([SCANS[3]], at=made.scanned_at)
        standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
        sender = Sender(outbox, server, standing, log=structlog.get_logger())
        backlog = Backlog(sender, pace=Pace(), log=structlog.get_logger(), on_late=lambda _entry, _outcome: None)
        backlog.start()
        try:
            wait_until(lambda: outbox.depth() + outbox.dead() == 0)
        finally:
            backlog.stop()
    assert [(tap["seq"], tap["scan_id"]) for tap in platform.received] == [
        *enumerate(SCANS[1:], start=2), (7, made.scan_id),
    ]  # fmt: skip
    shown = [(tap.get("uid"), tap.get("qr"), tap.get("direction"), "sun" in tap) for tap in platform.received]
    assert shown == [
        ("04A1B2C3D4E5F7", None, None, True), (None, "GH1.A-CODE", "entry", False),
        ("04A1B2C3D4E5F8", None, None, False), ("04A1B2C3D4E5F6", None, "exit", False),
        ("04A1B2C3D4E5F9", None, None, False), ("04A1B2C3D4E5FA", None, None, False),
    ]  # fmt: skip


@pytest.mark.parametrize("name", OUTBOXES)
def test_an_old_outbox_has_the_layout_and_the_guards_of_a_new_one(tmp_path: Path, name: str) -> None:
    restore(name, tmp_path / "old.sqlite3")
    schemas = []
    for path in (tmp_path / "old.sqlite3", tmp_path / "new.sqlite3"):
        for _ in range(2):  # opened again, it stays as it is
            Outbox(path).close()
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            schemas.append(sorted((*row[:3], " ".join(row[3].replace('"', "").split())) for row in rows))
    assert schemas[0] == schemas[1]
    with Outbox(tmp_path / "old.sqlite3") as outbox, pytest.raises(sqlite3.IntegrityError):
        outbox._db.execute("DELETE FROM tap")


def test_an_old_snapshot_is_read_on(tmp_path: Path) -> None:
    restore("snapshot-1", tmp_path / "snapshot.sqlite3")
    with SnapshotStore(tmp_path / "snapshot.sqlite3", secret=b"s" * 32) as store:
        assert store.parts() == [b"the whole snapshot", b"its first changes"]
        assert store.pieces() == (18, b"a part of the next")
        assert store.fact("last number") == "41"
        store.append(b"its next changes")
        assert store.parts()[2:] == [b"its next changes"]


def test_the_identity_of_the_first_version_is_read_with_the_settings_that_came_later(
    state: Path, identity: Identity
) -> None:
    """It names no keys but the one of its enrolment, and no time zone."""
    old = identity.model_copy(update={"config": DeviceConfig()})
    text = old.model_dump_json(indent=2, exclude={"server_public_keys": True, "config": {"timezone"}})
    (state / "identity.json").write_text(text)
    assert (Identity.load(state), Identity.load(state).platform_keys()) == (old, identity.platform_keys())
