"""Who is calling: the guard of every route."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from chalicelib.domain.access import accounts, lock_outs, permissions, tokens
from chalicelib.domain.access.permissions import Permission
from chalicelib.domain.access.tokens import Principal
from chalicelib.errors import Forbidden, NotAssigned, Unauthenticated
from chalicelib.vocabulary.access import AdminRole, Portal, TixRole
from chalicelib.vocabulary.campus import CampusRole

_SCHEME = "bearer "


class Identified(Struct, frozen=True):
    """A caller, and what their guard read with the lock-outs."""

    principal: Principal
    read: Any = None


class Guard(Struct, frozen=True):
    """The callers that a route accepts: the principals of one portal, or of any.

    `enrolling` also accepts staff who must set up a second factor first; no other guard does. `revoked` also accepts a
    revoked device that sends what it had; no other guard does.
    Staff need one of the permissions, others one of the roles, where the guard names some. `reads` checks the
    lock-outs of the caller itself, and what it reads with them is a part of the call.
    """

    portal: Portal | None
    permissions: tuple[Permission, ...] = ()
    roles: tuple[str, ...] = ()
    enrolling: bool = False
    revoked: bool = False
    reads: Callable[[Principal], Any] | None = None

    def identify(self, headers: Mapping[str, str]) -> Identified:
        """Return the caller, who is of the right portal. Raises Unauthenticated, TokenExpired."""
        header = headers.get("authorization") or ""
        if not header.lower().startswith(_SCHEME):
            raise Unauthenticated
        principal = tokens.verify(header[len(_SCHEME) :].strip(), self.portal)
        read = self.reads(principal) if self.reads else None
        if self.reads is None:
            lock_outs.require_not_revoked(principal)
        if principal.revoked_at is not None and not self.revoked:
            raise Unauthenticated("This device was revoked.")
        return Identified(principal, read)

    def permit(self, principal: Principal) -> None:
        """Raise Forbidden unless the caller's role is one that the guard takes."""
        if accounts.ENROLS in principal.claims:
            if not self.enrolling:
                raise Forbidden("Your role requires a second factor. Set it up in your account first.")
            return
        if self.accepted_roles is not None and principal.claims.get("role") not in self.accepted_roles:
            raise Forbidden("Permission denied") if principal.portal is Portal.CAMPUS else Forbidden

    @property
    def accepted_roles(self) -> tuple[str, ...] | None:
        """The roles that the guard accepts; None where its portal has no roles."""
        if self.permissions:
            return permissions.holders(self.permissions)
        return self.roles or (tuple(AdminRole) if self.portal is Portal.ADMIN else None)


CUSTOMER = Guard(Portal.WEBAPP)
MERCHANT = Guard(Portal.MERCHANT)
ORGANIZER = Guard(Portal.ORGANIZER)
USHER = Guard(Portal.USHER)
DEVICE = Guard(Portal.DEVICE)
SENDING_DEVICE = Guard(Portal.DEVICE, revoked=True)
STAFF = Guard(Portal.ADMIN)
ENROLLING_STAFF = Guard(Portal.ADMIN, enrolling=True)
TIX = Guard(Portal.TIX)
TIX_ADMIN = Guard(Portal.TIX, roles=(TixRole.ADMIN,))
CAMPUS = Guard(Portal.CAMPUS)
# Supervisors see the events of their campus, organizers their own: the domain decides which event is whose.
CAMPUS_STAFF = Guard(
    Portal.CAMPUS, roles=(CampusRole.SUPERVISOR, CampusRole.ORGANIZER, CampusRole.HR, CampusRole.ADMIN)
)
CAMPUS_OFFICE = Guard(Portal.CAMPUS, roles=(CampusRole.HR, CampusRole.ADMIN))
ANYBODY = Guard(None)
# Staff by what they may do (domain/access/permissions.py). Who may manage may do all that follows, except OWNERS.
READERS = Guard(Portal.ADMIN, (Permission.READ,))
PEOPLE_READERS = Guard(Portal.ADMIN, (Permission.READ, Permission.SUPPORT))
LOG_READERS = Guard(Portal.ADMIN, (Permission.READ, Permission.SUPPORT))
GATE_READERS = Guard(Portal.ADMIN, (Permission.READ, Permission.USHERS))
CHECKIN_LOG_READERS = Guard(Portal.ADMIN, (Permission.READ, Permission.SUPPORT, Permission.USHERS))
MANAGERS = Guard(Portal.ADMIN, (Permission.MANAGE,))
SUPPORTERS = Guard(Portal.ADMIN, (Permission.SUPPORT,))
USHER_MANAGERS = Guard(Portal.ADMIN, (Permission.USHERS,))
BOOKKEEPERS = Guard(Portal.ADMIN, (Permission.FINANCE,))
OWNERS = Guard(Portal.ADMIN, (Permission.OWN,))
DEVICE_MANAGERS = Guard(Portal.ADMIN, (Permission.DEVICES,))
DEVICE_READERS = Guard(Portal.ADMIN, (Permission.DEVICES, Permission.READ))


def require_own_event(principal: Principal, event_id: str | None) -> str:
    """Return the caller's event. Raises NotAssigned for another event."""
    if event_id is not None and event_id != principal.event_id:
        raise NotAssigned
    return principal.event_id
