"""What a device asks for: the full snapshot of its event, or the changes since its cursor; signed, for it alone."""

import base64
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.crypto import signing
from chalicelib.domain.events import gate_control
from chalicelib.domain.offline import builds, cursors, feed, names, peers, snapshot_format
from chalicelib.domain.offline.cursors import Cursor
from chalicelib.domain.offline.feed import Fed
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import OfflineBase, OfflineEvent

WHAT = "snapshot"
LIFETIME = timedelta(hours=24)
# A full snapshot older than this is built again behind the answer, at most every ten minutes.
REBUILT_AFTER = timedelta(minutes=10)
# One older than this is not given out: its device would need a long delta at once.
OLDEST = timedelta(hours=6)
# How long a build takes, as the answer says that refuses until then.
_BUILD_SECONDS = 5
_MOST_BYTES = 32 * 1024 * 1024
# The tables of the last snapshots, by folder; a file never changes.
_KEPT_FILES = 2


class _Head(Struct, frozen=True):
    """What differs from one snapshot to another in its head."""

    cursor: Cursor
    since: str | None
    made_at: datetime
    sections: Mapping[str, int]
    names: bytes | None
    has_more: bool = False


_lock = threading.Lock()
_files: dict[str, bytes] = {}


def forget() -> None:
    """Clear the cache of files."""
    with _lock:
        _files.clear()


def of_device(principal: Principal, *, since: str | None, with_names: bool) -> bytes:
    """Return a device's snapshot, full or from a cursor on.

    A full one also where the cursor is too old or of a former fingerprint key. Raises InvalidCursor, Unavailable while
    the first one is built.
    """
    event_id = str(principal.claims["event_id"])
    cursor = cursors.opened(since, WHAT, event_id) if since else None
    settings = feed.begin(event_id)
    control = gate_control.control(event_id)
    wants_names = with_names and control.event.offline_names is not False
    if cursor is None or cursor.is_old or cursor.generation != settings.generation:
        return _full(principal, event_id, settings, with_names=wants_names)
    return _delta(principal, event_id, settings, since=(since or "", cursor), with_names=wants_names)


def _full(principal: Principal, event_id: str, settings: OfflineEvent, *, with_names: bool) -> bytes:
    found = base(event_id, settings)
    cursor = Cursor(found.number, found.read_at, int(found.read_at.timestamp()), found.generation)
    content = _file(found.folder + builds.TABLES)
    if content is None:
        raise Unavailable(retry_after=1)  # a build has just replaced it
    # There is none where names were switched off when it was built.
    kept = _file(found.folder + builds.NAMES) if with_names else None
    opened = names.opened(kept, folder=found.folder) if kept else None
    head = _Head(cursor, None, found.read_at, found.sections, opened)
    return _sealed(principal, event_id, settings, head=head, content=content)


def _delta(
    principal: Principal, event_id: str, settings: OfflineEvent, *, since: tuple[str, Cursor], with_names: bool
) -> bytes:
    text, cursor = since
    fed = feed.read(event_id, after=cursor.number, at=cursor.at)
    key, epoch = bytes(settings.fingerprint_key), cursor.epoch
    body = snapshot_format.body(fed.states.tickets.values(), fed.states.cards.values(), key=key, epoch=epoch)
    head = _Head(
        Cursor(fed.number, fed.at, epoch, cursor.generation),
        text,
        clock.now(),
        body.sections,
        _names_of(fed, key) if with_names else None,
        fed.has_more,
    )
    return _sealed(principal, event_id, settings, head=head, content=body.content)


def _names_of(fed: Fed, key: bytes) -> bytes:
    return names.packed(
        {
            snapshot_format.ticket_fingerprint(key, ticket.ticket_id).hex(): (ticket.holder_name, ticket.tier)
            for ticket in feed.read_tickets(fed.states.tickets)
        }
    )


def base(event_id: str, settings: OfflineEvent) -> OfflineBase:
    """Return the last full snapshot. Raises Unavailable where there is none that a device may start with."""
    base = operations.get(keys.offline.base(event_id))
    now = clock.now()
    if base is None or base.generation != settings.generation or now - base.read_at > OLDEST:
        builds.begin(event_id)
        wait = max(settings.started_at + feed.FED_AFTER - now, timedelta(0))
        raise Unavailable(
            "The snapshot of this event is being made. Ask again shortly.",
            retry_after=int(wait.total_seconds()) + _BUILD_SECONDS,
        )
    if now - base.read_at > REBUILT_AFTER:
        builds.begin(event_id)
    return base


def _file(key: str) -> bytes | None:
    with _lock:
        known = _files.get(key)
    if known is None:
        known = files.read(key, limit=_MOST_BYTES)
        if known is None:
            return None
        with _lock:
            _files[key] = known
            while len(_files) > _KEPT_FILES:
                del _files[next(iter(_files))]
    return known


def _sealed(principal: Principal, event_id: str, settings: OfflineEvent, *, head: _Head, content: bytes) -> bytes:
    kid, key = signing.signer(signing.TICKET_CODES)
    around = peers.of_event(event_id)
    hub = peers.hub(around)
    cursor = head.cursor.sealed(WHAT, event_id)
    mine = next((peer for peer in around if peer.device_id == principal.id), None)
    sealed_names = (
        names.sealed(head.names, public_key=mine.public_key, cursor=cursor) if head.names is not None and mine else None
    )
    fields: dict[str, Any] = {
        "event_id": event_id,
        "device_id": principal.id,
        "cursor": cursor,
        "since": head.since,
        "epoch": head.cursor.epoch,
        "generated_at": clock.to_text(head.made_at),
        "expires_at": clock.to_text(head.made_at + LIFETIME),
        "count": head.sections["tickets"],
        "more": head.has_more,
        "key_id": kid,
        "sections": dict(head.sections),
        "fingerprint_key": _text(bytes(settings.fingerprint_key)),
        "peers": [{"device_id": each.device_id, "gate": each.gate, "public_key": each.public_key} for each in around],
        "hub": {"device_id": hub.device_id, "address": hub.hub} if hub else None,
        "event": _facts(event_id),
        "names": sealed_names,
    }
    return snapshot_format.sealed(fields, content, signed_by=key)


def _facts(event_id: str) -> dict[str, Any]:
    """Return what the rule of admission asks about the event."""
    control = gate_control.control(event_id)
    facts = control.facts
    return {
        "event_id": event_id,
        "status": facts.status,
        "opens_at": clock.to_text(facts.opens_at),
        "closes_at": clock.to_text(facts.closes_at),
        "scanning_enabled": facts.scanning_enabled,
        "re_entry_allowed": facts.re_entry_allowed,
        "timezone": control.event.timezone,
    }


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
