"""Scanned lines: what a code scanner sends, put together, bounded and cleaned."""

import time
from collections.abc import Callable, Iterator

from reader_agent.readers.reading import Code

# The contract's longest code.
LONGEST_CODE = 2_048
# What a scanner adds around a code: line ends, STX and ETX, NUL padding. All else is the platform's to judge.
_AROUND = " \t\r\n\0\x02\x03"
# A scanner sends a code at once. Half a code that is older came from a hand, or from a scanner that lost its cable.
_OLDEST_SECONDS = 2.0
# What scanners are set to send after a code: Enter, or Tab, or ETX.
_ENDS = "\r\n\t\x03"
# Less than this is noise on a line or a key that somebody touched, and nobody waits for its verdict.
_SHORTEST_SHOWN = 8
_GAP = "a part of it was lost, as codes came faster than they are decided: scan it once more"


class Lines:
    """Puts the characters of scanned codes together; each ends with Enter or Tab. Bounded in length and in time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        # How many unfinished codes were thrown away.
        self.unfinished = 0
        self._clock = clock
        self._text: list[str] = []
        self._length = 0
        self._began_at = 0.0
        self._has_gap = False

    def feed(self, text: str) -> Iterator[Code]:
        """Yield each code that these characters complete; without characters, a code whose end is overdue."""
        now = self._clock()
        if self._length and now - self._began_at > _OLDEST_SECONDS:
            self.unfinished += 1
            if self._has_gap:
                yield Code("", unreadable=_GAP)
            elif self._length >= _SHORTEST_SHOWN:
                yield Code("", unreadable="no Enter came after it (set the scanner to send Enter, CR or LF, as suffix)")
            self.clear()
        for character in text:
            if character in _ENDS:
                yield from self._finish()
                continue
            if not self._length:
                self._began_at = now
            self._length += 1
            if self._length <= LONGEST_CODE:
                self._text.append(character)

    def lost(self) -> None:
        """Note that characters were lost: the code that they were of must not be taken for another one."""
        self._text, self._length, self._began_at, self._has_gap = [], 1, self._clock(), True

    def clear(self) -> None:
        """Throw away what is not complete."""
        self._text, self._length, self._has_gap = [], 0, False

    def _finish(self) -> Iterator[Code]:
        text, length, has_gap = "".join(self._text), self._length, self._has_gap
        self.clear()
        if has_gap:
            yield Code("", unreadable=_GAP)
        elif length > LONGEST_CODE:
            yield Code("", unreadable=f"it has {length} characters; a code has at most {LONGEST_CODE}")
        elif "\N{REPLACEMENT CHARACTER}" in text:
            yield Code("", unreadable="it is not text (set the scanner to UTF-8)")
        elif bare := text.strip(_AROUND):
            yield Code(bare)
