"""Campus: live."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.analytics import event_figures
from chalicelib.domain.campus.analytics.recent_attendance import RecentSubmission
from chalicelib.domain.campus.events import campus_events
from chalicelib.portals.http.auth import CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.campus import analytics as schema

bp = Blueprint(__name__)
_BASE = "/api/campus/analytics/realtime"


def _recent_out(copy: RecentSubmission) -> schema.RecentSubmissionOut:
    return schema.RecentSubmissionOut(
        first_name=copy.first_name,
        last_name=copy.last_name,
        student__first_name=copy.first_name,
        student__last_name=copy.last_name,
        submitted_at=copy.submitted_at,
        verification_status=copy.verification_status,
    )


@door(
    bp,
    Route("GET", f"{_BASE}/{{event_id}}", guard=CAMPUS_STAFF, reply=schema.RealtimeOut, refuses=(errors.NotFound,)),
)
def campus_realtime(call: Call[None, None]) -> schema.RealtimeOut:
    """Show the counts of an event and the submissions of the last five minutes."""
    event = campus_events.require_staff_of(call.path["event_id"], call.principal)
    found = event_figures.live(event)
    return schema.RealtimeOut(
        event_id=found.event_id,
        attendance_summary=[schema.SummaryRowOut.read(row) for row in found.attendance_summary],
        recent_submissions=[_recent_out(copy) for copy in found.recent_submissions],
        total_registered=found.total_registered,
        expected=found.expected,
        last_updated=found.last_updated,
    )
