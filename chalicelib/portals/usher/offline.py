"""The ushers' portal: what a phone keeps of its event to decide without the network."""

import base64
from collections.abc import Callable
from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.offline import phone_syncs
from chalicelib.domain.offline.phone_syncs import KeptCard, Sync
from chalicelib.domain.tickets import tickets
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.usher import offline as schema

bp = Blueprint(__name__)
_BASE = "/api/usher/sync"
_REFUSES = (errors.InvalidCursor, errors.Unavailable)


def _page(sync: Sync[Any], show: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "results": [show(each) for each in sync.results],
        "next": sync.next,
        "cursor": sync.cursor,
        "full": sync.full,
        "deleted": list(sync.deleted),
        "generated_at": sync.generated_at,
        "expires_at": sync.expires_at,
    }


def _attendee(ticket: Any) -> schema.SyncedAttendeeOut:
    admitted = ticket.admission
    return schema.SyncedAttendeeOut(
        ticket_id=ticket.ticket_id,
        number=ticket.number,
        name=ticket.holder_name,
        photo_url=ticket.photo_url,
        tier=ticket.tier,
        labels=tickets.labels_shown(ticket),
        status=ticket.status,
        credential=ticket.credential,
        disputed=bool(ticket.disputed),
        scan_status="previously_scanned" if admitted else "not_scanned",
        presence=ticket.presence,
        scanned_at=(admitted.scanned_at or admitted.decided_at) if admitted else None,
    )


def _card(card: KeptCard) -> schema.SyncedCardOut:
    state = card.state
    return schema.SyncedCardOut(
        fingerprint=card.fingerprint,
        status=card.status,
        secure=state.secure,
        counter=state.counter,
        ticket_ids=list(state.ticket_ids),
    )


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/attendees",
        guard=USHER,
        query=schema.SyncIn,
        reply=schema.AttendeesOut,
        refuses=_REFUSES,
        links=(Link("usher_sync_attendees", {"since": "/cursor"}),),
    ),
)
def usher_sync_attendees(call: Call[None, schema.SyncIn]) -> schema.AttendeesOut:
    """List the event's attendees for a phone, or what changed of them since a cursor."""
    found = phone_syncs.attendees(call.principal.event_id, since=call.query.since)
    return schema.AttendeesOut(**_page(found, _attendee))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/cards",
        guard=USHER,
        query=schema.SyncIn,
        reply=schema.CardsOut,
        refuses=_REFUSES,
        links=(Link("usher_sync_cards", {"since": "/cursor"}),),
    ),
)
def usher_sync_cards(call: Call[None, schema.SyncIn]) -> schema.CardsOut:
    """List the event's cards for a phone, or what changed of them since a cursor."""
    found = phone_syncs.cards(call.principal.event_id, since=call.query.since)
    key = base64.urlsafe_b64encode(found.fingerprint_key).decode().rstrip("=")
    return schema.CardsOut(fingerprint_key=key, **_page(found, _card))
