"""The platform's secrets, one for each life of what it protects, and the keys derived from them (D-SEC-72).

Keys are derived by HKDF-SHA-256 (RFC 5869), one `purpose` each, so that no key serves two purposes. A replaced key
verifies for as long as its life says. A fresh key signs only once every container has read it.
"""

import json
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib import clock
from chalicelib.clients import key_ring
from chalicelib.clients.aws import client
from chalicelib.clients.key_ring import KeyRing, RingKey
from chalicelib.config import config
from chalicelib.errors import Unavailable
from chalicelib.vocabulary.access import SecretLife

# How long a container keeps a secret that it has read.
LIFETIME_SECONDS = 600
_MISSING = ("ResourceNotFoundException", "InvalidRequestException")
_EARLIER_KEY = "master"


class Keys:
    """The keys of one life. `kept` is how long a replaced key verifies; None is until the command removes it."""

    def __init__(self, life: SecretLife, *, kept: timedelta | None = None) -> None:
        """Create the keys of a life; nothing is read yet."""
        self.life = life
        self.kept = kept
        self._lock = threading.Lock()
        self._ring = KeyRing()
        self._derived: dict[tuple[str, int, bytes], bytes] = {}
        self._read_at = float("-inf")
        # Counts the changes of the secret that this process has read.
        self._edition = 0

    def forget(self) -> None:
        """Clear the cache, as a fresh container; the next use reads the secret again."""
        with self._lock:
            self._read_at = float("-inf")
            self._ring = KeyRing()
            self._derived.clear()

    def ring(self) -> KeyRing:
        """Return the secret as last read, at most `LIFETIME_SECONDS` ago. Raises Unavailable."""
        with self._lock:
            if time.monotonic() - self._read_at > LIFETIME_SECONDS:
                fresh = _read(self.life)
                if fresh != self._ring:
                    self._ring = fresh
                    self._derived.clear()
                    self._edition += 1
                self._read_at = time.monotonic()
            return self._ring

    @property
    def edition(self) -> int:
        """A number that changes whenever the secret does. Raises Unavailable."""
        self.ring()
        return self._edition

    def read_again(self) -> bool:
        """Read the secret again unless it was read recently; return whether it changed.

        A key that signs at once, since another leaked, may be in use before this container has read it. An attacker
        must not be able to cause a read per request, hence `limits.secret_seconds`.
        """
        with self._lock:
            if time.monotonic() - self._read_at <= config().limits.secret_seconds:
                return False
            before = self._ring
            self._read_at = float("-inf")
        return self.ring() != before

    def current(self, purpose: str, *, length: int = 32) -> bytes:
        """Return the key for `purpose` that signs now. Raises Unavailable."""
        signing = self.ring().signing(clock.now())
        if signing is None:
            raise Unavailable("The platform's secret has no key. Try again later.", retry_after=5)
        return self.derive(signing, purpose, length=length)

    def candidates(self, purpose: str, *, length: int = 32) -> list[bytes]:
        """Return the keys that may have signed a proof, the one that signs now first."""
        return list(self.versions(purpose, length=length).values())

    def versions(self, purpose: str, *, length: int = 32) -> dict[int, bytes]:
        """Return the keys that verify, by version, the one that signs now first."""
        keys = self.ring().verifying(clock.now(), self.kept)
        return {key.version: self.derive(key, purpose, length=length) for key in keys}

    def retired(self, purpose: str, *, length: int = 32) -> dict[int, bytes]:
        """Return the keys that leaked, by version."""
        return {key.version: self.derive(key, purpose, length=length) for key in self.ring().retired()}

    def derive(self, key: RingKey, purpose: str, *, length: int = 32) -> bytes:
        """Return the key for `purpose` that follows from one of the ring."""
        name = (purpose, length, key.value)
        if name not in self._derived:
            hkdf = HKDF(algorithm=SHA256(), length=length, salt=b"gatehouse", info=purpose.encode())
            self._derived[name] = hkdf.derive(key.value)
        return self._derived[name]

    def field(self, name: str) -> str | None:
        """Return a field of the secret: the key of an external service."""
        return self.ring().fields.get(name)


# Tokens, one-time codes, cursors, invite codes, limits, kept answers. A refresh token lives for 30 days.
SESSIONS = Keys(SecretLife.SESSIONS, kept=timedelta(days=30))
# The index of mobile numbers; its items are written again under a new key.
NUMBERS = Keys(SecretLife.NUMBERS)
# Codes on tickets; a key verifies until the last event of its tickets is over.
TICKETS = Keys(SecretLife.TICKETS)
# Keys on secure NFC cards, which nobody can change from afar.
CARDS = Keys(SecretLife.CARDS)
# Signatures of attendance reports, which are verified for as long as anybody keeps a report.
REPORTS = Keys(SecretLife.REPORTS)
# Keys of payment providers, as fields; the sandbox signs with a derived one.
PROVIDERS = Keys(SecretLife.PROVIDERS, kept=timedelta(days=1))
ALL = (SESSIONS, NUMBERS, TICKETS, CARDS, REPORTS, PROVIDERS)


def forget() -> None:
    """Clear all caches, as a fresh container."""
    for keys in ALL:
        keys.forget()


def _read(life: SecretLife) -> KeyRing:
    content = _content(config().secret_name.format(life=life)) or {}
    earlier = config().earlier_secret
    former = [_content(earlier, stage=stage) for stage in ("AWSCURRENT", "AWSPREVIOUS")] if earlier else []
    known = [one for one in former if one]
    masters = [str(one[_EARLIER_KEY]) for one in known if _EARLIER_KEY in one]
    # The keys of providers were fields of the earlier secret.
    fields = {name: value for one in known[:1] for name, value in one.items() if name != _EARLIER_KEY}
    return key_ring.parse({**fields, **content} if life is SecretLife.PROVIDERS else content, masters)


def _content(secret_id: str, *, stage: str = "AWSCURRENT") -> Mapping[str, Any] | None:
    """Return the content of a secret, or None where it does not exist. Raises Unavailable."""
    try:
        answer = client("secretsmanager").get_secret_value(SecretId=secret_id, VersionStage=stage)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise Unavailable("The platform's keys cannot be read. Try again.", retry_after=5) from error
    except BotoCoreError as error:
        raise Unavailable("The platform's keys cannot be read. Try again.", retry_after=5) from error
    content: Mapping[str, Any] = json.loads(answer["SecretString"])
    return content
