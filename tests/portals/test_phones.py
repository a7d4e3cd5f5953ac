"""Ushers' phones: an installation that logs in is a device of the event, with a heartbeat of its own."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import devices, phones
from chalicelib.domain.access.phones import MOST_PHONES
from chalicelib.domain.gate import sequences
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Device, Event
from tests.support.client import Answer, call
from tests.support.factories import PASSWORD, admin_token, make_event, make_reader, make_usher, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
BEAT = {"queue_depth": 2, "clock_offset_ms": -70, "snapshot_cursor": None, "app_version": "2.4.0", "nfc": "web"}


def log_in(event: Event, usher: Account, installation_id: str | None = None) -> Answer:
    body = {"event_id": event.event_id, "username": usher.login, "password": PASSWORD}
    return call("POST", "/api/usher/login/", body | ({"installation_id": installation_id} if installation_id else {}))


def installation() -> str:
    return str(uuid.uuid4())


def beat(token: str, **changes: Any) -> Answer:
    return call("POST", "/api/usher/sync/status/", {**BEAT, **changes}, token=token)


def status(token: str) -> Any:
    return call("GET", "/api/usher/sync/status/", token=token).json


def phone_of(event: Event, installation_id: str) -> Device | None:
    return operations.get(keys.access.device(phones.phone_id_of(event.event_id, installation_id)))


def test_an_installation_that_logs_in_becomes_a_phone_of_the_event_once() -> None:
    event, mine = make_event(), installation()
    usher = make_usher(event)
    first = log_in(event, usher, mine).json["access"]
    again = log_in(event, usher, mine).json["access"]
    phone = phone_of(event, mine)
    assert phone is not None
    assert (phone.is_phone, phone.usher_id, phone.event_id) == (True, usher.account_id, event.event_id)
    assert status(first)["device_id"] == status(again)["device_id"] == phone.device_id
    assert mine not in str(phone.attribute_values)


def test_the_tokens_of_a_refresh_name_the_same_phone() -> None:
    event, mine = make_event(), installation()
    pair = log_in(event, make_usher(event), mine).json
    renewed = call("POST", "/api/usher/token/refresh/", {"refresh": pair["refresh"]}).json
    assert status(renewed["access"])["device_id"] == phones.phone_id_of(event.event_id, mine)


def test_a_heartbeat_stores_the_phones_state_and_answers_what_an_app_needs() -> None:
    event, mine = make_event(), installation()
    token = log_in(event, make_usher(event), mine).json["access"]
    phone_id = phones.phone_id_of(event.event_id, mine)
    assert status(token)["last_sync_at"] is None
    sequences.note(phone_id, [1, 2, 5])
    with clock.set_to(clock.now()):
        reply = beat(token, battery=64, gate="Gate 1", snapshot_cursor="abc.def", seq=5)
        now = clock.to_text(clock.now())
    assert reply.status == 200, reply.text
    assert reply.json == {
        "device_id": phone_id,
        "last_sync_at": now,
        "pending_conflicts": 0,
        "snapshot_version": "abc.def",
        "missing": 2,
        "gaps": [{"first": 3, "last": 4}],
        "server_time": now,
        "config": {
            "heartbeat_seconds": 30,
            "batch_size": 100,
            "online_timeout_ms": 1000,
            "debounce_ms": 1000,
            "timezone": event.timezone,
        },
        # A phone checks the codes of tickets by them, also without the network.
        "server_public_keys": devices.platform_keys(),
        "revoked_before": None,
        "time": now,
        "test": None,
    }
    phone = phone_of(event, mine)
    assert phone is not None
    assert (phone.queue_depth, phone.clock_offset_ms, phone.app_version) == (2, -70, "2.4.0")
    assert (phone.battery, phone.gate, phone.nfc, phone.seq) == (64, "Gate 1", "web", 5)
    # Without a gate it stays at its gate.
    beat(token)
    phone = phone_of(event, mine)
    assert phone is not None
    assert (phone.gate, phone.battery) == ("Gate 1", None)


def test_a_log_in_without_an_installation_has_no_phone_and_its_heartbeat_names_one() -> None:
    event = make_event()
    token = log_in(event, make_usher(event)).json["access"]
    found = status(token)
    assert (found["device_id"], found["last_sync_at"], found["missing"]) == (None, None, 0)
    refused = beat(token)
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "installation_id")
    mine = installation()
    reply = beat(token, installation_id=mine)
    assert (reply.status, reply.json["device_id"]) == (200, phones.phone_id_of(event.event_id, mine))


def test_a_heartbeat_of_another_installation_than_the_log_ins_is_refused() -> None:
    event = make_event()
    token = log_in(event, make_usher(event), installation()).json["access"]
    refused = beat(token, installation_id=installation())
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "installation_id")


@pytest.mark.parametrize("wrong", ["short", "x" * 65, "sixteen letters ", 12345678901234567, ["a"]])
def test_an_installation_id_is_a_random_text_of_16_to_64_characters(wrong: object) -> None:
    event = make_event()
    usher = make_usher(event)
    body = {"event_id": event.event_id, "username": usher.login, "password": PASSWORD, "installation_id": wrong}
    refused = call("POST", "/api/usher/login/", body)
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "installation_id")


def test_a_gate_that_the_event_does_not_have_is_refused() -> None:
    event = make_event(gates=["North", "South"])
    token = log_in(event, make_usher(event), installation()).json["access"]
    refused = beat(token, gate="East")
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "gate")
    assert beat(token, gate="South").status == 200


def test_an_usher_has_so_many_phones_and_the_earliest_goes() -> None:
    event = make_event()
    usher = make_usher(event)
    used = [installation() for _ in range(MOST_PHONES + 2)]
    for each in used:
        assert log_in(event, usher, each).status == 200
    assert [phone_of(event, each) is not None for each in used] == [False] * 2 + [True] * MOST_PHONES
    # One that went comes back with its next heartbeat, and the earliest of the others goes.
    token = log_in(event, usher, used[0]).json["access"]
    assert beat(token).status == 200
    assert [phone_of(event, each) is not None for each in used] == [True, False, False] + [True] * (MOST_PHONES - 1)


def test_a_shared_phone_belongs_to_the_usher_who_logged_in_last() -> None:
    event, shared = make_event(), installation()
    one, other = make_usher(event), make_usher(event)
    token = log_in(event, one, shared).json["access"]
    log_in(event, other, shared)
    phone = phone_of(event, shared)
    assert phone is not None
    assert phone.usher_id == other.account_id
    # The first one's room is not this phone's any more.
    for _ in range(MOST_PHONES):
        log_in(event, one, installation())
    assert phone_of(event, shared) is not None
    assert status(token)["device_id"] is None


def test_a_phone_that_another_usher_takes_over_is_at_no_gate_until_it_says_so() -> None:
    event, shared = make_event(gates=["North", "South"]), installation()
    one, other = make_usher(event), make_usher(event)
    assert beat(log_in(event, one, shared).json["access"], gate="North").status == 200
    log_in(event, one, shared)
    assert (known := phone_of(event, shared)) is not None
    assert known.gate == "North"
    token = log_in(event, other, shared).json["access"]
    shown = call("GET", "/api/usher/nfc/status/", token=token).json["readers"]
    assert [reader["gate"] for reader in shown] == [None]
    beat(token, gate="South")
    shown = call("GET", "/api/usher/nfc/status/", token=token).json["readers"]
    assert [reader["gate"] for reader in shown] == ["South"]


def test_a_revoked_phone_is_locked_out_and_its_usher_logs_in_elsewhere() -> None:
    event, lost = make_event(), installation()
    usher = make_usher(event)
    pair = log_in(event, usher, lost).json
    phone_id = phones.phone_id_of(event.event_id, lost)
    assert call("DELETE", f"/api/devices/{phone_id}/", token=admin_token()).status == 204
    assert beat(pair["access"]).status == 401
    assert call("POST", "/api/usher/token/refresh/", {"refresh": pair["refresh"]}).status == 401
    with clock.set_to(clock.now() + timedelta(seconds=1)):
        refused = log_in(event, usher, lost)
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
        other = log_in(event, usher, installation()).json["access"]
        assert beat(other).status == 200
        assert beat(log_in(event, usher).json["access"], installation_id=lost).status == 403


def test_the_same_installation_at_another_event_is_another_phone() -> None:
    event, other, mine = make_event(), make_event(), installation()
    for each in (event, other):
        log_in(each, make_usher(each), mine)
    assert phones.phone_id_of(event.event_id, mine) != phones.phone_id_of(other.event_id, mine)
    phone = phone_of(other, mine)
    assert phone is not None
    assert phone.event_id == other.event_id


def test_staff_see_phones_in_their_list_and_a_kind_apart() -> None:
    event, mine = make_event(), installation()
    reader = make_reader(event)
    log_in(event, make_usher(event), mine)
    StreamReader().drain()
    phone_id = phones.phone_id_of(event.event_id, mine)

    def ids(query: str) -> set[str]:
        answer = call("GET", f"/api/devices/?event_id={event.event_id}&{query}", token=admin_token())
        assert answer.status == 200, answer.text
        return {row["id"] for row in answer.json["results"]}

    assert ids("") == {reader.device_id, phone_id}
    assert ids("kind=phone") == {phone_id}
    assert ids("kind=agent") == {reader.device_id}


def test_a_phone_cannot_ask_for_a_devices_token() -> None:
    event, mine = make_event(), installation()
    log_in(event, make_usher(event), mine)
    body = {"device_id": phones.phone_id_of(event.event_id, mine), "assertion": "x" * 40}
    assert call("POST", "/api/device/token/", body).status == 401


def test_without_a_log_in_nobody_sees_or_sends_a_status() -> None:
    event = make_event()
    assert call("GET", "/api/usher/sync/status/").status == 401
    assert call("POST", "/api/usher/sync/status/", BEAT, token=make_reader(event).token()).status == 401
    assert status(usher_token(event))["pending_conflicts"] == 0


def test_everybodys_sessions_on_a_revoked_phone_end() -> None:
    event, lost = make_event(), installation()
    pairs = [log_in(event, make_usher(event), lost).json for _ in range(2)]
    phone_id = phones.phone_id_of(event.event_id, lost)
    assert call("DELETE", f"/api/devices/{phone_id}/", token=admin_token()).status == 204
    assert [beat(pair["access"]).status for pair in pairs] == [401, 401]
    refreshed = [call("POST", "/api/usher/token/refresh/", {"refresh": pair["refresh"]}) for pair in pairs]
    assert [answer.status for answer in refreshed] == [401, 401]


def test_a_phone_that_staff_move_to_another_gate_goes_on() -> None:
    event, mine = make_event(gates=["North", "South"]), installation()
    token = log_in(event, make_usher(event), mine).json["access"]
    assert beat(token, gate="North").status == 200
    path = f"/api/devices/{phones.phone_id_of(event.event_id, mine)}/"
    assert call("PUT", path, {"gate": "South"}, token=admin_token()).json["gate"] == "South"
    assert beat(token).status == 200
