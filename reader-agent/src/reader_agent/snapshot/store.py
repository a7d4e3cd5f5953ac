"""The snapshot on the disk: sealed as it came, replaced in one transaction, with what arrived of the next one.

Rows are AES-GCM, their names HMACs, both under keys of the device (`vault.py`). A store that is damaged is made again:
the platform has all of it.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Self

from reader_agent.durable_files import DurableFile, copy_file, open_file
from reader_agent.failures import BadSetup
from reader_agent.vault import SALT_BYTES, Unreadable, Vault

_SCHEMA = """
CREATE TABLE IF NOT EXISTS storage (only INTEGER PRIMARY KEY CHECK (only = 1), salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS part (name BLOB PRIMARY KEY, place INTEGER NOT NULL UNIQUE, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS piece (place INTEGER PRIMARY KEY, size INTEGER NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS fact (name BLOB PRIMARY KEY, sealed BLOB NOT NULL);
"""
_FILES = ("", "-wal", "-shm")


def store_path(state_dir: Path, device_id: str) -> Path:
    """Return the path of the snapshot of an enrolment."""
    return state_dir / f"snapshot-{device_id}.sqlite3"


class SnapshotStore(DurableFile):
    """The parts of a snapshot (a full one and its deltas), and facts beside them. Safe for several threads."""

    def __init__(self, path: Path, *, secret: bytes, reads_only: bool = False) -> None:
        """Open the file; `reads_only` reads a copy in memory, so it works on a disk that cannot be written."""
        super().__init__(path)
        self._secret, self._reads_only = secret, reads_only
        self._db, self._vault = self._open()

    @classmethod
    def reading(cls, path: Path, *, secret: bytes) -> Self:
        """Return a store that only reads; it is empty where there is no file. Raises BadSetup."""
        return cls(path, secret=secret, reads_only=True)

    def _open(self) -> tuple[sqlite3.Connection, Vault]:
        try:
            return self._open_once()
        except sqlite3.OperationalError as error:  # a full disk, or one that cannot be written
            raise BadSetup(
                f"the snapshot {self.path} cannot be opened: {error}; check the folder's owner and space"
            ) from None
        except sqlite3.DatabaseError:
            if self._reads_only:
                raise BadSetup(f"the snapshot {self.path} is damaged; `sync now` fetches it again") from None
            remove(self.path)
            return self._open_once()

    def _open_once(self) -> tuple[sqlite3.Connection, Vault]:
        db = self._copy() if self._reads_only else open_file(self.path)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA secure_delete = ON")
            for statement in _SCHEMA.strip().split(";\n"):
                db.execute(statement)
            db.execute("INSERT OR IGNORE INTO storage VALUES (1, ?)", (os.urandom(SALT_BYTES),))
            _check_whole(db)
            return db, Vault(self._secret, db.execute("SELECT salt FROM storage").fetchone()[0])
        except BaseException:
            db.close()
            raise

    def _copy(self) -> sqlite3.Connection:
        try:
            return copy_file(self.path)
        except FileNotFoundError:
            return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)

    def parts(self) -> list[bytes]:
        """Return the full snapshot and its deltas in their order; nothing where one of them cannot be opened."""
        try:
            with self._lock:
                rows = self._db.execute("SELECT place, sealed FROM part ORDER BY place").fetchall()
            return [self._vault.open(sealed, place=f"part/{place}") for place, sealed in rows]
        except (Unreadable, sqlite3.DatabaseError):
            return []

    def sizes(self) -> list[int]:
        """Return the length of each part."""
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT length(sealed) FROM part ORDER BY place")]

    def replace(self, full: bytes) -> None:
        """Store a full snapshot in place of everything before it."""
        with self._transaction() as db:
            db.execute("DELETE FROM part")
            self._add(db, 0, full)

    def append(self, delta: bytes) -> None:
        """Store a delta after the parts that are here."""
        with self._transaction() as db:
            place = db.execute("SELECT coalesce(max(place) + 1, 0) FROM part").fetchone()[0]
            self._add(db, place, delta)

    def _add(self, db: sqlite3.Connection, place: int, content: bytes) -> None:
        name = f"part/{place}"
        row = (self._vault.name(name), place, self._vault.seal(content, place=name))
        db.execute("INSERT INTO part VALUES (?, ?, ?)", row)
        db.execute("DELETE FROM piece")

    def pieces(self) -> tuple[int, bytes]:
        """Return how many bytes of the next part arrived, and these; nothing where they cannot be opened."""
        with self._lock:
            rows = self._db.execute("SELECT place, sealed FROM piece ORDER BY place").fetchall()
        try:
            content = b"".join(self._vault.open(sealed, place=f"piece/{place}") for place, sealed in rows)
        except Unreadable:
            self.drop_pieces()
            content = b""
        return len(content), content

    def add_piece(self, content: bytes) -> None:
        """Store bytes that arrived after those that are here."""
        with self._transaction() as db:
            place = db.execute("SELECT coalesce(max(place) + 1, 0) FROM piece").fetchone()[0]
            sealed = self._vault.seal(content, place=f"piece/{place}")
            db.execute("INSERT INTO piece VALUES (?, ?, ?)", (place, len(content), sealed))

    def drop_pieces(self) -> None:
        """Forget what arrived of the next part."""
        with self._transaction() as db:
            db.execute("DELETE FROM piece")

    def fact(self, name: str) -> str | None:
        """Return a stored fact, or None where there is none."""
        with self._lock:
            row = self._db.execute("SELECT sealed FROM fact WHERE name = ?", (self._vault.name(name),)).fetchone()
        try:
            return self._vault.open(row[0], place=f"fact/{name}").decode() if row else None
        except Unreadable:
            return None

    def set_fact(self, name: str, value: str) -> None:
        """Store a fact."""
        sealed = self._vault.seal(value.encode(), place=f"fact/{name}")
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (self._vault.name(name), sealed))

    def wipe(self) -> None:
        """Delete everything, beginning with the salt without which the rest opens no more."""
        with self._lock:
            self._db.execute("UPDATE storage SET salt = ?", (bytes(SALT_BYTES),))
            self._db.execute("DELETE FROM part")
            self._db.execute("DELETE FROM piece")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
            remove(self.path)
            self._db, self._vault = self._open_once()
            self._open_at = None


def _check_whole(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("a page of it is damaged")


def remove(path: Path) -> None:
    """Remove a store's files."""
    for ending in _FILES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).unlink()
