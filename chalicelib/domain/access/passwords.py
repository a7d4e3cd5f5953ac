"""Passwords: argon2id, with the same work for unknown accounts."""

import secrets
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.domain.access import common_passwords, password_words
from chalicelib.errors import ValidationFailed
from chalicelib.vocabulary.access import Portal

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH = 10
# Where the password is the only factor; staff may do without a second one.
MIN_LENGTH_ALONE = 12
_ALONE = frozenset((Portal.USHER, Portal.ADMIN, Portal.CAMPUS, Portal.TIX))
# RFC 9106 sets no bounds. A very long password only costs server time.
MAX_LENGTH = 256


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    # Imported here: only log-ins need it, and a module-level import slows every cold start.
    from argon2 import PasswordHasher

    # OWASP Password Storage Cheat Sheet: argon2id with m=19456 (19 MiB), t=2, p=1.
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash("a password that nobody has")


def least_length(portal: Portal) -> int:
    """Return how many characters a password of a portal needs."""
    return MIN_LENGTH_ALONE if portal in _ALONE else MIN_LENGTH


def require_acceptable(password: str, portal: Portal, *, about: Iterable[str | None], field: str = "password") -> None:
    """Raise ValidationFailed, naming `field`, for a password too short, too common or made of known words.

    `about` are the texts that a guesser knows: the owner's name, number and e-mail address, an event, an organization.
    """
    normal, least = _normal(password), least_length(portal)
    if not least <= len(normal) <= MAX_LENGTH:
        problem: str | None = f"must have {least} to {MAX_LENGTH} characters"
    elif common_passwords.contains(normal):
        problem = "is among the most common passwords; choose another"
    else:
        problem = password_words.problem(normal, about)
    if problem:
        raise ValidationFailed(details=[{"field": field, "message": problem}])


def hash_password(password: str, portal: Portal, *, about: Iterable[str | None], field: str = "password") -> str:
    """Return the hash to store. Raises ValidationFailed as `require_acceptable` does."""
    require_acceptable(password, portal, about=about, field=field)
    return _hasher().hash(_normal(password))


def hash_of_none() -> str:
    """Return a hash to store that no known password matches."""
    return _hasher().hash(secrets.token_urlsafe(32))


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
