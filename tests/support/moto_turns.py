"""Requests to moto's DynamoDB take turns, as the items of a real table do: moto by itself is not atomic.

A transaction of moto that fails puts back the whole of what it has copied, with it what another thread wrote meanwhile,
so a write that was answered can be gone. `tests/truth/test_bare_moto.py` shows what happens without turns.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()
_are_taken = True


@contextmanager
def turn() -> Iterator[None]:
    """Hold the table for one request."""
    if not _are_taken:
        yield
        return
    with _lock:
        yield


@contextmanager
def none() -> Iterator[None]:
    """Let requests meet inside moto."""
    global _are_taken  # one switch for all threads
    _are_taken = False
    try:
        yield
    finally:
        _are_taken = True
