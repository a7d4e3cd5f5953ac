"""Campus events: reading them, and who may see which.

A container keeps an event for REFRESH_SECONDS, so showing its rotating code reads nothing within that time. What this
container changes or reads afresh is kept at once. A change by another container is seen after REFRESH_SECONDS at most.
Verification never uses a kept event.
"""

import threading
import time

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.events.gate_control import REFRESH_SECONDS
from chalicelib.errors import Forbidden, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import CampusRole

NOT_FOUND = "Event not found"
_EVENTS_KEPT = 2_000

_lock = threading.Lock()
# Events, and campuses of supervisors, with when they were read.
_events: dict[str, tuple[float, CampusEvent]] = {}
_campuses: dict[str, tuple[float, str | None]] = {}


def forget() -> None:
    """Clear the cache, as a fresh container."""
    with _lock:
        _events.clear()
        _campuses.clear()


def find(event_id: str) -> CampusEvent | None:
    """Return an event as it is now, also a deleted one, or None."""
    asked_at = time.monotonic()
    event = operations.get(keys.campus_events.event(event_id))
    if event is not None:
        keep(event, asked_at)
    return event


def get(event_id: str) -> CampusEvent:
    """Return an event as it is now. Raises NotFound, also for a deleted one."""
    return _present(find(event_id))


def cached(event_id: str) -> CampusEvent:
    """Return an event as this container read it within REFRESH_SECONDS. Raises NotFound, also for a deleted one."""
    with _lock:
        read_at, event = _events.get(event_id, (float("-inf"), None))
    if event is None or time.monotonic() - read_at > REFRESH_SECONDS:
        event = find(event_id)
    return _present(event)


def keep(event: CampusEvent, read_at: float) -> None:
    """Keep an event for `cached`, as read at a moment of the monotonic clock."""
    with _lock:
        known = _events.pop(event.event_id, None)
        # A slow read never replaces what was read later.
        _events[event.event_id] = known if known is not None and known[0] > read_at else (read_at, event)
        if len(_events) > _EVENTS_KEPT:
            del _events[next(iter(_events))]


def require_staff_of(event_id: str, principal: Principal, *, fresh: bool = False) -> CampusEvent:
    """Return an event that the caller is staff of: the organizer's own, the supervisor's campus; hr and admin all.

    Raises Forbidden for students, NotFound for an event of others. The event may be REFRESH_SECONDS old unless `fresh`.
    """
    if principal.claims.get("role") == CampusRole.STUDENT:
        raise Forbidden("Permission denied")
    event = get(event_id) if fresh else cached(event_id)
    if not is_staff_of(event, principal):
        raise NotFound(NOT_FOUND)
    return event


def require_visible(event_id: str, principal: Principal, *, fresh: bool = False) -> CampusEvent:
    """Return an event that the caller may see: students see the active ones, staff those they are staff of.

    Raises NotFound. The event may be REFRESH_SECONDS old unless `fresh`.
    """
    event = get(event_id) if fresh else cached(event_id)
    if principal.claims.get("role") == CampusRole.STUDENT:
        is_visible = event.is_active
    else:
        is_visible = is_staff_of(event, principal)
    if not is_visible:
        raise NotFound(NOT_FOUND)
    return event


def is_staff_of(event: CampusEvent, principal: Principal) -> bool:
    """Whether the caller is staff of an event."""
    match principal.claims.get("role"):
        case CampusRole.ADMIN | CampusRole.HR:
            return True
        case CampusRole.ORGANIZER:
            return event.organizer_id == principal.id
        case CampusRole.SUPERVISOR:
            return event.campus_id == campus_of(principal.id)
    return False


def campus_of(user_id: str) -> str | None:
    """Return the campus of a person, as this container read it within REFRESH_SECONDS; None for an unknown person."""
    with _lock:
        read_at, campus_id = _campuses.get(user_id, (float("-inf"), None))
    if time.monotonic() - read_at <= REFRESH_SECONDS:
        return campus_id
    read_at = time.monotonic()
    profile = operations.get(keys.campus_people.profile(user_id))
    campus_id = profile.campus_id if profile else None
    with _lock:
        _campuses[user_id] = (read_at, campus_id)
        if len(_campuses) > _EVENTS_KEPT:
            del _campuses[next(iter(_campuses))]
    return campus_id


def _present(event: CampusEvent | None) -> CampusEvent:
    if event is None or event.deleted_at is not None:
        raise NotFound(NOT_FOUND)
    return event
