"""Requests of the staff's portal: incidents and conflicts; and an usher's report."""

import itertools
from collections.abc import Callable
from typing import Any

from chalicelib.domain.gate import checkin, incidents
from chalicelib.domain.gate.incidents import IncidentReport
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.identifiers import new_id
from chalicelib.schemas.examples import demo
from chalicelib.table.items import Item, Scan
from chalicelib.vocabulary.gate import IncidentType
from tests.contract.request import Request
from tests.support import marked, payers
from tests.support.factories import scan_id

_numbers = itertools.count(1)


def _incident(ground: Any) -> str:
    report = IncidentReport(IncidentType.MEDICAL, f"Somebody fell at gate {next(_numbers)}.")
    return incidents.report(demo.EVENT_ID, report, by=ground.usher.account_id, operation_id=new_id("op")).id


def _conflict() -> str:
    # A refused scan is a record at once; the stream writes that of a first entry.
    caller = Caller(id=new_id("ush"), event_id=demo.EVENT_ID, name="conflict-finder")
    log_id = checkin.scan(caller, Reading(scan_id(), uid="04FFFFFFFFFFFE")).log_id
    scans = (Item.from_raw_data(raw) for raw in payers.all_raws("scan"))
    scan = next(one for one in scans if isinstance(one, Scan) and one.log_id == log_id)
    marked.mark_conflict(scan, "double_admission")
    return str(log_id)


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "usher_report_incident": lambda _: Request({"type": "security", "note": "A fight at gate 2."}),
    "admin_incidents": lambda _: Request(query="status=open&page_size=5"),
    "admin_answer_incident": lambda ground: Request(
        {"status": "in_progress", "note": "A doctor came."}, path={"incident_id": _incident(ground)}
    ),
    "admin_close_conflict": lambda _: Request(
        {"resolution": "device_error", "note": "Its clock was wrong."}, path={"log_id": _conflict()}
    ),
}


def _incidents(ground: Any) -> None:
    for _ in range(3):
        _incident(ground)


ROWS: tuple[Callable[[Any], object], ...] = (_incidents,)
