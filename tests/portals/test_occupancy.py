"""How many are inside: with a ticket, counted without one, and what devices may still hold."""

import random
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import devices
from chalicelib.table.items import Event
from tests.support.client import call
from tests.support.factories import make_event, make_organizer, make_reader, make_ticket, scan_id, token_of, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def status(event: Event, token: str) -> dict[str, Any]:
    answer = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token)
    assert answer.status == 200, answer.json
    return dict(answer.json)


def count(token: str, delta: int, **more: Any) -> dict[str, Any]:
    body = {"scan_id": scan_id(), "kind": "count", "delta": delta, "scanned_at": clock.to_text(clock.now()), **more}
    answer = call("POST", "/api/usher/scan/log/", body, token=token)
    assert answer.status == 200, answer.json
    (verdict,) = answer.json["results"]
    return dict(verdict)


def test_people_without_a_ticket_are_counted_once_logged_and_inside() -> None:
    event, stream = make_event(), StreamReader()
    token, ticket, name = usher_token(event), make_ticket(event), scan_id()
    now = clock.to_text(clock.now())
    call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}, token=token)

    first = count(token, 3, scan_id=name, gate="Gate 1", scanned_at=now)
    again = count(token, 3, scan_id=name, gate="Gate 1", scanned_at=now)
    other = count(token, 4, scan_id=name, gate="Gate 1", scanned_at=now)
    count(token, -1, gate="Gate 2")
    stream.fork().drain()
    stream.drain()  # a batch that is delivered twice counts once

    shown = status(event, token)
    log = call("GET", "/api/usher/scan/logs/", token=token).json["results"]
    counted = [(entry["kind"], entry["delta"], entry["direction"], entry["gate"], entry["result"]) for entry in log]
    assert (first["status"], first["result"], again["status"]) == ("accepted", "valid", "replayed")
    assert (other["status"], other["error"]["code"]) == ("rejected", "SCAN_ID_REUSED")
    assert (shown["inside"], shown["counted_without_ticket"], shown["admitted"], shown["on_leave"]) == (3, 2, 1, 0)
    assert sorted(counted, key=str) == [
        ("count", -1, "exit", "Gate 2", "valid"),
        ("count", 3, "entry", "Gate 1", "valid"),
        ("count", 4, "entry", "Gate 1", "invalid"),
        ("scan", None, "entry", None, "valid"),
    ]


def test_counts_come_from_readers_and_in_batches_of_phones_beside_scans() -> None:
    event, stream = make_event(), StreamReader()
    token, ticket, reader = usher_token(event), make_ticket(event), make_reader(event)
    now, old = clock.to_text(clock.now()), clock.to_text(clock.now() - timedelta(days=8))
    counts = [{"scan_id": scan_id(), "kind": "count", "delta": delta, "scanned_at": now} for delta in (2, 50, -1)]
    scan = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "scanned_at": now, "offline": {"result": "valid"}}
    too_old = {**counts[0], "scan_id": scan_id(), "scanned_at": old}

    for _ in range(2):
        logs = {"logs": [counts[0], scan, too_old], "device_time": now}
        synced = call("POST", "/api/usher/sync/logs/", logs, token=token).json
        taps = {"taps": counts[1:], "device_time": now}
        tapped = call("POST", "/api/device/taps/", taps, token=reader.token()).json["results"]
        stream.drain()

    shown = status(event, token)
    assert [verdict["status"] for verdict in synced["results"]] == ["replayed", "replayed", "rejected"]
    assert synced["results"][2]["error"]["code"] == "CLOCK_IMPLAUSIBLE"
    assert [one["result"] for one in tapped] == ["valid", "valid"]
    assert (shown["inside"], shown["counted_without_ticket"], shown["admitted"]) == (52, 51, 1)


@pytest.mark.parametrize(
    "changes",
    [{"delta": 0}, {"delta": None}, {"delta": 51}, {"delta": -51}, {"ticket_id": "tkt_1"}, {"kind": "scan"}],
    ids=str,
)
def test_a_count_has_a_number_within_bounds_and_shows_nothing(changes: dict[str, Any]) -> None:
    event = make_event()
    body = {"scan_id": scan_id(), "kind": "count", "delta": 1, "scanned_at": clock.to_text(clock.now()), **changes}
    answer = call("POST", "/api/usher/scan/log/", body, token=usher_token(event))
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("seed", range(4))
def test_the_number_counted_does_not_depend_on_the_order_and_is_never_shown_below_zero(seed: int) -> None:
    event, stream, order = make_event(), StreamReader(), random.Random(seed)  # noqa: S311  # an order of a test
    deltas = [5, -2, -7, 10, -3]
    order.shuffle(deltas)
    token, shown = usher_token(event), []
    for delta in deltas:
        count(token, delta)
        stream.drain()
        shown.append(status(event, token))
    assert all(each["counted_without_ticket"] >= 0 and each["inside"] >= 0 for each in shown)
    assert (shown[-1]["counted_without_ticket"], shown[-1]["inside"]) == (3, 3)


def test_devices_that_hold_scans_or_are_silent_raise_the_upper_bound_and_say_since_when() -> None:
    organizer = make_organizer()
    event = make_event(organizer_id=organizer.account_id)
    token, ticket, stream = usher_token(event), make_ticket(event), StreamReader()
    call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}, token=token)
    count(token, 2)
    stream.drain()
    readers = [make_reader(event) for _ in range(3)]
    now = clock.now()

    def beat(place: int, queue_depth: int, ago: int) -> None:
        with clock.set_to(now - timedelta(seconds=ago)):
            body = {"queue_depth": queue_depth, "clock_offset_ms": 0, "app_version": "1.0"}
            answer = call("POST", "/api/device/heartbeat/", body, token=readers[place].token())
            assert answer.status == 200, answer.json

    beat(0, queue_depth=0, ago=1)
    beat(1, queue_depth=4, ago=20)
    beat(2, queue_depth=0, ago=3600)
    with clock.set_to(now):
        shown = status(event, token)
        path = f"/api/organizer/events/{event.event_id}/"
        analytics = call("GET", path, token=token_of(organizer)).json["analytics"]["occupancy"]

    assert (shown["inside"], shown["unsynced_devices"], shown["inside_at_most"]) == (3, 2, 7)
    assert shown["as_of"] == clock.to_text(now - timedelta(seconds=3600))
    assert analytics == {"inside": 3, "as_of": shown["as_of"], "upper_bound": 7, "unsynced_devices": 2}


def test_a_revoked_device_holds_its_scans_until_its_late_upload_is_over() -> None:
    """Those whom it admitted without the network are inside all the same."""
    event, now = make_event(), clock.now()
    reader, other = make_reader(event), make_reader(event)
    for one, queue_depth in ((reader, 4), (other, 0)):
        beat = {"queue_depth": queue_depth, "clock_offset_ms": 0, "app_version": "1.0"}
        assert call("POST", "/api/device/heartbeat/", beat, token=one.token()).status == 200
    for one in (reader, other):
        devices.revoke(one.device_id)

    def bound(*, minutes: int) -> tuple[int, int]:
        with clock.set_to(now + timedelta(minutes=minutes)):
            shown = status(event, usher_token(event))
        return shown["unsynced_devices"], shown["inside_at_most"]

    assert [bound(minutes=1), bound(minutes=300)] == [(1, 4)] * 2
    with clock.set_to(now + timedelta(minutes=300)):
        devices.token(device_id=reader.device_id, assertion=reader.assertion(), is_late=True)
    assert [bound(minutes=301), bound(minutes=320)] == [(1, 4), (0, 0)]


def test_without_devices_that_hold_scans_the_upper_bound_is_the_number_inside_now() -> None:
    event = make_event()
    shown = status(event, usher_token(event))
    assert (shown["unsynced_devices"], shown["inside_at_most"], shown["as_of"]) == (0, 0, shown["server_time"])
