"""Campus: events."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalice import Blueprint

from chalicelib import clock, errors
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import (
    campus_events,
    event_fields,
    event_pages,
    event_records,
    rosters,
    rotating_codes,
)
from chalicelib.domain.campus.events.event_pages import EventPeriod
from chalicelib.domain.campus.events.roster_lists import RosterInput
from chalicelib.domain.campus.events.rosters import ListedPerson, RosterChange
from chalicelib.domain.campus.people import campus_names
from chalicelib.domain.lists.campus_events import CAMPUS_EVENTS
from chalicelib.portals.http.auth import CAMPUS, CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import asked_of, query_with
from chalicelib.portals.http.route import Call, FormBody, Link, Route
from chalicelib.schemas.campus import events as schema
from chalicelib.schemas.wire import PageIn, PageOut
from chalicelib.vocabulary.campus import CampusRole, ErasedKind

bp = Blueprint(__name__)
_BASE = "/api/campus/events"
_ONE = f"{_BASE}/{{event_id}}"
# Rows of a roster that name nobody: an answer has the first ones.
_MOST_UNKNOWN = 1_000
_NEXT = (
    Link("campus_event", {"event_id": "/id"}),
    Link("campus_change_event", {"event_id": "/id"}),
    Link("campus_event_qr", {"event_id": "/id"}),
    Link("campus_refresh_qr", {"event_id": "/id"}),
    Link("campus_roster", {"event_id": "/id"}),
    Link("campus_set_roster", {"event_id": "/id"}),
    Link("campus_delete_event", {"event_id": "/id"}),
    Link("campus_event_analytics", {"event_id": "/id"}),
    Link("campus_event_records", {"event_id": "/id"}),
    Link("campus_mark", {"event_id": "/id"}),
    Link("campus_realtime", {"event_id": "/id"}),
    Link("campus_realtime_ticket", {"event_id": "/id"}),
)


def _event_out(event: Any, by: Principal, organizers: Mapping[str, str]) -> schema.CampusEventOut:
    rule, second = event.rule_of_expected, event.second_window
    sees_codes = by.claims.get("role") != CampusRole.STUDENT
    return schema.CampusEventOut(
        id=event.event_id,
        title=event.title,
        description=event.description,
        location=event.location,
        latitude=event.latitude,
        longitude=event.longitude,
        location_radius=event.location_radius,
        start_datetime=event.starts_at,
        end_datetime=event.ends_at,
        late_until=event.late_until,
        closes_at=event.closes_at,
        second_window=schema.WindowOut(**second) if second else None,
        campus=campus_names.name_of(event.campus_id),
        campus_id=event.campus_id,
        timezone=event.timezone,
        organizer=organizers.get(event.organizer_id, ""),
        organizer_id=event.organizer_id,
        is_active=event.is_active,
        require_photos=event.require_photos,
        require_signature=event.require_signature,
        require_location=event.require_location,
        retention=schema.RetentionOut(**{f"{kind}_days": event_fields.kept_days(event, kind) for kind in ErasedKind}),
        expected=_expected_out(rule) if rule else None,
        roster_size=event.roster_size,
        roster_version=event.roster_version,
        qr_expires_at=rotating_codes.expires_at(clock.now()) if sees_codes else None,
        created_at=event.created_at,
        version=event.version,
    )


def _expected_out(rule: Mapping[str, Any]) -> schema.ExpectedOut:
    campus_id = rule.get("campus_id")
    return schema.ExpectedOut(
        department=rule.get("department"),
        year_level=rule.get("year_level"),
        campus=campus_names.name_of(campus_id) if campus_id else None,
    )


def _shown(events: Sequence[Any], by: Principal) -> list[schema.CampusEventOut]:
    organizers = event_pages.organizers(events)
    return [_event_out(event, by, organizers) for event in events]


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=CAMPUS,
        query=query_with(CAMPUS_EVENTS, schema.CampusEventsIn),
        reply=PageOut[schema.CampusEventOut],
        links=(Link("campus_event", {"event_id": "/results/0/id"}), Link("campus_list_events", {"cursor": "/next"})),
    ),
)
def campus_list_events(call: Call[None, schema.CampusEventsIn]) -> PageOut[schema.CampusEventOut]:
    """List events, newest first: students see active ones, staff those they are staff of."""
    period = EventPeriod(call.query.date_from, call.query.date_to)
    asked = asked_of(CAMPUS_EVENTS, call)
    page = event_pages.page(asked, call.principal, campus=call.query.campus, period=period)
    return PageOut(results=_shown(page.results, call.principal), next=page.next, count=page.count)


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=CAMPUS_STAFF,
        body=schema.CampusEventIn,
        reply=schema.CampusEventOut,
        status=201,
        idempotent=True,
        refuses=(errors.Conflict,),
        links=_NEXT,
    ),
)
def campus_create_event(call: Call[schema.CampusEventIn, None]) -> schema.CampusEventOut:
    """Create an event."""
    event = event_records.create(call.body.fields(), by=call.principal, operation_id=call.operation_id)
    return _shown([event], call.principal)[0]


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/bulk-create",
        guard=CAMPUS_STAFF,
        body=schema.BulkEventsIn,
        reply=schema.BulkEventsOut,
        status=201,
        idempotent=True,
        limit=schema.BULK_LIMIT,
        refuses=(errors.Conflict,),
    ),
)
def campus_create_events(call: Call[schema.BulkEventsIn, None]) -> schema.BulkEventsOut:
    """Create many events, all of them or none."""
    body = call.body
    events = event_records.create_many(body.fields(), body.unread(), by=call.principal, operation_id=call.operation_id)
    return schema.BulkEventsOut(events=_shown(events, call.principal), count=len(events))


@door(bp, Route("GET", _ONE, guard=CAMPUS, reply=schema.CampusEventOut, refuses=(errors.NotFound,), links=_NEXT[1:]))
def campus_event(call: Call[None, None]) -> schema.CampusEventOut:
    """Show an event."""
    event = campus_events.require_visible(call.path["event_id"], call.principal, fresh=True)
    return _shown([event], call.principal)[0]


@door(
    bp,
    Route(
        "PUT",
        f"{_ONE}/update",
        guard=CAMPUS_STAFF,
        body=schema.CampusEventChangeIn,
        reply=schema.CampusEventOut,
        refuses=(errors.NotFound, errors.Conflict),
        links=(_NEXT[0], *_NEXT[2:]),
    ),
)
def campus_change_event(call: Call[schema.CampusEventChangeIn, None]) -> schema.CampusEventOut:
    """Change an event."""
    body = call.body
    event = event_records.change(call.path["event_id"], body.fields(), by=call.principal, version=body.version)
    return _shown([event], call.principal)[0]


@door(bp, Route("DELETE", f"{_ONE}/delete", guard=CAMPUS_STAFF, status=204, refuses=(errors.NotFound,)))
def campus_delete_event(call: Call[None, None]) -> None:
    """Delete an event: nobody sees it any more, and its records stay."""
    event_records.delete(call.path["event_id"], by=call.principal)


def _listed_out(listed: ListedPerson) -> schema.ListedPersonOut:
    profile = listed.profile
    return schema.ListedPersonOut(
        id=listed.entry.user_id,
        student_id=profile.student_id if profile else None,
        full_name=f"{profile.first_name} {profile.last_name}" if profile else None,
        department=profile.department if profile else None,
        year_level=profile.year_level if profile else None,
        added_at=listed.entry.added_at,
    )


def _roster_change_out(event_id: str, changed: RosterChange) -> schema.RosterChangeOut:
    rows = changed.unknown[:_MOST_UNKNOWN]
    return schema.RosterChangeOut(
        event_id=event_id,
        version=changed.version,
        size=changed.size,
        added=changed.added,
        removed=changed.removed,
        unknown_count=len(changed.unknown),
        unknown=[schema.UnknownRowOut(line=row.line, value=row.said, message=row.message) for row in rows],
    )


@door(
    bp,
    Route(
        "GET",
        f"{_ONE}/roster",
        guard=CAMPUS_STAFF,
        query=PageIn,
        reply=PageOut[schema.ListedPersonOut],
        refuses=(errors.NotFound,),
        links=(Link("campus_roster", {"cursor": "/next"}),),
    ),
)
def campus_roster(call: Call[None, PageIn]) -> PageOut[schema.ListedPersonOut]:
    """List the people on the roster of an event."""
    query = call.query
    page = rosters.page(call.path["event_id"], by=call.principal, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, _listed_out)


@door(
    bp,
    Route(
        "PUT",
        f"{_ONE}/roster",
        guard=CAMPUS_STAFF,
        body=schema.RosterIn,
        reply=schema.RosterChangeOut,
        limit=schema.ROSTER_LIMIT,
        form=FormBody(schema.ROSTER_LIMIT, files=("csv",), of_csv="csv"),
        refuses=(errors.NotFound, errors.Conflict),
    ),
)
def campus_set_roster(call: Call[schema.RosterIn, None]) -> schema.RosterChangeOut:
    """Set who is expected at an event, or add or remove people: at most 5,000; rows that name nobody are answered."""
    event_id = call.path["event_id"]
    sent = RosterInput(**{**call.body.lists(), **call.files})
    return _roster_change_out(event_id, rosters.change(event_id, sent, by=call.principal))
