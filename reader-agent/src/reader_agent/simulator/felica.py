"""FeliCa: a type 3 tag (JIS X 6319-4) at 212 kbit/s with an NDEF service."""

from reader_agent.simulator.ndef import address_message

_NDEF_SYSTEM = bytes.fromhex("12FC")
# The second byte names a FeliCa Lite-S.
_PARAMETERS = bytes.fromhex("00F1000000014300")
_READ_SERVICE = 0x000B
_POLLING, _READ_BLOCKS = 0x00, 0x06
_WILDCARD = 0xFF
_NO_SUCH_SERVICE, _NO_SUCH_BLOCK = bytes.fromhex("FFA6"), bytes.fromhex("FFA8")
_BLOCKS_AT_ONCE = 4


class FelicaCard:
    """A FeliCa Lite-S with an address as its NDEF message. It proves nothing."""

    technology = "212F"

    def __init__(self, uid: bytes, address: str = "https://t.gatehouse.example/c") -> None:
        if len(uid) != 8:
            raise ValueError("a FeliCa identifier (IDm) has 8 bytes (16 hex digits)")
        self.uid = uid
        message = address_message(address)
        blocks = -(-len(message) // 16)
        attributes = bytes([0x10, _BLOCKS_AT_ONCE, 1]) + (13).to_bytes(2) + bytes(5) + b"\0" + len(message).to_bytes(3)
        attributes += sum(attributes).to_bytes(2)
        self._blocks = [attributes, *(message.ljust(blocks * 16, b"\0")[i : i + 16] for i in range(0, blocks * 16, 16))]

    def power_off(self) -> None:
        """Nothing: this chip keeps no session."""

    def answer(self, frame: bytes) -> bytes | None:
        """Answer one frame; a chip keeps silent on what is not for it."""
        if len(frame) < 2 or frame[0] != len(frame):
            return None
        if frame[1] == _POLLING and len(frame) == 6:
            return self._poll(frame)
        if frame[1] == _READ_BLOCKS and frame[2:10] == self.uid:
            return _framed(bytes([_READ_BLOCKS + 1]) + self.uid + self._read(frame[10:]))
        return None

    def _poll(self, frame: bytes) -> bytes | None:
        asked = frame[2:4]
        if any(want not in (_WILDCARD, have) for want, have in zip(asked, _NDEF_SYSTEM, strict=True)):
            return None
        system = _NDEF_SYSTEM if frame[4] == 1 else b""
        return _framed(bytes([_POLLING + 1]) + self.uid + _PARAMETERS + system)

    def _read(self, request: bytes) -> bytes:
        try:
            services = request[0]
            service = int.from_bytes(request[1:3], "little")
            elements = request[1 + 2 * services :]
            count, elements = elements[0], elements[1:]
            numbers = []
            for _ in range(count):
                short = bool(elements[0] & 0x80)
                numbers.append(elements[1] if short else int.from_bytes(elements[1:3], "little"))
                elements = elements[2 if short else 3 :]
        except IndexError:
            return _NO_SUCH_BLOCK
        if services != 1 or service != _READ_SERVICE:
            return _NO_SUCH_SERVICE
        if not 0 < count <= _BLOCKS_AT_ONCE or any(number >= len(self._blocks) for number in numbers):
            return _NO_SUCH_BLOCK
        return b"\0\0" + bytes([count]) + b"".join(self._blocks[number] for number in numbers)


def _framed(body: bytes) -> bytes:
    return bytes([len(body) + 1]) + body
