"""Whose figures a person sees: students their own, organizers their events', supervisors their campus', others all.

A filter that contradicts what the person may see finds nothing.
"""

from msgspec import Struct

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import figures
from chalicelib.domain.campus.analytics.figures import Figures
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.people import campuses
from chalicelib.table import keys
from chalicelib.table.items import Campus, CampusProfile
from chalicelib.vocabulary.campus import CampusRole

# Of a supervisor without a profile: no campus has it.
_NO_CAMPUS = "-"
_OFFICE = (CampusRole.HR, CampusRole.ADMIN)


class AskedFigures(Struct, frozen=True):
    """Of which days and of which campus, by id or name, figures are asked for; `exact` reads strongly consistent.

    `profile` is that of who asks, where it is read already.
    """

    days: int
    campus: str | None = None
    exact: bool = False
    profile: CampusProfile | None = None

    def found_campus(self) -> Campus | None:
        """Return the campus that is asked for. Raises ValidationFailed for an unknown one."""
        return campuses.named(self.campus, field="campus_id") if self.campus else None


def scope_of(caller: Principal, profile: CampusProfile | None = None) -> str:
    """Return the scope of the figures that a person sees without a filter; `profile` is theirs, if it is read."""
    match caller.claims.get("role"):
        case CampusRole.HR | CampusRole.ADMIN:
            return keys.campus_analytics.ALL
        case CampusRole.SUPERVISOR:
            campus_id = profile.campus_id if profile else campus_events.campus_of(caller.id)
            return keys.campus_analytics.of_campus(campus_id or _NO_CAMPUS)
        case CampusRole.ORGANIZER:
            return keys.campus_analytics.of_organizer(caller.id)
    return keys.campus_analytics.of_student(caller.id)


def figures_of(caller: Principal, asked: AskedFigures, campus: Campus | None = None) -> Figures:
    """Return the figures that a person sees, of one campus where it is given; one query."""
    scope = scope_of(caller, asked.profile)
    if campus is not None and caller.claims.get("role") in _OFFICE:
        scope = keys.campus_analytics.of_campus(campus.campus_id)
    return figures.read(
        scope,
        asked.days,
        timezone=campus.timezone if campus else None,
        campus_id=campus.campus_id if campus else None,
        consistent=asked.exact,
    )
