"""Edit requests: an organizer submits a difference to an event, and staff approve all of it or reject it.

An event may have several requests. Each stores the version of the event that the organizer saw (optimistic lock).
Approval of one makes the others stale: they fail and must be submitted again. Approval checks again what was true at
the request: times, venue, sold tickets, and that the event is neither over nor cancelled.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import categories, events, gate_control
from chalicelib.domain.organizers import event_edits, organizer_events
from chalicelib.domain.organizers.event_edits import Difference, EventSnapshot
from chalicelib.errors import Conflict, InvalidState, NotFound, Refusal, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import EditRequest, Event, PendingEdits
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.events import EditRequestStatus, EventStatus

# So that one organizer cannot fill the staff's list.
_PENDING_AT_MOST = 5
# Position of the counter in the transaction of a new request.
_COUNTER_AT = 3
_OUTDATED = "This request no longer fits the event. Reject it, and ask for a fresh one."
_CHANGEABLE = (EventStatus.PUBLISHED, EventStatus.LIVE)


class OwnEditRequest(Struct, frozen=True):
    """A request as shown to its organizer."""

    id: str
    status: EditRequestStatus
    diff: list[Difference]


def ask(
    organizer_id: str, event_id: str, *, changes: Mapping[str, Any], reason: str, operation_id: str
) -> OwnEditRequest:
    """Store a request for changes to an event. Idempotent by `operation_id`.

    `changes` uses the contract's field names. Raises NotFound (the event, the venue), ValidationFailed (a value, or no
    actual change), InvalidState (the event is over), Conflict (a capacity under what is sold; too many requests are
    pending), Unavailable.
    """
    try:
        return _shown(_ask(organizer_id, event_id, changes=changes, reason=reason, operation_id=operation_id))
    except Refusal:
        # This operation may have succeeded on an earlier try whose response was lost.
        done = idempotency.result_of(operation_id)
        if done is None:
            raise
        return _shown(get(event_id, done))


def _ask(
    organizer_id: str, event_id: str, *, changes: Mapping[str, Any], reason: str, operation_id: str
) -> EditRequest:
    for _ in retries.attempts():
        present = EventSnapshot(organizer_events.own(organizer_id, event_id), categories.of(event_id))
        _require_changeable(present.event)
        diff = event_edits.differences(present, changes)
        if not diff:
            raise ValidationFailed(details=[{"field": "changes", "message": "would change nothing"}])
        event_edits.applying(present, diff)
        version = present.event.version
        request_id = new_id("edr")
        place = keys.organizers.edit_requests(EditRequestStatus.PENDING, request_id)
        request = EditRequest(
            *keys.organizers.edit_request(event_id, request_id),
            gsi1=place,
            request_id=request_id,
            event_id=event_id,
            organizer_id=organizer_id,
            status=EditRequestStatus.PENDING,
            reason=reason,
            diff=diff,
            event_version=version,
            created_at=clock.now(),
        )
        try:
            operations.commit(
                idempotency.once(operation_id, request_id),
                operations.put(request, EditRequest.pk.does_not_exist()),
                operations.check(keys.events.event(event_id), _is_version(version)),
                _one_more_pending(event_id),
            )
        except operations.ConditionFailed as failure:
            done = idempotency.result_of(operation_id)
            if done is not None:
                return get(event_id, done)
            if _COUNTER_AT in failure.failures:
                raise Conflict(
                    f"{_PENDING_AT_MOST} edit requests of this event wait for a decision. Wait until one is decided."
                ) from failure
            continue  # the event changed between the read and the write
        ids = {"edit_request_id": request_id, "event_id": event_id, "organizer_id": organizer_id}
        logger.info("edit requested", extra={**ids, "fields": len(diff)})
        return request
    raise Unavailable("This event is being changed at this moment. Try again.", retry_after=1)


def _one_more_pending(event_id: str) -> operations.Write:
    return operations.change(
        keys.organizers.pending_edits(event_id),
        [PendingEdits.pending.add(1), PendingEdits.kind.set(PendingEdits)],
        PendingEdits.pending.does_not_exist() | (PendingEdits.pending < _PENDING_AT_MOST),
    )


def _one_less_pending(event_id: str) -> operations.Write:
    return operations.change(keys.organizers.pending_edits(event_id), [PendingEdits.pending.add(-1)])


def _is_version(version: int) -> Condition:
    same: Condition = Event.version == version
    return same if version else same | Event.version.does_not_exist()


def _require_changeable(event: Event) -> None:
    if event.status == EventStatus.DRAFT:
        raise InvalidState("This event is a draft. Change it directly, without an edit request.")
    if event.status not in _CHANGEABLE:
        raise InvalidState(f"This event is {event.status}; nothing of it changes any more.")
    if event.ends_at <= clock.now():
        raise InvalidState("This event is over; nothing of it changes any more.")


def _shown(request: EditRequest) -> OwnEditRequest:
    return OwnEditRequest(request.request_id, request.status, list(request.diff))


def get(event_id: str, request_id: str) -> EditRequest:
    """Return a request. Raises NotFound."""
    request = operations.get(keys.organizers.edit_request(event_id, request_id))
    if request is None:
        raise NotFound("There is no such edit request.")
    return request


def find(request_id: str) -> EditRequest:
    """Return a request by its id alone. Raises NotFound."""
    for status in EditRequestStatus:
        place = keys.organizers.edit_requests(status, request_id)
        raws = operations.query(place.pk, Between(place.sk, place.sk), index="gsi1", limit=1)
        for found in operations.get_many(operations.places_of(EditRequest, raws)).values():
            return found
    raise NotFound("There is no such edit request.")


def decide(request_id: str, *, is_approved: bool, by: str, note: str | None = None) -> EditRequest:
    """Approve a request and apply it, or reject it; the first decision is the answer to each later one like it.

    Raises NotFound, InvalidState (it was decided otherwise, or no longer fits), Conflict, Unavailable.
    """
    event_id = find(request_id).event_id
    return (approve if is_approved else reject)(event_id, request_id, by=by, note=note)


def approve(event_id: str, request_id: str, *, by: str, note: str | None = None) -> EditRequest:
    """Apply all requested changes in one transaction. Idempotent.

    Raises NotFound, InvalidState (rejected; the event is over; a time has passed, or the venue is gone), Conflict (the
    event changed since the request, or a capacity is under what is sold), Unavailable.
    """
    for _ in retries.attempts():
        request = get(event_id, request_id)
        if request.status == EditRequestStatus.APPROVED:
            return request
        _require_pending(request)
        present = EventSnapshot(events.get(event_id), categories.of(event_id))
        _require_changeable(present.event)
        if present.event.version != request.event_version:
            if get(event_id, request_id).status != request.status:
                continue  # decided between the two reads: an approval itself changes the event
            raise Conflict("The event has changed since this request. Reject it, and ask for a fresh one.")
        version = request.event_version
        as_read = _is_version(version) & (Event.status == present.event.status) & events.as_scheduled(present.event)
        changed, writes = _still_valid(present, request)
        try:
            acts.commit(
                _decided(request, EditRequestStatus.APPROVED, by=by, note=note),
                _one_less_pending(event_id),
                operations.change(
                    keys.events.event(event_id),
                    [*changed, Event.version.set(version + 1)],
                    as_read,
                ),
                *writes,
                subject=_subject(request, EditRequestStatus.APPROVED, note),
            )
        except operations.ConditionFailed:
            continue  # decided concurrently, or sales or the event changed
        gate_control.forget()
        categories.forget()
        logger.info("edit approved", extra={"edit_request_id": request_id, "event_id": event_id, "by": by})
        return get(event_id, request_id)
    raise Unavailable("This event is being changed at this moment. Try again.", retry_after=1)


def _still_valid(present: EventSnapshot, request: EditRequest) -> tuple[list[Action], list[Write]]:
    """Return the writes of a request. Raises InvalidState if it would be refused now, and Conflict."""
    try:
        event_edits.require_times(present.event, request.diff)
        return event_edits.applying(present, request.diff)
    except (ValidationFailed, NotFound) as refused:
        message = f"{_OUTDATED} {refused.text}"
        raise InvalidState(message, details=refused.details) from refused


def reject(event_id: str, request_id: str, *, by: str, note: str | None = None) -> EditRequest:
    """Reject a request, with a reason or without. Idempotent. Raises NotFound, InvalidState (approved)."""
    request = get(event_id, request_id)
    if request.status == EditRequestStatus.REJECTED:
        return request
    _require_pending(request)
    try:
        acts.commit(
            _decided(request, EditRequestStatus.REJECTED, by=by, note=note),
            _one_less_pending(event_id),
            subject=_subject(request, EditRequestStatus.REJECTED, note),
        )
    except operations.ConditionFailed as failure:
        found = failure.found(EditRequest)
        if found is None or found.status != EditRequestStatus.REJECTED:
            raise InvalidState("This request was approved just now.") from failure
    logger.info("edit rejected", extra={"edit_request_id": request_id, "event_id": event_id, "by": by})
    return get(event_id, request_id)


def _require_pending(request: EditRequest) -> None:
    if request.status != EditRequestStatus.PENDING:
        raise InvalidState(f"This request is {request.status} already.")


def _subject(request: EditRequest, status: EditRequestStatus, note: str | None) -> AuditSubject:
    before, after = {"status": request.status}, {"status": status, "note": note, "diff": list(request.diff)}
    return AuditSubject("edit_request", request.request_id, before=before, after=after)


def _decided(request: EditRequest, status: EditRequestStatus, *, by: str, note: str | None) -> operations.Write:
    place = keys.organizers.edit_requests(status, request.request_id)
    actions = [
        EditRequest.status.set(status),
        EditRequest.decided_at.set(clock.now()),
        EditRequest.decided_by.set(by),
        *EditRequest.in_gsi1(place),
    ]
    if note:
        actions.append(EditRequest.note.set(note))
    return operations.change(
        keys.organizers.edit_request(request.event_id, request.request_id),
        actions,
        EditRequest.status == EditRequestStatus.PENDING,
    )
