"""The lock of a state folder: one agent or command works on it at a time."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reader_agent.failures import BadSetup
from reader_agent.ownership import give_to_folders_owner


@contextmanager
def only_one(state_dir: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Lock the state folder: two agents on one outbox would show each other's answers."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    give_up_at = time.monotonic() + wait_seconds
    path = state_dir / "agent.lock"
    with path.open("w") as file:
        give_to_folders_owner(path)
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= give_up_at:
                    raise BadSetup(
                        f"another agent uses {state_dir}; stop it, or name another folder with --state"
                    ) from None
                time.sleep(0.1)
        yield
