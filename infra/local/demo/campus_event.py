"""The demo event of the demo campus: it is going on, and the students of the department are listed."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import event_records, rosters
from chalicelib.domain.campus.events.roster_lists import RosterInput
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import CampusRole


def load() -> None:
    """Create the event and its roster; a second time changes nothing."""
    if operations.get(keys.campus_events.event(demo.CAMPUS_EVENT_ID)) is not None:
        return
    now = clock.now()
    by = Principal(
        portal=Portal.CAMPUS,
        id=demo.CAMPUS_TEACHER_ID,
        session_id="ses_demo",
        issued_at=now,
        claims={"role": CampusRole.ORGANIZER},
    )
    began_at = now.replace(minute=0, second=0, microsecond=0)
    given = {
        "event_id": demo.CAMPUS_EVENT_ID,
        "title": demo.CAMPUS_EVENT_TITLE,
        "location": demo.CAMPUS_HALL,
        "latitude": demo.CAMPUS_LATITUDE,
        "longitude": demo.CAMPUS_LONGITUDE,
        "location_radius": demo.CAMPUS_RADIUS,
        "starts_at": began_at,
        "late_until": began_at + timedelta(days=1),
        "ends_at": began_at + timedelta(days=30),
    }
    event_records.create(given, by=by, operation_id="the demo event of the campus")
    rosters.change(demo.CAMPUS_EVENT_ID, RosterInput(student_ids=demo.CAMPUS_ROSTER), by=by)
