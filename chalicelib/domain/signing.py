"""The platform's Ed25519 keys (RFC 8032), one pair per purpose, identified by a `kid`."""

import hashlib
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chalicelib.clients import secrets

ACCESS_TOKENS = "access-token signing"
TICKET_CODES = "ticket code signing"


@lru_cache(maxsize=16)
def _pair(seed: bytes) -> tuple[str, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:8], key


def signer(purpose: str) -> tuple[str, Ed25519PrivateKey]:
    """Return the `kid` and the current private key."""
    return _pair(secrets.current(purpose))


def verifier(purpose: str, kid: str) -> Ed25519PublicKey | None:
    """Return the current or previous public key with this `kid`; None if unknown."""
    found = _named(purpose, kid)
    if found is None and secrets.read_again():
        found = _named(purpose, kid)
    return found


def _named(purpose: str, kid: str) -> Ed25519PublicKey | None:
    for seed in secrets.candidates(purpose):
        name, key = _pair(seed)
        if name == kid:
            return key.public_key()
    return None


def public_key(purpose: str) -> bytes:
    """Return the current public key, 32 raw bytes."""
    return signer(purpose)[1].public_key().public_bytes_raw()
