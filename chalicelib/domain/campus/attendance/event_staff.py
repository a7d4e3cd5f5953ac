"""Who may read and decide records: the staff of their event. hr and admins are staff of all events."""

from typing import Protocol

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_events
from chalicelib.vocabulary.campus import CampusRole

# Of a supervisor without a profile: no campus has it.
_NO_CAMPUS = "-"


class OfAnEvent(Protocol):
    """What belongs to an event, such as a record or an appeal."""

    @property
    def organizer_id(self) -> str:
        """The organizer of its event."""

    @property
    def campus_id(self) -> str:
        """The campus of its event."""


def is_staff(caller: Principal) -> bool:
    """Whether the caller is staff of any event."""
    return caller.claims.get("role") != CampusRole.STUDENT


def is_staff_of(caller: Principal, thing: OfAnEvent) -> bool:
    """Whether the caller is staff of the event that a thing belongs to."""
    match caller.claims.get("role"):
        case CampusRole.HR | CampusRole.ADMIN:
            return True
        case CampusRole.SUPERVISOR:
            return campus_events.campus_of(caller.id) == thing.campus_id
        case CampusRole.ORGANIZER:
            return caller.id == thing.organizer_id
    return False


def scope_of(caller: Principal) -> dict[str, str]:
    """Return the filters that leave a list with what the caller may read; a student their own."""
    match caller.claims.get("role"):
        case CampusRole.HR | CampusRole.ADMIN:
            return {}
        case CampusRole.SUPERVISOR:
            return {"campus": campus_events.campus_of(caller.id) or _NO_CAMPUS}
        case CampusRole.ORGANIZER:
            return {"organizer": caller.id}
    return {"student": caller.id}
