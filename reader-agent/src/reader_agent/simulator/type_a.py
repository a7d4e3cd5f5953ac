"""ISO/IEC 14443-3 type A: detection and selection, the same for every card of that technology."""

from functools import reduce
from operator import xor

_REQA, _WUPA = 0x26, 0x52
_SELECT = (0x93, 0x95, 0x97)
_ANTICOLLISION, _SELECT_THIS = 0x20, 0x70
_CASCADE_TAG = 0x88
_HLTA = bytes.fromhex("5000")
_MORE_LEVELS = 0x04


class TypeACard:
    """The part of a card that answers anti-collision; what follows selection is the subclass's `command`."""

    technology = "106A"

    def __init__(self, uid: bytes, *, answer_to_request: bytes, select_acknowledge: int) -> None:
        if len(uid) not in (4, 7):
            raise ValueError("a type A identifier has 4 or 7 bytes (8 or 14 hex digits)")
        self.uid = uid
        self._answer_to_request = answer_to_request
        self._acknowledge = select_acknowledge
        parts = [uid] if len(uid) == 4 else [bytes([_CASCADE_TAG]) + uid[:3], uid[3:]]
        self._selected = False
        self._levels = [part + bytes([reduce(xor, part)]) for part in parts]

    def power_off(self) -> None:
        """Forget the session: the card must be selected again."""
        self._selected = False

    def command(self, frame: bytes) -> bytes | None:
        """Answer what a selected card is asked."""
        raise NotImplementedError

    def answer(self, frame: bytes) -> bytes | None:
        """Answer one frame."""
        if len(frame) == 1 and frame[0] in (_REQA, _WUPA):
            self.power_off()
            return self._answer_to_request
        if len(frame) >= 2 and frame[0] in _SELECT and frame[1] in (_ANTICOLLISION, _SELECT_THIS):
            return self._select(frame)
        if frame == _HLTA:
            self.power_off()
            return None
        # A chip that was not selected is deaf to everything else, so a card that took another's place is noticed.
        return self.command(frame) if self._selected and frame else None

    def _select(self, frame: bytes) -> bytes | None:
        level = _SELECT.index(frame[0])
        if level >= len(self._levels):
            return None
        if frame[1] == _ANTICOLLISION:
            return self._levels[level]
        if frame[2:] != self._levels[level]:
            return None
        if level + 1 < len(self._levels):
            return bytes([_MORE_LEVELS])
        self._selected = True
        return bytes([self._acknowledge])
