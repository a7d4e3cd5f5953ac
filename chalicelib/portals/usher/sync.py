"""The ushers' portal: the records of scans that were decided without the network."""

from chalice import Blueprint

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.gate.readings import Caller
from chalicelib.portals import scan_records
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas import records as records_schema
from chalicelib.schemas.usher import sync as schema
from chalicelib.vocabulary.gate import ScanSource

bp = Blueprint(__name__)
_BASE = "/api/usher"
# Five hundred records with codes and SUN messages.
_LOGS_LIMIT = 1024 * 1024


def _caller(principal: Principal) -> Caller:
    return Caller(
        id=principal.id,
        event_id=principal.event_id,
        name=principal.claims.get("username"),
        source=ScanSource.OFFLINE,
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/sync/logs",
        guard=USHER,
        body=schema.SyncLogsIn,
        reply=records_schema.VerdictsOut,
        limit=_LOGS_LIMIT,
    ),
)
def usher_sync_logs(call: Call[schema.SyncLogsIn, None]) -> records_schema.VerdictsOut:
    """Take the records of scans that a phone decided without the network, each once."""
    body = call.body
    principal = call.principal
    taken = scan_records.take(
        _caller(principal), body.logs, scan_records.clock_of(body), number_source=principal.phone_id
    )
    return scan_records.verdicts_out(taken)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/scan/log",
        guard=USHER,
        body=schema.ScanLogIn,
        reply=records_schema.VerdictsOut,
    ),
)
def usher_log_scan(call: Call[schema.ScanLogIn, None]) -> records_schema.VerdictsOut:
    """Take one record of a scan that a phone decided, once."""
    record = call.body
    sender = scan_records.wall_clock(record.device_time)
    principal = call.principal
    taken = scan_records.take(_caller(principal), [record], sender, number_source=principal.phone_id)
    return scan_records.verdicts_out(taken)
