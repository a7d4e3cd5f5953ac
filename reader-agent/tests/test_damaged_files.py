"""Rows that a worn card damaged, which hold up no other row, and files that another program takes from an agent."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from conftest import Work, wait_until
from platform_double import Platform

from reader_agent.backlog import Backlog
from reader_agent.clock import Clock
from reader_agent.hub.journal import Journal
from reader_agent.hub.wire import HubDecision
from reader_agent.hub.wire import Passage as HubPassage
from reader_agent.identity import Identity
from reader_agent.outbox import DecidedAtGate, Outbox, Passage
from reader_agent.pace import Pace
from reader_agent.sending import Sender
from reader_agent.server import Server
from reader_agent.standing import Standing
from reader_agent.tap import Tap

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
# What is damaged of the second of three taps, and whether what was presented is still known.
DAMAGES = {
    "sealed": ("UPDATE tap SET sealed = zeroblob(length(sealed)) WHERE sequence = 2", False),
    "type": ("UPDATE tap SET sealed = CAST(sealed AS TEXT) WHERE sequence = 2", False),
    "time": ("UPDATE tap SET scanned_at = '2026-1O-28T20:00:00.000Z' WHERE sequence = 2", True),
    "text": ("UPDATE tap SET gate = CAST(X'FF41' AS TEXT) WHERE sequence = 2", True),
    "kind": ("UPDATE tap SET kind = 'scbn' WHERE sequence = 2", False),
    "direction": ("UPDATE tap SET direction = 'extry' WHERE sequence = 2", False),
    "decision": ("UPDATE decision SET decided_at = 'x', result = 'vamid' WHERE sequence = 2", True),
    "passage": ("UPDATE passage SET passed_at = 'x', presence = 'insidd' WHERE sequence = 2", True),
}


def damage(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        for trigger in ("tap_is_kept", "tap_is_final", "decision_is_kept", "decision_is_final"):
            db.execute(f"DROP TRIGGER {trigger}")
        assert db.execute(statement).rowcount == 1
        db.commit()


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_row_holds_up_no_other_and_its_number_reaches_the_platform(
    platform: Platform, state: Path, identity: Identity, what: str
) -> None:
    path = identity.outbox_path(state)
    made = [
        Tap.of_card(Clock(), f"0400000000000{number}", sun=None, direction=None, clock_offset_ms=None)
        for number in range(3)
    ]
    with Outbox(path, secret=identity.storage_secret()) as outbox:
        for sequence in map(outbox.record, made):
            passage = Passage(7, "inside", NOW)
            outbox.decided_here(sequence, DecidedAtGate("valid"), at=NOW, passage=passage)
    statement, is_known = DAMAGES[what]
    damage(path, statement)
    with (
        Outbox(path, secret=identity.storage_secret()) as outbox,
        Server(identity.server, clock=Clock(), identity=identity) as server,
    ):
        assert [each.presence for each in outbox.passages()] == ["inside"] * 3
        standing = Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None)
        sender = Sender(outbox, server, standing, log=structlog.get_logger())
        backlog = Backlog(sender, pace=Pace(), log=structlog.get_logger(), on_late=lambda _entry, _outcome: None)
        backlog.start()
        try:
            wait_until(lambda: outbox.depth() + outbox.dead() == 0)
        finally:
            backlog.stop()
    assert [(tap["seq"], tap["scan_id"]) for tap in platform.received] == [
        (number, tap.scan_id) for number, tap in enumerate(made, start=1)
    ]
    sent = platform.received[1]
    assert sent.get("uid") == (made[1].uid if is_known else None)
    if not is_known:
        assert sent["offline"] == {"result": "valid", "reason": "damaged"}
        assert sent.keys() & {"uid", "qr", "sun", "kind", "direction"} == set()
    if what == "time":  # the scan's id says it as well
        assert abs(datetime.fromisoformat(sent["scanned_at"]) - made[1].scanned_at).total_seconds() < 1


# The last one is the flip of one bit, after which the text still looks like a time.
@pytest.mark.parametrize("damage", [('"scan_id"', '"scan_id'), ("2026-11-28", "2026-19-28")])
def test_a_hub_starts_with_a_damaged_row_and_decides_its_tap_again(tmp_path: Path, damage: tuple[str, str]) -> None:
    path = tmp_path / "hub.sqlite3"
    passages = [
        HubPassage(
            scan_id=f"scn_{n}", device_id="dev_1", ticket=f"{n:012x}", presence="inside", at="2026-11-28T20:00:00Z"
        )
        for n in range(3)
    ]
    decisions = [
        HubDecision(scan_id=each.scan_id, result="valid", decided_at=each.at, passage=each) for each in passages
    ]
    with Journal(path) as journal:
        for decision in decisions:
            journal.record("dev_1", b"digest", decision)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE passage SET content = replace(content, ?, ?) WHERE sequence = 2", damage)
        db.execute("UPDATE decision SET answer = CAST(X'FF' AS TEXT) WHERE scan_id = 'scn_1'")
        db.commit()
    with Journal(path) as journal:
        assert journal.after(0) == (3, [passages[0], passages[2]])
        assert journal.remembered("dev_1", "scn_1") is None
        journal.record("dev_1", b"digest", decisions[1])
        remembered = journal.remembered("dev_1", "scn_1")
        assert remembered
        assert remembered.answer == decisions[1]


def _remove_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def _remove_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"not this outbox")
    other.replace(path)


TAKEN: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "without its log": _remove_log,
    "with all beside it": _remove_all,
    "with its folder": lambda path: shutil.rmtree(path.parent),
    "moved": lambda path: path.rename(path.with_name("moved")),
    "replaced": _replace,
}


def _tap(uid: str) -> Tap:
    return Tap.of_card(Clock(), uid, sun=None, direction=None, clock_offset_ms=None)


@pytest.mark.parametrize("how", TAKEN)
def test_an_outbox_that_is_taken_away_while_it_is_open_is_written_again(
    state: Path, identity: Identity, how: str
) -> None:
    path, secret = identity.outbox_path(state), identity.storage_secret()
    outbox = Outbox(path, secret=secret)
    outbox.record(_tap("04000000000001"))
    TAKEN[how](path)
    outbox.record(_tap("04000000000002"))

    # Not closed: so it is after a power cut as well.
    with Outbox.reading(path, secret=secret) as found:
        assert [(entry.sequence, entry.tap.uid) for entry in found.pending(9)] == [
            (1, "04000000000001"),
            (2, "04000000000002"),
        ]
    assert path.stat().st_mode & 0o777 == 0o600
    if how == "replaced":
        assert path.with_name(f"{path.name}.0").read_bytes() == b"not this outbox"
    TAKEN[how](path)
    outbox.close()
    with Outbox(path, secret=secret) as later:
        assert later.depth() == 2
        assert later.record(_tap("04000000000003")) == 3


def test_no_tap_is_taken_for_an_outbox_that_cannot_be_written_again(state: Path, identity: Identity) -> None:
    with Outbox(identity.outbox_path(state), secret=identity.storage_secret()) as outbox:
        outbox.record(_tap("04000000000001"))
        shutil.rmtree(state)
        state.write_text("in the way")
        with pytest.raises(sqlite3.Error, match="was removed, and cannot be written again"):
            outbox.record(_tap("04000000000002"))
        assert "was removed" in str(outbox.trouble)
        state.unlink()
        outbox.check_there()
        assert outbox.record(_tap("04000000000003")) == 2
        assert outbox.trouble is None


def test_an_agent_whose_folder_is_removed_writes_its_taps_and_its_key_again(
    work: Work, state: Path, identity: Identity
) -> None:
    with work() as working:
        working.agent.outbox.record(_tap("04000000000001"))
        state.rename(state.with_name("taken"))
        wait_until(lambda: identity.outbox_path(state).exists() and Identity.is_stored(state))
        assert Identity.load(state).private_key == identity.private_key
