"""The staff's portal: cancellations of events."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.cancellations import desk
from chalicelib.domain.money import AmountInput
from chalicelib.portals.http.auth import MANAGERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import cancellations as schema
from chalicelib.schemas.wire import MoneyIn

bp = Blueprint(__name__)
_ONE = "/api/events/{event_id}/cancellation"
_REFUSES = (errors.NotFound, errors.InvalidState, errors.Conflict, errors.SecondPersonNeeded, errors.RateLimited)


def _amount(sent: MoneyIn | None) -> AmountInput | None:
    return AmountInput(sent.amount, sent.currency) if sent else None


@door(
    bp,
    Route(
        "POST",
        _ONE,
        guard=MANAGERS,
        body=schema.CancellationIn,
        reply=schema.CancellationOut,
        idempotent=True,
        audited="event.cancel",
        refuses=_REFUSES,
        links=(Link("admin_cancellation", {"event_id": "/event_id"}),),
    ),
)
def admin_cancel_event(call: Call[schema.CancellationIn, None]) -> schema.CancellationOut:
    """Preview the cancellation of an event, or cancel it."""
    body = call.body
    wish = desk.CancellationWish(
        dry_run=body.dry_run,
        reason=body.reason,
        refund=body.refund,
        notify=body.notify,
        confirm_code=body.confirm_code,
        expected_total=_amount(body.expected_total),
    )
    view = desk.handle(
        call.path["event_id"], wish, by=call.principal.id, address=call.address, operation_id=call.operation_id
    )
    return schema.CancellationOut.read(view)


@door(bp, Route("GET", _ONE, guard=READERS, reply=schema.CancellationOut, refuses=(errors.NotFound,)))
def admin_cancellation(call: Call[None, None]) -> schema.CancellationOut:
    """Show the cancellation of an event and its progress."""
    return schema.CancellationOut.read(desk.show(call.path["event_id"]))
