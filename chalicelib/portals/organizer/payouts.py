"""The organizers' portal: payouts."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.payouts import payouts
from chalicelib.domain.payouts.payouts import PayoutFilters
from chalicelib.domain.payouts.settlement_files import CONTENT_TYPE, CsvFile, FileJob
from chalicelib.portals.http.answer import CSV, PDF, File
from chalicelib.portals.http.auth import ORGANIZER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.organizer import payouts as schema
from chalicelib.schemas.organizer.files import FileJobOut, MovementsIn
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/organizer"


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/payouts",
        guard=ORGANIZER,
        query=schema.PayoutsIn,
        reply=PageOut[schema.PayoutOut],
        links=(
            Link("organizer_payout", {"payout_id": "/results/0/id"}),
            Link("organizer_payout_invoice", {"payout_id": "/results/0/id"}),
            Link("organizer_payouts", {"cursor": "/next"}),
        ),
    ),
)
def organizer_payouts(call: Call[None, schema.PayoutsIn]) -> PageOut[schema.PayoutOut]:
    """List the organizer's payouts, newest first."""
    query = call.query
    filters = PayoutFilters(query.status, query.scheduled_from, query.scheduled_to)
    page = payouts.page(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, schema.PayoutOut.read)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/payouts/{{payout_id}}",
        guard=ORGANIZER,
        query=MovementsIn,
        reply=schema.PayoutDetailOut,
        files=(CSV,),
        also={202: FileJobOut},
        refuses=(errors.NotFound,),
    ),
)
def organizer_payout(call: Call[None, MovementsIn]) -> schema.PayoutDetailOut | FileJobOut | File:
    """Show one of the organizer's payouts with its lines; `format=csv` lists the movements that add up to it."""
    return _as_asked(call.principal.id, call.path["payout_id"], call.query)


def _as_asked(organizer_id: str, payout_id: str, query: MovementsIn) -> schema.PayoutDetailOut | FileJobOut | File:
    if query.format == "csv":
        return _file_out(payouts.movements(organizer_id, payout_id))
    return schema.PayoutDetailOut.read(payouts.detail(organizer_id, payout_id))


def _file_out(found: CsvFile | FileJob) -> File | FileJobOut:
    if isinstance(found, CsvFile):
        return File(found.content, CONTENT_TYPE, name=found.name)
    return FileJobOut.read(found)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/payouts/{{payout_id}}/invoice",
        guard=ORGANIZER,
        media_type=PDF,
        refuses=(errors.NotFound,),
    ),
)
def organizer_payout_invoice(call: Call[None, None]) -> File:
    """Return the invoice of a payout as PDF."""
    invoice = payouts.document(call.principal.id, call.path["payout_id"])
    return File(invoice.content, PDF, name=invoice.name)
