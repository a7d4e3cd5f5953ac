"""Each card or code once, while it is there: it flickers at the field's edge, and scanners repeat what they see."""

import time
from collections.abc import Callable
from enum import Enum

_ALTERNATES_SECONDS = 0.4


class Visit(Enum):
    """What a reading of a card is."""

    NEW = "new"
    # The card was away and came back within the debounce: a person taps again.
    REPEATED = "repeated"
    # The card never left, flickers at the edge, or alternates with another card in the field.
    SAME = "same"


class Debounce:
    """Reports each card once while it is in the field, also where it flickers or shares the field with others."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        # How often a card was new while another one was in the field.
        self.together = 0
        # How often a card was read again that had never left: it flickers, or alternates with another one.
        self.flickers = 0
        self._clock = clock
        # The cards since the field was last empty or their debounce ended, with when each was last there.
        self._seen_at: dict[str, float] = {}
        self._busy_until = 0.0

    def visit(self, uid: str) -> Visit:
        """Return what this reading is; each reading prolongs the card's stay."""
        now = self._clock()
        # A reader that alternates between two cards changes within this time; hands are slower.
        alternates = now - self._busy_until < min(_ALTERNATES_SECONDS, self.seconds)
        if not alternates:
            self._seen_at = {uid: at for uid, at in self._seen_at.items() if now - at < self.seconds}
        seen_at = self._seen_at.get(uid)
        self._seen_at[uid] = self._busy_until = now
        if seen_at is None:
            self.together += alternates
            return Visit.NEW
        self.flickers += alternates
        return Visit.SAME if alternates else Visit.REPEATED

    def released(self, uid: str) -> None:
        """Note that the card has left the field now."""
        if uid in self._seen_at:
            self._seen_at[uid] = self._busy_until = self._clock()

    def forget(self, uid: str) -> None:
        """Let the next reading of this card be a new one."""
        self._seen_at.pop(uid, None)
