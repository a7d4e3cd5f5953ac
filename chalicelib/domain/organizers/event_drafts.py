"""Drafts of events: an organizer writes and submits one, and the staff publish it or send it back.

A draft is an event that no public page, sale or gate knows. Its ticket categories are part of its item, so that a
change is one conditional write. Publishing lays them with their stock, in the transaction that publishes the event.
What was valid when the draft was written is checked again when it is submitted, and when it is published.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.access import accounts, throttle
from chalicelib.domain.events import categories, drafted_categories, events, venues
from chalicelib.domain.organizers import draft_rules, event_differences, organizer_events
from chalicelib.domain.organizers.organizer_events import OwnEvent
from chalicelib.errors import Conflict, InvalidState, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Category, Counters, Event
from chalicelib.vocabulary.events import DraftReview, EventStatus

_DAY = timedelta(days=1)
# Fields of the wire that an attribute of Event with another name stores.
_STORED_AS = {"refund_deadline": "refunds_until"}
# What `apply` sets by the field's own name.
_SET = (
    "title",
    "description",
    "category",
    "starts_at",
    "ends_at",
    "timezone",
    "image_url",
    "children_enabled",
    "re_entry_allowed",
    "scanning_opens_at",
    "scanning_closes_at",
    "refund_deadline",
)
FIELDS = (*_SET, "venue_id", "ticket_categories")
# The note of a draft whose change has taken it back from the staff.
WITHDRAWN = "This draft was changed after it was submitted, so the staff no longer have it. Submit it again."


def create(organizer_id: str, given: Mapping[str, Any], *, operation_id: str, event_id: str | None = None) -> OwnEvent:
    """Create a draft, idempotent by operation. `given` has the contract's field names.

    Raises ValidationFailed, NotFound (the venue), RateLimited (as many drafts a day as `limits.drafts_a_day`).
    """
    try:
        return _shown(_create(organizer_id, event_id or new_id("evt"), given, operation_id=operation_id))
    except (Refusal, operations.ConditionFailed) as failure:
        # This operation may have succeeded on an earlier try whose response was lost.
        done = idempotency.result_of(operation_id)
        if done is None and isinstance(failure, operations.ConditionFailed):
            venues.get(given.get("venue_id") or "")  # deleted meanwhile: NotFound
        if done is None:
            raise
        return _shown(events.get(done))


def _create(organizer_id: str, event_id: str, given: Mapping[str, Any], *, operation_id: str) -> Event:
    event = Event(
        *keys.events.event(event_id),
        event_id=event_id,
        status=EventStatus.DRAFT,
        organizer_id=organizer_id,
        organizer_name=accounts.get(organizer_id).name,
        drafted_categories=[],
    )
    apply(event, given)
    event.put_in_gsi1(events.place_of(event, organizer_id))
    limit = config().limits.drafts_a_day
    counted = throttle.counting("event_drafts", organizer_id, limit=limit, window=_DAY, tried="drafts")
    try:
        operations.commit(
            counted.write,
            idempotency.once(operation_id, event_id),
            operations.put(event, Event.pk.does_not_exist()),
            operations.put(Counters(*keys.gate.counters(event_id)), Counters.pk.does_not_exist()),
            *venues.moving(None, venues.counted_at(event)),
        )
    except operations.ConditionFailed as failure:
        if 0 in failure.failures:
            raise counted.refusal from failure
        raise
    logger.info("event drafted", extra={"event_id": event_id, "organizer_id": organizer_id})
    return event


def change(organizer_id: str, event_id: str, given: Mapping[str, Any], *, version: int | None = None) -> OwnEvent:
    """Change a draft: a field that is left out keeps its value, None clears it.

    A submitted one is withdrawn by that, and its note says so; a request that changes nothing, such as one that comes
    again, leaves it. `version` is the one that the caller has seen. Raises NotFound (the event, the venue),
    ValidationFailed, InvalidState (it is no draft any more), Conflict (another version; with the present state),
    Unavailable.
    """
    for _ in retries.attempts():
        event = organizer_events.own(organizer_id, event_id)
        _require_draft(event)
        seen, venue_id = event.version, venues.counted_at(event)
        if version is not None and version != seen:
            present = event_differences.wire(event_differences.state(event))
            raise Conflict.stale("The draft", {**present, "version": seen})
        before = event.to_dynamodb_dict()
        apply(event, given)
        if event.to_dynamodb_dict() == before:
            return _shown(event)
        actions = [*_stored(event), *Event.in_gsi1(events.place_of(event, organizer_id))]
        if event.review == DraftReview.SUBMITTED:
            actions.append(Event.review.remove())
            actions.append(Event.review_note.set(WITHDRAWN))
        if _decide(event, actions, *venues.moving(venue_id, venues.counted_at(event))):
            return _shown(events.get(event_id))
    raise Unavailable("This draft is being changed at this moment. Try again.", retry_after=1)


def _shown(event: Event) -> OwnEvent:
    return OwnEvent(event, drafted_categories.of(event) or categories.of(event.event_id))


def apply(event: Event, given: Mapping[str, Any]) -> None:
    """Set the fields of a loaded draft by their names in `FIELDS`, and require that the event can be held so.

    Raises ValidationFailed, NotFound (the venue).
    """
    for name in _SET:
        if name in given:
            setattr(event, _STORED_AS.get(name, name), given[name])
    if "venue_id" in given:
        venue_id = given["venue_id"]
        venue = venues.get(venue_id) if venue_id else None
        event.venue = venues.copy_of(venue) if venue else None
        event.gates = venues.gates_of(venue) if venue else None
    if "ticket_categories" in given:
        known = [category["id"] for category in event.drafted_categories or ()]
        event.drafted_categories = drafted_categories.stored(
            draft_rules.drafted(given["ticket_categories"] or (), known)
        )
    draft_rules.require(event, drafted_categories.of(event))


def _stored(event: Event) -> list[Action]:
    """Return the updates that store a draft's fields; others, such as a follower's marks, stay."""
    names = [*(_STORED_AS.get(name, name) for name in _SET), "venue", "gates", "drafted_categories"]
    values = {name: getattr(event, name) for name in names}
    attributes = {name: getattr(Event, name) for name in names}
    return [
        attributes[name].remove() if value is None else attributes[name].set(value) for name, value in values.items()
    ]


def _as_seen(version: int) -> Condition:
    same: Condition = (Event.version == version) & (Event.status == EventStatus.DRAFT)
    return same


def _require_draft(event: Event) -> None:
    if event.status != EventStatus.DRAFT:
        raise InvalidState(f"This event is {event.status}, no draft. Ask for a change by an edit request.")
    if event.drafted_categories is None or event.prepared_by_staff:
        raise InvalidState("The platform's staff prepare this event. Ask them for a change.")


def submit(organizer_id: str, event_id: str) -> OwnEvent:
    """Ask the staff to publish a draft; idempotent.

    Raises NotFound, InvalidState (it is no draft), ValidationFailed (it is not complete, or its times have passed),
    Unavailable.
    """
    for _ in retries.attempts():
        event = organizer_events.own(organizer_id, event_id)
        _require_draft(event)
        if event.review == DraftReview.SUBMITTED:
            return _shown(event)
        draft_rules.require_complete(event, drafted_categories.of(event))
        actions: list[Action] = [Event.review.set(DraftReview.SUBMITTED), Event.review_note.remove()]
        if _decide(event, actions):
            logger.info("draft submitted", extra={"event_id": event_id, "organizer_id": organizer_id})
            return _shown(events.get(event_id))
    raise Unavailable("This draft is being changed at this moment. Try again.", retry_after=1)


def publish_draft(event: Event) -> list[Category]:
    """Make a loaded draft a published event, without writing it, and return its categories, to be laid with it.

    Raises InvalidState (neither submitted nor prepared by staff), ValidationFailed (not complete, its times passed).
    """
    if not event.prepared_by_staff:
        _require_submitted(event)
    offered = drafted_categories.of(event)
    draft_rules.require_complete(event, offered)
    event.status = EventStatus.PUBLISHED
    event.review = event.review_note = event.drafted_categories = None
    return offered


def send_draft_back(event: Event, *, note: str | None) -> None:
    """Make a loaded draft one that was sent back, without writing it. Raises InvalidState (it is not submitted)."""
    if (event.review, event.review_note) != (DraftReview.REJECTED, note):
        _require_submitted(event)
    event.review, event.review_note = DraftReview.REJECTED, note


def _require_submitted(event: Event) -> None:
    if event.status != EventStatus.DRAFT or event.review != DraftReview.SUBMITTED:
        raise InvalidState("This event is no submitted draft.")


def _decide(event: Event, actions: list[Action], *others: operations.Write) -> bool:
    """Change a draft as it was read, together with `others`; return False where it changed meanwhile."""
    place = keys.events.event(event.event_id)
    change = operations.change(place, [*actions, Event.version.add(1)], _as_seen(event.version))
    try:
        operations.commit(change, *others)
    except operations.ConditionFailed:
        return False
    return True
