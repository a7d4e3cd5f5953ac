import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reader_agent.clock import Clock, read_time, write_time
from reader_agent.failures import BadSetup
from reader_agent.outbox import DecidedAtGate, Outbox, Passage
from reader_agent.tap import ServerTime, Tap
from reader_agent.wire import Attendee, Decision, OfflineOut, Sun

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def tap(uid: str = "04A1B2C3D4E5F6", sun: Sun | None = None) -> Tap:
    return Tap.of_card(Clock(), uid, sun=sun, direction=None, clock_offset_ms=None)


def decision(of: Tap, result: str = "valid") -> Decision:
    return Decision(scan_id=of.scan_id, result=result, attendee=Attendee(name="Amina Demo"))


def test_a_tap_is_pending_until_it_is_decided(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        made = [tap(), tap(sun=Sun(picc_data="00" * 16, cmac="11" * 8)), tap()]
        for one in made:
            outbox.record(one)
        outbox.decided({outbox.pending(1)[0].sequence: decision(made[0])}, at=NOW)
        assert [entry.tap.scan_id for entry in outbox.pending(10)] == [made[1].scan_id, made[2].scan_id]
        assert outbox.pending(1)[0].tap.sun == made[1].sun
        assert (outbox.depth(), outbox.dead(), outbox.total()) == (2, 0, 3)


def test_what_was_recorded_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    one = tap()
    with Outbox(path) as outbox:
        outbox.record(one)
    with Outbox(path) as outbox:
        kept = outbox.pending(1)[0].tap
    assert (kept.scan_id, kept.uid, kept.boot_id, kept.monotonic_ns) == (
        one.scan_id, one.uid, one.boot_id, one.monotonic_ns,
    )  # fmt: skip
    assert abs(kept.scanned_at - one.scanned_at) < timedelta(milliseconds=1)


def test_the_journal_can_only_grow(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        one = tap()
        outbox.decided({outbox.record(one): decision(one)}, at=NOW)
        for statement in (
            "DELETE FROM tap",
            "UPDATE tap SET uid = 'X'",
            "DELETE FROM outcome",
            "UPDATE outcome SET status = 1",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                outbox._db.execute(statement)


def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        assert outbox._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert outbox._db.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_second_answer_changes_nothing(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        one = tap()
        sequence = outbox.record(one)
        assert outbox.decided({sequence: decision(one)}, at=NOW) == {sequence}
        assert outbox.decided({sequence: decision(one, "already_scanned")}, at=NOW) == set()
        outbox.buried(sequence, status=400, detail="no", at=NOW)
        [entry] = outbox.entries()
        assert (entry.state, '"valid"' in entry.detail) == ("done", True)
        assert outbox._count("SELECT count(*) FROM outcome") == 1


def test_a_dead_letter_is_out_of_the_way_and_comes_back_when_asked_for(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        bad, good = tap(), tap()
        outbox.buried(outbox.record(bad), status=422, detail="IDEMPOTENCY_MISMATCH: other body", at=NOW)
        outbox.record(good)
        assert [entry.tap.scan_id for entry in outbox.pending(10)] == [good.scan_id]
        [dead] = outbox.entries("dead")
        assert (dead.status, dead.detail) == (422, "IDEMPOTENCY_MISMATCH: other body")
        assert outbox.retry(["scn_other"], at=NOW) == 0
        assert outbox.retry([bad.scan_id], at=NOW) == 1
        assert [entry.tap.scan_id for entry in outbox.pending(10)] == [bad.scan_id, good.scan_id]


def test_no_name_stays_on_the_disk_of_a_gate(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with Outbox(path) as outbox:
        one = tap()
        outbox.decided({outbox.record(one): decision(one)}, at=NOW)
    assert not any(b"Amina" in file.read_bytes() for file in tmp_path.iterdir())


def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "outbox.sqlite3"
    Outbox(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_or_newer_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(BadSetup, match="move it aside"):
        Outbox(damaged)
    newer = tmp_path / "newer.sqlite3"
    Outbox(newer).close()
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(BadSetup, match="another version"):
        Outbox(newer)


def test_a_long_journal_does_not_slow_down_the_look_for_what_is_pending(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        plan = outbox._db.execute(
            "EXPLAIN QUERY PLAN SELECT sequence FROM open WHERE dead = 0 ORDER BY sequence"
        ).fetchall()
        assert any("open_by_state" in str(row) for row in plan)
        from reader_agent.outbox_entries import ENTRIES, WHERE

        plan = outbox._db.execute(
            f"EXPLAIN QUERY PLAN {ENTRIES} {WHERE['pending']} ORDER BY tap.sequence LIMIT 1"  # constants
        ).fetchall()
        assert not any("SCAN tap" in str(row) for row in plan), plan


def test_the_taps_of_a_card_are_found_by_index_however_many_are_open(tmp_path: Path) -> None:
    asked: list[str] = []
    with Outbox(tmp_path / "outbox.sqlite3", secret=b"s" * 32) as outbox:
        first, second = (tap_of("04A1B2C3D4E5F6", number) for number in range(2))
        outbox.record(first)
        outbox.record(tap_of("04A1B2C3D4E5F7", 2))
        outbox._db.set_trace_callback(asked.append)
        assert [entry.tap.scan_id for entry in outbox.of_card(second, [5])] == [first.scan_id]
        outbox._db.set_trace_callback(None)
        plan = outbox._db.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    used = [row[3] for row in plan]
    assert not [step for step in used if step.startswith("SCAN tap")], used
    assert {"tap_by_card", "tap_by_uid", "tap_by_qr", "passage_by_ticket"} <= set(" ".join(used).split()), used


def tap_of(uid: str, number: int) -> Tap:
    return Tap(scan_id=f"scn_{number}", scanned_at=NOW, boot_id="b", monotonic_ns=0, uid=uid)


class SetClock(Clock):
    def __init__(self, wall: datetime, monotonic_ns: int, boot_id: str = "boot-1") -> None:
        super().__init__()
        self.boot_id, self._wall, self._monotonic_ns = boot_id, wall, monotonic_ns

    def wall(self) -> datetime:
        return self._wall

    def monotonic_ns(self) -> int:
        return self._monotonic_ns


def test_a_tap_is_sent_alike_each_time_whatever_happens_to_the_wall_clock() -> None:
    """The boot clock says how long ago it was, so a clock that was set must not make another record of it."""
    before = SetClock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC), 60_000_000_000)
    made = Tap.of_card(before, "04A1B2C3D4E5F6", sun=None, direction=None, clock_offset_ms=None)
    sent = made.on_the_wire()
    assert (sent.scanned_at, sent.boot_id, sent.mono_ms) == ("1970-01-01T00:01:00.000Z", "boot-1", 60_000)
    after = SetClock(NOW, 360_000_000_000)
    assert made.time_after_a_reboot(after, ServerTime(0.0, {"boot-1": 5})) is None


def test_times_are_read_and_written_as_the_contract_wants() -> None:
    assert write_time(read_time("2026-11-21T17:00:00.123456+05:00")) == "2026-11-21T12:00:00.123Z"
    assert read_time("2026-11-21T12:00:00Z") == NOW


def test_the_platforms_time_of_a_passage_is_the_one_that_is_kept(tmp_path: Path) -> None:
    made = Tap.of_card(SetClock(NOW, 1), "04A1B2C3D4E5F6", sun=None, direction=None, clock_offset_ms=None)
    right, wrong = NOW, NOW + timedelta(hours=1)
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        sequence = outbox.record(made)
        outbox.decided_here(sequence, DecidedAtGate("valid"), at=wrong, passage=Passage(7, "inside", wrong))
        answer = Decision(scan_id=made.scan_id, result="valid", status="accepted")
        outbox.decided({sequence: answer}, at=wrong, passages={sequence: Passage(7, "inside", right)})
        assert [(each.ticket, each.at) for each in outbox.passages()] == [(7, right)]


def test_a_wipe_leaves_what_is_still_to_be_sent_and_later_taps_readable(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3", secret=b"s" * 32) as outbox:
        first, later = tap(), tap("04A1B2C3D4E5F7")
        sequence = outbox.record(first)
        assert not outbox.forget_cards()
        assert [entry.tap.uid for entry in outbox.pending(10)] == [first.uid]
        outbox.decided({sequence: decision(first)}, at=NOW)
        assert outbox.forget_cards()
        outbox.record(later)
        assert [entry.tap.uid for entry in outbox.entries()] == [None, later.uid]


def test_a_tap_that_was_answered_on_another_road_is_sent_again_with_what_was_shown(tmp_path: Path) -> None:
    """The gate lost its own answer, and the backlog's came before the gate's decision was on the disk."""
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        one = tap()
        sequence = outbox.record(one)
        outbox.decided({sequence: decision(one, "invalid")}, at=NOW)
        outbox.decided_here(sequence, DecidedAtGate("valid"), at=NOW)
        [entry] = outbox.pending(10)
        assert (entry.tap.scan_id, entry.on_the_wire().offline) == (one.scan_id, OfflineOut(result="valid"))
        assert outbox.decided({sequence: decision(one)}, at=NOW) == {sequence}
        assert outbox.depth() == 0


def test_numbers_go_on_after_the_last_that_is_known_to_have_been(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite3") as outbox:
        outbox.begin_after(1000)
        outbox.begin_after(5)
        assert (outbox.last(), outbox.record(tap())) == (1000, 1001)
        outbox.begin_after(3000)
        assert outbox.record(tap()) == 3001
