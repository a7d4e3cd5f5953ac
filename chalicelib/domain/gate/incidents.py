"""Incidents: reported by ushers at their event, and answered by staff until they are closed."""

from datetime import datetime

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import idempotency, photos
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.cards import cards
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Incident
from chalicelib.vocabulary.gate import IncidentStatus, IncidentType

_UNCLOSED = (IncidentStatus.OPEN, IncidentStatus.IN_PROGRESS)


class IncidentReport(Struct, frozen=True):
    """What an usher reports, perhaps of a card or a ticket."""

    type: IncidentType
    note: str
    card_name: str | None = None
    ticket_id: str | None = None
    # The content of a picture.
    photo: bytes | None = None


class ShownIncident(Struct, frozen=True):
    """An incident as ushers and staff see it."""

    id: str
    event_id: str
    type: IncidentType
    status: IncidentStatus
    note: str
    card_uid: str | None
    ticket_id: str | None
    photo_url: str | None
    reported_by: str
    created_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None


def shown(incident: Incident) -> ShownIncident:
    """Return an incident as ushers and staff see it."""
    return ShownIncident(
        id=incident.incident_id,
        event_id=incident.event_id,
        type=incident.type,
        status=incident.status,
        note=incident.note,
        card_uid=incident.card_uid,
        ticket_id=incident.ticket_id,
        photo_url=photos.link(incident.photo_key) if incident.photo_key else None,
        reported_by=incident.reported_by,
        created_at=incident.created_at,
        answer=incident.answer,
        answered_by=incident.answered_by,
        answered_at=incident.answered_at,
    )


def report(event_id: str, filed: IncidentReport, *, by: str, operation_id: str) -> ShownIncident:
    """Store an incident, once per `operation_id`.

    Raises NotFound (a ticket of another event), ValidationFailed (a card's name that is none, a photo that is none).
    """
    if filed.ticket_id is not None:
        ticket = operations.get(keys.tickets.ticket(filed.ticket_id))
        if ticket is None or ticket.event_id != event_id:
            raise NotFound("There is no such ticket at this event.")
    card_uid = cards.name_to_uid(filed.card_name) if filed.card_name else None
    incident_id = new_id("inc")
    photo_key = photos.keep(incident_id, filed.photo, field="photo") if filed.photo is not None else None
    incident = Incident(
        *keys.incidents.incident(incident_id),
        incident_id=incident_id,
        event_id=event_id,
        type=filed.type,
        status=IncidentStatus.OPEN,
        note=filed.note,
        card_uid=card_uid,
        ticket_id=filed.ticket_id,
        photo_key=photo_key,
        reported_by=by,
        created_at=clock.now(),
    )
    try:
        operations.commit(
            idempotency.once(operation_id, incident_id), operations.put(incident, Incident.pk.does_not_exist())
        )
    except operations.ConditionFailed:
        if photo_key is not None:
            photos.discard(photo_key)  # never referenced
        first = idempotency.result_of(operation_id)
        if first is None:
            raise
        return shown(_get(first))
    logger.info("incident reported", extra={"incident_id": incident_id, "event_id": event_id, "type": filed.type})
    return shown(incident)


def _get(incident_id: str) -> Incident:
    incident = operations.get(keys.incidents.incident(incident_id))
    if incident is None:
        raise NotFound("There is no such incident.")
    return incident


def answer(incident_id: str, status: IncidentStatus, *, note: str, by: str) -> ShownIncident:
    """Move an incident along, with a note, and return it; the same answer again changes nothing.

    Raises NotFound, InvalidState (closed otherwise), Unavailable.
    """
    for _ in retries.attempts():
        before = _get(incident_id)
        if (before.status, before.answer, before.answered_by) == (status, note, by):
            return shown(before)  # a retry: the answer of the first try was lost
        if before.status not in _UNCLOSED:
            raise InvalidState(f"This incident is {before.status}, so it cannot become {status}.")
        changed: list[Action] = [
            Incident.status.set(status),
            Incident.answer.set(note),
            Incident.answered_by.set(by),
            Incident.answered_at.set(clock.now()),
            Incident.version.add(1),
        ]
        subject = AuditSubject(
            "incident",
            incident_id,
            before={"status": before.status, "note": before.answer},
            after={"status": status, "note": note},
        )
        try:
            acts.commit(operations.change(before.place, changed, _as_read(before)), subject=subject)
        except operations.ConditionFailed:
            continue  # somebody answered it after the read
        return shown(_get(incident_id))
    raise Unavailable("This incident is being answered by others. Try again.", retry_after=1)


def _as_read(incident: Incident) -> Condition:
    """Return the condition that nobody has answered an incident since it was read."""
    same: Condition = (Incident.status == incident.status) & (Incident.version == incident.version)
    return same
