"""Secure cards by the manufacturer's specification: the keys of one and its message at a tap.

Written from NXP AN12196 and AN10922, and apart from what reads the messages.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from chalicelib.clients.secrets import CARDS
from chalicelib.domain.gate.readings import SunMessage


@dataclass(frozen=True, slots=True)
class CardKeys:
    """The two AES-128 keys that are written to a card when it is made secure."""

    meta_read: bytes
    file_read: bytes


def _cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def keys_of(uid: str) -> CardKeys:
    """Return the keys of a card under the current card master; its own one is diversified by AN10922."""
    master = CARDS.current("NTAG 424 DNA file-read master key", length=16)
    return CardKeys(
        meta_read=CARDS.current("NTAG 424 DNA meta-read key", length=16),
        file_read=_cmac(master, b"\x01" + bytes.fromhex(uid) + b"gatehouse"),
    )


def message(uid: str, counter: int, keys: CardKeys | None = None) -> SunMessage:
    """Return the message that a card makes at its tap number `counter`, by default under its own keys."""
    keys = keys or keys_of(uid)
    of_tap = bytes.fromhex(uid) + counter.to_bytes(3, "little")
    plain = b"\xc7" + of_tap + bytes(5)
    encryptor = Cipher(algorithms.AES(keys.meta_read), modes.CBC(bytes(16))).encryptor()
    picc_data = encryptor.update(plain) + encryptor.finalize()
    session_key = _cmac(keys.file_read, bytes.fromhex("3CC300010080") + of_tap)
    return SunMessage(picc_data.hex().upper(), _cmac(session_key, b"")[1::2].hex().upper())
