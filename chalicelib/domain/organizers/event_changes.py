"""Events as staff write them: created, changed, published, sent back, ended and archived.

A change is made on a copy of the event. What differs is written in one transaction, on the condition that the event's
version and times are those that were read. An event on sale is cancelled by its cancellation, never by a change.
"""

import copy
from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import idempotency, timezones
from chalicelib.domain.access import accounts
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import categories, drafted_categories, events, gate_control, stock, venues
from chalicelib.domain.organizers import draft_rules, event_differences, event_drafts, event_edits, event_moves
from chalicelib.domain.organizers.event_differences import EDITED, PLAIN
from chalicelib.domain.organizers.event_edits import Difference, EventSnapshot
from chalicelib.domain.organizers.organizer_events import OwnEvent
from chalicelib.errors import Conflict, InvalidState, NotFound, Refusal, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Category, Counters, Event, Settlement
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.events import EventStatus

# The states that staff may move an event to, by its present one. A cancellation is an act of its own.
MAY_BECOME: Mapping[EventStatus, tuple[EventStatus, ...]] = {
    EventStatus.DRAFT: (EventStatus.PUBLISHED, EventStatus.ARCHIVED),
    EventStatus.PUBLISHED: (EventStatus.LIVE, EventStatus.ENDED),
    EventStatus.LIVE: (EventStatus.ENDED,),
    EventStatus.ENDED: (EventStatus.ARCHIVED,),
    EventStatus.CANCELLED: (EventStatus.ARCHIVED,),
    EventStatus.ARCHIVED: (),
}
_ON_SALE = (EventStatus.PUBLISHED, EventStatus.LIVE)
# A transaction takes 100 actions (AWS); its audit entry and the event itself need some.
_WRITES_AT_MOST = operations.TRANSACTION_LIMIT - 6


def get(event_id: str) -> OwnEvent:
    """Return an event with its categories. Raises NotFound."""
    return _shown(events.get(event_id))


def _shown(event: Event) -> OwnEvent:
    return OwnEvent(event, drafted_categories.of(event) or categories.of(event.event_id))


def create(given: Mapping[str, Any], *, operation_id: str) -> OwnEvent:
    """Create an event as a draft, or published at once; idempotent by operation. `given` has the contract's names.

    Raises ValidationFailed (a field, the organizer), NotFound (the venue), Unavailable.
    """
    for _ in retries.attempts():
        try:
            return _create(given, operation_id=operation_id)
        except (Refusal, operations.ConditionFailed) as failure:
            # This operation may have succeeded on an earlier try whose response was lost.
            done = idempotency.result_of(operation_id)
            if done is not None:
                return get(done)
            if isinstance(failure, Refusal):
                raise  # else the venue was deleted after it was read
    raise Unavailable("The venue of this event is being changed at this moment. Try again.", retry_after=1)


def _create(given: Mapping[str, Any], *, operation_id: str) -> OwnEvent:
    event_id = new_id("evt")
    event = Event(
        *keys.events.event(event_id),
        event_id=event_id,
        status=EventStatus.DRAFT,
        prepared_by_staff=True,
        drafted_categories=[],
    )
    event_drafts.apply(event, given)
    _set_own(event, given)
    _set_organizer(event, given)
    laid: list[Write] = []
    offered = event.drafted_categories
    if given.get("status") == EventStatus.PUBLISHED:
        laid = _publish(event)
    _index(event)
    acts.commit(
        idempotency.once(operation_id, event_id),
        operations.put(event, Event.pk.does_not_exist()),
        operations.put(Counters(*keys.gate.counters(event_id)), Counters.pk.does_not_exist()),
        *laid,
        *venues.moving(None, venues.counted_at(event)),
        subject=AuditSubject("event", event_id, after={**event_differences.state(event), "ticket_categories": offered}),
    )
    logger.info("event created", extra={"event_id": event_id, "status": event.status})
    return _shown(event)


def change(event_id: str, given: Mapping[str, Any], *, version: int | None = None) -> OwnEvent:
    """Change an event: a field that is left out stays, None clears it. `given` has the contract's names.

    A draft takes its fields, its categories as a whole, and its review. Of an event on sale, categories change one by
    one. Raises NotFound (the event, the venue), ValidationFailed, Conflict (another version, with the present state),
    InvalidState (the state does not allow it; a capacity under what is sold; a price that was sold at; another
    organizer once the books are closed), Unavailable.
    """
    for _ in retries.attempts():
        before = events.get(event_id)
        after = copy.deepcopy(before)
        _require_version(before, version)
        if before.status == EventStatus.DRAFT:
            writes, diff = _change_draft(after, given)
        elif before.status in _ON_SALE:
            writes, diff = _change_shown(after, given)
        else:
            writes, diff = _change_closed(after, given), []
        _index(after)
        if after.organizer_id != before.organizer_id and before.status != EventStatus.DRAFT:
            writes.append(_books_are_open(event_id))
        writes += venues.moving(venues.counted_at(before), venues.counted_at(after))
        actions, was, now = event_differences.difference(before, after)
        was |= {each["field"]: each["from"] for each in diff}
        now |= {each["field"]: each["to"] for each in diff}
        if not actions and not writes:
            return _shown(before)
        if len(writes) > _WRITES_AT_MOST:
            raise _invalid("ticket_categories", "too much at once; send some of it in another request")
        if _commit(before, actions, writes, subject=AuditSubject("event", event_id, before=was, after=now)):
            logger.info("event changed", extra={"event_id": event_id, "fields": sorted(now)})
            return _shown(events.get(event_id))
    raise Unavailable("This event is being changed at this moment. Try again.", retry_after=1)


def _require_version(event: Event, version: int | None) -> None:
    """Raise Conflict, with the present state, for another version."""
    if version is None or version == event.version:
        return
    present = event_differences.wire(event_differences.state(event))
    raise Conflict.stale("The event", {**present, "version": event.version})


def _commit(event: Event, actions: list[Action], writes: list[Write], *, subject: AuditSubject) -> bool:
    """Write a change of the event as it was read; return whether nothing had changed meanwhile."""
    place = keys.events.event(event.event_id)
    as_read: Condition = (Event.status == event.status) & events.as_scheduled(event)
    as_read &= Event.version == event.version if event.version else event_differences.unversioned()
    try:
        acts.commit(operations.change(place, [*actions, Event.version.add(1)], as_read), *writes, subject=subject)
    except operations.ConditionFailed:
        return False
    gate_control.forget()
    categories.forget()
    return True


def _index(event: Event) -> None:
    """Put an event at its place in its organizer's list, and in the list of its day once it is on sale."""
    if event.organizer_id:
        event.put_in_gsi1(events.place_of(event, event.organizer_id))
    if event.status != EventStatus.DRAFT and event.status != EventStatus.ARCHIVED:
        event.put_in_gsi2(events.day_of(event))


def _set_own(event: Event, given: Mapping[str, Any]) -> None:
    """Set what only staff decide: whether it is featured, scans, or shows names without network, and its own fee."""
    if "offline_names" in given:
        event.offline_names = given["offline_names"]
    if "scanning_enabled" in given:
        event.scanning_enabled = given["scanning_enabled"]
    if "featured" in given:
        event.featured = given["featured"]
    if "platform_fee_percent" in given:
        percent = given["platform_fee_percent"]
        event.fee_basis_points = None if percent is None else round(percent * 100)


def _set_organizer(event: Event, given: Mapping[str, Any]) -> None:
    """Give an event to an organizer. Raises ValidationFailed for one who does not exist."""
    organizer_id = given.get("organizer_id", event.organizer_id)
    if organizer_id == event.organizer_id:
        return
    try:
        organizer = accounts.get(organizer_id or "")
    except NotFound as unknown:
        raise _invalid("organizer_id", "is no organizer") from unknown
    if organizer.portal != Portal.ORGANIZER:
        raise _invalid("organizer_id", "is no organizer")
    event.organizer_id, event.organizer_name = organizer_id, organizer.name


def _books_are_open(event_id: str) -> Write:
    """Return the condition that an event is not settled. Raises InvalidState: its payout is its organizer's."""
    place = keys.money.settlement(event_id)
    if operations.get(place) is not None:
        raise InvalidState("The books of this event are closed, and its payout is its organizer's. It stays theirs.")
    return operations.check(place, Settlement.pk.does_not_exist())


def _change_draft(event: Event, given: Mapping[str, Any]) -> tuple[list[Write], list[Difference]]:
    """Change a draft; publish it or send it back. Returns the writes beside its own, and what differs in categories."""
    offered = event.drafted_categories
    _require_transition(event, given.get("status"))
    fields = {name: value for name, value in given.items() if name != "status"}
    if any(name in fields for name in event_drafts.FIELDS):
        event_drafts.apply(event, fields)
    changed = [{"field": "ticket_categories", "from": offered, "to": event.drafted_categories}]
    diff = changed if event.drafted_categories != offered else []
    _set_own(event, given)
    _set_organizer(event, given)
    if given.get("review") is not None:
        event_drafts.send_draft_back(event, note=given.get("review_note"))
    status = given.get("status")
    if status == EventStatus.PUBLISHED:
        return _publish(event), diff
    if status == EventStatus.ARCHIVED:
        event.status, event.review = EventStatus.ARCHIVED, None
    return [], diff


def _publish(event: Event) -> list[Write]:
    """Put a draft on sale, and return the writes that lay its categories with their stock."""
    offered = event_drafts.publish_draft(event)
    return [write for category in offered for write in categories.laying(category)]


def _change_shown(event: Event, given: Mapping[str, Any]) -> tuple[list[Write], list[Difference]]:
    """Change an event on sale. Returns the writes of its categories, and what differs in them."""
    _require_transition(event, given.get("status"))
    _require_no_review(given)
    offered = categories.of(event.event_id)
    writes, diff = _change_categories(EventSnapshot(event, offered), given)
    writes += _set_place_and_time(event, given)
    for name in (*EDITED, *PLAIN):
        if name in given:
            setattr(event, name, given[name])
    if "refund_deadline" in given:
        event.refunds_until = given["refund_deadline"]
    if "timezone" in given:
        event.timezone = timezones.require_known(given["timezone"])
    _set_own(event, given)
    _set_organizer(event, given)
    draft_rules.require_gates(event)
    status = given.get("status")
    if status == EventStatus.ENDED and event.status == EventStatus.PUBLISHED and event.ends_at > clock.now():
        end = timezones.in_words(event.ends_at, event.timezone)
        raise InvalidState(f"This event is published and ends at {end}. Make it live first, or cancel it.")
    if status is not None:
        event.status = status
    return writes, diff


def _change_categories(present: EventSnapshot, given: Mapping[str, Any]) -> tuple[list[Write], list[Difference]]:
    if "ticket_categories" not in given:
        return [], []
    if given["ticket_categories"] is None:
        raise _invalid("ticket_categories", "cannot be cleared while the event is on sale")
    changes = {"ticket_categories": given["ticket_categories"]}
    try:
        diff = event_edits.differences(present, changes)
        return event_edits.applying(present, diff)[1], diff
    except ValidationFailed as refused:
        # An edit request sends its fields under `changes`.
        details = [{**each, "field": each["field"].removeprefix("changes.")} for each in refused.details or ()]
        raise ValidationFailed(refused.text, details=details) from refused


def _set_place_and_time(event: Event, given: Mapping[str, Any]) -> list[Write]:
    """Move an event, its gates with it; holders are notified, and may return tickets, by `moved_at`.

    Returns the conditions of a move in time, to be written with it.
    """
    if "venue_id" in given:
        if given["venue_id"] is None:
            raise _invalid("venue_id", "cannot be cleared while the event is on sale")
        if event.venue is None or event.venue.id != given["venue_id"]:
            known = venues.get(given["venue_id"])
            venue = venues.copy_of(known)
            if events.leaves(event, venue):
                event.moved_at = clock.now()
            event.venue, event.gates = venue, venues.gates_of(known)
        else:
            # Gates may be named at a venue after an event took its copy.
            event.gates = venues.gates_at(given["venue_id"]) or event.gates
    starts_at = given.get("starts_at", event.starts_at)
    ends_at = given.get("ends_at", event.ends_at)
    if (starts_at, ends_at) == (event.starts_at, event.ends_at):
        return []
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        if moment != getattr(event, name) and moment <= clock.now():
            raise _invalid(name, "must not be over")
    events.require_times(starts_at, ends_at)
    met = event_moves.conditions(event, starts_at=starts_at)
    events.move(event, starts_at=starts_at, ends_at=ends_at)
    return met


def _change_closed(event: Event, given: Mapping[str, Any]) -> list[Write]:
    """Archive an event that is over or cancelled. Raises InvalidState for any other change."""
    _require_transition(event, given.get("status"))
    others = sorted(given.keys() - {"status"})
    if others:
        raise InvalidState(f"This event is {event.status}, so its {others[0]} does not change any more.")
    if given.get("status") is not None and given["status"] != event.status:
        if event.refunds_open:
            raise InvalidState("This event is cancelled, and its refunds still run. Archive it when they are done.")
        event.status = given["status"]
    return []


def _require_transition(event: Event, status: EventStatus | None) -> None:
    """Raise InvalidState, by name, for a status that does not follow the present one."""
    if status is None or status == event.status or status in MAY_BECOME[event.status]:
        return
    if status == EventStatus.CANCELLED:
        raise InvalidState(f"This event is {event.status}. It is cancelled by a cancellation with its preview only.")
    allowed = " or ".join(MAY_BECOME[event.status]) or "nothing else"
    raise InvalidState(f"This event is {event.status}. It can become {allowed}, not {status}.")


def _require_no_review(given: Mapping[str, Any]) -> None:
    if given.get("review") is not None or given.get("review_note") is not None:
        raise InvalidState("This event is published already, so there is no draft to send back.")


def delete(event_id: str) -> None:
    """Archive an event that never sold a ticket, and remove its stock, so that it never will; idempotent.

    Raises NotFound, InvalidState (with the number sold or reserved; or the event is over or cancelled), Unavailable.
    """
    for _ in retries.attempts():
        before = events.get(event_id)
        if before.status == EventStatus.ARCHIVED:
            return
        if before.status not in (EventStatus.DRAFT, *_ON_SALE):
            raise InvalidState(f"This event is {before.status}. Archive it instead: send the status `archived`.")
        after = copy.deepcopy(before)
        after.status, after.review = EventStatus.ARCHIVED, None
        offered = categories.of(event_id)
        _require_unsold(event_id, offered)
        writes = [write for category in offered for write in stock.removing(category)]
        if len(writes) > _WRITES_AT_MOST:
            raise InvalidState("This event has too many categories to be deleted at once. Cancel it instead.")
        writes.append(operations.check(keys.gate.counters(event_id), _NONE_ISSUED))
        writes += venues.moving(venues.counted_at(before), None)
        actions, was, now = event_differences.difference(before, after)
        if _commit(before, actions, writes, subject=AuditSubject("event", event_id, before=was, after=now)):
            logger.info("event deleted", extra={"event_id": event_id})
            return
    raise Unavailable("Tickets of this event are being booked at this moment. Try again.", retry_after=1)


_NONE_ISSUED: Condition = Counters.sold.does_not_exist() | (Counters.sold == 0)


def _require_unsold(event_id: str, offered: list[Category]) -> None:
    counted = stock.counts(event_id, offered, consistent=True).values()
    sold = sum(one.sold + one.returned for one in counted)
    reserved = sum(one.reserved for one in counted)
    counters = operations.get(keys.gate.counters(event_id)) or Counters()
    issued = sold + counters.sold
    if issued or reserved:
        raise InvalidState(
            f"{issued} tickets of this event were sold and {reserved} are reserved. Cancel it instead.",
            extra={"present": {"sold": issued, "reserved": reserved}},
        )


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
