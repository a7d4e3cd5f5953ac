"""The terminal: one line per step, and errors that say what to do."""

import errno
import shutil
import sys
import time
from pathlib import Path

from chalicelib.legible import legible

_started = time.monotonic()

# The engines' journals, logs and fetched programs need far less; a disk with less is almost full.
NEEDED_BYTES = 300 * 1024 * 1024
# Free space at which a disk counts as full.
_FULL_BYTES = 1024 * 1024


class CannotStart(Exception):  # named for its message at the terminal
    """The local run cannot continue; the text says what to do."""


def step(text: str) -> None:
    """Print one line of progress, with the seconds since the start."""
    print(f"[{time.monotonic() - _started:5.1f} s] {legible(text, lines=True)}", flush=True)


def complain(text: str) -> None:
    """Print an error on standard error."""
    print(legible(text, lines=True), file=sys.stderr, flush=True)


def is_full(folder: Path) -> bool:
    """Return whether the disk of a folder is full."""
    return shutil.disk_usage(folder).free < _FULL_BYTES


def require_space(folder: Path, *, needed_bytes: int = NEEDED_BYTES) -> None:
    """Raise CannotStart on a disk that is almost full."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise CannotStart(
            f"Only {free // 1024**2} MB are free at {folder}, and a local run needs {needed_bytes // 1024**2} MB. "
            "Free some space, or name a folder on another disk: DATA=/path/to/folder make run"
        )


def explained(error: OSError) -> CannotStart:
    """Return an error of the operating system with advice on what to do."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotStart(
            f"The disk is full{where}. Free some space, or name a folder on another disk: DATA=/path/to/folder make run"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CannotStart(
            f"No permission to write{where}. Name a folder that you may write to: DATA=/path/to/folder make run"
        )
    return CannotStart(f"The operating system refused: {error}.")
