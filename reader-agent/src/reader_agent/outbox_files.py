"""The file of an outbox: opened to be written, or copied into memory to be read."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path


def open_file(path: Path) -> sqlite3.Connection:
    """Return an outbox that can be written, for its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)


def copy_file(path: Path) -> sqlite3.Connection:
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
