"""Lock-outs of principals and sessions: written by log-outs and deactivations, checked by every guard.

Lock-outs of ushers and devices are in their event's partition (events/gate_control.py). Those of staff share one list.
All other principals have a partition each. All are cached for REFRESH_SECONDS per container.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chalicelib import clock
from chalicelib.domain.access import tokens
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.events import gate_control
from chalicelib.domain.events.gate_control import REFRESH_SECONDS
from chalicelib.errors import NotFound, Unauthenticated
from chalicelib.table import keys, operations
from chalicelib.table.items import EventRevocation, Item, LockOut, StaffRevocation
from chalicelib.table.places import Key, Place
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.access import Portal

ItemT = TypeVar("ItemT", bound=Item)

# Portals whose principals work at one event; their lock-outs are stored with it.
AT_EVENTS = (Portal.USHER, Portal.DEVICE)
# Margin of the TTL: a revocation must outlive every token issued before it.
_LONGER = timedelta(minutes=15)

_lock = threading.Lock()
# Lock-outs by principal; above _PRINCIPALS_KEPT the oldest entry is evicted.
_principals: dict[str, tuple[float, list[LockOut]]] = {}
_PRINCIPALS_KEPT = 10_000
_staff: tuple[float, dict[str, datetime]] = (float("-inf"), {})


def forget() -> None:
    """Clear the caches of lock-outs and of events; the next request reads both again."""
    global _staff  # one cache per process, guarded by the lock
    gate_control.forget()
    with _lock:
        _principals.clear()
        _staff = (float("-inf"), {})


def _staff_revoked(*, fresh: bool) -> dict[str, datetime]:
    global _staff  # one cache per process, guarded by the lock
    with _lock:
        read_at, revoked = _staff
    if fresh or time.monotonic() - read_at > REFRESH_SECONDS:
        all_staff = keys.access.staff_revoked()
        raws = operations.query(all_staff.pk, Begins(all_staff.sk), consistent=True)
        items = [StaffRevocation.from_raw_data(raw) for raw in raws]
        revoked = {item.principal_id: item.revoked_at for item in items}
        with _lock:
            _staff = (time.monotonic(), revoked)
    return revoked


def _principal_revoked(principal_id: str, session_id: str, *, fresh: bool) -> dict[str, datetime]:
    """Return the lock-outs of a principal that apply to this session."""
    with _lock:
        read_at, lock_outs = _principals.get(principal_id, (float("-inf"), []))
    if fresh or time.monotonic() - read_at > REFRESH_SECONDS:
        raws = operations.query(keys.access.locked_out(principal_id).pk, consistent=True)
        lock_outs = [LockOut.from_raw_data(raw) for raw in raws]
        with _lock:
            _principals.pop(principal_id, None)
            _principals[principal_id] = (time.monotonic(), lock_outs)
            if len(_principals) > _PRINCIPALS_KEPT:
                del _principals[next(iter(_principals))]
    return _applying(lock_outs, session_id)


def require_not_revoked(principal: Principal, *, fresh: bool = False) -> None:
    """Raise Unauthenticated if the caller, their session or phone was locked out after the token was issued.

    Uses the cache, which is at most REFRESH_SECONDS old, unless `fresh`.
    """
    if principal.portal is Portal.ADMIN:
        revoked = _staff_revoked(fresh=fresh)
    elif principal.portal not in AT_EVENTS:
        revoked = _principal_revoked(principal.id, principal.session_id, fresh=fresh)
    else:
        try:
            revoked = gate_control.control(principal.event_id, fresh=fresh).revoked
        except NotFound:
            raise Unauthenticated from None
    # An usher's phone is a device of the event.
    _require_issued_later(principal, revoked, (principal.id, principal.session_id, principal.phone_id))


def require_not_revoked_beside(principal: Principal, place: Place[ItemT]) -> ItemT | None:
    """Return an item that is read with the lock-outs, in one request. Raises Unauthenticated as above, never cached.

    For principals that have a partition of lock-outs each.
    """
    names = principal.id, principal.session_id
    places: list[Place[Any]] = [place, *(keys.access.locked_out(principal.id, name) for name in names)]
    found: dict[Key, Any] = operations.get_many(places)
    item: ItemT | None = found.pop(place, None)
    _require_issued_later(principal, _applying(found.values(), principal.session_id), names)
    return item


def _applying(lock_outs: Iterable[LockOut], session_id: str) -> dict[str, datetime]:
    return {each.principal_id: each.revoked_at for each in lock_outs if each.kept_session_id != session_id}


def _require_issued_later(principal: Principal, revoked: Mapping[str, datetime], names: Iterable[str | None]) -> None:
    for name in names:
        locked_out_at = revoked.get(name) if name else None
        # A token issued in the same millisecond is refused.
        if locked_out_at is not None and principal.issued_at <= locked_out_at:
            raise Unauthenticated


def revocations(
    portal: Portal,
    principal_id: str,
    *,
    session_id: str | None = None,
    event_ids: Iterable[str] = (),
    kept_session_id: str | None = None,
) -> list[operations.Write]:
    """Return the writes that lock out a principal or one session; guards apply them within REFRESH_SECONDS.

    `kept_session_id` names a session to spare. Portals of staff, ushers and devices ignore it.
    """
    now = clock.now()
    gone_at = int((now + tokens.lifetime(portal) + _LONGER).timestamp())
    name = session_id or principal_id
    items: list[Item] = []
    if portal is Portal.ADMIN:
        items.append(StaffRevocation(*keys.access.staff_revoked(name), principal_id=name, revoked_at=now, ttl=gone_at))
    elif portal not in AT_EVENTS:
        place = keys.access.locked_out(principal_id, name)
        items.append(LockOut(*place, principal_id=name, revoked_at=now, kept_session_id=kept_session_id, ttl=gone_at))
    items += [
        EventRevocation(*keys.access.event_revoked(event_id, name), principal_id=name, revoked_at=now, ttl=gone_at)
        for event_id in event_ids
    ]
    return [operations.put(item) for item in items]
