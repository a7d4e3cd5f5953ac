"""Creating, changing and deleting campus events, and raising the epoch of their code."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_events, event_fields
from chalicelib.domain.campus.people import campus_names
from chalicelib.errors import Conflict, NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import id_of_fact, is_unkeyed, new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Campus, CampusEvent
from chalicelib.vocabulary.campus import CampusRole

DEFAULT_RADIUS = 100


def create(given: Mapping[str, Any], *, by: Principal, operation_id: str) -> CampusEvent:
    """Create an event; the same operation again returns the same event. Raises ValidationFailed, Conflict."""
    return _created(_drafted({0: given}, {}, by=by, operation_id=operation_id, prefix=""))[0]


def create_many(
    given: Mapping[int, Mapping[str, Any]],
    unread: Mapping[int, Sequence[dict[str, str]]],
    *,
    by: Principal,
    operation_id: str,
) -> list[CampusEvent]:
    """Create all of these events or none of them; `unread` has the problems of rows whose fields could not be read.

    Raises ValidationFailed, which names each bad field of each row.
    """
    return _created(_drafted(given, unread, by=by, operation_id=operation_id, prefix="events.{}."))


def change(event_id: str, given: Mapping[str, Any], *, by: Principal, version: int | None = None) -> CampusEvent:
    """Change fields of an event; None clears one that may be empty. `version` is the one that the caller has seen.

    Raises Forbidden, NotFound, ValidationFailed, Conflict (another version), Unavailable.
    """
    given = {**given, **_of_campus(given, by, prefix="")}
    for _ in retries.attempts():
        event = campus_events.require_staff_of(event_id, by, fresh=True)
        if version is not None and event.version != version:
            raise _stale(event)
        stored = event_fields.stored(given, event)
        changed = {name: value for name, value in stored.items() if value != getattr(event, name)}
        if not changed:
            return event
        if "is_active" in changed:
            changed["switched_off_at"] = None if changed["is_active"] else clock.now()
        for name, value in changed.items():
            setattr(event, name, value)
        event_fields.require_sound(event)
        as_read = (CampusEvent.version == event.version) & CampusEvent.deleted_at.does_not_exist()
        try:
            return _saved(event, _setting(changed, event.version + 1), as_read)
        except operations.ConditionFailed:
            continue  # changed or deleted meanwhile
    raise Unavailable("This event is being changed at this moment. Try again.", retry_after=1)


def delete(event_id: str, *, by: Principal) -> None:
    """Hide an event for ever and end its codes; its records stay. Raises Forbidden, NotFound."""
    event = campus_events.require_staff_of(event_id, by, fresh=True)
    actions = [CampusEvent.deleted_at.set(clock.now()), CampusEvent.is_active.set(False), CampusEvent.version.add(1)]
    try:
        _saved(event, actions, CampusEvent.pk.exists() & CampusEvent.deleted_at.does_not_exist())
    except operations.ConditionFailed as failure:
        raise NotFound(campus_events.NOT_FOUND) from failure
    logger.info("campus event deleted", extra={"event_id": event_id})


def refresh_code(event_id: str, *, by: Principal, operation_id: str) -> CampusEvent:
    """Raise the epoch of an event's code, so that all earlier codes are void at once; one operation raises it once.

    Raises Forbidden, NotFound.
    """
    event = campus_events.require_staff_of(event_id, by, fresh=True)
    raised = [CampusEvent.qr_epoch.add(1)]
    present = CampusEvent.pk.exists() & CampusEvent.deleted_at.does_not_exist()
    try:
        if is_unkeyed(operation_id):
            event = _saved(event, raised, present)
        else:
            change_ = operations.change(event.place, raised, present)
            operations.commit(change_, idempotency.once(operation_id, event_id))
    except operations.ConditionFailed as failure:
        if idempotency.result_of(operation_id) is None:
            raise NotFound(campus_events.NOT_FOUND) from failure
    if not is_unkeyed(operation_id):
        event = campus_events.get(event_id)
    logger.info("campus code refreshed", extra={"event_id": event_id, "epoch": event.qr_epoch})
    return event


def _drafted(
    given: Mapping[int, Mapping[str, Any]],
    unread: Mapping[int, Sequence[dict[str, str]]],
    *,
    by: Principal,
    operation_id: str,
    prefix: str,
) -> list[CampusEvent]:
    """Return new events in the order of their rows. Raises ValidationFailed for all of them at once."""
    events: list[CampusEvent] = []
    wrong = {row: list(problems) for row, problems in unread.items()}
    for row, fields in given.items():
        at = prefix.format(row)
        named = {**fields, "campus_id": fields.get("campus_id") or campus_events.campus_of(by.id)}
        try:
            named |= _of_campus(named, by, prefix=at)
        except ValidationFailed as failure:
            wrong[row] = list(failure.details or [])
        event = _new(named, by=by, operation_id=f"{operation_id} {row}")
        wrong.setdefault(row, []).extend(problem.detail(at) for problem in event_fields.problems(event))
        events.append(event)
    found = [problem for row in sorted(wrong) for problem in wrong[row]]
    if found:
        raise ValidationFailed(details=found)
    return events


def _new(given: Mapping[str, Any], *, by: Principal, operation_id: str) -> CampusEvent:
    event_id = given.get("event_id") or _id_of(operation_id)
    kept = {name: value for name, value in event_fields.stored(given).items() if value is not None}
    return CampusEvent(
        *keys.campus_events.event(event_id),
        event_id=event_id,
        organizer_id=by.id,
        created_at=clock.now(),
        **{"location_radius": DEFAULT_RADIUS, "timezone": "UTC", "retention": {}, **kept},
    )


def _id_of(operation_id: str) -> str:
    # By the operation alone: a transaction of 100 events has no room for a note that it is done.
    return new_id("cev") if is_unkeyed(operation_id) else id_of_fact("cev", operation_id)


def _of_campus(given: Mapping[str, Any], by: Principal, *, prefix: str) -> dict[str, Any]:
    """Return the fields that name a campus with its id. Raises ValidationFailed, which names them."""
    found: dict[str, Any] = {}
    wrong: list[dict[str, str]] = []
    try:
        if given.get("campus_id") is not None:
            campus = _own(campus_names.require(given["campus_id"], field=f"{prefix}campus"), by, f"{prefix}campus")
            found |= {"campus_id": campus.campus_id, "timezone": campus.timezone}
    except ValidationFailed as failure:
        wrong += failure.details or []
    rule = given.get("expected")
    try:
        if rule and rule.get("campus_id") is not None:
            named = campus_names.require(rule["campus_id"], field=f"{prefix}expected.campus")
            found["expected"] = {**rule, "campus_id": named.campus_id}
    except ValidationFailed as failure:
        wrong += failure.details or []
    if wrong:
        raise ValidationFailed(details=wrong)
    return found


def _own(campus: Campus, by: Principal, field: str) -> Campus:
    """Return a campus. Raises ValidationFailed for a supervisor of another one, who could not see the event."""
    if by.claims.get("role") == CampusRole.SUPERVISOR and campus.campus_id != campus_events.campus_of(by.id):
        raise ValidationFailed(details=[{"field": field, "message": "must be your own campus"}])
    return campus


def _created(events: Sequence[CampusEvent]) -> list[CampusEvent]:
    """Write new events in one transaction. An operation always gives the same ids, so it creates them once."""
    try:
        operations.commit(*(operations.put(event, CampusEvent.pk.does_not_exist()) for event in events))
    except operations.ConditionFailed as failure:
        found = operations.get_many([event.place for event in events])
        if len(found) < len(events):
            raise Conflict("This Idempotency-Key was used for other events. Send another one.") from failure
        return [found[event.place] for event in events]
    return list(events)


def _saved(event: CampusEvent, actions: Sequence[Action], condition: Any) -> CampusEvent:
    """Change an event, keep it for this container, and return it. Raises ConditionFailed."""
    asked_at = time.monotonic()
    saved = CampusEvent.from_raw_data(operations.record(operations.change(event.place, actions, condition)))
    campus_events.keep(saved, asked_at)
    return saved


def _setting(changed: Mapping[str, Any], version: int) -> list[Action]:
    actions: list[Action] = [CampusEvent.version.set(version)]
    for name, value in changed.items():
        attribute = getattr(CampusEvent, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    return actions


def _stale(event: CampusEvent) -> Conflict:
    return Conflict.stale("The event", {"id": event.event_id, "version": event.version, **_present(event)})


def _present(event: CampusEvent) -> dict[str, Any]:
    """Return what an event says of its place, times and demands now, by the names of a request."""
    plain = ("title", "description", "location", "location_radius", "is_active")
    demands = ("require_photos", "require_signature", "require_location")
    times = {
        "start_datetime": event.starts_at,
        "end_datetime": event.ends_at,
        "late_until": event.late_until,
        "closes_at": event.closes_at,
    }
    return {
        **{name: getattr(event, name) for name in (*plain, *demands)},
        "latitude": float(event.latitude),
        "longitude": float(event.longitude),
        **{name: moment and clock.to_text(moment) for name, moment in times.items()},
    }
