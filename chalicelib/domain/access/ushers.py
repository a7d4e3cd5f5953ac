"""Ushers: log-in at one event, and the events that an usher is assigned to."""

from msgspec import Struct

from chalicelib.domain import paging
from chalicelib.domain.access import accounts, occupancy, phones, sessions
from chalicelib.domain.access.occupancy import Occupancy
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.admission import EventFacts
from chalicelib.domain.events import events, gate_control
from chalicelib.domain.events.events import GateStatus
from chalicelib.domain.paging import Page, PageRequest
from chalicelib.errors import NotAssigned
from chalicelib.table.items import Account, Event
from chalicelib.vocabulary.access import Portal, UsherRole


class UsherEvent(Struct, frozen=True):
    """An event as shown to its ushers, with the window in which its gates scan."""

    event: Event
    facts: EventFacts


class OccupiedStatus(Struct, frozen=True):
    """The live status of an event, and how many may be inside."""

    counted: GateStatus
    occupancy: Occupancy


class UsherLogIn(Struct, frozen=True):
    """An usher logged in at an event, and the session's first tokens."""

    account: Account
    event: UsherEvent
    tokens: Tokens


class UsherAssignment(Struct, frozen=True):
    """An usher's assignment to an event, if any."""

    assigned: bool
    role: str | None
    scanning_enabled: bool


def log_in(
    username: str, password: str, *, event_id: str, visitor: Visitor, installation_id: str | None = None
) -> UsherLogIn:
    """Start an usher's session at an event. Password and assignment are checked before the event is read.

    An installation of the app becomes a phone of the event, which the tokens name. Raises InvalidCredentials,
    RateLimited, AccountSuspended, Forbidden (no ushering role, or a revoked phone), NotAssigned, NotFound.
    """
    account = accounts.verify_password(Portal.USHER, username, password, address=visitor.address)
    accounts.require_assignment(account, event_id)
    event = events.get(event_id)
    phone_id = phones.phone_id_of(event.event_id, installation_id) if installation_id else None
    if phone_id is not None:
        phones.register(account.account_id, event.event_id, phone_id)
    tokens = sessions.start(account, event_id=event.event_id, phone_id=phone_id, visitor=visitor)
    return UsherLogIn(account, _shown(event), tokens)


def assigned_events(usher_id: str, *, page_size: int, cursor: str | None) -> Page[UsherEvent]:
    """Return a page of the events that an usher is assigned to, earliest first. Raises InvalidCursor."""
    event_ids = [str(event_id) for event_id in accounts.get(usher_id).event_ids or []]
    asked = PageRequest(f"assigned-events/{usher_id}", page_size, cursor)
    found = paging.part(asked, events.get_many(event_ids), name=lambda event: str(event.event_id))
    return found.showing([_shown(event) for event in found.results])


def event(usher_id: str, *, event_id: str, works_at: str) -> UsherEvent:
    """Return an event that an usher works at or is assigned to. Raises NotAssigned, NotFound."""
    _require_assigned(usher_id, event_id=event_id, works_at=works_at)
    control = gate_control.control(event_id)
    return UsherEvent(control.event, control.facts)


def status(usher_id: str, *, event_id: str, works_at: str) -> OccupiedStatus:
    """Return the live status of an event that an usher works at or is assigned to. Raises NotAssigned, NotFound."""
    _require_assigned(usher_id, event_id=event_id, works_at=works_at)
    counted = events.status(event_id)
    return OccupiedStatus(counted, occupancy.of_event(event_id, inside=counted.inside, now=counted.server_time))


def assignment(usher_id: str, event_id: str) -> UsherAssignment:
    """Return whether an usher is assigned to an event, and the role. Raises NotFound for an unknown event."""
    account = accounts.get(usher_id)
    event = events.get(event_id)
    assigned = event_id in (account.event_ids or [])
    roles = [str(role) for role in account.roles or []]
    role = UsherRole.USHERING if UsherRole.USHERING in roles else next(iter(roles), None)
    return UsherAssignment(
        assigned=assigned, role=role if assigned else None, scanning_enabled=assigned and event.scanning_enabled
    )


def _require_assigned(usher_id: str, *, event_id: str, works_at: str) -> None:
    if event_id != works_at and event_id not in (accounts.get(usher_id).event_ids or []):
        raise NotAssigned


def _shown(event: Event) -> UsherEvent:
    return UsherEvent(event, gate_control.facts_of(event))
