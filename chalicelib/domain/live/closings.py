"""Closes the live connections of a locked-out principal when the stream delivers the lock-out."""

from chalicelib.domain.background.changes import Change
from chalicelib.domain.live import channels, connections
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent, Event, EventRevocation, Item, Listener, LockOut, StaffRevocation
from chalicelib.table.places import whose
from chalicelib.vocabulary.access import Portal

_SESSION = "ses_"


def follow(change: Change) -> bool:
    """Close the connections that a lock-out or a change of organizer affects; idempotent.

    Return whether it is such a change.
    """
    after = change.after
    if isinstance(after, LockOut):
        _close(after, owner=whose(after.pk), kept_session_id=after.kept_session_id)
    elif isinstance(after, StaffRevocation):
        _close(after)
    elif isinstance(after, EventRevocation):
        _close(after, event_id=whose(after.pk))
    elif isinstance(after, Event) and _was_anothers(change.before, after):
        _close_former_organizers(after)
    elif (
        isinstance(after, CampusEvent)
        and isinstance(change.before, CampusEvent)
        and _has_other_staff(change.before, after)
    ):
        _close_attendance(after.event_id)
    else:
        return False
    return True


def _was_anothers(before: Item | None, after: Event) -> bool:
    return isinstance(before, Event) and before.organizer_id not in (None, after.organizer_id)


def _has_other_staff(before: CampusEvent, after: CampusEvent) -> bool:
    was, now = (before.organizer_id, before.campus_id), (after.organizer_id, after.campus_id)
    return was != now or (before.deleted_at is None and after.deleted_at is not None)


def _close_attendance(event_id: str) -> None:
    """Close all sockets of a channel: who is still staff of the event comes back with a new ticket."""
    for raw in operations.query(keys.live.listener(channels.of_attendance(event_id)).pk, consistent=True):
        connections.close(Listener.from_raw_data(raw).connection_id)


def _close_former_organizers(event: Event) -> None:
    channel = channels.of_event(event.event_id)
    for raw in operations.query(keys.live.listener(channel).pk, consistent=True):
        listener = Listener.from_raw_data(raw)
        if listener.portal == Portal.ORGANIZER and listener.principal_id != event.organizer_id:
            connections.close(listener.connection_id)


def _close(
    lock_out: LockOut | StaffRevocation | EventRevocation,
    *,
    owner: str | None = None,
    kept_session_id: str | None = None,
    event_id: str | None = None,
) -> None:
    """Close the affected connections; `lock_out.principal_id` is a principal's id or a session's id."""
    name = lock_out.principal_id
    session_id = name if name.startswith(_SESSION) else None
    if session_id is not None and owner is None:
        session = operations.get(keys.access.session(session_id))
        owner = session.account_id if session else None
    if owner is not None or session_id is None:
        connections.close_those_of(
            owner or name,
            locked_out_at=lock_out.revoked_at,
            session_id=session_id,
            kept_session_id=kept_session_id,
            event_id=event_id,
        )
