"""How many are inside: with a ticket, counted without one, and what devices may still hold."""

import random
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.gate import head_counts
from chalicelib.domain.gate.readings import Caller
from chalicelib.errors import IdempotencyMismatch
from chalicelib.table.items import Event
from tests.support.client import call
from tests.support.factories import make_event, make_organizer, make_reader, make_ticket, scan_id, token_of, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def status(event: Event, token: str) -> dict[str, Any]:
    answer = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token)
    assert answer.status == 200, answer.json
    return dict(answer.json)


def at_gate(event: Event) -> Caller:
    return Caller(id="dev_counter", event_id=event.event_id, name="counter", gate="Gate 1")


def test_people_without_a_ticket_are_counted_once_logged_and_inside() -> None:
    event, stream = make_event(), StreamReader()
    token, ticket, caller, name = usher_token(event), make_ticket(event), at_gate(event), scan_id()
    call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}, token=token)

    first = head_counts.count(caller, name, delta=3, gate=None)
    again = head_counts.count(caller, name, delta=3, gate=None)
    head_counts.count(caller, scan_id(), delta=-1, gate="Gate 2")
    with pytest.raises(IdempotencyMismatch):
        head_counts.count(caller, name, delta=4, gate=None)
    stream.drain()
    stream.fork().drain()

    shown = status(event, token)
    log = call("GET", "/api/usher/scan/logs/", token=token).json["results"]
    counted = [(entry["kind"], entry["delta"], entry["direction"], entry["gate"], entry["result"]) for entry in log]
    assert again == first
    assert (shown["inside"], shown["counted_without_ticket"], shown["admitted"], shown["on_leave"]) == (3, 2, 1, 0)
    assert sorted(counted, key=str) == [
        ("count", -1, "exit", "Gate 2", "valid"),
        ("count", 3, "entry", "Gate 1", "valid"),
        ("scan", None, "entry", None, "valid"),
    ]
    one = call("GET", f"/api/usher/scan/logs/{first.log_id}/", token=token).json
    assert (one["delta"], one["ticket_id"], one["device_id"]) == (3, None, "dev_counter")


@pytest.mark.parametrize("seed", range(4))
def test_the_number_counted_does_not_depend_on_the_order_and_is_never_shown_below_zero(seed: int) -> None:
    event, stream, order = make_event(), StreamReader(), random.Random(seed)  # noqa: S311  # an order of a test
    deltas = [5, -2, -7, 10, -3]
    order.shuffle(deltas)
    token, caller, shown = usher_token(event), at_gate(event), []
    for delta in deltas:
        head_counts.count(caller, scan_id(), delta=delta, gate=None)
        stream.drain()
        shown.append(status(event, token))
    assert all(each["counted_without_ticket"] >= 0 and each["inside"] >= 0 for each in shown)
    assert (shown[-1]["counted_without_ticket"], shown[-1]["inside"]) == (3, 3)


def test_devices_that_hold_scans_or_are_silent_raise_the_upper_bound_and_say_since_when() -> None:
    organizer = make_organizer()
    event = make_event(organizer_id=organizer.account_id)
    token, ticket, stream = usher_token(event), make_ticket(event), StreamReader()
    call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}, token=token)
    head_counts.count(at_gate(event), scan_id(), delta=2, gate=None)
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


def test_without_devices_that_hold_scans_the_upper_bound_is_the_number_inside_now() -> None:
    event = make_event()
    shown = status(event, usher_token(event))
    assert (shown["unsynced_devices"], shown["inside_at_most"], shown["as_of"]) == (0, 0, shown["server_time"])
