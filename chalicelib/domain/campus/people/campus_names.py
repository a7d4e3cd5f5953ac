"""Campuses by id or name, as a container keeps them: callers may name a campus by either."""

import threading
import time

from chalicelib import folding
from chalicelib.domain.campus.people import campuses
from chalicelib.domain.events.gate_control import REFRESH_SECONDS
from chalicelib.table.items import Campus

_lock = threading.Lock()
_known: tuple[float, dict[str, Campus]] = (float("-inf"), {})


def forget() -> None:
    """Clear the cache, as a fresh container."""
    global _known  # one cache per process, guarded by the lock
    with _lock:
        _known = (float("-inf"), {})


def known() -> dict[str, Campus]:
    """Return all campuses by id, at most REFRESH_SECONDS old."""
    global _known  # one cache per process, guarded by the lock
    with _lock:
        read_at, found = _known
    if time.monotonic() - read_at > REFRESH_SECONDS:
        read_at = time.monotonic()
        found = {campus.campus_id: campus for campus in campuses.every()}
        with _lock:
            _known = (read_at, found)
    return found


def require(named: str, *, field: str = "campus") -> Campus:
    """Return the campus with this id or this name, in any case. Raises ValidationFailed, which names the field."""
    typed = folding.typed(named)
    for campus in known().values():
        if named == campus.campus_id or (typed and typed == folding.typed(campus.name)):
            return campus
    return campuses.named(named, field=field)  # a new one, or none


def name_of(campus_id: str) -> str:
    """Return the name of a campus, or its id where it is gone."""
    campus = known().get(campus_id)
    return campus.name if campus else campus_id
