"""SQLite files that survive a power cut: the outbox, the hub's journal, the snapshot."""

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self


class DurableFile:
    """A file that is changed by transactions only. Safe for several threads."""

    # Set by its owner, which knows how to open it.
    _db: sqlite3.Connection

    def __init__(self, path: Path) -> None:
        self.path = path
        # Why the last change could not be written; None after one that was.
        self.trouble: str | None = None
        self._lock = threading.RLock()

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


def open_file(path: Path) -> sqlite3.Connection:
    """Return a file that can be written, by its owner only; it is made where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)


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
