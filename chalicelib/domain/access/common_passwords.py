"""The most common passwords that the policy would otherwise accept, as a Bloom filter (infra/package/passwords.py).

The filter has 139,352 passwords of ten or more characters. One in 1,300 others is refused by mistake.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

# 256 KB.
FILE = Path(__file__).with_name("common_passwords.bloom")
HASHES = 10


def places(password: str, *, bits: int) -> list[int]:
    """Return the bits of a password, whose case does not matter."""
    digest = hashlib.sha256(password.casefold().encode()).digest()
    first, second = int.from_bytes(digest[:8]), int.from_bytes(digest[8:16]) | 1
    return [(first + n * second) % bits for n in range(HASHES)]


def contains(password: str) -> bool:
    """Whether a password is among the most common ones."""
    filled = _filter()
    return all(filled[place // 8] >> place % 8 & 1 for place in places(password, bits=len(filled) * 8))


@lru_cache(maxsize=1)
def _filter() -> bytes:
    # Read at the first password that is set, not at each cold start.
    return FILE.read_bytes()
