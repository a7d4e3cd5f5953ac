"""Whether a reading is a secure card, a plain one, or one that must be held again."""

from collections.abc import Sequence

import structlog

from reader_agent import sun
from reader_agent.readers.reading import Card
from reader_agent.wire import Sun

_MOST_SECURE_KNOWN = 20_000


class SecureCards:
    """Remembers the cards that gave a secure message: their plain number alone is never a tap."""

    def __init__(self, log: structlog.stdlib.BoundLogger) -> None:
        self._log = log
        self._known: set[str] = set()

    def card(self, uid: str, kind: str, addresses: Sequence[str] | None, *, can_be_secure: bool) -> Card:
        """Return the card with its secure message, from the addresses that it carries.

        `addresses` is None where it left before all was read. A card that can be secure and left too early, or gave
        half a message, is unreadable, and not a plain card.
        """
        message: Sun | None = None
        is_torn = addresses is None and can_be_secure
        try:
            for address in addresses or ():
                message = message or sun.from_address(address)
        except sun.UnusableMessageError as error:
            self._log.warning("secure message refused", error=str(error))
            if can_be_secure:
                return Card(uid=uid, kind=kind, unreadable=str(error))
        if message:
            if len(self._known) < _MOST_SECURE_KNOWN:
                self._known.add(uid)
        elif is_torn or uid in self._known:
            return Card(uid=uid, kind=kind, unreadable="it left before it was read", is_torn=True)
        return Card(uid=uid, kind=kind, sun=message)
