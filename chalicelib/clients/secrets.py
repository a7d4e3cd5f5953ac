"""The master secret, and the keys that are derived from it (D-SEC-02).

One secret is rotated as a whole: AWSCURRENT makes new signatures, AWSPREVIOUS still verifies old ones.
Keys are derived by HKDF-SHA-256 (RFC 5869), one `purpose` each, so that no key serves two purposes.
"""

import json
import threading
import time
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.errors import Unavailable

_LIFETIME_SECONDS = 600


class Version(StrEnum):
    """The stages that Secrets Manager gives to a rotated secret's values."""

    CURRENT = "AWSCURRENT"
    PREVIOUS = "AWSPREVIOUS"


_lock = threading.Lock()
_masters: dict[Version, bytes] = {}
_derived: dict[tuple[str, int, Version], bytes] = {}
# The other values of the current secret: keys of external services.
_fields: dict[str, str] = {}
_read_at = float("-inf")


def forget() -> None:
    """Clear the cache, as after a rotation; the next use reads the secret again."""
    global _read_at  # one cache per process, guarded by the lock
    with _lock:
        _read_at = float("-inf")
        _masters.clear()
        _derived.clear()
        _fields.clear()


def _read() -> tuple[dict[Version, bytes], dict[str, str]]:
    found: dict[Version, bytes] = {}
    fields: dict[str, str] = {}
    for version in Version:
        try:
            answer = client("secretsmanager").get_secret_value(SecretId=config().secret_id, VersionStage=version.value)
        except ClientError as error:
            if version is Version.PREVIOUS and error.response["Error"]["Code"] in (
                "ResourceNotFoundException",
                "InvalidRequestException",
            ):
                continue
            raise Unavailable("The platform's keys cannot be read. Try again.", retry_after=5) from error
        except BotoCoreError as error:
            raise Unavailable("The platform's keys cannot be read. Try again.", retry_after=5) from error
        content = json.loads(answer["SecretString"])
        found[version] = content.pop("master").encode()
        if version is Version.CURRENT:
            fields = content
    return found, fields


def _master(version: Version) -> bytes | None:
    global _read_at  # one cache per process, guarded by the lock
    with _lock:
        if time.monotonic() - _read_at > _LIFETIME_SECONDS:
            fresh, fields = _read()
            _fields.clear()
            _fields.update(fields)
            if fresh != _masters:
                _masters.clear()
                _masters.update(fresh)
                _derived.clear()
            _read_at = time.monotonic()
        return _masters.get(version)


def read_again() -> bool:
    """Read the secret again unless it was read recently; return whether it changed.

    After a rotation other containers already sign with a key that this one has not read yet. An attacker must not be
    able to cause a read per request, hence `limits.secret_seconds`.
    """
    global _read_at  # one cache per process, guarded by the lock
    with _lock:
        if time.monotonic() - _read_at <= config().limits.secret_seconds:
            return False
        before = dict(_masters)
        _read_at = float("-inf")
    _master(Version.CURRENT)
    return _masters != before


def derive(purpose: str, *, length: int = 32, version: Version = Version.CURRENT) -> bytes | None:
    """Return the key for `purpose`, or None where that version of the secret does not exist."""
    master = _master(version)
    if master is None:
        return None
    key = (purpose, length, version)
    if key not in _derived:
        hkdf = HKDF(algorithm=SHA256(), length=length, salt=b"gatehouse", info=purpose.encode())
        _derived[key] = hkdf.derive(master)
    return _derived[key]


def field(name: str) -> str | None:
    """Return another value of the current secret: the key of an external service."""
    _master(Version.CURRENT)
    return _fields.get(name)


def current(purpose: str, *, length: int = 32) -> bytes:
    """Return the key for `purpose` under the current secret."""
    key = derive(purpose, length=length)
    if key is None:
        raise Unavailable("The platform's master secret is missing. Try again later.", retry_after=5)
    return key


def candidates(purpose: str, *, length: int = 32) -> list[bytes]:
    """Return the keys that may have signed an older proof, the current one first."""
    keys = (derive(purpose, length=length, version=version) for version in Version)
    return [key for key in keys if key is not None]
