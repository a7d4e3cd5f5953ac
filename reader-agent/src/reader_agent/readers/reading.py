"""What a reader reports: a card in the field, or the text of a code."""

from dataclasses import dataclass

from reader_agent.wire import Sun


@dataclass(frozen=True)
class Card:
    """A card in the field: its identifier in upper-case hex, its kind, and its secure message if it has one."""

    uid: str
    kind: str
    sun: Sun | None = None
    # Why a card that can be secure gave no message; such a reading is no tap.
    unreadable: str | None = None
    is_torn: bool = False

    @property
    def key(self) -> str:
        """Return what tells this card from others."""
        return self.uid

    @property
    def is_random(self) -> bool:
        """Return whether the identifier changes at each tap (a single-size UID that starts with 08)."""
        return len(self.uid) == 8 and self.uid.startswith("08")


@dataclass(frozen=True)
class Code:
    """The text of a scanned code, as the scanner sent it; the platform finds the ticket's code in it."""

    text: str
    # Why the scanned text is not sent.
    unreadable: str | None = None

    @property
    def key(self) -> str:
        """Return what tells this code from others."""
        return self.text


Reading = Card | Code
