"""Permissions of each staff role (contract/admin.md).

The guards of the routes, and the roles that the OpenAPI document names for each, come from this table.
"""

from collections.abc import Iterable
from enum import StrEnum

from chalicelib.vocabulary.access import AdminRole


class Permission(StrEnum):
    """A permission that a route requires of a staff role."""

    READ = "read"
    DEVICES = "devices"
    USHERS = "ushers"
    SUPPORT = "support"
    FINANCE = "finance"
    MANAGE = "manage"
    OWN = "own"


_EVERYTHING_ELSE = frozenset(Permission) - {Permission.OWN}
GRANTED: dict[AdminRole, frozenset[Permission]] = {
    AdminRole.SUPER_ADMIN: frozenset(Permission),
    AdminRole.ADMIN: _EVERYTHING_ELSE,
    AdminRole.FINANCE: frozenset({Permission.READ, Permission.FINANCE}),
    AdminRole.SUPPORT: frozenset({Permission.SUPPORT}),
    AdminRole.USHER_MANAGER: frozenset({Permission.DEVICES, Permission.USHERS}),
}


def may(role: str | None, permission: Permission) -> bool:
    """Whether a role grants a permission."""
    return role in set(AdminRole) and permission in GRANTED[AdminRole(role)]


def holders(permissions: Iterable[Permission]) -> tuple[AdminRole, ...]:
    """Return the roles that have one of these permissions."""
    return tuple(role for role in AdminRole if any(may(role, permission) for permission in permissions))


def granted(role: str) -> list[str]:
    """Return a role's permissions, in order."""
    return sorted(permission.value for permission in GRANTED[AdminRole(role)])
