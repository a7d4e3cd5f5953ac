"""Events: creation, changes, and the live status of their gates."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import asdict
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.domain.admission import EventFacts
from chalicelib.domain.events import gate_control, venues
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Counters, Event, Venue
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.events import EventStatus

# The longest event. Lists by start are read from so long before a day on, to find the events that still run on it.
LONGEST = timedelta(days=92)
# How far ahead an event may be planned. `make rotate ARGS=--prune` reads the events of as many days.
FARTHEST = timedelta(days=10 * 366)
# How long before its start and after its end an event's gates may be open.
GATES_AROUND = timedelta(days=7)
# Times that move with an event.
_TIMED = ("moved_at", "scanning_opens_at", "scanning_closes_at", "refunds_until")


class GateStatus(Struct, frozen=True):
    """The content of a gate's status page."""

    active: bool
    scanning_enabled: bool
    starts_at: datetime
    ends_at: datetime
    tickets_sold: int
    admitted: int
    on_leave: int
    inside: int
    counted_without_ticket: int
    last_scan_at: datetime | None
    server_time: datetime


class EventDraft(Struct, frozen=True, kw_only=True):
    """A new event; each field is the attribute of Event with the same name."""

    title: str
    starts_at: datetime
    ends_at: datetime
    event_id: str | None = None
    status: EventStatus = EventStatus.PUBLISHED
    description: str | None = None
    category: str | None = None
    timezone: str = "UTC"
    scanning_opens_at: datetime | None = None
    scanning_closes_at: datetime | None = None
    scanning_enabled: bool = True
    re_entry_allowed: bool = False
    children_enabled: bool = False
    venue: Venue | None = None
    gates: list[str] | None = None
    organizer_id: str | None = None
    organizer_name: str | None = None
    image_url: str | None = None
    featured: bool = False
    refunds_until: datetime | None = None


def create(draft: EventDraft) -> Event:
    """Create an event with its totals at zero; an event with this `event_id` is returned unchanged.

    Raises ValidationFailed.
    """
    require_times(draft.starts_at, draft.ends_at)
    timezones.require_known(draft.timezone)
    event_id = draft.event_id or new_id("evt")
    attributes = asdict(draft)
    event = Event(*keys.events.event(event_id), **{**attributes, "event_id": event_id})
    event.put_in_gsi2(day_of(event))
    if draft.organizer_id:
        event.put_in_gsi1(place_of(event, draft.organizer_id))
    try:
        operations.commit(
            operations.put(event, Event.pk.does_not_exist()),
            operations.put(Counters(*keys.gate.counters(event_id)), Counters.pk.does_not_exist()),
            *venues.moving(None, draft.venue.id if draft.venue else None),
        )
    except operations.ConditionFailed as failure:
        existing = failure.found(Event)
        if existing is None:
            raise
        return existing
    return event


def require_times(starts_at: datetime, ends_at: datetime, *, field: str = "ends_at") -> None:
    """Raise ValidationFailed if an event ends before it starts, takes longer than LONGEST, or is too far ahead.

    `field` is the name of the end; the start's is beside it.
    """
    if starts_at > clock.now() + FARTHEST:
        begins = field.replace("ends_at", "starts_at")
        raise ValidationFailed(details=[{"field": begins, "message": f"must be at most {FARTHEST.days} days ahead"}])
    if ends_at <= starts_at:
        raise ValidationFailed(details=[{"field": field, "message": "must be after starts_at"}])
    if ends_at - starts_at > LONGEST:
        raise ValidationFailed(
            details=[{"field": field, "message": f"must be at most {LONGEST.days} days after starts_at"}]
        )


def day_of(event: Event) -> Key:
    """Return the place of an event in the list of the day on which its gates open."""
    return keys.events.events_by_day(gate_control.facts_of(event).opens_at.date().isoformat(), event.event_id)


def place_of(event: Event, organizer_id: str) -> Key:
    """Return the place of an event in its organizer's list."""
    return keys.organizers.organizer_events(organizer_id, clock.to_text(event.starts_at), event.event_id)


def get(event_id: str) -> Event:
    """Return an event. Raises NotFound."""
    event = operations.get(keys.events.event(event_id))
    if event is None:
        raise NotFound("There is no such event.")
    return event


def get_many(event_ids: list[str]) -> list[Event]:
    """Return the events that exist, the earliest first."""
    found = operations.get_many([keys.events.event(event_id) for event_id in event_ids])
    return sorted(found.values(), key=lambda event: (event.starts_at, event.event_id))


def leaves(event: Event, venue: object) -> bool:
    """Whether another venue moves an event's customers; a first one moves nobody."""
    return event.venue is not None and isinstance(venue, Venue) and venue.id != event.venue.id


def as_scheduled(event: Event) -> Condition:
    """Return the condition that an event's times are those that were read."""
    same: Condition = (Event.starts_at == event.starts_at) & (Event.ends_at == event.ends_at)
    for attribute, moment in (
        (Event.scanning_opens_at, event.scanning_opens_at),
        (Event.scanning_closes_at, event.scanning_closes_at),
        (Event.refunds_until, event.refunds_until),
    ):
        same &= attribute.does_not_exist() if moment is None else attribute == moment
    return same


def move(event: Event, *, starts_at: datetime, ends_at: datetime) -> None:
    """Move a loaded event in time, without writing it, as `moving` does."""
    start_by, end_by = starts_at - event.starts_at, ends_at - event.ends_at
    if start_by:
        event.moved_at = clock.now()
    for name, by in (("scanning_opens_at", start_by), ("scanning_closes_at", end_by), ("refunds_until", start_by)):
        moment = getattr(event, name)
        if moment is not None:
            setattr(event, name, moment + by)
    event.starts_at, event.ends_at = starts_at, ends_at


def moving(event: Event, *, starts_at: datetime, ends_at: datetime) -> list[Action]:
    """Return the changes that move an event in time: its index keys, its gates' times and its refund deadline too.

    Times that staff have set keep their distance from the start; the closing of the gates keeps it from the end.
    """
    was = {name: getattr(event, name) for name in _TIMED}
    move(event, starts_at=starts_at, ends_at=ends_at)
    actions: list[Action] = [Event.starts_at.set(starts_at), Event.ends_at.set(ends_at)]
    for name in _TIMED:
        moment = getattr(event, name)
        if moment != was[name]:
            actions.append(getattr(Event, name).set(moment))
    actions += Event.in_gsi2(day_of(event))
    if event.organizer_id:
        place = place_of(event, event.organizer_id)
        actions += Event.in_gsi1(place)
    return actions


def status(event_id: str, *, exact: bool = False) -> GateStatus:
    """Return the live status of an event from its running totals, with one read. Raises NotFound.

    With `exact` the read is strongly consistent, so the status includes every scan counted before the call.
    """
    return status_of(gate_control.control(event_id).event, exact=exact)


def status_of(event: Event, *, exact: bool = False) -> GateStatus:
    """Return the live status of a loaded event."""
    counters = operations.get(keys.gate.counters(event.event_id), consistent=exact) or Counters()
    now = clock.now()
    facts = gate_control.facts_of(event)
    return GateStatus(
        active=_is_open(facts, now),
        scanning_enabled=facts.scanning_enabled,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        tickets_sold=counters.sold + counters.sold_online,
        admitted=counters.admitted,
        on_leave=on_leave(event, counters),
        inside=counters.people_inside,
        counted_without_ticket=counters.counted_without_ticket,
        last_scan_at=counters.last_scan_at,
        server_time=now,
    )


def on_leave(event: Event, counters: Counters) -> int:
    """Return how many went out and may come back: nobody may at an event without re-entry."""
    return counters.on_leave if event.re_entry_allowed else 0


def open_now() -> list[Event]:
    """Return the events whose gates are open now; reads one index partition a day."""
    now = clock.now()
    # Gates may be open before its start and after its end.
    longest = (LONGEST + 2 * GATES_AROUND).days
    days = {(now - timedelta(days=back)).astimezone(UTC).date().isoformat() for back in range(longest + 1)}
    found: list[Place[Event]] = []
    for day in sorted(days):
        found += operations.places_of(Event, operations.query(keys.events.events_by_day(day).pk, index="gsi2"))
    events = operations.get_many(found, consistent=False).values()
    return [event for event in events if _is_open(gate_control.facts_of(event), now)]


def _is_open(facts: EventFacts, now: datetime) -> bool:
    return facts.status in (EventStatus.PUBLISHED, EventStatus.LIVE) and facts.opens_at <= now < facts.closes_at
