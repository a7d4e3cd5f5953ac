"""Profiles of campus accounts, as their owners and staff see them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib.clients import files
from chalicelib.domain.access import lock_outs
from chalicelib.domain.access.tokens import Principal
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Campus, CampusProfile

PHOTO_LINK_LIFETIME = timedelta(minutes=15)


class CampusProfileView(Struct, frozen=True):
    """A profile with the name of its campus."""

    id: str
    username: str
    email: str
    first_name: str
    last_name: str
    student_id: str | None
    department: str
    campus: str
    campus_id: str
    year_level: str | None
    role: str
    profile_photo_url: str | None
    is_verified: bool
    is_active: bool
    card_uid: str | None
    created_at: datetime


def of_caller(caller: Principal) -> CampusProfile | None:
    """Return the profile of a caller, read with their lock-outs in one request. Raises Unauthenticated."""
    return lock_outs.require_not_revoked_beside(caller, keys.campus_people.profile(caller.id))


def get(user_id: str) -> CampusProfile:
    """Return the profile of an account. Raises NotFound."""
    profile = operations.get(keys.campus_people.profile(user_id))
    if profile is None:
        raise NotFound("There is no such user.")
    return profile


def erased_name(user_id: str) -> str:
    """Return the user name of an erased person; nobody else can have one with a slash."""
    return f"erased/{user_id}"


def is_erased(profile: CampusProfile) -> bool:
    """Whether the person of a profile was erased: it stays for the counts alone, and names nobody."""
    return profile.username == erased_name(profile.user_id)


def view(user_id: str) -> CampusProfileView:
    """Return the profile of an account as it is shown. Raises NotFound."""
    profile = get(user_id)
    campus = operations.get(keys.campus_people.campus(profile.campus_id))
    return shown(profile, {campus.campus_id: campus} if campus else {})


def shown(profile: CampusProfile, known: Mapping[str, Campus]) -> CampusProfileView:
    """Return a profile as it is shown; `known` has its campus by id."""
    campus = known.get(profile.campus_id)
    return CampusProfileView(
        id=profile.user_id,
        username=profile.username,
        email=profile.email,
        first_name=profile.first_name,
        last_name=profile.last_name,
        student_id=profile.student_id,
        department=profile.department,
        campus=campus.name if campus else profile.campus_id,
        campus_id=profile.campus_id,
        year_level=profile.year_level,
        role=profile.role,
        profile_photo_url=files.link(profile.photo_key, lifetime=PHOTO_LINK_LIFETIME) if profile.photo_key else None,
        is_verified=profile.is_verified,
        is_active=profile.is_active,
        card_uid=profile.card_uid,
        created_at=profile.created_at,
    )
