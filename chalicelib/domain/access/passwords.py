"""Passwords: argon2id, with the same work for unknown accounts."""

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.domain.access import common_passwords
from chalicelib.errors import ValidationFailed

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH = 10
# RFC 9106 sets no bounds. A very long password only costs server time.
MAX_LENGTH = 256
# Top entries of public lists of leaked passwords, of ten or more characters.
_COMMON = frozenset(
    [
        "1234567890",
        "12345678910",
        "0123456789",
        "0987654321",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "qwertyuiop",
        "qwerty12345",
        "qwerty123456",
        "password12",
        "password123",
        "password1234",
        "passw0rd123",
        "iloveyou123",
        "1111111111",
        "0000000000",
        "123123123123",
        "administrator",
        "letmein1234",
        "welcome123",
        "welcome1234",
        "changeme123",
        "superman123",
        "football123",
        "abcdefghij",
        "abcdefghijk",
        "asdfghjkl1",
        "q1w2e3r4t5y6",
        "aaaaaaaaaa",
        "zaq12wsxcde3",
        "pakistan123",
        "pakistan1234",
        "pakistan786",
    ]
)


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    # Imported here: only log-ins need it, and a module-level import slows every cold start.
    from argon2 import PasswordHasher

    # OWASP Password Storage Cheat Sheet: argon2id with m=19456 (19 MiB), t=2, p=1.
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash("a password that nobody has")


def require_acceptable(password: str, *, field: str = "password") -> None:
    """Raise ValidationFailed, naming `field`, for a password too short or too common."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        problem = f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    elif password.casefold() in _COMMON or common_passwords.contains(_normal(password)):
        problem = "is among the most common passwords; choose another"
    else:
        return
    raise ValidationFailed(details=[{"field": field, "message": problem}])


def hash_password(password: str, *, field: str = "password") -> str:
    """Return the hash to store. Raises ValidationFailed, naming `field`, for a password too short or too common."""
    require_acceptable(password, field=field)
    return _hasher().hash(_normal(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password matches the hash. Takes the same time for an unknown account (None)."""
    from argon2.exceptions import VerificationError  # as above

    normal = _normal(password)
    # Hashes of former versions are of the password as it was typed.
    for spelling in dict.fromkeys((normal, password)):
        try:
            return _hasher().verify(password_hash or _nobodys_hash(), spelling) and password_hash is not None
        except VerificationError:
            continue
    return False


def stretched(password: str, *, salt: bytes) -> bytes:
    """Return bytes derived from a password with the work of a hash; the same for the same salt."""
    from argon2.low_level import Type, hash_secret_raw  # as above

    hasher = _hasher()
    return hash_secret_raw(
        _normal(password).encode(),
        salt,
        time_cost=hasher.time_cost,
        memory_cost=hasher.memory_cost,
        parallelism=hasher.parallelism,
        hash_len=hasher.hash_len,
        type=Type.ID,
    )


def _normal(password: str) -> str:
    """Return a password in NFC, so that each keyboard's spelling of the same characters matches."""
    return unicodedata.normalize("NFC", password)
