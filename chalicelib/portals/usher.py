"""The ushers' door: log-in, the scan, and what a gate wants to know around it."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import accounts, sessions, ushers
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.cards import cards
from chalicelib.domain.events import events, gate_control
from chalicelib.domain.gate import attendees, checkin, checkin_log
from chalicelib.domain.gate.checkin_log import CheckinEntry, CheckinFilters
from chalicelib.domain.gate.readings import Caller, Reading, SunMessage
from chalicelib.domain.paging import Page
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import USHER, require_own_event
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas import usher as schema
from chalicelib.schemas.wire import Nothing, PageOut, RefreshIn, TokensOut
from chalicelib.vocabulary import Portal

bp = Blueprint(__name__)
_BASE = "/api/usher"


def _event_out(event: Any) -> dict[str, Any]:
    facts = gate_control.facts_of(event)
    return {
        **{name: getattr(event, name) for name in schema.EventOut.model_fields if hasattr(event, name)},
        "id": event.event_id,
        "scanning_opens_at": facts.opens_at,
        "scanning_closes_at": facts.closes_at,
        "gates": list(event.gates or []),
    }


def _assigned(call: Call[None, None]) -> str:
    principal = call.principal
    return attendees.require_assigned(principal.id, event_id=call.path["event_id"], works_at=principal.event_id)


def _caller(principal: Principal) -> Caller:
    return Caller(id=principal.id, event_id=principal.event_id, name=principal.claims.get("username"))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/login",
        guard=None,
        padded=True,
        body=schema.LoginIn,
        reply=schema.LoginOut,
        refuses=(*refusals.LOG_IN, errors.Forbidden, errors.NotAssigned, errors.NotFound),
        links=(
            Link("usher_event", {"event_id": "/event/id"}),
            Link("usher_event_status", {"event_id": "/event/id"}),
            Link("usher_validate_assignment", {"event_id": "/event/id"}),
            Link("usher_refresh", body={"refresh": "/refresh"}),
        ),
    ),
)
def usher_login(call: Call[schema.LoginIn, None]) -> Any:
    """Log in at one event: role and assignment are checked."""
    body = call.body
    done = ushers.log_in(body.username, body.password, event_id=body.event_id)
    account = done.account
    shown = {"id": account.account_id, "username": account.login, "name": account.name, "roles": account.roles}
    return {**vars_of(done.tokens), "usher": shown, "event": _event_out(done.event)}


def vars_of(pair: sessions.Tokens) -> dict[str, Any]:
    """Return a pair of tokens as fields."""
    return {
        "access": pair.access,
        "refresh": pair.refresh,
        "token_type": pair.token_type,
        "expires_in": pair.expires_in,
    }


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/token/refresh",
        guard=None,
        body=RefreshIn,
        reply=TokensOut,
        refresh=True,
        refuses=(*refusals.REFRESH, errors.Forbidden, errors.NotAssigned),
        links=(Link("usher_refresh", body={"refresh": "/refresh"}),),
    ),
)
def usher_refresh(call: Call[RefreshIn, None]) -> Any:
    """Spend a refresh token for the next pair."""
    return sessions.refresh(call.body.refresh, Portal.USHER)


@door(bp, Route("POST", f"{_BASE}/logout", guard=USHER, reply=Nothing))
def usher_logout(call: Call[None, None]) -> Any:
    """End the session."""
    sessions.end(call.principal.session_id, ended_because="logged out")


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/events",
        guard=USHER,
        reply=PageOut[schema.EventOut],
        links=(
            Link("usher_event", {"event_id": "/results/0/id"}),
            Link("usher_event_status", {"event_id": "/results/0/id"}),
        ),
    ),
)
def usher_events(call: Call[None, None]) -> Any:
    """List the events that the usher is assigned to."""
    found = events.get_many([str(e) for e in accounts.get(call.principal.id).event_ids or []])
    return Page(results=[_event_out(event) for event in found], count=len(found))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/events/{{event_id}}",
        guard=USHER,
        reply=schema.EventOut,
        refuses=(errors.NotAssigned, errors.NotFound),
    ),
)
def usher_event(call: Call[None, None]) -> Any:
    """Show an event that the usher is assigned to."""
    return _event_out(gate_control.control(_assigned(call)).event)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/events/{{event_id}}/validate-assignment",
        guard=USHER,
        reply=schema.AssignmentOut,
        refuses=(errors.NotFound,),
    ),
)
def usher_validate_assignment(call: Call[None, None]) -> Any:
    """Tell whether the usher works at this event."""
    return attendees.assignment(call.principal.id, call.path["event_id"])


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/events/{{event_id}}/status",
        guard=USHER,
        reply=schema.StatusOut,
        refuses=(errors.NotAssigned, errors.NotFound),
    ),
)
def usher_event_status(call: Call[None, None]) -> Any:
    """Show the live status of the event: window and counters."""
    return events.status(_assigned(call))


@door(bp, Route("POST", f"{_BASE}/scan/verify-card", guard=USHER, body=schema.VerifyCardIn, reply=schema.VerifyCardOut))
def usher_verify_card(call: Call[schema.VerifyCardIn, None]) -> Any:
    """Tell whether a card is known and may be used."""
    return attendees.verify_card(call.body.card_id)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/scan/card/{{card_id}}",
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
def usher_card(call: Call[None, None]) -> Any:
    """Show a card."""
    return attendees.card(call.path["card_id"], event_id=call.principal.event_id)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/scan/card/{{card_id}}/validate",
        guard=USHER,
        body=schema.ValidateIn,
        reply=schema.PreviewOut,
        refuses=(errors.NotAssigned,),
    ),
)
def usher_validate_card(call: Call[schema.ValidateIn, None]) -> Any:
    """Tell what a scan of this card would decide now, changing nothing."""
    reading = Reading(scan_id="preview", uid=cards.name_to_uid(call.path["card_id"]), event_id=call.body.event_id)
    return checkin.preview(_caller(call.principal), reading)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/scan/attendee/{{card_id}}",
        guard=USHER,
        reply=schema.AttendeeOut,
        refuses=(errors.ValidationFailed, errors.NotFound),
        links=(Link("usher_card", {"card_id": "/card_id"}),),
    ),
)
def usher_attendee(call: Call[None, None]) -> Any:
    """Show the attendee behind a card, at the usher's event."""
    return attendees.by_card(call.path["card_id"], event_id=call.principal.event_id, by=call.principal.id)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/scan/attendee/{{card_id}}/event/{{event_id}}",
        guard=USHER,
        reply=schema.AttendeeOut,
        refuses=(errors.ValidationFailed, errors.NotAssigned, errors.NotFound),
    ),
)
def usher_attendee_at_event(call: Call[None, None]) -> Any:
    """Show the attendee behind a card, at the event named."""
    event_id = require_own_event(call.principal, call.path["event_id"])
    return attendees.by_card(call.path["card_id"], event_id=event_id, by=call.principal.id)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/scan/result",
        guard=USHER,
        body=schema.ScanIn,
        reply=schema.DecisionOut,
        refuses=(errors.NotAssigned,),
        links=(Link("usher_log", {"log_id": "/log_id"}),),
    ),
)
def usher_scan(call: Call[schema.ScanIn, None]) -> Any:
    """THE SCAN: admit once, atomically, by card, QR or ticket, and log it."""
    body = call.body
    return checkin.scan(
        _caller(call.principal),
        Reading(
            scan_id=body.scan_id,
            uid=cards.name_to_uid(body.card_id) if body.card_id is not None else None,
            code=body.qr,
            ticket_id=body.ticket_id,
            sun=SunMessage(body.sun.picc_data, body.sun.cmac) if body.sun else None,
            event_id=body.event_id,
            gate=body.gate,
            direction=body.direction,
        ),
    )


def _entries_out(page: Page[CheckinEntry]) -> Page[dict[str, Any]]:
    return Page(results=[schema.log_entry(entry) for entry in page.results], next=page.next, count=page.count)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/scan/logs",
        guard=USHER,
        query=schema.LogsIn,
        reply=PageOut[schema.LogEntryOut],
        links=(
            Link("usher_log", {"log_id": "/results/0/id"}),
            Link("usher_card", {"card_id": "/results/0/card_id"}),
            Link("usher_logs", {"cursor": "/next"}),
        ),
    ),
)
def usher_logs(call: Call[None, schema.LogsIn]) -> Any:
    """List the event's scans, newest first, ten a page."""
    query = call.query
    return _entries_out(
        checkin_log.recent(
            call.principal.event_id,
            caller_id=call.principal.id,
            page_size=query.page_size,
            page=query.page,
            cursor=query.cursor,
        )
    )


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/scan/logs/search",
        guard=USHER,
        query=schema.LogSearchIn,
        reply=PageOut[schema.LogEntryOut],
        refuses=(errors.NotAssigned,),
        links=(
            Link("usher_log", {"log_id": "/results/0/id"}),
            Link("usher_card", {"card_id": "/results/0/card_id"}),
            Link("usher_search_logs", {"cursor": "/next"}),
        ),
    ),
)
def usher_search_logs(call: Call[None, schema.LogSearchIn]) -> Any:
    """Find scans by card, usher, result, attendee and time."""
    query = call.query
    filters = CheckinFilters(
        card_id=query.card_id,
        username=query.username,
        result=query.result,
        attendee=query.attendee,
        date_from=query.begins_at(),
        date_to=query.ends_at(),
    )
    event_id = require_own_event(call.principal, query.event_id)
    return _entries_out(
        checkin_log.search(
            event_id, filters, caller_id=call.principal.id, page_size=query.page_size, cursor=query.cursor
        )
    )


@door(
    bp, Route("GET", f"{_BASE}/scan/logs/{{log_id}}", guard=USHER, reply=schema.LogEntryOut, refuses=(errors.NotFound,))
)
def usher_log(call: Call[None, None]) -> Any:
    """Show one scan of the event's log."""
    return schema.log_entry(checkin_log.get(call.principal.event_id, call.path["log_id"]))
