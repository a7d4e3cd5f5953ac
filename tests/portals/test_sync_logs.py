"""Records that were decided without the network: taken once each, in any order, and merged with all others."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.table import keys, operations
from chalicelib.table.items import Ticket
from tests.support.client import Answer, call
from tests.support.factories import make_event, make_ticket, make_usher, scan_id, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
Record = dict[str, Any]


def record(ticket: Ticket, *, at: datetime, **more: Any) -> Record:
    """Return a record of somebody whom the gate admitted."""
    return {
        "scan_id": scan_id(),
        "ticket_id": ticket.ticket_id,
        "scanned_at": clock.to_text(at),
        "offline": {"result": "valid"},
        **more,
    }


def send(token: str, *records: Record, **clocks: Any) -> Answer:
    body = {"logs": list(records), "device_time": clock.to_text(clock.now()), **clocks}
    return call("POST", "/api/usher/sync/logs/", body, token=token)


def log_of(token: str) -> dict[str, Record]:
    page = call("GET", "/api/usher/scan/logs/?page_size=100", token=token).json["results"]
    return {entry["scan_id"]: entry for entry in page}


def test_the_earlier_of_two_records_admits_though_it_arrives_later() -> None:
    event, stream = make_event(), StreamReader()
    ticket, now = make_ticket(event), clock.now()
    later = record(ticket, at=now - timedelta(minutes=5), gate="Gate 2")
    earlier = record(ticket, at=now - timedelta(minutes=9), gate="Gate 1")
    first = send(usher_token(event), later).json
    assert [(one["status"], one["result"], one["conflict"]) for one in first["results"]] == [
        ("accepted", "valid", None)
    ]
    token = usher_token(event, make_usher(event, username="second"))
    second = send(token, earlier).json
    assert (second["accepted"], second["conflicts"]) == (1, 0)
    stream.drain()
    log = log_of(token)
    assert log[earlier["scan_id"]]["conflict"] is None
    assert log[later["scan_id"]]["conflict"] == "double_admission"
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.scans, counters.admitted, counters.inside) == (2, 1, 1)
