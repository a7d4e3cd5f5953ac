"""Secure Unique NFC of the NTAG 424 DNA (NXP AN12196): reading a message, and making and checking one.

The agent only forwards messages: the keys stay on the server. The card simulator and the self-test make and check them.
"""

import hmac
import secrets
from dataclasses import dataclass
from string import hexdigits
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from reader_agent.wire import Sun

_PICC_DATA_TAG = 0xC7  # UID and counter are both mirrored, the UID has seven bytes
_SV2_PREFIX = bytes.fromhex("3CC300010080")
_PICC_HEX, _LRP_PICC_HEX, _CMAC_HEX = 32, 48, 16


class UnusableMessageError(ValueError):
    """The address on a card carries no usable Secure Unique NFC message; the text says why."""


@dataclass(frozen=True)
class Reading:
    """The content of a decrypted message."""

    uid: str
    counter: int


def from_address(address: str) -> Sun | None:
    """Return the message in the address on a card, or None where it carries none.

    Give it a record's `iri`, never its `uri`, which re-quotes `=` and `&` and so destroys the parameters.
    """
    try:
        query = parse_qs(urlsplit(address).query)
    except ValueError:
        return None
    picc_data, cmac = query.get("p", [""])[0], query.get("m", [""])[0]
    if not picc_data or not cmac:
        return None
    if len(picc_data) == _LRP_PICC_HEX:
        raise UnusableMessageError("the card uses LRP; only AES messages are supported")
    if len(picc_data) != _PICC_HEX or len(cmac) != _CMAC_HEX:
        raise UnusableMessageError("the message has the wrong length")
    # `bytes.fromhex` takes spaces, which the platform does not.
    if not set(picc_data + cmac) <= set(hexdigits):
        raise UnusableMessageError("the message is not hexadecimal")
    return Sun(picc_data=picc_data.upper(), cmac=cmac.upper())


def _session_mac(file_read_key: bytes, uid: bytes, counter: bytes) -> bytes:
    """Return the eight bytes that prove the card: the odd ones of a CMAC over nothing, under the session key."""
    derivation = CMAC(algorithms.AES(file_read_key))
    derivation.update(_SV2_PREFIX + uid + counter)
    mac = CMAC(algorithms.AES(derivation.finalize()))
    return mac.finalize()[1::2]


def make(*, uid: bytes, counter: int, meta_read_key: bytes, file_read_key: bytes) -> Sun:
    """Return the message a card with these keys sends at its `counter`-th reading."""
    read_counter = counter.to_bytes(3, "little")
    plain = bytes([_PICC_DATA_TAG]) + uid + read_counter
    plain += secrets.token_bytes(16 - len(plain))
    encryptor = Cipher(algorithms.AES(meta_read_key), modes.CBC(bytes(16))).encryptor()
    picc_data = encryptor.update(plain) + encryptor.finalize()
    return Sun(picc_data=picc_data.hex().upper(), cmac=_session_mac(file_read_key, uid, read_counter).hex().upper())


def check(message: Sun, *, meta_read_key: bytes, file_read_key: bytes) -> Reading:
    """Return the content of a message. Raises UnusableMessageError where it was not made with these keys."""
    decryptor = Cipher(algorithms.AES(meta_read_key), modes.CBC(bytes(16))).decryptor()
    plain = decryptor.update(bytes.fromhex(message.picc_data)) + decryptor.finalize()
    if plain[0] != _PICC_DATA_TAG:
        raise UnusableMessageError("the PICC data does not decrypt under this key")
    uid, counter = plain[1:8], plain[8:11]
    if not hmac.compare_digest(_session_mac(file_read_key, uid, counter), bytes.fromhex(message.cmac)):
        raise UnusableMessageError("the CMAC is wrong")
    return Reading(uid=uid.hex().upper(), counter=int.from_bytes(counter, "little"))
