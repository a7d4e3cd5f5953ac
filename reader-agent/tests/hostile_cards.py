"""Cards whose answers no genuine chip gives."""

from reader_agent.simulator.ntag213 import Ntag213
from reader_agent.simulator.ntag424 import Ntag424
from reader_agent.simulator.type_a import TypeACard


class ShortAnswerToSelect(TypeACard):
    """Legal and nasty: an answer to select of one byte makes the reader's library read past its end."""

    def __init__(self) -> None:
        super().__init__(bytes.fromhex("04BADBADBADBAD"), answer_to_request=b"\x44\x03", select_acknowledge=0x20)

    def command(self, frame: bytes) -> bytes | None:
        return b"\x01" if frame[0] == 0xE0 else None


class Garbage(TypeACard):
    """Answers everything after selection with the same nonsense."""

    def __init__(self, nonsense: bytes, *, acknowledge: int) -> None:
        super().__init__(bytes.fromhex("04BADBADBADBAD"), answer_to_request=b"\x44\x00", select_acknowledge=acknowledge)
        self._nonsense = nonsense

    def command(self, frame: bytes) -> bytes | None:
        return self._nonsense if frame else None


class BrokenMessage(Ntag213):
    """A type 2 tag whose NDEF message does not decode."""

    def __init__(self, uid: bytes) -> None:
        super().__init__(uid)
        message = bytes.fromhex("D1FF05550468747470")
        data = bytes([0x03, len(message)]) + message + b"\xfe"
        self._memory = self._memory[:16] + data.ljust(128, b"\0") + self._memory[144:]


class Leaving(Ntag424):
    """A secure card that leaves the field after some frames of its activation, and comes back only when placed."""

    def __init__(self, uid: bytes, *, after_frames: int) -> None:
        super().__init__(uid)
        self._after_frames, self._frames = after_frames, 0
        self.has_left = False

    def answer(self, frame: bytes) -> bytes | None:
        """Answer until it is gone; then the field is empty."""
        if self._protocol:
            self._frames += 1
        self.has_left = self.has_left or self._frames > self._after_frames
        return b"" if self.has_left else super().answer(frame)


class HalfMessage(Ntag424):
    """A type 4 card whose address has half a secure message."""

    def _say(self) -> str:
        return super()._say()[:-7]
