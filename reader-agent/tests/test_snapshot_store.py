"""The snapshot on the way and on the disk: resumed, replaced whole, encrypted, and judged by the time that is known."""

import contextlib
import json
import os
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import snapshot_double as double
import structlog
from conftest import DEMO_UID, Box, Work, wait_until
from platform_double import Fault, Platform, refusal
from snapshot_double import CardRow, Signer, TicketRow
from test_offline import has_snapshot, here, tap
from test_outbox import SetClock
from ulid import ULID

from reader_agent.clock import Clock, write_time
from reader_agent.identity import Identity
from reader_agent.local_gate import CannotDecide, LocalGate
from reader_agent.offline import Offline
from reader_agent.outcomes import Decided, DecidedHere, Kept
from reader_agent.server import Server
from reader_agent.snapshot.store import SnapshotStore, store_path
from reader_agent.snapshot.sync import SnapshotSync
from reader_agent.tap import Tap
from reader_agent.trusted_time import TrustedTime

SNAPSHOT = "/api/device/snapshot/"
SECRETS = int(os.environ.get("READER_SECRETS", "300"))


@contextmanager
def syncing(state: Path, identity: Identity, clock: Clock | None = None) -> Iterator[SnapshotSync]:
    """Return what fetches and keeps the snapshot, as an agent that was just started has it."""
    with Server(identity.server, clock=clock or Clock(), identity=identity) as server:
        trusted = TrustedTime(server)
        gate = LocalGate(trusted, keys=identity.platform_keys())
        store = SnapshotStore(store_path(state, identity.device_id), secret=identity.storage_secret())
        sync = SnapshotSync(server, store, Offline(gate, trusted), identity, log=structlog.get_logger(), seconds=300.0)
        sync.load()
        yield sync
        store.close()


def gate_of(sync: SnapshotSync) -> LocalGate:
    return sync._offline.gate


def a_tap(uid: str = DEMO_UID) -> Tap:
    return Tap(scan_id=f"scn_{ULID()}", scanned_at=datetime.now(UTC), boot_id="b", monotonic_ns=0, uid=uid)


def test_a_download_that_broke_off_goes_on_where_it_ended(
    platform: Platform,
    state: Path,
    identity: Identity,
    box: Box,
) -> None:
    box.tickets += [TicketRow(ULID()) for _ in range(2000)]
    box.publish()
    whole = platform.snapshots[None](identity.device_id)
    platform.snapshots[None] = lambda _device: whole
    with syncing(state, identity) as sync:
        platform.snapshot_cut = 7_000
        assert sync.fetch()
        assert sync.state()["tickets"] == 2004
    [first, second] = [wanted for _, wanted in platform.snapshot_requests]
    assert first == "bytes=0-"
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= 7_000


def test_a_download_goes_on_after_a_restart_and_begins_again_where_the_snapshot_changed(
    platform: Platform,
    state: Path,
    identity: Identity,
    box: Box,
) -> None:
    box.tickets += [TicketRow(ULID()) for _ in range(2000)]
    box.publish()
    with syncing(state, identity) as sync:
        platform.snapshot_cut = 7_000
        platform.break_once(SNAPSHOT, Fault(), Fault(drop=True))
        assert not sync.fetch()
    assert store_path(state, identity.device_id).exists()
    box.publish(cursor="c9")  # other bytes, so another ETag
    with syncing(state, identity) as sync:
        assert sync.fetch()
        assert sync.state()["cursor"] == "c9"


def test_changes_are_fetched_by_cursor_and_survive_a_restart(
    platform: Platform,
    state: Path,
    identity: Identity,
    box: Box,
) -> None:
    epoch = datetime.now(UTC)
    box.publish(now=epoch)
    with syncing(state, identity) as sync:
        assert sync.fetch()
        sold = TicketRow(ULID())
        box.tickets[:], box.cards[:] = [sold], [CardRow("04000000000001", (sold,))]
        box.publish("c1", now=epoch + timedelta(seconds=1), epoch=epoch, cursor="c2")
        assert sync.fetch()
        assert gate_of(sync).decide(a_tap("04000000000001")).result == "valid"
        box.tickets, box.cards = [], []
        box.publish("c2", now=epoch + timedelta(seconds=2), epoch=epoch, cursor="c3")
        assert sync.fetch()
    with syncing(state, identity) as sync:
        assert sync.state()["cursor"] == "c3"
        assert gate_of(sync).decide(a_tap("04000000000001")).result == "valid"
        assert gate_of(sync).decide(a_tap()).result == "valid"
        assert [since for since, _ in platform.snapshot_requests] == [None, "c1", "c2"]


def test_the_changes_go_on_while_there_is_no_newer_whole_that_could_replace_them(
    platform: Platform, state: Path, identity: Identity, box: Box
) -> None:
    epoch = datetime.now(UTC) - timedelta(minutes=5)
    count = len(box.tickets)
    box.publish(now=epoch)
    whole = platform.snapshots[None](identity.device_id)
    platform.snapshots[None] = lambda _device: whole
    with syncing(state, identity) as sync:
        assert sync.fetch()
        for number in range(1, 8):  # together they soon are longer than the whole, which is asked for then
            box.tickets[:], box.cards[:] = [TicketRow(ULID())], []
            box.publish(f"c{number}", now=epoch + timedelta(seconds=number), epoch=epoch, cursor=f"c{number + 1}")
            if number % 2:
                platform.break_once(SNAPSHOT, refusal(503, "UNAVAILABLE"))
            while sync.state()["cursor"] != f"c{number + 1}":
                sync.fetch()
            assert sync.state()["error"] is None
            assert sync.state()["tickets"] == count + number
        assert [since for since, _ in platform.snapshot_requests].count(None) > 1
        box.publish(cursor="c20")
        assert sync.fetch()
        assert (sync.state()["cursor"], len(sync.store.sizes())) == ("c20", 1)


def test_a_snapshot_of_a_key_that_was_withdrawn_is_replaced_so_that_a_restart_finds_one(
    platform: Platform, state: Path, identity: Identity, box: Box
) -> None:
    """A leaked key proves nothing any more: the changes by the next key would follow what no start can read again."""
    epoch = datetime.now(UTC)
    box.publish(now=epoch)
    with syncing(state, identity) as sync:
        assert sync.fetch()
        platform.signer = Signer()
        rotated = identity.model_copy(update={"server_public_keys": (platform.signer.public,)})
        sync.identity = rotated
        box.publish(now=epoch + timedelta(seconds=2), cursor="whole")
        box.tickets[:], box.cards[:] = [], []
        for number in (1, 2):
            box.publish(f"c{number}", now=epoch + timedelta(seconds=1), epoch=epoch, cursor=f"c{number + 1}")
        platform.snapshots[None], whole = lambda _device: b"not yet", platform.snapshots[None]
        assert sync.fetch()  # the whole is of no use: the changes go on
        assert sync.state()["cursor"] == "c2"
        platform.snapshots[None] = whole
        assert sync.fetch()
    with syncing(state, rotated) as sync:
        assert sync.state()["cursor"] == "whole"


def test_a_cursor_that_the_platform_does_not_know_brings_the_whole(
    platform: Platform,
    state: Path,
    identity: Identity,
    box: Box,
) -> None:
    with syncing(state, identity) as sync:
        assert sync.fetch()
        box.publish(cursor="c7")
        assert sync.fetch()
        assert (sync.state()["cursor"], len(sync.store.sizes())) == ("c7", 1)
        assert [since for since, _ in platform.snapshot_requests] == [None, "c1", None]


def test_a_snapshot_is_replaced_whole_or_not_at_all(
    state: Path,
    identity: Identity,
    box: Box,
) -> None:
    with syncing(state, identity) as sync:
        assert sync.fetch()
        pages = sync.store._db.execute("PRAGMA page_count").fetchone()[0]
        sync.store._db.execute(f"PRAGMA max_page_count = {pages}")
        box.tickets += [TicketRow(ULID()) for _ in range(20_000)]
        box.publish(cursor="c2")
        assert not sync.fetch()
        assert "full" in str(sync.last_error)
        assert gate_of(sync).decide(a_tap()).result == "valid"
    with syncing(state, identity) as sync:
        assert sync.state()["cursor"] == "c1"


@pytest.mark.parametrize("damage", ["header", "row", "other device"])
@pytest.mark.usefixtures("platform", "box")
def test_a_stored_snapshot_that_was_changed_is_not_used_and_is_fetched_again(
    state: Path, identity: Identity, damage: str
) -> None:
    with syncing(state, identity) as sync:
        assert sync.fetch()
    path = store_path(state, identity.device_id)
    if damage == "header":
        path.write_bytes(b"no database" * 100)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    else:
        with sqlite3.connect(path) as db:
            changed = "zeroblob(length(sealed))" if damage == "row" else "CAST(x'00' || substr(sealed, 2) AS BLOB)"
            db.execute(f"UPDATE part SET sealed = {changed}")  # noqa: S608  # one of two constants
        db.close()
    with syncing(state, identity) as sync:
        with pytest.raises(CannotDecide):
            gate_of(sync).decide(a_tap())
        assert sync.fetch()
        assert gate_of(sync).decide(a_tap()).result == "valid"


@pytest.mark.usefixtures("box")
def test_a_board_that_boots_in_1970_takes_no_old_snapshot_for_a_new_one(
    platform: Platform, state: Path, identity: Identity
) -> None:
    with syncing(state, identity) as sync:
        assert sync.fetch()
        day_later = SetClock(datetime.now(UTC) + timedelta(hours=24), 0)
    platform.down()
    with syncing(state, identity, day_later) as sync, pytest.raises(CannotDecide, match="24 hours old"):
        gate_of(sync).decide(a_tap())
    with syncing(state, identity, day_later) as sync:
        sync.mark_time()
    in_1970 = SetClock(datetime(1970, 1, 1, tzinfo=UTC), 0, boot_id="next")
    with syncing(state, identity, in_1970) as sync, pytest.raises(CannotDecide, match="24 hours old"):
        gate_of(sync).decide(a_tap())


@pytest.mark.usefixtures("box")
def test_a_board_that_boots_in_1970_decides_by_a_good_snapshot(
    platform: Platform, state: Path, identity: Identity
) -> None:
    with syncing(state, identity) as sync:
        assert sync.fetch()
    platform.down()
    in_1970 = SetClock(datetime(1970, 1, 1, tzinfo=UTC), 0, boot_id="next")
    with syncing(state, identity, in_1970) as sync:
        decision = gate_of(sync).decide(a_tap())
        assert (decision.result, decision.at.year) == ("valid", datetime.now(UTC).year)


def test_a_day_without_the_network(platform: Platform, state: Path, identity: Identity, box: Box) -> None:
    """Each hour a card in and the same card again; in the 24th hour nobody is admitted any more."""
    box.tickets += [TicketRow(ULID()) for _ in range(26)]
    box.cards += [CardRow(f"0400000000{hour:04d}", (box.tickets[4 + hour],)) for hour in range(26)]
    began = datetime.now(UTC)
    box.publish(now=began)
    with syncing(state, identity) as sync:
        assert sync.fetch()
    platform.down()
    results: list[str] = []
    for hour in range(26):
        clock = SetClock(began + timedelta(hours=hour), hour * 3600 * 10**9, boot_id="one day")
        with syncing(state, identity, clock) as sync:
            for _ in range(2):
                try:
                    decision = gate_of(sync).decide(a_tap(f"0400000000{hour:04d}"))
                    results.append("repeat" if decision.repeat else decision.result)
                except CannotDecide:
                    results.append("not decided")
            sync._marked_at = float("-inf")
            sync.mark_time()
    assert results == ["valid", "repeat"] * 24 + ["not decided"] * 4


def test_the_disk_says_nothing_of_cards_tickets_names_and_keys(
    work: Work,
    platform: Platform,
    state: Path,
    identity: Identity,
    box: Box,
) -> None:
    """Everything that the snapshot and the taps know is looked for in every file of the agent, in each spelling."""
    key = secrets.token_bytes(32)
    rows = [TicketRow(ULID()) for _ in range(SECRETS)]
    uids = [secrets.token_hex(7).upper() for _ in rows]
    people = [f"Person {secrets.token_hex(8)}" for _ in rows]
    marks = [double.fingerprint(key, b"ticket\x00" + row.ulid.bytes) for row in rows]
    public = identity.signing_key().public_key().public_bytes_raw()
    names = {mark.hex(): [name, "Gold"] for mark, name in zip(marks, people, strict=True)}
    box.tickets += rows
    box.cards += [CardRow(uid, (row,)) for uid, row in zip(uids, rows, strict=True)]
    box.publish(fingerprint_key=key, names=double.names_for(public, names, cursor="c1"))
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        outcome = tap(gate, uids[0])
        assert isinstance(outcome, DecidedHere)
        assert outcome.name is not None
        assert outcome.name.name == people[0]
        code = platform.signer.code(rows[1])
        gate.agent.outbox.record(
            Tap(scan_id="scn_code", scanned_at=datetime.now(UTC), boot_id="b", monotonic_ns=0, qr=code)
        )
        gate.agent.sync.mark_time()
        stored = b"".join(path.read_bytes() for path in state.iterdir() if path.suffix != ".json")
        stored += b"".join(path.read_bytes() for path in state.glob("runtime.json"))
    plain: list[bytes] = [key, double.b64(key).encode(), key.hex().encode(), code.encode()]
    for uid, row, name, mark in zip(uids, rows, people, marks, strict=True):
        plain += [uid.encode(), uid.lower().encode(), bytes.fromhex(uid), name.encode(), row.id.encode()]
        plain += [row.ulid.bytes, mark.hex().encode()]
    assert len(stored) > SECRETS * 20
    assert not [secret for secret in plain if secret in stored]


@pytest.mark.usefixtures("state", "identity", "box")
def test_staff_have_a_device_wiped_when_its_taps_are_sent(work: Work, platform: Platform) -> None:
    platform.config["heartbeat_seconds"] = 0.2
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.always["/api/device/taps/"] = Fault(status=503)
        assert here(tap(gate)) == ("valid", None)
        del platform.snapshots[None]
        platform.revoked_before = write_time(datetime.now(UTC))
        wait_until(lambda: gate.agent.heartbeat.last_answer is not None)
        wait_until(lambda: gate.agent.heartbeat.last_answer.revoked_before is not None)  # type: ignore[union-attr]
        gate.agent._look_after()
        assert gate.agent.offline.gate.snapshot is not None  # a tap is not sent yet
        platform.always.clear()
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        wait_until(lambda: gate.agent.offline.gate.snapshot is None)
        wait_until(lambda: [entry.tap.uid for entry in gate.agent.outbox.entries()] == [None])
        assert gate.agent.sync.store.parts() == []
        platform.down()
        assert isinstance(tap(gate), Kept)


@pytest.mark.usefixtures("state", "identity", "box")
def test_a_dead_letter_keeps_its_card_readable_and_does_not_hold_up_a_wipe(work: Work, platform: Platform) -> None:
    platform.config["heartbeat_seconds"] = 0.2
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.poison.add(DEMO_UID)
        tap(gate)
        wait_until(lambda: (gate.agent.outbox.depth(), gate.agent.outbox.dead()) == (0, 1))
        del platform.snapshots[None]
        platform.revoked_before = write_time(datetime.now(UTC))
        wait_until(lambda: gate.agent.offline.gate.snapshot is None)
        assert gate.agent.sync.store.parts() == []
        assert [entry.tap.uid for entry in gate.agent.outbox.entries()] == [DEMO_UID]
        platform.poison.clear()
        gate.agent.outbox.retry(None, at=datetime.now(UTC))
        wait_until(lambda: [entry.tap.uid for entry in gate.agent.outbox.entries()] == [None])
    assert [record["uid"] for record in platform.received] == [DEMO_UID]


@pytest.mark.usefixtures("box")
def test_an_agent_whose_snapshot_file_is_damaged_still_reports_and_keeps_its_watchdog_quiet(
    work: Work, platform: Platform, state: Path, identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wipe that cannot be noted, as on a full disk, must not make systemd end a gate that works."""
    platform.config["heartbeat_seconds"] = 0.2
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with work() as gate:
            wait_until(has_snapshot(gate))
            with contextlib.closing(sqlite3.connect(store_path(state, identity.device_id))) as db:
                db.execute("DROP TABLE fact")
            platform.revoked_before = write_time(datetime.now(UTC))
            wait_until(lambda: "no such table" in gate.log.getvalue())
            systemd.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                while systemd.recv(64):
                    pass
            systemd.settimeout(60)
            assert systemd.recv(64) == b"WATCHDOG=1"
            assert isinstance(tap(gate), Decided)
            wait_until(lambda: json.loads((state / "runtime.json").read_text())["shown"] == {"valid": 1})


@pytest.mark.parametrize("size", [int(os.environ.get("READER_TICKETS", "5000"))])
@pytest.mark.usefixtures("platform")
def test_a_large_snapshot_is_read_and_asked_in_time(state: Path, identity: Identity, box: Box, size: int) -> None:
    """With READER_TICKETS=100000 this is the measure of the goal: 15 s to load, 10 ms and 50 ms a decision."""
    box.tickets[:] = [TicketRow(ULID()) for _ in range(size)]
    box.cards[:] = [CardRow(f"04{number:012X}", (row,)) for number, row in enumerate(box.tickets)]
    box.publish()
    with syncing(state, identity) as sync:
        assert sync.fetch()
    # In CPU, which a busy machine gives later and does not add to.
    began = time.process_time()
    with syncing(state, identity) as sync:
        loaded = time.process_time() - began
        took: list[float] = []
        for number in range(0, size, max(1, size // 2000)):
            began = time.thread_time()
            assert gate_of(sync).decide(a_tap(f"04{number:012X}")).result == "valid"
            took.append(time.thread_time() - began)
    took.sort()
    median, late = took[len(took) // 2], took[len(took) * 99 // 100]
    assert loaded < 15
    assert median < 0.010
    assert late < 0.050


@pytest.mark.usefixtures("state", "identity")
def test_a_snapshot_that_is_on_its_way_while_staff_wipe_the_device_is_not_used(
    work: Work, platform: Platform, box: Box
) -> None:
    platform.config["heartbeat_seconds"] = 0.2
    with work() as gate:
        wait_until(has_snapshot(gate))
        # Noted once the first try is over, which is a moment after its snapshot is used.
        wait_until(lambda: gate.agent.sync.tried_at is not None)
        tried_at = gate.agent.sync.tried_at
        box.publish("c1", cursor="c2")
        platform.break_once(SNAPSHOT, Fault(delay=10.0))
        gate.agent.sync.wake()
        wait_until(lambda: not platform.faults[SNAPSHOT])
        platform.revoked_before = write_time(datetime.now(UTC))
        wait_until(lambda: gate.agent.offline.gate.snapshot is None)
        assert gate.agent.sync.tried_at == tried_at
        wait_until(lambda: gate.agent.sync.tried_at != tried_at)
        assert gate.agent.offline.gate.snapshot is None
        assert (gate.agent.sync.store.parts(), gate.agent.sync.store.pieces()) == ([], (0, b""))


def test_changes_that_come_in_parts_are_all_fetched_at_once(
    platform: Platform, state: Path, identity: Identity, box: Box
) -> None:
    epoch = datetime.now(UTC)
    box.tickets += [TicketRow(ULID()) for _ in range(500)]
    box.publish(now=epoch)
    with syncing(state, identity) as sync:
        assert sync.fetch()
        for number in (1, 2, 3):
            row = TicketRow(ULID())
            box.tickets[:], box.cards[:] = [row], [CardRow(f"0400000000000{number}", (row,))]
            at = epoch + timedelta(seconds=number)
            box.publish(f"c{number}", now=at, epoch=epoch, cursor=f"c{number + 1}", more=number < 3)
        assert sync.fetch()
        assert sync.state()["cursor"] == "c4"
        assert gate_of(sync).decide(a_tap("04000000000003")).result == "valid"
        # A part without changes waits for one that is on its way, and is no reason to ask without end.
        box.tickets, box.cards = [], []
        box.publish("c4", now=epoch + timedelta(seconds=4), epoch=epoch, cursor="c5", more=True)
        assert sync.fetch()
    assert [since for since, _ in platform.snapshot_requests] == [None, "c1", "c2", "c3", "c4"]


def test_a_store_with_a_damaged_page_is_made_again(
    platform: Platform, state: Path, identity: Identity, box: Box
) -> None:
    box.tickets += [TicketRow(ULID()) for _ in range(500)]
    box.publish()
    with syncing(state, identity) as sync:
        assert sync.fetch()
        path = sync.store.path
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [page] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'part'").fetchone()
        [size] = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with syncing(state, identity) as sync:
        assert gate_of(sync).snapshot is None
        assert sync.fetch(), sync.last_error
        assert sync.state()["tickets"] == 504
    assert len(platform.snapshot_requests) == 2


def test_a_snapshot_that_took_long_on_its_way_does_not_set_the_clock(
    platform: Platform, identity: Identity, box: Box
) -> None:
    """An answer's Date is from before its body; one of many names takes a minute on a slow road."""
    assert box.platform is platform
    with Server(identity.server, clock=Clock(), identity=identity) as server:
        server.access_token(timeout=60)
        platform.clock_ahead = -40.0
        server.snapshot(since=None, headers={}, on_piece=lambda *_: None, timeout=60)
        assert server.clock_offset_seconds == pytest.approx(0, abs=3)
