"""Records of which a device can no longer read what was presented: kept, and their numbers are not missing."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.gate import sequences
from chalicelib.table import keys, operations
from tests.support.client import call
from tests.support.factories import make_event, make_reader, make_ticket, scan_id, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
Record = dict[str, Any]


def damaged(seq: int | None, **changes: Any) -> Record:
    at = clock.to_text(clock.now() - timedelta(minutes=5))
    offline = {"result": "valid", "reason": "damaged"}
    return {"scan_id": scan_id(), "scanned_at": at, "seq": seq, "offline": offline, **changes}


def test_a_number_whose_record_was_damaged_is_no_longer_missing_and_staff_see_when_it_was() -> None:
    event, stream = make_event(), StreamReader()
    reader, ticket, now = make_reader(event), make_ticket(event), clock.now()
    whole = [
        {"scan_id": scan_id(), "qr": "GH1.NONE", "scanned_at": clock.to_text(now), "seq": seq,
         "offline": {"result": "invalid", "reason": "bad_signature"}}
        for seq in (1, 3)
    ]  # fmt: skip
    lost = damaged(2)
    body = {"taps": [whole[0], lost, whole[1]], "device_time": clock.to_text(now)}
    answers = call("POST", "/api/device/taps/", body, token=reader.token()).json["results"]
    assert [each["status"] for each in answers] == ["accepted", "rejected", "accepted"]
    assert (answers[1]["error"]["code"], answers[1]["scan_id"]) == ("NOT_FOUND", lost["scan_id"])
    received = sequences.received(reader.device_id)
    assert (received.highest, received.missing) == (3, 0)
    again = call("POST", "/api/device/taps/", {**body, "taps": [lost]}, token=reader.token()).json["results"][0]
    assert (again["status"], again["error"]["code"], again["log_id"]) == ("rejected", "NOT_FOUND", answers[1]["log_id"])
    stream.drain()
    log = call("GET", "/api/usher/scan/logs/?page_size=100", token=usher_token(event)).json["results"]
    [entry] = [each for each in log if each["scan_id"] == lost["scan_id"]]
    assert (entry["result"], entry["ticket_id"], entry["device_id"]) == ("invalid", None, reader.device_id)
    apart = datetime.fromisoformat(entry["scanned_at"]) - datetime.fromisoformat(lost["scanned_at"])
    assert abs(apart) < timedelta(seconds=30)  # corrected by `device_time`
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.scans, counters.admitted) == (3, 0)
    stored = operations.get(keys.tickets.ticket(ticket.ticket_id))
    assert stored is not None
    assert stored.admission is None


@pytest.mark.parametrize(
    "record",
    [
        damaged(None),
        damaged(2, offline=None),
        damaged(2, offline={"result": "valid"}),
        damaged(2, offline={"result": "valid", "reason": "closed"}),
        damaged(2, qr="GH1.NONE", uid="04A1B2C3D4E5F6"),
    ],
    ids=["no number", "not decided", "no reason", "another reason", "two credentials"],
)
def test_only_a_record_that_says_so_may_come_without_what_was_presented(record: Record) -> None:
    reader = make_reader(make_event())
    body = {"taps": [record], "device_time": clock.to_text(clock.now())}
    answer = call("POST", "/api/device/taps/", body, token=reader.token()).json["results"][0]
    assert (answer["status"], answer["error"]["code"]) == ("rejected", "VALIDATION_ERROR")
    assert sequences.received(reader.device_id).highest == 0
