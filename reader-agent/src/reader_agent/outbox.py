"""The durable outbox: every tap is on disk before it is sent, and is never deleted.

`tap` and `outcome` are a journal; triggers make it append-only. `open` is an index over it: the taps that are still to
be sent (`dead` = 0), and those that the server rejected (`dead` = 1).
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from ulid import ULID

from reader_agent.clock import Clock, read_time, write_time
from reader_agent.failures import BadSetup
from reader_agent.wire import Decision, Sun, TapOut

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE tap (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    scan_id TEXT NOT NULL UNIQUE,
    scanned_at TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    monotonic_ns INTEGER NOT NULL,
    clock_offset_ms INTEGER,
    uid TEXT,
    qr TEXT,
    picc_data TEXT,
    cmac TEXT,
    direction TEXT,
    CHECK ((uid IS NULL) <> (qr IS NULL)),
    CHECK ((picc_data IS NULL) = (cmac IS NULL))
);
CREATE TABLE outcome (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sequence INTEGER NOT NULL REFERENCES tap (sequence),
    recorded_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('decided', 'dead', 'retried')),
    status INTEGER,
    detail TEXT NOT NULL
);
CREATE INDEX outcome_by_tap ON outcome (sequence);
CREATE TABLE open (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    dead INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX open_by_state ON open (dead, sequence);
CREATE TRIGGER tap_is_kept BEFORE DELETE ON tap BEGIN SELECT RAISE(ABORT, 'taps are never deleted'); END;
CREATE TRIGGER tap_is_final BEFORE UPDATE ON tap BEGIN SELECT RAISE(ABORT, 'taps are never changed'); END;
CREATE TRIGGER outcome_is_kept BEFORE DELETE ON outcome
    BEGIN SELECT RAISE(ABORT, 'outcomes are never deleted'); END;
CREATE TRIGGER outcome_is_final BEFORE UPDATE ON outcome
    BEGIN SELECT RAISE(ABORT, 'outcomes are never changed'); END;
"""

State = Literal["pending", "dead", "done"]

_ENTRIES = """
SELECT tap.sequence, scan_id, scanned_at, boot_id, monotonic_ns, clock_offset_ms, uid, qr, picc_data, cmac, direction,
    open.sequence IS NULL, open.dead, outcome.status, outcome.detail
FROM tap LEFT JOIN open ON open.sequence = tap.sequence
    LEFT JOIN outcome ON outcome.id = (SELECT max(id) FROM outcome WHERE outcome.sequence = tap.sequence)
"""
_WHERE: dict[State | None, str] = {
    # Reads through the index of open taps, so that the length of the journal does not matter.
    "pending": "WHERE tap.sequence IN (SELECT sequence FROM open WHERE dead = 0 ORDER BY sequence)",
    "dead": "WHERE tap.sequence IN (SELECT sequence FROM open WHERE dead = 1 ORDER BY sequence)",
    "done": "WHERE open.sequence IS NULL",
    None: "",
}


@dataclass(frozen=True)
class Tap:
    """One reading of a card at this gate. Its `scan_id` is the same in each attempt to send it."""

    scan_id: str
    scanned_at: datetime
    boot_id: str
    monotonic_ns: int
    uid: str | None = None
    qr: str | None = None
    sun: Sun | None = None
    direction: str | None = None
    clock_offset_ms: int | None = None

    @classmethod
    def of_card(
        cls, clock: Clock, uid: str, *, sun: Sun | None, direction: str | None, clock_offset_ms: int | None
    ) -> Self:
        """Return the tap of a card that was read just now."""
        return cls(
            scan_id=f"scn_{ULID()}",
            scanned_at=clock.wall(),
            boot_id=clock.boot_id,
            monotonic_ns=clock.monotonic_ns(),
            uid=uid,
            sun=sun,
            direction=direction,
            clock_offset_ms=clock_offset_ms,
        )

    def on_the_wire(self, clock: Clock) -> TapOut:
        """Return this tap as the server takes it."""
        scanned_at = clock.wall_of(boot_id=self.boot_id, monotonic_ns=self.monotonic_ns, scanned_at=self.scanned_at)
        return TapOut(
            scan_id=self.scan_id,
            uid=self.uid,
            qr=self.qr,
            scanned_at=write_time(scanned_at),
            sun=self.sun,
            direction=self.direction,
        )


@dataclass(frozen=True)
class Entry:
    """A tap in the outbox with its outcome."""

    sequence: int
    tap: Tap
    state: State
    status: int | None = None
    detail: str = ""


class Outbox:
    """The outbox of one enrolment. Safe for several threads; several processes may read it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        except (OSError, sqlite3.Error) as error:
            raise BadSetup(f"the outbox {path} cannot be opened: {error}; check the folder's owner and space") from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise BadSetup(
                f"the outbox {path} cannot be used: {error}. If the disk is full, free some space. "
                "If the file is damaged, "
                "move it aside (do not delete it: it holds unsent taps) and start again"
            ) from None
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        # FULL syncs the log at each commit: a tap that was shown survives a power cut.
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        with self._transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _statements(_SCHEMA):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise BadSetup(
                    f"the outbox {self.path} was written by another version of the agent (layout {version}, this one "
                    f"knows {SCHEMA_VERSION}); run the version that wrote it, or `outbox export` with it first"
                )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, tap: Tap) -> int:
        """Put a tap on the disk and return its place in the order. Raises `sqlite3.Error` where it cannot."""
        with self._transaction() as db:
            sequence = db.execute(
                "INSERT INTO tap (scan_id, scanned_at, boot_id, monotonic_ns, clock_offset_ms, uid, qr, picc_data,"
                " cmac, direction) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    tap.scan_id,
                    write_time(tap.scanned_at),
                    tap.boot_id,
                    tap.monotonic_ns,
                    tap.clock_offset_ms,
                    tap.uid,
                    tap.qr,
                    tap.sun.picc_data if tap.sun else None,
                    tap.sun.cmac if tap.sun else None,
                    tap.direction,
                ),
            ).lastrowid
            db.execute("INSERT INTO open (sequence) VALUES (?)", (sequence,))
        if sequence is None:
            raise sqlite3.DatabaseError("the database named no row")
        return sequence

    def pending(self, limit: int) -> list[Entry]:
        """Return the taps that still have to be sent, oldest first."""
        return self.entries("pending", limit=limit)

    def decided(self, sequence: int, decision: Decision, *, at: datetime) -> None:
        """Record the server's answer. A second answer to the same tap changes nothing."""
        # The attendee's name is for the display only and must not be stored on a device at a gate.
        detail = decision.model_dump_json(exclude={"attendee", "ticket"}, exclude_none=True)
        self._settle(sequence, "decided", 200, detail, at)

    def buried(self, sequence: int, *, status: int, detail: str, at: datetime) -> None:
        """Make a tap that the server rejected a dead letter, which an operator can list."""
        self._settle(sequence, "dead", status, detail, at)

    def _settle(self, sequence: int, kind: str, status: int, detail: str, at: datetime) -> None:
        with self._transaction() as db:
            if kind == "decided":
                found = db.execute("DELETE FROM open WHERE sequence = ?", (sequence,)).rowcount
            else:
                found = db.execute("UPDATE open SET dead = 1 WHERE sequence = ? AND dead = 0", (sequence,)).rowcount
            if found:
                db.execute(
                    "INSERT INTO outcome (sequence, recorded_at, kind, status, detail) VALUES (?, ?, ?, ?, ?)",
                    (sequence, write_time(at), kind, status, detail),
                )

    def retry(self, scan_ids: Sequence[str] | None, *, at: datetime) -> int:
        """Make dead letters (all, or these) pending again; return how many there were."""
        with self._transaction() as db:
            dead = db.execute("SELECT sequence, scan_id FROM open JOIN tap USING (sequence) WHERE dead = 1").fetchall()
            chosen = [sequence for sequence, scan_id in dead if scan_ids is None or scan_id in scan_ids]
            for sequence in chosen:
                db.execute("UPDATE open SET dead = 0 WHERE sequence = ?", (sequence,))
                db.execute(
                    "INSERT INTO outcome (sequence, recorded_at, kind, detail) VALUES (?, ?, 'retried', '')",
                    (sequence, write_time(at)),
                )
        return len(chosen)

    def depth(self) -> int:
        """Return how many taps are to be sent."""
        return self._count("SELECT count(*) FROM open WHERE dead = 0")

    def dead(self) -> int:
        """Return how many taps the server rejected."""
        return self._count("SELECT count(*) FROM open WHERE dead = 1")

    def total(self) -> int:
        """Return how many taps were ever made."""
        return self._count("SELECT count(*) FROM tap")

    def _count(self, query: str) -> int:
        with self._lock:
            return int(self._db.execute(query).fetchone()[0])

    def entries(self, state: State | None = None, *, limit: int = -1) -> list[Entry]:
        """Return the taps in this state, or all, in the order they were made."""
        query = f"{_ENTRIES} {_WHERE[state]} ORDER BY tap.sequence LIMIT ?"
        with self._lock:
            rows = self._db.execute(query, (limit,)).fetchall()
        return [_entry(row) for row in rows]

    def check_writable(self) -> None:
        """Raise `sqlite3.Error` or `OSError` where a tap could not be stored now."""
        with self._transaction() as db:
            db.execute("SELECT count(*) FROM open").fetchone()
        # SQLite keeps small changes in memory until a commit; the probe finds a full disk now, not at the gate.
        probe = self.path.with_name(f".{self.path.name}.probe")
        try:
            with probe.open("wb") as file:
                file.write(bytes(256 * 1024))
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)


def _statements(script: str) -> Iterator[str]:
    """Return the statements of a script one by one; `executescript` would end the transaction around them."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _entry(row: Sequence[Any]) -> Entry:
    (sequence, scan_id, scanned_at, boot_id, monotonic_ns, offset, uid, qr, picc_data, cmac, direction) = row[:11]
    is_done, is_dead, status, detail = row[11:]
    tap = Tap(
        scan_id=scan_id,
        scanned_at=read_time(scanned_at),
        boot_id=boot_id,
        monotonic_ns=monotonic_ns,
        uid=uid,
        qr=qr,
        sun=Sun(picc_data=picc_data, cmac=cmac) if picc_data else None,
        direction=direction,
        clock_offset_ms=offset,
    )
    state: State = "done" if is_done else "dead" if is_dead else "pending"
    return Entry(sequence=sequence, tap=tap, state=state, status=status, detail=detail or "")
