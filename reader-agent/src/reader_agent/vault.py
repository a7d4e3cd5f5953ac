"""Sealing of what a device stores: AES-256-GCM, with keys from the device's own private key.

A disk that is copied without `identity.json` says nothing about cards and tickets. Names of rows are HMACs, so that a
row is found without its plain name.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SALT_BYTES = 32
_NONCE_BYTES = 12


class Unreadable(ValueError):
    """Sealed bytes that this vault did not make, or that were changed."""


class Vault:
    """Seals and opens bytes; each store has a salt of its own."""

    def __init__(self, device_secret: bytes, salt: bytes) -> None:
        keys = HKDF(SHA256(), 64, salt, b"gatehouse reader storage").derive(device_secret)
        self._cipher, self._name_key = AESGCM(keys[:32]), keys[32:]

    def seal(self, content: bytes, *, place: str) -> bytes:
        """Return sealed content; it opens only at the same place."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Return sealed content. Raises Unreadable."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise Unreadable("it was changed, or sealed by another device") from None

    def name(self, plain: str) -> bytes:
        """Return the name under which a row is stored."""
        return hmac.digest(self._name_key, plain.encode(), hashlib.sha256)[:16]
