"""Reader devices at the staff's desk: moved, renamed, wiped, and found."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import devices, heartbeats, lock_outs, tokens
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.tickets import tickets
from chalicelib.vocabulary.access import Portal
from tests.support import audit, meanwhile
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_event, make_reader, make_ticket, scan_id, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
BEAT = {"queue_depth": 0, "clock_offset_ms": 0, "app_version": "1.0.0"}


def put(device_id: str, **body: Any) -> Answer:
    return call("PUT", f"/api/devices/{device_id}/", body, token=admin_token())


def beat(token: str) -> Answer:
    return call("POST", "/api/device/heartbeat/", BEAT, token=token)


def test_a_moved_device_gets_its_new_gate_with_its_next_token() -> None:
    event = make_event(gates=["Gate 1", "Gate 2"])
    reader = make_reader(event)
    token = reader.token()
    assert beat(token).status == 200
    refused = put(reader.device_id, gate="Gate 9")
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "gate")
    moved = put(reader.device_id, gate="Gate 2", name="North")
    assert (moved.status, moved.json["gate"], moved.json["name"]) == (200, "Gate 2", "North")
    assert beat(token).status == 401
    token = reader.token()
    tap = {"scan_id": "scn_moved0001", "uid": "04A1B2C3D4E5F6", "scanned_at": clock.to_text(clock.now())}
    sent = call("POST", "/api/device/taps/", {"taps": [tap], "device_time": tap["scanned_at"]}, token=token)
    assert sent.status == 200
    (entry,) = [each for each in audit.entries() if each["result"] == "done"]
    assert (entry["action"], entry["entity_id"]) == ("device.change", reader.device_id)


def test_what_a_device_kept_until_it_was_moved_was_at_the_gate_before() -> None:
    """It is logged where it took place, as is what the platform decides late; the device learns of its new gate."""
    event, now = make_event(gates=["Gate 1", "Gate 2"]), clock.now()
    reader, moved_at = make_reader(event), clock.now() - timedelta(minutes=10)
    with clock.set_to(moved_at):
        assert put(reader.device_id, gate="Gate 2").status == 200
    taps = [
        {"scan_id": scan_id(), "scanned_at": clock.to_text(now - timedelta(minutes=minutes)), **shown, **decided}
        for shown in ({"ticket_id": make_ticket(event).ticket_id}, {"qr": tickets.code(make_ticket(event))})
        for minutes in (20, 5)
        for decided in ({"offline": {"result": "valid"}}, {"offline": {"result": "not_found"}}, {})
    ]
    token = reader.token()
    assert beat(token).json["gate"] == "Gate 2"
    sent = call("POST", "/api/device/taps/", {"taps": taps, "device_time": clock.to_text(now)}, token=token)
    assert sent.status == 200
    StreamReader().drain()
    log = call("GET", "/api/usher/scan/logs/?page_size=100", token=usher_token(event)).json["results"]
    assert [{each["scan_id"]: each["gate"] for each in log}[tap["scan_id"]] for tap in taps] == [
        *["Gate 1"] * 3,
        *["Gate 2"] * 3,
    ] * 2


def test_a_wiped_device_learns_of_it_at_its_next_heartbeat_and_goes_on() -> None:
    reader = make_reader(make_event())
    token = reader.token()
    assert beat(token).json["revoked_before"] is None
    wiped = put(reader.device_id, wipe=True).json["wipe_before"]
    assert wiped is not None
    assert beat(token).json["revoked_before"] == wiped
    # Nothing asked, nothing changed.
    assert put(reader.device_id).json["wipe_before"] == wiped


def test_the_audit_log_says_what_a_revoked_device_was() -> None:
    reader = make_reader(make_event())
    assert call("DELETE", f"/api/devices/{reader.device_id}/", token=admin_token()).status == 204
    (entry,) = audit.entries()
    assert (entry["action"], json.loads(entry["before"]), json.loads(entry["after"])) == (
        "device.revoke",
        {"status": "enrolled"},
        {"status": "revoked"},
    )


def test_a_revoked_device_is_not_changed() -> None:
    reader = make_reader(make_event())
    devices.revoke(reader.device_id)
    assert put(reader.device_id, name="North").code == "INVALID_STATE"
    assert put("dev_none", name="North").status == 404


def test_devices_are_found_by_event_gate_state_and_name() -> None:
    event, other = make_event(gates=["Gate 1", "Gate 2"]), make_event()
    first, second, third = make_reader(event), make_reader(event, gate="Gate 2"), make_reader(other)
    heartbeats.receive(second.device_id, DeviceHeartbeat(queue_depth=0, clock_offset_ms=0, app_version="1.0.0"))
    assert put(second.device_id, name="Northern door").status == 200
    StreamReader().drain()

    def ids(query: str) -> set[str]:
        answer = call("GET", f"/api/devices/?{query}", token=admin_token())
        assert answer.status == 200, answer.text
        return {row["id"] for row in answer.json["results"]}

    assert ids("") == {first.device_id, second.device_id, third.device_id}
    assert ids(f"event_id={event.event_id}") == {first.device_id, second.device_id}
    assert ids(f"event_id={event.event_id}&gate=Gate%202") == {second.device_id}
    assert ids("online=true") == {second.device_id}
    assert ids("status=enrolled&online=false") == {first.device_id, third.device_id}
    assert ids("search=north") == {second.device_id}
    assert ids("search=reader") == {first.device_id, third.device_id}
    with clock.set_to(clock.now() + timedelta(minutes=3)):
        assert ids("online=true") == set()


def test_a_revocation_that_is_cut_off_leaves_no_device_that_goes_on() -> None:
    reader = make_reader(make_event())
    token, staff = reader.token(), admin_token()
    with meanwhile.failing("PutItem", required=False):
        answer = call("DELETE", f"/api/devices/{reader.device_id}/", token=staff)
    lock_outs.forget()
    is_revoked = devices.of_event(tokens.verify(token, Portal.DEVICE).event_id, devices.AGENTS)[0].status == "revoked"
    assert (answer.status == 204, beat(token).status == 401) == (is_revoked, is_revoked)
