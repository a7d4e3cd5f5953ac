"""An event's gate settings: its window, its lock-outs and whether its changes are fed to devices, cached.

They are in one partition per event and are read together, once per container and REFRESH_SECONDS, so a
scan needs no read for them. A changed event or a lock-out therefore takes effect within that time.
"""

import threading
import time
from datetime import datetime

from msgspec import Struct

from chalicelib.domain.admission import OPENS_BEFORE_START, EventFacts
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, EventRevocation, Item, OfflineEvent
from chalicelib.table.ranges import Begins

# A cancelled event's tickets are void at every gate within 10 s (contract, "Cancellation").
REFRESH_SECONDS = 8


class GateControl(Struct, frozen=True):
    """An event's gate settings; `revoked` maps principals and sessions to the time of their lock-out.

    `offline` is there once a device of the event has asked for a snapshot.
    """

    event: Event
    facts: EventFacts
    revoked: dict[str, datetime]
    offline: OfflineEvent | None = None


_lock = threading.Lock()
# Above this number of events the one that was read first is dropped.
_EVENTS_KEPT = 1_000
_controls: dict[str, tuple[float, GateControl | None]] = {}


def forget() -> None:
    """Clear the cache; the next scan reads the event again."""
    with _lock:
        _controls.clear()


def facts_of(event: Event) -> EventFacts:
    """Return the admission rule's input from an event, with defaults for its window."""
    return EventFacts(
        event_id=event.event_id,
        status=event.status,
        opens_at=event.scanning_opens_at or event.starts_at - OPENS_BEFORE_START,
        closes_at=event.scanning_closes_at or event.ends_at,
        scanning_enabled=event.scanning_enabled,
        re_entry_allowed=event.re_entry_allowed,
    )


def _read(event_id: str) -> GateControl | None:
    partition = keys.events.event(event_id).pk
    event: Event | None = None
    offline: OfflineEvent | None = None
    revoked: dict[str, datetime] = {}
    for raw in operations.query(partition, Begins(keys.events.event(event_id).sk), consistent=True):
        item = Item.from_raw_data(raw)
        if isinstance(item, Event):
            event = item
        elif isinstance(item, EventRevocation):
            revoked[item.principal_id] = item.revoked_at
        elif isinstance(item, OfflineEvent):
            offline = item
    return GateControl(event, facts_of(event), revoked, offline) if event else None


def control(event_id: str, *, fresh: bool = False) -> GateControl:
    """Return an event's gate settings, cached for REFRESH_SECONDS unless `fresh`. Raises NotFound."""
    with _lock:
        read_at, known = _controls.get(event_id, (float("-inf"), None))
    if fresh or known is None or time.monotonic() - read_at > REFRESH_SECONDS:
        # The age counts from before the read, so that nothing older than REFRESH_SECONDS is used.
        read_at = time.monotonic()
        known = _read(event_id)
        if known is None:
            raise NotFound("There is no such event.")
        with _lock:
            _controls.pop(event_id, None)
            _controls[event_id] = (read_at, known)
            if len(_controls) > _EVENTS_KEPT:
                del _controls[next(iter(_controls))]
    return known
