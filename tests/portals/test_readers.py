"""Reader devices: their taps, their health, their list, their revocation."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import asdict

from chalicelib import clock
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.vocabulary.cards import CardType
from tests.support import secure_cards
from tests.support.client import call
from tests.support.factories import admin_token, make_card, make_event, make_reader, make_ticket, scan_id, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def decision_in(taken: dict[str, Any]) -> dict[str, Any]:
    """Return what a tap's answer says, except whether and when it arrived."""
    return {name: value for name, value in taken.items() if name not in ("status", "corrected_at")}


def test_taps_are_decided_in_their_order_and_their_repeat_gets_the_same_answers() -> None:
    event = make_event()
    reader = make_reader(event)
    with clock.set_to(clock.now() - timedelta(minutes=1)):
        ticket, other = make_ticket(event), make_ticket(event)
    uid, now = make_card(ticket).uid, clock.to_text(clock.now())
    before = clock.to_text(clock.now() - timedelta(seconds=30))
    taps = [
        {"scan_id": scan_id(), "uid": uid, "scanned_at": before},
        {"scan_id": scan_id(), "qr": tickets.code(other), "scanned_at": now},
        {"scan_id": scan_id(), "uid": uid.lower(), "scanned_at": now},
        {"scan_id": scan_id(), "qr": "GH1:NOT A CODE", "scanned_at": now},
    ]
    body, token = {"device_time": now, "taps": taps}, reader.token()
    first = call("POST", "/api/device/taps/", body, token=token).json["results"]
    assert [(one["scan_id"], one["result"]) for one in first] == [
        (tap["scan_id"], result)
        for tap, result in zip(taps, ["valid", "valid", "already_scanned", "invalid"], strict=True)
    ]
    again = call("POST", "/api/device/taps/", body, token=token).json["results"]
    assert [decision_in(one) for one in again] == [decision_in(one) for one in first]


def test_a_secure_cards_tap_is_taken_with_and_without_its_uid_and_each_message_once() -> None:
    event = make_event()
    card = make_card(make_ticket(event), make_ticket(event), card_type=CardType.SECURE)
    now = clock.to_text(clock.now())

    def tap(counter: int, **more: str) -> dict[str, Any]:
        message = secure_cards.message(card.uid, counter)
        return {"scan_id": scan_id(), "scanned_at": now, "sun": asdict(message), **more}

    plain = {"scan_id": scan_id(), "scanned_at": now, "uid": card.uid}
    taps = [tap(1, uid=card.uid), tap(2), tap(2), tap(1), tap(3, uid="04AABBCCDDEEFF"), plain]
    body, token = {"device_time": now, "taps": taps}, make_reader(event).token()
    first = call("POST", "/api/device/taps/", body, token=token).json["results"]
    assert [(one["result"], one["reason"]) for one in first] == [("valid", None)] * 2 + [
        ("invalid", "clone_suspected")
    ] * 4
    again = call("POST", "/api/device/taps/", body, token=token).json["results"]
    assert [decision_in(one) for one in again] == [decision_in(one) for one in first]


@pytest.mark.parametrize("wrong_by", [timedelta(days=-2), timedelta(0), timedelta(seconds=1), timedelta(days=2)])
def test_a_taps_time_is_corrected_by_how_wrong_the_readers_clock_is(wrong_by: timedelta) -> None:
    now = clock.now()
    with clock.set_to(now):
        event = make_event()
        reader, token, stream = make_reader(event), usher_token(event), StreamReader()
        ages = [timedelta(0), timedelta(minutes=30), timedelta(minutes=-1)]  # the last one is not made yet
        taps = [
            {
                "scan_id": scan_id(),
                "qr": tickets.code(make_ticket(event)),
                "scanned_at": clock.to_text(now + wrong_by - age),
            }
            for age in ages
        ]
        body = {"device_time": clock.to_text(now + wrong_by), "taps": taps}
        results = call("POST", "/api/device/taps/", body, token=reader.token()).json["results"]
        assert [one["result"] for one in results] == ["valid"] * 3
        stream.drain()
        logged = [call("GET", f"/api/usher/scan/logs/{one['log_id']}/", token=token).json for one in results]
    assert [entry["scanned_at"] for entry in logged] == [
        clock.to_text(moment) for moment in (now, now - timedelta(minutes=30), now)
    ]
    assert [entry["source"] for entry in logged] == ["online", "offline", "online"]


@pytest.mark.parametrize(
    "taps",
    [
        [],
        [{"scan_id": f"scn_{n:08}", "uid": "04A1B2C3D4E5F6", "scanned_at": "2026-11-21T18:00:00Z"} for n in range(101)],
    ],
)
def test_a_batch_that_is_empty_or_too_long_is_refused_whole(taps: list[dict[str, str]]) -> None:
    body = {"device_time": "2026-11-21T18:00:00Z", "taps": taps}
    answer = call("POST", "/api/device/taps/", body, token=make_reader(make_event()).token())
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"]


@pytest.mark.parametrize(
    ("faulty", "says"),
    [
        ({"uid": "04A1"}, "uid must be hex"),
        ({}, "send exactly one"),
        ({"uid": "04A1B2C3D4E5F6", "scanned_at": "yesterday"}, "scanned_at must be a time"),
        ({"uid": "04A1B2C3D4E5F6", "scan_id": None}, "scan_id"),
    ],
)
def test_a_tap_that_cannot_be_read_does_not_refuse_the_others(faulty: dict[str, Any], says: str) -> None:
    event = make_event()
    now = clock.to_text(clock.now())
    good = {"scan_id": scan_id(), "qr": tickets.code(make_ticket(event)), "scanned_at": now}
    bad = {"scan_id": "scn_00000001", "scanned_at": now, **faulty}
    body = {"device_time": now, "taps": [bad, good]}
    rejected, taken = call("POST", "/api/device/taps/", body, token=make_reader(event).token()).json["results"]
    assert (rejected["index"], rejected["status"], rejected["error"]["code"]) == (0, "rejected", "VALIDATION_ERROR")
    assert says in rejected["error"]["message"]
    assert (taken["index"], taken["status"], taken["result"]) == (1, "accepted", "valid")


def test_a_heartbeat_is_kept_and_shows_in_the_staffs_list() -> None:
    event = make_event(timezone="Asia/Kathmandu")
    reader, admin = make_reader(event), admin_token()
    beat = {
        "queue_depth": 3,
        "clock_offset_ms": -120,
        "reader": {"path": "tty:USB0:pn532", "model": "PN532"},
        "app_version": "1.0.0",
        "last_error": "reader unplugged",
    }
    answer = call("POST", "/api/device/heartbeat/", beat, token=reader.token())
    assert answer.json["config"] == {
        "heartbeat_seconds": 30,
        "batch_size": 100,
        "online_timeout_ms": 1000,
        "debounce_ms": 1000,
        "timezone": "Asia/Kathmandu",
    }
    listed = call("GET", f"/api/devices/?event_id={event.event_id}", token=admin).json["results"]
    assert [(one["id"], one["online"], one["queue_depth"], one["app_version"]) for one in listed] == [
        (reader.device_id, True, 3, "1.0.0")
    ]
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        listed = call("GET", "/api/devices/", token=admin_token()).json["results"]
    assert listed[0]["online"] is False
    stored = operations.get(keys.access.device(reader.device_id))
    assert stored is not None
    assert (stored.clock_offset_ms, stored.reader_model, stored.last_error) == (-120, "PN532", "reader unplugged")


def test_the_list_of_devices_is_filtered_and_walked() -> None:
    event, other = make_event(), make_event()
    made = [make_reader(event).device_id for _ in range(5)]
    elsewhere = make_reader(other).device_id
    admin = admin_token()
    assert call("DELETE", f"/api/devices/{made[0]}/", token=admin).status == 204
    walked, cursor = [], ""
    while True:
        page = call("GET", f"/api/devices/?page_size=2{cursor}", token=admin).json
        walked += [one["id"] for one in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert walked == sorted([*made, elsewhere], reverse=True)
    revoked = call("GET", f"/api/devices/?event_id={event.event_id}&status=revoked", token=admin).json["results"]
    assert [one["id"] for one in revoked] == [made[0]]


def test_a_revoked_reader_is_locked_out_of_every_door() -> None:
    reader = make_reader(make_event())
    token = reader.token()
    assert call("DELETE", f"/api/devices/{reader.device_id}/", token=admin_token()).status == 204
    now = clock.to_text(clock.now())
    body = {"device_time": now, "taps": [{"scan_id": scan_id(), "uid": "04A1B2C3D4E5F6", "scanned_at": now}]}
    beat = {"queue_depth": 0, "clock_offset_ms": 0, "app_version": "1"}
    proof = {"device_id": reader.device_id, "assertion": reader.assertion()}
    assert call("POST", "/api/device/taps/", body, token=token).status == 401
    assert call("POST", "/api/device/heartbeat/", beat, token=token).status == 401
    assert call("POST", "/api/device/token/", proof).status == 401
