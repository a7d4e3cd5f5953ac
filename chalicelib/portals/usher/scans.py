"""The ushers' portal: cards, scans and attendees."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.cards import cards
from chalicelib.domain.gate import attendees, checkin
from chalicelib.domain.gate.readings import Caller, Reading, SunMessage
from chalicelib.portals.http.auth import USHER, require_own_event
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.usher import scans as schema
from chalicelib.vocabulary.gate import Direction, ScanKind

bp = Blueprint(__name__)
_BASE = "/api/usher/scan"


def caller_of(principal: Principal) -> Caller:
    """Return the usher as the caller of a scan."""
    return Caller(id=principal.id, event_id=principal.event_id, name=principal.claims.get("username"))


def _preview(card_name: str, event_id: str | None) -> Reading:
    return Reading(scan_id="preview", uid=cards.name_to_uid(card_name), event_id=event_id)


def _attendee(call: Call[None, schema.AttendeeIn], event_id: str) -> schema.AttendeeOut:
    card, usher_id = call.path["card_id"], call.principal.id
    found = attendees.by_card(card, event_id=event_id, by=usher_id, with_health=call.query.health)
    return schema.AttendeeOut.read(found)


def reading_of(
    shown: schema.ShownIn,
    *,
    direction: Direction = Direction.ENTRY,
    kind: ScanKind = ScanKind.SCAN,
    note: str | None = None,
) -> Reading:
    """Return the reading of what was shown."""
    return Reading(
        scan_id=shown.scan_id,
        uid=cards.name_to_uid(shown.card_id) if shown.card_id is not None else None,
        code=shown.qr,
        ticket_id=shown.ticket_id,
        sun=SunMessage(shown.sun.picc_data, shown.sun.cmac) if shown.sun else None,
        event_id=shown.event_id,
        gate=shown.gate,
        direction=direction,
        kind=kind,
        note=note,
    )


@door(bp, Route("POST", f"{_BASE}/verify-card", guard=USHER, body=schema.VerifyCardIn, reply=schema.VerifyCardOut))
def usher_verify_card(call: Call[schema.VerifyCardIn, None]) -> schema.VerifyCardOut:
    """Return whether a card is known and may be used."""
    return schema.VerifyCardOut.read(attendees.verify_card(call.body.card_id))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/card/{{card_id}}",
        guard=USHER,
        reply=schema.CardOut,
        refuses=(errors.ValidationFailed, errors.NotFound),
        links=(
            Link("usher_attendee", {"card_id": "/id"}),
            Link("usher_validate_card", {"card_id": "/id"}),
            Link("usher_verify_card", body={"card_id": "/id"}),
        ),
    ),
)
def usher_card(call: Call[None, None]) -> schema.CardOut:
    """Show a card."""
    return schema.CardOut.read(attendees.card(call.path["card_id"], event_id=call.principal.event_id))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/card/{{card_id}}/validate",
        guard=USHER,
        body=schema.ValidateIn,
        reply=schema.PreviewOut,
        refuses=(errors.NotAssigned,),
    ),
)
def usher_validate_card(call: Call[schema.ValidateIn, None]) -> schema.PreviewOut:
    """Return what a scan of this card would decide now; nothing changes."""
    reading = _preview(call.path["card_id"], call.body.event_id)
    return schema.PreviewOut.read(checkin.preview(caller_of(call.principal), reading))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/attendee/{{card_id}}",
        guard=USHER,
        query=schema.AttendeeIn,
        reply=schema.AttendeeOut,
        refuses=(errors.ValidationFailed, errors.NotFound),
        links=(Link("usher_card", {"card_id": "/card_id"}),),
    ),
)
def usher_attendee(call: Call[None, schema.AttendeeIn]) -> schema.AttendeeOut:
    """Show the attendee behind a card, at the usher's event."""
    return _attendee(call, call.principal.event_id)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/attendee/{{card_id}}/event/{{event_id}}",
        guard=USHER,
        query=schema.AttendeeIn,
        reply=schema.AttendeeOut,
        refuses=(errors.ValidationFailed, errors.NotAssigned, errors.NotFound),
    ),
)
def usher_attendee_at_event(call: Call[None, schema.AttendeeIn]) -> schema.AttendeeOut:
    """Show the attendee behind a card, at the event named."""
    return _attendee(call, require_own_event(call.principal, call.path["event_id"]))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/result",
        guard=USHER,
        body=schema.ScanIn,
        reply=schema.DecisionOut,
        refuses=(errors.NotAssigned,),
        links=(Link("usher_log", {"log_id": "/log_id"}),),
    ),
)
def usher_scan(call: Call[schema.ScanIn, None]) -> schema.DecisionOut:
    """THE SCAN: admit once, atomically, by card, QR code or ticket, and log it."""
    return schema.DecisionOut.read(
        checkin.scan(caller_of(call.principal), reading_of(call.body, direction=call.body.direction))
    )
