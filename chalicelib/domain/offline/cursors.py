"""Cursors: a number of an event's feed, sealed with the event and the sync that it is for."""

from datetime import UTC, datetime

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.offline.feed import CURSOR_LIFETIME
from chalicelib.errors import InvalidCursor


class Cursor(Struct, frozen=True):
    """A place in the feed. No later number was stored before `at`.

    `epoch` is that of the full snapshot that its chain began with (seconds), `generation` its fingerprint key.
    """

    number: int
    at: datetime
    epoch: int
    generation: int

    @property
    def is_old(self) -> bool:
        """Whether the feed may have lost what followed it."""
        return clock.now() - self.at >= CURSOR_LIFETIME

    def sealed(self, what: str, event_id: str) -> str:
        """Return it as a sync of an event returns it."""
        values = (self.number, round(self.at.timestamp() * 1000), self.epoch, self.generation)
        return paging.seal(" ".join(map(str, values)), bound_to=_bound(what, event_id))


def opened(text: str, what: str, event_id: str) -> Cursor:
    """Return the cursor in a text. Raises InvalidCursor, also for one of another event or another sync."""
    parts = paging.unseal(text, bound_to=_bound(what, event_id)).split(" ")
    try:
        number, at, epoch, generation = map(int, parts)
    except ValueError as error:
        raise InvalidCursor from error
    return Cursor(number, datetime.fromtimestamp(at / 1000, UTC), epoch, generation)


def _bound(what: str, event_id: str) -> str:
    return f"offline {what} {event_id}"
