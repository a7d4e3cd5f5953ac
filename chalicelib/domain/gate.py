"""What a gate must know before it looks at a ticket: its event, and who is locked out.

Both stand in one partition per event and are read together, once per container and REFRESH_SECONDS, so a
scan costs no read for them. A lock-out or a changed event therefore takes effect within that time.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.domain import tokens
from chalicelib.domain.admission import OPENS_BEFORE_START, EventFacts
from chalicelib.domain.tokens import Principal
from chalicelib.errors import NotFound, Unauthenticated
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, EventRevocation, Item, LockOut, StaffRevocation
from chalicelib.vocabulary import EventStatus, Portal

# The contract locks a deactivated principal out within 60 s.
REFRESH_SECONDS = 20
# Portals whose principals work at an event, and are locked out there.
AT_EVENTS = (Portal.USHER, Portal.DEVICE)
# A revocation matters as long as a token that was issued before it may live, and a little longer.
_LONGER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Control:
    """An event as its gates see it; `revoked` maps principals and sessions to when they were locked out."""

    event: Event
    facts: EventFacts
    revoked: dict[str, datetime]


_lock = threading.Lock()
_controls: dict[str, tuple[float, Control | None]] = {}
# Who is locked out, by principal; the oldest go first when there are too many.
_principals: dict[str, tuple[float, list[LockOut]]] = {}
_PRINCIPALS_KEPT = 10_000
_staff: tuple[float, dict[str, datetime]] = (float("-inf"), {})


def forget() -> None:
    """Drop what was read; the next scan reads it again."""
    global _staff  # one cache per process, guarded by the lock
    with _lock:
        _controls.clear()
        _principals.clear()
        _staff = (float("-inf"), {})


def facts_of(event: Event) -> EventFacts:
    """Return what the rule of the gate asks of an event, with the defaults of its window."""
    return EventFacts(
        event_id=event.event_id,
        status=EventStatus(event.status),
        opens_at=event.scanning_opens_at or event.starts_at - OPENS_BEFORE_START,
        closes_at=event.scanning_closes_at or event.ends_at,
        scanning_enabled=bool(event.scanning_enabled),
        re_entry_allowed=bool(event.re_entry_allowed),
    )


def _read(event_id: str) -> Control | None:
    partition = keys.event(event_id).pk
    event: Event | None = None
    revoked: dict[str, datetime] = {}
    for raw in operations.query(partition, begins=keys.event(event_id).sk, consistent=True):
        item = Item.from_raw_data(raw)
        if isinstance(item, Event):
            event = item
        elif isinstance(item, EventRevocation):
            revoked[item.principal_id] = item.revoked_at
    return Control(event=event, facts=facts_of(event), revoked=revoked) if event else None


def control(event_id: str, *, anew: bool = False) -> Control:
    """Return an event as its gates see it, at most REFRESH_SECONDS old, or read `anew`. Raises NotFound."""
    with _lock:
        read_at, known = _controls.get(event_id, (float("-inf"), None))
    if anew or known is None or time.monotonic() - read_at > REFRESH_SECONDS:
        known = _read(event_id)
        if known is None:
            raise NotFound("There is no such event.")
        with _lock:
            _controls[event_id] = (time.monotonic(), known)
    return known


def _staff_revoked(*, anew: bool) -> dict[str, datetime]:
    global _staff  # one cache per process, guarded by the lock
    with _lock:
        read_at, revoked = _staff
    if anew or time.monotonic() - read_at > REFRESH_SECONDS:
        raws = operations.query(keys.staff_revoked("").pk, begins="REVOKED", consistent=True)
        items = [StaffRevocation.from_raw_data(raw) for raw in raws]
        revoked = {item.principal_id: item.revoked_at for item in items}
        with _lock:
            _staff = (time.monotonic(), revoked)
    return revoked


def _principal_revoked(principal_id: str, session_id: str, *, anew: bool) -> dict[str, datetime]:
    """Return what was locked out of a principal, as far as it is about this session."""
    with _lock:
        read_at, lock_outs = _principals.get(principal_id, (float("-inf"), []))
    if anew or time.monotonic() - read_at > REFRESH_SECONDS:
        raws = operations.query(keys.locked_out(principal_id).pk, consistent=True)
        lock_outs = [LockOut.from_raw_data(raw) for raw in raws]
        with _lock:
            _principals.pop(principal_id, None)
            _principals[principal_id] = (time.monotonic(), lock_outs)
            if len(_principals) > _PRINCIPALS_KEPT:
                del _principals[next(iter(_principals))]
    return {each.principal_id: each.revoked_at for each in lock_outs if each.kept_session_id != session_id}


def require_not_revoked(principal: Principal, *, anew: bool = False) -> None:
    """Raise Unauthenticated where the caller or their session was locked out after the token was issued.

    What was read within REFRESH_SECONDS is gone by, unless it is to be read `anew`.
    """
    if principal.portal is Portal.ADMIN:
        revoked = _staff_revoked(anew=anew)
    elif principal.portal not in AT_EVENTS:
        revoked = _principal_revoked(principal.id, principal.session_id, anew=anew)
    else:
        try:
            revoked = control(principal.event_id, anew=anew).revoked
        except NotFound:
            raise Unauthenticated from None
    for name in (principal.id, principal.session_id):
        locked_out_at = revoked.get(name)
        # Issued in the very millisecond: in doubt it is refused.
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
    """Return the writes that lock a principal or one of their sessions out; guards know within REFRESH_SECONDS.

    `kept_session_id` is the one session that is not, in portals that are not at events nor the staff's.
    """
    now = clock.now()
    gone_at = int((now + tokens.lifetime(portal) + _LONGER).timestamp())
    name = session_id or principal_id
    items: list[Item] = []
    if portal is Portal.ADMIN:
        items.append(StaffRevocation(*keys.staff_revoked(name), principal_id=name, revoked_at=now, ttl=gone_at))
    elif portal not in AT_EVENTS:
        key = keys.locked_out(principal_id, name)
        items.append(LockOut(*key, principal_id=name, revoked_at=now, kept_session_id=kept_session_id, ttl=gone_at))
    for event_id in event_ids:
        key = keys.event_revoked(event_id, name)
        items.append(EventRevocation(*key, principal_id=name, revoked_at=now, ttl=gone_at))
    return [operations.put(item) for item in items]


def revoke(portal: Portal, principal_id: str, *, session_id: str | None = None, event_ids: Iterable[str] = ()) -> None:
    """Lock a principal or one of their sessions out; guards know within REFRESH_SECONDS, this process at once."""
    for write in revocations(portal, principal_id, session_id=session_id, event_ids=event_ids):
        operations.record(write)
    forget()
