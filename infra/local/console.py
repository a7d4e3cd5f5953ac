"""What a person at the terminal sees: one line per step, and failures that say what to do."""

import errno
import shutil
import sys
import time
from pathlib import Path

_started = time.monotonic()

# The engines' journals, logs and the fetched programs stay far below this; less is a disk about to be full.
NEEDED_BYTES = 300 * 1024 * 1024
# What is left on a disk that takes nothing more.
_FULL_BYTES = 1024 * 1024


class CannotStart(Exception):  # it reads as what it says to the person at the terminal
    """The local run cannot go on; the text says what to do about it."""


def step(text: str) -> None:
    """Print one line of progress, with the seconds since the start."""
    print(f"[{time.monotonic() - _started:5.1f} s] {text}", flush=True)


def complain(text: str) -> None:
    """Print a failure where failures belong."""
    print(text, file=sys.stderr, flush=True)


def is_full(folder: Path) -> bool:
    """Tell whether the disk of a folder has come to its end."""
    return shutil.disk_usage(folder).free < _FULL_BYTES


def require_space(folder: Path, *, needed_bytes: int = NEEDED_BYTES) -> None:
    """Refuse to start on a disk that is about to be full."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise CannotStart(
            f"Only {free // 1024**2} MB are free at {folder}, and a local run needs {needed_bytes // 1024**2} MB. "
            "Free some space, or name a folder on another disk: DATA=/path/to/folder make run"
        )


def explained(error: OSError) -> CannotStart:
    """Return what an error of the operating system means for the person at the terminal."""
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
