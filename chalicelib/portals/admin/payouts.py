"""The staff's portal: payouts."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.lists.payouts import PAYOUTS
from chalicelib.domain.payouts import staff_payouts
from chalicelib.portals.http.auth import BOOKKEEPERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import payouts as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/payouts"


_LINKS = (
    Link("admin_payout", {"payout_id": "/id"}),
    Link("admin_change_payout", {"payout_id": "/id"}),
)


@list_door(
    bp,
    PAYOUTS,
    Route(
        "GET",
        _BASE,
        guard=READERS,
        query=list_query(PAYOUTS),
        reply=PageOut[schema.StaffPayoutOut],
        links=(
            Link("admin_payout", {"payout_id": "/results/0/id"}),
            Link("admin_payouts", {"cursor": "/next"}),
        ),
    ),
)
def admin_payouts(call: Call[None, ListIn]) -> PageOut[schema.StaffPayoutOut]:
    """List payouts."""
    return PageOut.of(staff_payouts.show_page(list_page(PAYOUTS, call)), schema.StaffPayoutOut.read)


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=BOOKKEEPERS,
        body=schema.PayoutIn,
        reply=schema.StaffPayoutOut,
        status=201,
        refuses=(errors.NotFound, errors.AlreadyExists, errors.InvalidState),
        links=_LINKS,
        idempotent=True,
        audited="payout.create",
    ),
)
def admin_create_payout(call: Call[schema.PayoutIn, None]) -> schema.StaffPayoutOut:
    """Pay out a settlement whose payout was cancelled."""
    made = staff_payouts.create(
        call.body.settlement_id,
        scheduled_for=call.body.scheduled_for,
        by=call.principal.id,
        operation_id=call.operation_id,
    )
    return schema.StaffPayoutOut.read(made)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/{{payout_id}}",
        guard=READERS,
        reply=schema.StaffPayoutOut,
        refuses=(errors.NotFound,),
        links=_LINKS,
    ),
)
def admin_payout(call: Call[None, None]) -> schema.StaffPayoutOut:
    """Show a payout."""
    return schema.StaffPayoutOut.read(staff_payouts.detail(call.path["payout_id"]))


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{payout_id}}",
        guard=BOOKKEEPERS,
        body=schema.PayoutActionIn,
        reply=schema.StaffPayoutOut,
        refuses=(errors.NotFound, errors.InvalidState, errors.SecondPersonNeeded),
        links=_LINKS,
        idempotent=True,
        audited="payout.change",
    ),
)
def admin_change_payout(call: Call[schema.PayoutActionIn, None]) -> schema.StaffPayoutOut:
    """Approve, hold, release, cancel or retry a payout."""
    return schema.StaffPayoutOut.read(staff_payouts.act(call.path["payout_id"], call.body.action, by=call.principal.id))
