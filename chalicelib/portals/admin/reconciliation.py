"""The staff's portal: the daily reconciliation of the provider's list with the journal."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.payments import reconciliations
from chalicelib.portals.http.auth import READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.admin import reconciliation as schema

bp = Blueprint(__name__)


@door(
    bp,
    Route(
        "GET",
        "/api/finances/reconciliation",
        guard=READERS,
        query=schema.ReconciliationIn,
        reply=schema.ReconciliationPage,
        refuses=(errors.InvalidCursor,),
    ),
)
def admin_reconciliation(call: Call[None, schema.ReconciliationIn]) -> schema.ReconciliationPage:
    """Show how a day's journal differs from the provider's list."""
    query = call.query
    day = reconciliations.of_day(
        query.date, caller_id=call.principal.id, page_size=query.page_size, cursor=query.cursor
    )
    return schema.ReconciliationPage.read(day)
