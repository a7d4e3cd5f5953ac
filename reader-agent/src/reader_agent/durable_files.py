"""SQLite files that survive a power cut, and their removal while they are open: outbox, hub's journal, snapshot."""

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Self

from reader_agent import logs
from reader_agent.ownership import give_to_folders_owner

# The log and its index; without them, what was written last is gone with the process.
_BESIDE = ("-wal", "-shm")
# What a connection is set to; the new one to a file that was written again gets the same.
_PRAGMAS = ("synchronous", "secure_delete", "foreign_keys")


class DurableFile:
    """A file that is changed by transactions only. Safe for several threads."""

    # Set by its owner, which knows how to open it.
    _db: sqlite3.Connection

    def __init__(self, path: Path) -> None:
        self.path = path
        # Why the last change could not be written; None after one that was.
        self.trouble: str | None = None
        self._lock = threading.RLock()
        # Which file is open, by device and inode; None until its first transaction.
        self._open_at: tuple[int, int] | None = None

    def check_there(self) -> None:
        """Write the file again where another program removed or moved it. Raises `sqlite3.Error`."""
        with self._lock, self._noting_trouble():
            self._put_back()

    def _put_back(self) -> None:
        """Have the open file be the one at its path: what another program took away is still readable here.

        A tap that is written to a file without a name would be gone with this process.
        """
        if not self._db.execute("PRAGMA database_list").fetchone()[2]:
            return  # a copy in memory
        if self._open_at is None:
            self._open_at = _file_at(self.path)
            return
        has_log = self._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        is_whole = not has_log or all(_named(self.path, ending).exists() for ending in _BESIDE)
        if is_whole and _file_at(self.path) == self._open_at:
            return
        try:
            aside = self._write_again()
        except OSError as error:
            raise sqlite3.OperationalError(f"{self.path} was removed, and cannot be written again: {error}") from None
        logs.logger().error("file was removed while in use, and is written again", file=self.path.name, aside=aside)

    def _write_again(self) -> str | None:
        """Write all that the open file has to its path; return the name that another file there has now."""
        before, fresh, aside = self._db, _named(self.path, ".again"), None
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _copy_to(before, fresh)
            if _file_at(self.path) not in (None, self._open_at):
                aside = next(place for each in count() if not (place := _named(self.path, f".{each}")).exists())
                self.path.rename(aside)
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)
        # What is beside it belonged to the file that was taken away, and all of that is in the new one.
        for ending in _BESIDE:
            _named(self.path, ending).unlink(missing_ok=True)
        _sync(self.path.parent)
        after = open_file(self.path)
        after.text_factory = before.text_factory
        after.execute("PRAGMA journal_mode = WAL")
        for name in _PRAGMAS:
            after.execute(f"PRAGMA {name} = {before.execute(f'PRAGMA {name}').fetchone()[0]}")
        self._db, self._open_at = after, _file_at(self.path)
        before.close()
        return aside.name if aside else None

    @contextmanager
    def _noting_trouble(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self.trouble = str(error)
            raise

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._put_back()
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
            with suppress(sqlite3.Error):
                self._put_back()
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_file(path: Path) -> sqlite3.Connection:
    """Return a file that can be written, by its owner only; it is made where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        give_to_folders_owner(path)
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _named(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _copy_to(source: sqlite3.Connection, path: Path) -> None:
    """Write a database to a file that is on the disk, whole, when this returns."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    give_to_folders_owner(path)
    with closing(sqlite3.connect(path)) as target:
        source.backup(target)
    _sync(path)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def copy_file(path: Path) -> sqlite3.Connection:
    """Return a copy in memory of a file with its log.

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
