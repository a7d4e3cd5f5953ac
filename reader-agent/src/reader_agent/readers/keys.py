"""What a scanner types as a keyboard: Linux key codes to text, on the US layout that scanners have by default."""

from collections.abc import Iterator

# linux/input-event-codes.h
EV_KEY = 0x01
_RELEASED, _PRESSED = 0, 1
_ENTER, _KEYPAD_ENTER, _TAB, _SPACE = 28, 96, 15, 57
_SHIFTS = frozenset({42, 54})
_CONTROLS = frozenset({29, 97, 56, 100, 125, 126})  # control, alt and meta: no text, but key combinations
_CAPS_LOCK = 58
# A scanner that is set to work with any layout holds Alt, types a character's number on the keypad, and releases Alt.
_ALT, _LONGEST_NUMBER = 56, 4
_KEYPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))


def _row(first: int, plain: str, shifted: str) -> dict[int, tuple[str, str]]:
    return {first + place: pair for place, pair in enumerate(zip(plain, shifted, strict=True))}


_KEYS: dict[int, tuple[str, str]] = {
    **_row(2, "1234567890-=", "!@#$%^&*()_+"),
    **_row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
    **_row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    **_row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    _SPACE: (" ", " "),
    _TAB: ("\t", "\t"),
    # The keypad, which some scanners use for digits.
    **_row(71, "789-456+1230.", "789-456+1230."),
    55: ("*", "*"),
    98: ("/", "/"),
    117: ("=", "="),
}


class Typist:
    """Turns key events into characters; Enter is a line end. Unknown keys and combinations are counted, and ignored."""

    def __init__(self) -> None:
        self.unknown = 0
        self._held: set[int] = set()
        self._has_caps = False
        self._number = ""

    def lost(self) -> None:
        """Note that events were lost: that a key was released may be one of them."""
        self._held.clear()
        self._number = ""

    def text(self, event_type: int, code: int, value: int) -> Iterator[str]:
        """Yield the character that an event of the input subsystem types, if it types one."""
        if event_type != EV_KEY:
            return
        if code in _SHIFTS or code in _CONTROLS:
            (self._held.discard if value == _RELEASED else self._held.add)(code)
            if code == _ALT and value == _RELEASED:
                yield from self._numbered()
        elif value == _PRESSED and code == _CAPS_LOCK:
            self._has_caps = not self._has_caps
        elif value == _PRESSED:  # 2 is the kernel's repetition of a key that is held, which no scanner means
            yield from self._typed(code)

    def _typed(self, code: int) -> Iterator[str]:
        if code in (_ENTER, _KEYPAD_ENTER):
            yield "\n"
        elif code in _KEYPAD and self._held & _CONTROLS == {_ALT}:
            self._number = (self._number + _KEYPAD[code])[-_LONGEST_NUMBER:]
        elif code not in _KEYS or self._held & _CONTROLS:
            self.unknown += 1
        else:
            plain, shifted = _KEYS[code]
            has_shift = bool(self._held & _SHIFTS)
            yield shifted if has_shift != (self._has_caps and plain.isalpha()) else plain

    def _numbered(self) -> Iterator[str]:
        number, self._number = self._number, ""
        character = chr(int(number)) if number else ""
        if character.isascii() and (character.isprintable() or character in "\t\r\n"):
            yield from character
        else:
            self.unknown += 1
