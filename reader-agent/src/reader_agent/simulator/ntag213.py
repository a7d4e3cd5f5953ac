"""NTAG213: a type 2 tag with 45 pages of four bytes and an address as its NDEF message. It proves nothing."""

from functools import reduce
from operator import xor

from reader_agent.simulator.ndef import address_message
from reader_agent.simulator.type_a import TypeACard

_PAGES = 45
_USER_BYTES = 144
_VERSION = bytes.fromhex("0004040201000F03")
_CAPABILITIES = bytes.fromhex("E1101200")
_NAK = bytes([0x00])
_GET_VERSION, _READ, _FAST_READ = 0x60, 0x30, 0x3A


class Ntag213(TypeACard):
    """An NTAG213 as used at a gate: readable, write-protected."""

    def __init__(self, uid: bytes, address: str = "https://t.gatehouse.example/c") -> None:
        super().__init__(uid, answer_to_request=bytes.fromhex("4400"), select_acknowledge=0x00)
        message = address_message(address)
        data = bytes([0x03, len(message)]) + message + b"\xfe"
        if len(message) > 254 or len(data) > _USER_BYTES:
            raise ValueError(f"the address does not fit on an NTAG213 ({_USER_BYTES} bytes)")
        self._memory = (_header(uid) + _CAPABILITIES + data).ljust(_PAGES * 4, b"\0")

    def command(self, frame: bytes) -> bytes | None:
        """Answer a type 2 command; one it does not know gets a NAK."""
        if frame[0] == _GET_VERSION:
            return _VERSION
        if frame[0] == _READ and len(frame) == 2 and frame[1] < _PAGES:
            # READ gives four pages and goes on with the first after the last.
            return (self._memory + self._memory)[frame[1] * 4 : frame[1] * 4 + 16]
        if frame[0] == _FAST_READ and len(frame) == 3 and frame[1] <= frame[2] < _PAGES:
            return self._memory[frame[1] * 4 : frame[2] * 4 + 4]
        self.power_off()  # a type 2 chip that refused has to be selected again
        return _NAK


def _header(uid: bytes) -> bytes:
    """Return pages 0 to 2: the identifier with its check bytes, and the lock bits, all set."""
    if len(uid) == 4:
        return (uid + bytes([reduce(xor, uid)])).ljust(10, b"\0") + b"\xff\xff"
    first, second = reduce(xor, uid[:3], 0x88), reduce(xor, uid[3:])
    return uid[:3] + bytes([first]) + uid[3:] + bytes([second, 0x48]) + b"\xff\xff"
