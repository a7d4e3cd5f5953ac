"""The staff's portal: settlements of events."""

from typing import Any

from chalice import Blueprint
from pydantic import create_model

from chalicelib import errors
from chalicelib.domain.lists.payouts import SETTLEMENTS
from chalicelib.domain.payouts import settlement_books
from chalicelib.domain.payouts.settlement_files import CONTENT_TYPE, CsvFile, FileJob
from chalicelib.portals.http.answer import CSV, File
from chalicelib.portals.http.auth import BOOKKEEPERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import asked_of, query_with
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import payouts as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/finances/settlements"
_CSV = "csv"
_QUERY: Any = create_model(
    "SettlementsQueryIn",
    __base__=(query_with(SETTLEMENTS, ListIn), schema.FormatIn),
    __doc__="A page or a file of the list of settlements; or with `format=csv` and an `event_id` every line of it.",
)


def _shown(found: Any) -> PageOut[schema.SettlementOut] | schema.FileJobOut | File:
    if isinstance(found, CsvFile):
        return File(found.content, CONTENT_TYPE, name=found.name)
    if isinstance(found, FileJob):
        return schema.FileJobOut.read(found)
    return PageOut.of(found, schema.SettlementOut.read)


@list_door(
    bp,
    SETTLEMENTS,
    Route(
        "GET",
        _BASE,
        guard=READERS,
        query=_QUERY,
        reply=PageOut[schema.SettlementOut],
        files=(CSV,),
        also={202: schema.FileJobOut},
        refuses=(errors.NotFound,),
        links=(
            Link("admin_payout", {"payout_id": "/results/0/payout_id"}),
            Link("admin_settlements", {"cursor": "/next"}),
        ),
    ),
)
def admin_settlements(call: Call[None, Any]) -> PageOut[schema.SettlementOut] | schema.FileJobOut | File:
    """List the closed books of events; `format=csv` lists every line of one event's."""
    asked = asked_of(SETTLEMENTS, call)
    return _shown(settlement_books.read(asked, as_file=call.query.format == _CSV, by=call.principal.id))


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=BOOKKEEPERS,
        body=schema.SettlementIn,
        reply=schema.SettlementOut,
        status=201,
        refuses=(errors.NotFound, errors.InvalidState),
        links=(Link("admin_payout", {"payout_id": "/payout_id"}),),
        idempotent=True,
        audited="settlement.close",
    ),
)
def admin_close_settlement(call: Call[schema.SettlementIn, None]) -> schema.SettlementOut:
    """Close the books of an event that is over; closed books are only returned."""
    return schema.SettlementOut.read(settlement_books.close(call.body.event_id, by=call.principal.id))
