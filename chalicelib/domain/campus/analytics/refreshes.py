"""Refreshing a dashboard: totals follow from the stream within seconds, so a refresh seldom changes them.

The totals are read strongly consistent. For staff, the newest events that they see are counted again from their
records, in the background; for students, their own records at once. Where the totals are right, nothing is written.
"""

from chalicelib.domain.access import limits
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import attendance_counts, figures, figures_of_all, recounts, viewers
from chalicelib.domain.campus.analytics.attendance_counts import CountedSubject
from chalicelib.domain.campus.analytics.viewers import AskedFigures
from chalicelib.vocabulary.campus import CampusRole

EVENTS_COUNTED = RECORDS_COUNTED = 20
# Of the figures of all campuses, the newest days are made at once; a client waits five seconds.
_SECONDS = 1.0


def refresh(caller: Principal, asked: AskedFigures) -> bool:
    """Count again what the caller's dashboard shows; return whether that goes on in background. Raises RateLimited."""
    limits.CAMPUS_REFRESHES.take(caller.id)
    role = caller.claims.get("role")
    if role in (CampusRole.HR, CampusRole.ADMIN):
        figures_of_all.make(seconds=_SECONDS)
        event_ids = [str(row.event_id) for row in figures.events_of_all(asked.days, most=EVENTS_COUNTED)]
    else:
        found = viewers.figures_of(caller, asked)
        event_ids = [str(row.event_id) for row in found.events[: -EVENTS_COUNTED - 1 : -1]]
        if role == CampusRole.STUDENT:
            rows = [row for row in found.days if row.attendance_id][: -RECORDS_COUNTED - 1 : -1]
            attendance_counts.count(
                [CountedSubject(str(row.event_id), str(row.attendance_id), caller.id) for row in rows]
            )
            return False
    for event_id in event_ids:
        recounts.begin_anew(event_id)
    return bool(event_ids)
