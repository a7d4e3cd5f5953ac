"""Channels of live updates and their access rules, which match those of the corresponding HTTP routes."""

from collections.abc import Callable

from chalicelib.domain.access import permissions
from chalicelib.domain.access.permissions import Permission
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.events import events
from chalicelib.errors import Forbidden, NotFound
from chalicelib.vocabulary.access import Portal

ADMIN = "admin"
_ORGANIZATION, _EVENT, _CUSTOMER, _ATTENDANCE = "org", "event", "customer", "attendance"


def of_organization(organization_id: str) -> str:
    """Return an organization's channel."""
    return f"{_ORGANIZATION}-{organization_id}"


def of_event(event_id: str) -> str:
    """Return the channel of an event's gates."""
    return f"{_EVENT}-{event_id}"


def event_of(channel: str) -> str:
    """Return the event id in the name of an event's channel, or of its attendance's."""
    return channel.partition("-")[2]


def of_attendance(event_id: str) -> str:
    """Return the channel of a campus event's attendance."""
    return f"{_ATTENDANCE}-{event_id}"


def is_of_attendance(channel: str) -> bool:
    """Whether a channel is of a campus event's attendance."""
    return channel.startswith(of_attendance(""))


def of_customer(customer_id: str) -> str:
    """Return a customer's own channel."""
    return f"{_CUSTOMER}-{customer_id}"


def require_open(channel: str, principal: Principal) -> None:
    """Raise NotFound for an unknown channel and for one that this principal may not subscribe to."""
    kind, dash, name = channel.partition("-")
    # Only the admin channel has no name part.
    is_whole = channel == ADMIN or (kind != ADMIN and dash and name)
    is_open = _OPEN.get(kind)
    if is_open is None or not is_whole or not is_open(name, principal):
        raise NotFound("There is no such channel, or it is not yours to hear.")


def _organization(organization_id: str, principal: Principal) -> bool:
    return principal.portal is Portal.TIX and principal.claims.get("organizationId") == organization_id


def _event(event_id: str, principal: Principal) -> bool:
    if principal.portal is Portal.USHER:
        return principal.event_id == event_id
    if principal.portal not in (Portal.ORGANIZER, Portal.ADMIN):
        return False
    try:
        event = events.get(event_id)
    except NotFound:
        return False
    # All of the staff's roles may see the log of check-ins (contract/admin.md).
    return principal.portal is Portal.ADMIN or event.organizer_id == principal.id


def _customer(customer_id: str, principal: Principal) -> bool:
    return principal.portal is Portal.WEBAPP and principal.id == customer_id


def _attendance(event_id: str, principal: Principal) -> bool:
    if principal.portal is not Portal.CAMPUS:
        return False
    try:
        campus_events.require_staff_of(event_id, principal, fresh=True)
    except (Forbidden, NotFound):
        return False
    return True


def _admin(_: str, principal: Principal) -> bool:
    role = principal.claims.get("role")
    return principal.portal is Portal.ADMIN and permissions.may(role, Permission.READ)


_OPEN: dict[str, Callable[[str, Principal], bool]] = {
    _ORGANIZATION: _organization,
    _EVENT: _event,
    _CUSTOMER: _customer,
    _ATTENDANCE: _attendance,
    ADMIN: _admin,
}
