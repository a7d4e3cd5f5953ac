"""The platform's Ed25519 keys (RFC 8032), one pair per purpose and version of its secret, identified by a `kid`."""

import hashlib
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from chalicelib.clients import secrets


class Purpose(Struct, frozen=True):
    """What is signed, and the secret whose keys sign it."""

    name: str
    keys: secrets.Keys


ACCESS_TOKENS = Purpose("access-token signing", secrets.SESSIONS)
TICKET_CODES = Purpose("ticket code signing", secrets.TICKETS)
CAMPUS_REPORTS = Purpose("campus report signing", secrets.REPORTS)


@lru_cache(maxsize=64)
def _pair(seed: bytes) -> tuple[str, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:8], key


def signer(purpose: Purpose) -> tuple[str, Ed25519PrivateKey]:
    """Return the `kid` and the current private key."""
    return _pair(purpose.keys.current(purpose.name))


def verifier(purpose: Purpose, kid: str) -> Ed25519PublicKey | None:
    """Return the public key with this `kid`; None if it is unknown or retired."""
    found = _named(purpose, kid)
    if found is None and purpose.keys.read_again():
        found = _named(purpose, kid)
    return found


def _named(purpose: Purpose, kid: str) -> Ed25519PublicKey | None:
    for seed in purpose.keys.candidates(purpose.name):
        name, key = _pair(seed)
        if name == kid:
            return key.public_key()
    return None


def public_keys(purpose: Purpose) -> list[bytes]:
    """Return the public keys that verify, 32 raw bytes each, the current one first."""
    return [_pair(seed)[1].public_key().public_bytes_raw() for seed in purpose.keys.candidates(purpose.name)]
