"""The ushers' portal: reports of incidents, with a photo.

The route runs in the API's function, whose archive has what decodes pictures, and not in that of the gates.
"""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain import photos
from chalicelib.domain.gate import incidents
from chalicelib.domain.gate.incidents import IncidentReport
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.paths import INCIDENT_REPORT
from chalicelib.portals.http.route import BODY_LIMIT, Call, FormBody, Route
from chalicelib.schemas import incidents as schema

bp = Blueprint(__name__)


@door(
    bp,
    Route(
        "POST",
        INCIDENT_REPORT,
        guard=USHER,
        body=schema.IncidentIn,
        reply=schema.IncidentOut,
        form=FormBody(photos.MAX_BYTES + BODY_LIMIT, files=("photo",)),
        status=201,
        idempotent=True,
        refuses=(errors.NotFound,),
    ),
)
def usher_report_incident(call: Call[schema.IncidentIn, None]) -> schema.IncidentOut:
    """Report an incident to the staff, by JSON or by a form with a photo."""
    body, principal = call.body, call.principal
    report = IncidentReport(
        body.type, body.note, card_name=body.card_id, ticket_id=body.ticket_id, photo=call.files.get("photo")
    )
    reported = incidents.report(principal.event_id, report, by=principal.id, operation_id=call.operation_id)
    return schema.IncidentOut.read(reported)
