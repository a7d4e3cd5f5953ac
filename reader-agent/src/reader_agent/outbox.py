"""The durable outbox: every tap is on disk before it is sent, and is never deleted.

`tap` and `outcome` are a journal; triggers make it append-only. `open` is an index over it: the taps that are still to
be sent (`dead` = 0), and those that failed alone and are retried slowly (`dead` = 1). `failure` says why a tap that
is not done failed last. `boot` holds the server's clock minus the boot clock, for each boot of this device.
"""

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from reader_agent.clock import read_time, write_time
from reader_agent.failures import BadSetup
from reader_agent.tap import Tap
from reader_agent.wire import Decision, Sun

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

# Added to files of the first version too: an older agent does not know these tables and needs none of them.
_ADDED = """
CREATE TABLE IF NOT EXISTS failure (
    sequence INTEGER PRIMARY KEY REFERENCES tap (sequence),
    failed_at TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS boot (
    boot_id TEXT PRIMARY KEY,
    server_minus_boot_ms INTEGER NOT NULL
);
"""

State = Literal["pending", "dead", "done"]

_ENTRIES = """
SELECT tap.sequence, scan_id, scanned_at, boot_id, monotonic_ns, clock_offset_ms, uid, qr, picc_data, cmac, direction,
    open.sequence IS NULL, open.dead, outcome.status, coalesce(nullif(outcome.detail, ''), failure.reason)
FROM tap LEFT JOIN open ON open.sequence = tap.sequence
    LEFT JOIN failure ON failure.sequence = tap.sequence
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
class Entry:
    """A tap in the outbox with its outcome."""

    sequence: int
    tap: Tap
    state: State
    status: int | None = None
    detail: str = ""


class Outbox:
    """The outbox of one enrolment. Safe for several threads; several processes may read it at once."""

    def __init__(self, path: Path, *, reads_only: bool = False) -> None:
        """Open the file; `reads_only` reads a copy in memory, so it works on a disk that cannot be written."""
        self.path = path
        # Why the last change could not be written; None after one that was.
        self.trouble: str | None = None
        self._lock = threading.RLock()
        try:
            self._db = _copy(path) if reads_only else _open(path)
        except (OSError, sqlite3.Error) as error:
            raise BadSetup(f"the outbox {path} cannot be opened: {error}; check the folder's owner and space") from None
        self._prepare_or_explain()

    @classmethod
    def reading(cls, path: Path) -> Self:
        """Return an outbox that only reads. Raises BadSetup."""
        return cls(path, reads_only=True)

    def _prepare_or_explain(self) -> None:
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise BadSetup(
                f"the outbox {self.path} cannot be used: {error}. If the disk is full, free some space. "
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
            for statement in _statements(_ADDED):
                db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if isinstance(error, sqlite3.Error):
                    self.trouble = str(error)
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self.trouble = None

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

    def pending(self, limit: int, *, without: Collection[int] = ()) -> list[Entry]:
        """Return the taps that still have to be sent, oldest first; `without` these."""
        found = self.entries("pending", limit=limit + len(without))
        return [entry for entry in found if entry.sequence not in without][:limit]

    def entry(self, sequence: int) -> Entry | None:
        """Return a tap by its place, or None where there is none or it is done."""
        query = f"{_ENTRIES} WHERE open.sequence = ?"
        with self._lock:
            row = self._db.execute(query, (sequence,)).fetchone()
        return _entry(row) if row else None

    def oldest_of_card(self, tap: Tap) -> Entry | None:
        """Return the oldest other tap of the same card that still has to be sent."""
        if tap.uid is None:
            return None
        query = f"{_ENTRIES} WHERE open.dead = 0 AND tap.uid = ? AND scan_id <> ? ORDER BY tap.sequence LIMIT 1"
        with self._lock:
            row = self._db.execute(query, (tap.uid, tap.scan_id)).fetchone()
        return _entry(row) if row else None

    def decided(self, decisions: Mapping[int, Decision], *, at: datetime) -> set[int]:
        """Record the server's answers by the taps' places, in one transaction; return those that were open.

        A second answer to the same tap changes nothing.
        """
        settled: set[int] = set()
        with self._transaction() as db:
            for sequence, decision in decisions.items():
                if not db.execute("DELETE FROM open WHERE sequence = ?", (sequence,)).rowcount:
                    continue
                # The attendee's name is for the display only and must not be stored on a device at a gate.
                detail = decision.model_dump_json(exclude={"attendee", "ticket"}, exclude_none=True)
                self._add_outcome(sequence, "decided", 200, detail, at)
                db.execute("DELETE FROM failure WHERE sequence = ?", (sequence,))
                settled.add(sequence)
        return settled

    def buried(self, sequence: int, *, status: int | None, detail: str, at: datetime) -> None:
        """Make a tap that fails alone a dead letter: an operator sees it, and it is retried slowly."""
        with self._transaction() as db:
            if db.execute("UPDATE open SET dead = 1 WHERE sequence = ? AND dead = 0", (sequence,)).rowcount:
                self._add_outcome(sequence, "dead", status, detail, at)

    def failed(self, sequence: int, reason: str, *, at: datetime) -> None:
        """Note why a tap that is still open failed last."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO failure VALUES (?, ?, ?)", (sequence, write_time(at), reason))

    def _add_outcome(self, sequence: int, kind: str, status: int | None, detail: str, at: datetime) -> None:
        self._db.execute(
            "INSERT INTO outcome (sequence, recorded_at, kind, status, detail) VALUES (?, ?, ?, ?, ?)",
            (sequence, write_time(at), kind, status, detail),
        )

    def learn_boot(self, boot_id: str, server_minus_boot_ms: int) -> None:
        """Remember the server's clock minus the boot clock: it corrects this boot's taps in later boots."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO boot VALUES (?, ?)", (boot_id, server_minus_boot_ms))

    def boots(self) -> dict[str, int]:
        """Return the server's clock minus the boot clock, in milliseconds, for each boot where it is known."""
        with self._lock:
            return dict(self._db.execute("SELECT boot_id, server_minus_boot_ms FROM boot").fetchall())

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
        """Return how many taps failed alone and are retried slowly."""
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
        # SQLite keeps small changes in memory until a commit; the probe finds a full disk now, not at the gate.
        probe = self.path.with_name(f".{self.path.name}.probe")
        try:
            with probe.open("wb") as file:
                file.write(bytes(256 * 1024))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self.trouble = str(error)
            raise
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
        with self._transaction() as db:
            db.execute("UPDATE open SET dead = dead WHERE sequence = (SELECT min(sequence) FROM open)")


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)


def _copy(path: Path) -> sqlite3.Connection:
    """Return a copy in memory of an outbox with its log.

    SQLite needs files beside a database with a log, so on a disk that cannot be written the files are copied first.
    """
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    target = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        _read_into(path, target)
    except sqlite3.Error:
        with tempfile.TemporaryDirectory(prefix="gatehouse-reader-") as folder:
            for file in (path, path.with_name(f"{path.name}-wal")):
                if file.exists():
                    shutil.copyfile(file, Path(folder) / file.name)
            _read_into(Path(folder) / path.name, target)
    return target


def _read_into(path: Path, target: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as source:
        source.backup(target)


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
