"""Tix: print runs, and voided tickets."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.organizations import voiding
from chalicelib.domain.organizations.printing import print_runs
from chalicelib.domain.organizations.printing.print_runs import PrintInput
from chalicelib.domain.organizations.voiding import NumberSpan
from chalicelib.portals.http.auth import TIX, TIX_ADMIN
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.tix import print_runs as schema

bp = Blueprint(__name__)
_BASE = "/api/tix/tickets"


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/print",
        guard=TIX,
        body=schema.PrintIn,
        reply=schema.PrintStartedOut,
        status=202,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState, errors.AccountUnverified, errors.RateLimited),
        links=(Link("tix_print_run", {"job_id": "/job_id"}), Link("show_job", {"job_id": "/job_id"})),
    ),
)
def tix_print_tickets(call: Call[schema.PrintIn, None]) -> schema.PrintStartedOut:
    """Print a range of numbers in the background."""
    body = call.body
    job_id = print_runs.begin(
        call.principal.organization_id,
        PrintInput(prefix=body.prefix, first=body.first, last=body.last, format=body.format),
        user_id=call.principal.id,
        operation_id=call.operation_id,
    )
    return schema.PrintStartedOut(job_id=job_id)


@door(bp, Route("GET", f"{_BASE}/print/{{job_id}}", guard=TIX, reply=schema.PrintRunOut, refuses=(errors.NotFound,)))
def tix_print_run(call: Call[None, None]) -> schema.PrintRunOut:
    """Show the progress of a print run, and its files."""
    return schema.PrintRunOut.read(print_runs.show(call.principal.organization_id, call.path["job_id"]))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/void",
        guard=TIX_ADMIN,
        body=schema.VoidIn,
        reply=schema.VoidedOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def tix_void_tickets(call: Call[schema.VoidIn, None]) -> schema.VoidedOut:
    """Void a range of numbers; from this answer on none of them is admitted."""
    body = call.body
    counts = voiding.void(
        call.principal.organization_id,
        NumberSpan(prefix=body.prefix, first=body.first, last=body.last),
        reason=body.reason,
        user_id=call.principal.id,
    )
    return schema.VoidedOut.read(counts)
