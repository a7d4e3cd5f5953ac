"""Folders for files that exist while something is made of them.

A process that is killed leaves its folder. Lambda keeps /tmp after a time-out, and the next process of the environment
finds what was left: a few such calls fill the disk, and a person's export stays on it. So each process locks its
folders, and removes those that nobody holds before it makes another. The kernel ends a lock with its process.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "gatehouse-scratch-"
# A folder has this name until it is locked, so that no other process takes it for one that was left.
_FRESH = "gatehouse-fresh-"


@contextmanager
def folder() -> Iterator[Path]:
    """Make an empty folder, which is removed with its content at the end of the block."""
    made = Folder()
    try:
        yield made.path
    finally:
        made.remove()


class Folder:
    """An empty folder; `remove` ends it, or the next process does."""

    def __init__(self) -> None:
        """Make the folder, and remove those of processes that are gone."""
        place = Path(tempfile.gettempdir())
        for left in place.glob(f"{_PREFIX}*"):
            _remove_left(left)
        fresh = Path(tempfile.mkdtemp(prefix=_FRESH, dir=place))
        self._lock = os.open(fresh, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = fresh.rename(place / fresh.name.replace(_FRESH, _PREFIX, 1))

    def remove(self) -> None:
        """Remove the folder with its content."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_left(left: Path) -> None:
    with suppress(OSError):  # it is in use, of another user, or gone
        lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(lock)
