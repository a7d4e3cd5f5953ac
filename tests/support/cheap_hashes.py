"""argon2's hashes at its minimum cost: 30 ms of CPU each otherwise, a fifth of what the tests cost.

Only the work is less: the hash is made and verified by argon2, and the platform's own settings of it are held to
by a test in a process without this patch (tests/domain/access/test_passwords.py).
"""

import sys
from typing import Any

from argon2 import PasswordHasher, low_level

_hash_secret = low_level.hash_secret


def _hash_cheaply(**settings: Any) -> bytes:
    return _hash_secret(**{**settings, "time_cost": 1, "memory_cost": 8 * settings["parallelism"]})


def install() -> None:
    """Install the cheap hashes; a hash itself names the cost of its verification."""
    vars(sys.modules[PasswordHasher.__module__])["hash_secret"] = _hash_cheaply
