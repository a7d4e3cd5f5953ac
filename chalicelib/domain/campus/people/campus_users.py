"""Campus people as the office lists them, and one of them with the tried log-ins."""

from msgspec.structs import asdict, replace

from chalicelib.domain.campus.people import campus_profiles, campuses, log_in_audit
from chalicelib.domain.campus.people.campus_profiles import CampusProfileView
from chalicelib.domain.campus.people.log_in_audit import TriedLogIn
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.campus import CAMPUS_USERS
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import Page


class AuditedUser(CampusProfileView, frozen=True):
    """A person, with a page of their tried log-ins where it was asked for."""

    audit: Page[TriedLogIn] | None


def page(asked: Asked) -> Page[CampusProfileView]:
    """Return a page of the campus people; the filter `campus` takes an id or a name.

    Raises InvalidCursor, ValidationFailed.
    """
    known = campuses.every()
    campus = campuses.find(str(asked.filters.get("campus", "")), known)
    if campus is not None:
        asked = replace(asked, filters={**asked.filters, "campus": campus.campus_id})
    found = pages.page(CAMPUS_USERS, asked)
    by_id = {each.campus_id: each for each in known}
    return found.showing([campus_profiles.shown(profile, by_id) for profile in found.results])


def show(user_id: str, *, caller_id: str, audit: bool, page_size: int, cursor: str | None) -> AuditedUser:
    """Return a person, and a page of their tried log-ins if `audit`. Raises NotFound, InvalidCursor."""
    profile = campus_profiles.view(user_id)
    log_ins = log_in_audit.page(user_id, caller_id=caller_id, page_size=page_size, cursor=cursor) if audit else None
    return AuditedUser(**asdict(profile), audit=log_ins)
