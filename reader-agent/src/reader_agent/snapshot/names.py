"""Names for the gate's display: sealed for one device, opened in memory only, never written.

The key comes from X25519 of a fresh key of the platform and this device's own key, which is an Ed25519 key: its X25519
form is the first half of the SHA-512 of its seed (RFC 8032, section 5.1.5).
"""

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reader_agent.snapshot.package import Head

_INFO = b"gatehouse snapshot names"
_KEY_BYTES = 32
# Each key seals one text, so its nonce need not differ.
_NONCE = bytes(12)
_LONGEST_BYTES = 64 * 1024 * 1024
_LONGEST_TEXT = 300


@dataclass(frozen=True)
class Name:
    """Who has a ticket, as a gate's display shows it."""

    name: str | None
    tier: str | None


def open_names(head: Head, key: Ed25519PrivateKey) -> dict[int, Name]:
    """Return the names in a head by the tickets' fingerprints; none where it has none that this device can read."""
    if not head.names:
        return {}
    try:
        sealed = base64.urlsafe_b64decode(head.names + "=" * (-len(head.names) % 4))
        packed = _open(sealed, key, head.cursor.encode())
        unpacker = zlib.decompressobj(wbits=-15)
        named = json.loads(unpacker.decompress(packed, _LONGEST_BYTES))
        return {int(mark, 16): _name(*parts) for mark, parts in named.items()}
    except (ValueError, TypeError, AttributeError, binascii.Error, InvalidTag, zlib.error):
        return {}  # a name is no part of a verdict


def _open(sealed: bytes, key: Ed25519PrivateKey, cursor: bytes) -> bytes:
    seed = key.private_bytes_raw()
    mine = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:_KEY_BYTES])
    fresh, content = sealed[:_KEY_BYTES], sealed[_KEY_BYTES:]
    shared = mine.exchange(X25519PublicKey.from_public_bytes(fresh))
    salt = fresh + mine.public_key().public_bytes_raw()
    return AESGCM(HKDF(SHA256(), _KEY_BYTES, salt, _INFO).derive(shared)).decrypt(_NONCE, content, cursor)


def _name(name: Any = None, tier: Any = None) -> Name:
    return Name(*(part[:_LONGEST_TEXT] if isinstance(part, str) else None for part in (name, tier)))
