"""ISO/IEC 14443-4: the block protocol between a reader and a card that speaks APDUs."""

from collections.abc import Callable

_I_BLOCK, _CHAINING = 0x02, 0x10
_R_ACK, _R_NAK = 0xA2, 0xB2
_S_DESELECT = 0xC2
_FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)


class IsoDep:
    """The card's side of one activation."""

    def __init__(self, answer_apdu: Callable[[bytes], bytes], *, frame_size_index: int) -> None:
        self._answer_apdu = answer_apdu
        # Three bytes of each frame are the block's own: its first, and the checksum that RF adds.
        self._room = _FRAME_SIZES[min(frame_size_index, 8)] - 3
        self._number = 1
        self._received = b""
        self._left = b""
        self._last = b""

    def answer(self, block: bytes) -> bytes | None:
        """Answer one block. A repeated block gets the same answer again and has no second effect."""
        control = block[0]
        if control & 0xE2 == _I_BLOCK:
            self._number ^= 1
            self._received += block[1:]
            if control & _CHAINING:
                return self._remember(bytes([_R_ACK | self._number]))
            apdu, self._received = self._received, b""
            self._left = self._answer_apdu(apdu)
            return self._next_part()
        if control & 0xF6 == _R_NAK:
            if control & 1 == self._number:
                return self._last
            return bytes([_R_ACK | self._number])  # "still there": how a reader asks for presence
        if control & 0xF6 == _R_ACK:
            if control & 1 == self._number:
                return self._last
            self._number ^= 1
            return self._next_part()
        if control & 0xF7 == _S_DESELECT:
            return bytes([_S_DESELECT])
        return None

    def _next_part(self) -> bytes:
        part, self._left = self._left[: self._room], self._left[self._room :]
        return self._remember(bytes([_I_BLOCK | (_CHAINING if self._left else 0) | self._number]) + part)

    def _remember(self, block: bytes) -> bytes:
        self._last = block
        return block
