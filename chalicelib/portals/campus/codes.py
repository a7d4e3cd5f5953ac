"""Campus: the rotating code of an event."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.events import shown_codes
from chalicelib.domain.campus.events.shown_codes import ShownCode
from chalicelib.portals.http.auth import CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.campus import events as schema

bp = Blueprint(__name__)
_ONE = "/api/campus/events/{event_id}/qr"


def _qr_out(shown: ShownCode) -> schema.QrOut:
    return schema.QrOut(
        event_id=shown.event_id,
        qr_token=shown.token,
        qr_image=shown.picture,
        code=shown.code,
        expires_at=shown.expires_at,
    )


@door(bp, Route("GET", _ONE, guard=CAMPUS_STAFF, reply=schema.QrOut, refuses=(errors.NotFound,)))
def campus_event_qr(call: Call[None, None]) -> schema.QrOut:
    """Show the present code of an event."""
    return _qr_out(shown_codes.show(call.path["event_id"], call.principal))


@door(
    bp,
    Route(
        "POST",
        f"{_ONE}/refresh",
        guard=CAMPUS_STAFF,
        reply=schema.QrOut,
        idempotent=True,
        refuses=(errors.NotFound,),
    ),
)
def campus_refresh_qr(call: Call[None, None]) -> schema.QrOut:
    """Void all earlier codes of an event at once and show the next."""
    return _qr_out(shown_codes.refresh(call.path["event_id"], by=call.principal, operation_id=call.operation_id))
