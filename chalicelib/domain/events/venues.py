"""Venues. An event stores a copy of its venue, so a page of events needs no further reads.

A venue counts the events that use it, in the transactions that set the venue of an event or archive it. So one that an
event uses cannot be deleted, and no event takes one that is being deleted.
"""

from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.errors import Conflict, InvalidState, NotFound, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Event, KnownVenue, Venue
from chalicelib.table.operations import Write
from chalicelib.vocabulary.events import EventStatus

FIELDS = ("name", "address", "city", "country", "latitude", "longitude", "capacity", "gates")


def add(*, name: str, venue_id: str | None = None, operation_id: str | None = None, **given: Any) -> KnownVenue:
    """Create a venue with these FIELDS; an existing one with this id is returned unchanged, so is an operation's."""
    venue_id = venue_id or new_id("ven")
    venue = KnownVenue(
        *keys.events.venue(venue_id), venue_id=venue_id, name=name, created_at=clock.now(), **_known(given)
    )
    writes = [operations.put(venue, KnownVenue.pk.does_not_exist())]
    if operation_id is not None:
        writes.append(idempotency.once(operation_id, venue_id))
    try:
        acts.commit(*writes, subject=AuditSubject("venue", venue_id, after={"name": name, **_known(given)}))
    except operations.ConditionFailed as failure:
        existing = failure.found(KnownVenue)
        done = idempotency.result_of(operation_id) if operation_id and existing is None else None
        if existing is None and done is None:
            raise
        return existing or get(done or venue_id)
    return venue


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in FIELDS if given.get(name) is not None}


def get(venue_id: str) -> KnownVenue:
    """Return a venue. Raises NotFound."""
    venue = operations.get(keys.events.venue(venue_id))
    if venue is None:
        raise NotFound("There is no such venue.")
    return venue


def change(venue_id: str, given: Mapping[str, Any], *, version: int | None = None) -> KnownVenue:
    """Change FIELDS of a venue: None clears one. Events keep their copies. `version` is the one the caller has seen.

    Raises NotFound, Conflict (another version; says what the venue is now), Unavailable.
    """
    for _ in retries.attempts():
        venue = get(venue_id)
        if version is not None and venue.version != version:
            raise _stale(venue)
        changed = {name: value for name, value in given.items() if name in FIELDS and value != getattr(venue, name)}
        if not changed:
            return venue
        try:
            acts.commit(
                operations.change(venue.place, _setting(changed, venue.version + 1), _is_version(venue.version)),
                subject=AuditSubject(
                    "venue", venue_id, before={name: getattr(venue, name) for name in changed}, after=changed
                ),
            )
        except operations.ConditionFailed:
            continue  # changed or deleted meanwhile
        return get(venue_id)
    raise Unavailable("This venue is being changed at this moment. Try again.", retry_after=1)


def _setting(changed: Mapping[str, Any], version: int) -> list[Action]:
    actions: list[Action] = [KnownVenue.version.set(version)]
    for name, value in changed.items():
        attribute = getattr(KnownVenue, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    return actions


def _is_version(version: int) -> Condition:
    same: Condition = KnownVenue.version == version
    if version == 0:
        same |= KnownVenue.version.does_not_exist()  # it was stored before venues had versions
    as_read: Condition = same & KnownVenue.pk.exists()
    return as_read


def _stale(venue: KnownVenue) -> Conflict:
    present = {name: getattr(venue, name) for name in FIELDS} | {"id": venue.venue_id, "version": venue.version}
    return Conflict.stale("The venue", present)


def remove(venue_id: str) -> None:
    """Delete a venue that no event uses. Raises NotFound, InvalidState (with the number of its events), Unavailable."""
    for _ in retries.attempts():
        venue = get(venue_id)
        if venue.event_count > 0:
            events = f"{venue.event_count} event{'' if venue.event_count == 1 else 's'}"
            raise InvalidState(f"{events} use this venue. Give them another one before you delete it.")
        unused = (KnownVenue.event_count <= 0) | KnownVenue.event_count.does_not_exist()
        try:
            acts.commit(
                operations.remove(venue.place, KnownVenue.pk.exists() & unused),
                subject=AuditSubject("venue", venue_id, before={"name": venue.name}),
            )
        except operations.ConditionFailed:
            continue  # an event took it, or it was deleted
        logger.info("venue deleted", extra={"venue_id": venue_id})
        return
    raise Unavailable("This venue is being changed at this moment. Try again.", retry_after=1)


def counted_at(event: Event) -> str | None:
    """Return the venue that counts an event; an archived one keeps its copy and counts nowhere."""
    return event.venue.id if event.venue and event.status != EventStatus.ARCHIVED else None


def moving(before: str | None, after: str | None) -> list[Write]:
    """Return the writes for the transaction that moves an event to another venue, or to none; fail if it is gone."""
    if before == after:
        return []
    writes = []
    # A venue of an event from before venues counted them may be gone.
    if before is not None and operations.get(keys.events.venue(before)) is not None:
        writes.append(_counting(before, -1))
    if after is not None:
        writes.append(_counting(after, 1))
    return writes


def _counting(venue_id: str, difference: int) -> Write:
    action = KnownVenue.event_count.add(difference)
    return operations.change(keys.events.venue(venue_id), [action], KnownVenue.pk.exists())


def gates_of(venue: KnownVenue) -> list[str] | None:
    """Return the names of a venue's gates, which an event takes with its copy of the venue."""
    return [str(gate) for gate in venue.gates or ()] or None


def gates_at(venue_id: str) -> list[str] | None:
    """Return the names of the gates of a venue by its id; None where it has none, or is gone."""
    venue = operations.get(keys.events.venue(venue_id))
    return gates_of(venue) if venue is not None else None


def copy_of(venue: KnownVenue) -> Venue:
    """Return the copy of a venue that an event stores."""
    return Venue(
        id=venue.venue_id,
        name=venue.name,
        city=venue.city,
        address=venue.address,
        latitude=venue.latitude,
        longitude=venue.longitude,
    )
