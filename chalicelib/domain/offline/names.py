"""Names for a gate's display: stored sealed by the platform, and sealed again for one device (docs/offline.md)."""

import base64
import hashlib
import hmac
import zlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import json

from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.access import device_keys
from chalicelib.domain.crypto import encryption

# A ticket's name and tier by its fingerprint in hex.
Names = Mapping[str, tuple[str, str | None]]
_INFO = b"gatehouse snapshot names"
_PURPOSE = "kept names of snapshots"
_FRESH_KEYS = "fresh keys of snapshot names"
# A key is used once, so its nonce may be constant (NIST SP 800-38D, 8.2).
_NONCE = bytes(12)
_P = 2**255 - 19


def packed(names: Names) -> bytes:
    """Return names as bytes; equal names give equal bytes."""
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    return packer.compress(json.encode(names, order="sorted")) + packer.flush()


def kept(content: bytes, *, folder: str) -> bytes:
    """Return packed names as the bucket keeps them; `folder` is their snapshot's."""
    return encryption.platform_envelope(SESSIONS.current(_PURPOSE)).seal_bytes(folder, content)


def opened(content: bytes, *, folder: str) -> bytes | None:
    """Return packed names from the bucket, or None where their key was replaced."""
    for key in SESSIONS.candidates(_PURPOSE):
        try:
            return encryption.platform_envelope(key).open_bytes(folder, content)
        except encryption.UndecryptableData:
            continue
    return None


def sealed(content: bytes, *, public_key: str, cursor: str) -> str:
    """Seal packed names for a device, as a snapshot's head carries them.

    The fresh key follows from the names, the device and the cursor: the same request has the same bytes, so that an
    interrupted transfer can go on.
    """
    device = _x25519(device_keys.parse(public_key))
    seed = hmac.digest(SESSIONS.current(_FRESH_KEYS), b"\x00".join([device, cursor.encode(), content]), hashlib.sha256)
    fresh = X25519PrivateKey.from_private_bytes(seed)
    ours = fresh.public_key().public_bytes_raw()
    shared = fresh.exchange(X25519PublicKey.from_public_bytes(device))
    key = HKDF(SHA256(), 32, salt=ours + device, info=_INFO).derive(shared)
    sealed = ours + AESGCM(key).encrypt(_NONCE, content, cursor.encode())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _x25519(ed25519: bytes) -> bytes:
    """Return the Montgomery form of an Ed25519 public key (RFC 7748, section 4.1)."""
    y = int.from_bytes(ed25519, "little") % 2**255
    return ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(32, "little")
