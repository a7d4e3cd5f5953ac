"""Secure Unique NFC: the message that an NTAG 424 DNA card generates at every tap.

Source: NXP AN12196, "NTAG 424 DNA and NTAG 424 DNA TagTamper features and hints" (SUN with encrypted PICC
data and AES-CMAC), and AN10922 for the derivation of a key per card. LRP messages are not supported.
"""

import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from msgspec import Struct

from chalicelib.clients.secrets import CARDS
from chalicelib.observability import logger

_PICC_BYTES = 16
_MAC_BYTES = 8
# AN12196: the tag byte of PICC data that carries a 7-byte UID and the read counter.
_UID_AND_COUNTER = 0xC7
_SV2 = bytes.fromhex("3CC300010080")
_SYSTEM = b"gatehouse"
_META_READ = "NTAG 424 DNA meta-read key"
_FILE_READ_MASTER = "NTAG 424 DNA file-read master key"


class GenuineTap(Struct, frozen=True):
    """The content of a genuine message: the card's UID and its read counter."""

    uid: str
    counter: int


class OpenedMessage(Struct, frozen=True):
    """A genuine message, and the version of the keys that its card carries."""

    tap: GenuineTap
    key_version: int


def aes_cmac(key: bytes, message: bytes) -> bytes:
    """Return the AES-CMAC of a message (NIST SP 800-38B)."""
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def diversify(master: bytes, uid: str) -> bytes:
    """Return a card's own AES-128 key: AN10922, section 2.2, over the UID and the system's name."""
    # 17 bytes for the 7-byte UID that every NTAG 424 DNA has: over one block, so CMAC's own padding is AN10922's.
    return aes_cmac(master, b"\x01" + bytes.fromhex(uid) + _SYSTEM)


def open_message(picc_data: str, cmac: str) -> OpenedMessage | None:
    """Return the content of a SUN message, or None unless a card of this platform generated it.

    Both arguments are hex. The keys of all versions are tried, except those that leaked.
    """
    metas, masters = (CARDS.versions(purpose, length=16) for purpose in (_META_READ, _FILE_READ_MASTER))
    opened = _open(picc_data, cmac, metas, masters)
    if opened is None:
        metas, masters = (CARDS.retired(purpose, length=16) for purpose in (_META_READ, _FILE_READ_MASTER))
        if (refused := _open(picc_data, cmac, metas, masters)) is not None:
            # Anybody who has the leaked key can make such a message.
            logger.warning("card key retired", extra={"security": True, "key_version": refused.key_version})
    return opened


def _open(picc_data: str, cmac: str, metas: Mapping[int, bytes], masters: Mapping[int, bytes]) -> OpenedMessage | None:
    for version, meta in metas.items():
        tap = decrypt_picc_data(picc_data, meta)
        if tap is not None and is_authentic(tap, cmac, diversify(masters[version], tap.uid)):
            return OpenedMessage(tap, version)
    return None


def decrypt_picc_data(picc_data: str, meta_read_key: bytes) -> GenuineTap | None:
    """Return the UID and counter in PICC data, or None. They prove nothing without the MAC."""
    try:
        encrypted = bytes.fromhex(picc_data)
    except ValueError:
        return None
    if len(encrypted) != _PICC_BYTES:
        return None
    # AN12196 prescribes AES-128-CBC with a zero vector for this one block.
    decryptor = Cipher(algorithms.AES(meta_read_key), modes.CBC(bytes(16))).decryptor()
    plain = decryptor.update(encrypted) + decryptor.finalize()
    if plain[0] != _UID_AND_COUNTER:
        return None
    return GenuineTap(uid=plain[1:8].hex().upper(), counter=int.from_bytes(plain[8:11], "little"))


def is_authentic(tap: GenuineTap, cmac: str, file_read_key: bytes) -> bool:
    """Whether the message's MAC is that of this UID and counter, in constant time."""
    try:
        given = bytes.fromhex(cmac)
    except ValueError:
        return False
    session_key = aes_cmac(file_read_key, _SV2 + bytes.fromhex(tap.uid) + tap.counter.to_bytes(3, "little"))
    expected = aes_cmac(session_key, b"")[1::2]
    return len(given) == _MAC_BYTES and hmac.compare_digest(given, expected)
