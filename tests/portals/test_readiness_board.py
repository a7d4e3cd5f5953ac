"""The readiness board of an event, and the round trip through a device's heartbeat."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import devices, phones
from chalicelib.domain.gate import device_board, sequences
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Device, Event
from chalicelib.vocabulary.devices import DeviceStatus
from tests.support.client import Answer, call
from tests.support.factories import (
    PASSWORD,
    Reader,
    admin_token,
    make_event,
    make_reader,
    make_usher,
    scan_id,
    usher_token,
)
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
MINE = "an-installation-of-mine"


def fresh() -> str:
    return clock.to_text(clock.now())


def beat(reader: Reader, **changes: Any) -> Answer:
    body = {
        "queue_depth": 0,
        "clock_offset_ms": 0,
        "app_version": "1.0.0",
        "battery": 90,
        "snapshot_cursor": "a.b",
        "snapshot_generated_at": fresh(),
        **changes,
    }
    return call("POST", "/api/device/heartbeat/", body, token=reader.token())


def phone_token(event: Event, usher: Account | None = None, installation_id: str = MINE) -> str:
    login = (usher or make_usher(event)).login
    body = {"event_id": event.event_id, "username": login, "password": PASSWORD, "installation_id": installation_id}
    return str(call("POST", "/api/usher/login/", body).json["access"])


def phone_beat(token: str, **changes: Any) -> Answer:
    body = {
        "queue_depth": 0,
        "clock_offset_ms": 0,
        "app_version": "2.0.0",
        "battery": 90,
        "snapshot_cursor": "a.b",
        "snapshot_generated_at": fresh(),
        "nfc": "native",
        **changes,
    }
    return call("POST", "/api/usher/sync/status/", body, token=token)


def board(event: Event) -> Any:
    answer = call("GET", "/api/usher/nfc/status/", token=usher_token(event))
    assert answer.status == 200, answer.text
    return answer.json


def rows(event: Event) -> dict[str, Any]:
    return {row["device_id"]: row for row in board(event)["readers"]}


def ask(event: Event, device_id: str) -> Answer:
    return call("GET", f"/api/usher/nfc/test/?device_id={device_id}", token=usher_token(event))


def test_agents_and_phones_stand_on_one_board_with_their_gates() -> None:
    event = make_event(gates=["North", "South", "West"])
    agent, phone = make_reader(event, gate="North"), phones.phone_id_of(event.event_id, MINE)
    unseen = make_reader(event, gate="West")
    make_reader(make_event())
    sequences.note(agent.device_id, [1, 2, 5])
    with clock.set_to(clock.now()):
        assert beat(agent, clock_offset_ms=-41_000, queue_depth=2, seq=9).status == 200
        assert phone_beat(phone_token(event), gate="South").status == 200
        found, now = board(event), fresh()
    assert {row["device_id"] for row in found["readers"]} == {agent.device_id, phone, unseen.device_id}
    row = next(row for row in found["readers"] if row["device_id"] == agent.device_id)
    assert row == {
        "device_id": agent.device_id,
        "kind": "agent",
        "name": "Reader",
        "gate": "North",
        "online": True,
        "last_seen_at": now,
        "queue_depth": 2,
        "missing_seq": 2,
        "clock_offset_ms": -41_000,
        "snapshot_age_s": 0,
        "app_version": "1.0.0",
        "battery": 90,
        "nfc": None,
        "ready": False,
        "why": ["clock_off"],
    }
    row = next(row for row in found["readers"] if row["device_id"] == phone)
    assert (row["kind"], row["nfc"], row["ready"], row["why"]) == ("phone", "native", True, [])
    assert [(gate["gate"], gate["devices"], gate["ready"], gate["why"]) for gate in found["gates"]] == [
        ("North", 1, False, ["no_ready_device"]),
        ("South", 1, True, []),
        ("West", 1, False, ["no_ready_device"]),
    ]
    assert (found["ready"], found["complete"], found["as_of"]) == (False, True, now)


def test_before_doors_open_an_old_snapshot_and_a_gate_without_a_device_are_red() -> None:
    starts_at = clock.now() + timedelta(hours=8)
    event = make_event(starts_at=starts_at, ends_at=starts_at + timedelta(hours=6), gates=["North", "South"])
    agent = make_reader(event, gate="North")
    assert beat(agent, snapshot_generated_at=clock.to_text(clock.now() - timedelta(minutes=16))).status == 200
    found = board(event)
    assert found["readers"][0]["why"] == ["snapshot_old"]
    assert [gate["why"] for gate in found["gates"]] == [["no_ready_device"], ["no_device"]]
    assert beat(agent).status == 200
    assert beat(make_reader(event, gate="South")).status == 200
    assert board(event)["ready"] is True


def test_a_silent_device_is_offline_and_its_snapshot_grows_old() -> None:
    event = make_event()
    agent = make_reader(event)
    beat(agent)
    with clock.set_to(clock.now() + timedelta(minutes=20)):
        row = rows(event)[agent.device_id]
    assert (row["online"], row["why"]) == (False, ["offline", "snapshot_old"])
    assert 20 * 60 <= row["snapshot_age_s"] <= 20 * 60 + 60


def test_an_event_without_devices_is_not_ready() -> None:
    found = board(make_event(gates=[]))
    assert (found["readers"], found["gates"], found["ready"]) == ([], [], False)


def test_a_device_of_an_older_version_than_the_least_is_red() -> None:
    event = make_event()
    agent, phone = make_reader(event), phones.phone_id_of(event.event_id, MINE)
    beat(agent)
    phone_beat(phone_token(event))
    with configured(OLDEST_AGENT_VERSION="1.0.1", OLDEST_PHONE_VERSION="2"):
        found = rows(event)
    assert (found[agent.device_id]["why"], found[phone]["why"]) == (["version_old"], [])


def test_revoked_devices_and_phones_that_went_home_leave_the_board() -> None:
    event = make_event()
    agent, phone = make_reader(event), phones.phone_id_of(event.event_id, MINE)
    phone_beat(phone_token(event))
    assert set(rows(event)) == {agent.device_id, phone}
    devices.revoke(agent.device_id)
    assert set(rows(event)) == {phone}
    with clock.set_to(clock.now() + timedelta(hours=13)):
        assert rows(event) == {}


def test_staff_see_the_same_verdict_as_ushers() -> None:
    event = make_event()
    agent, phone = make_reader(event), phones.phone_id_of(event.event_id, MINE)
    beat(agent, battery=7, hub=agent.device_id, seq=3)
    phone_beat(phone_token(event), clock_offset_ms=60_000)
    sequences.note(agent.device_id, [1, 3])
    StreamReader().drain()
    listed = call("GET", f"/api/devices/?event_id={event.event_id}", token=admin_token()).json["results"]
    seen = rows(event)
    assert {row["id"] for row in listed} == set(seen) == {agent.device_id, phone}
    for row in listed:
        names = ("kind", "gate", "online", "ready", "why", "missing_seq", "snapshot_age_s", "battery", "nfc")
        assert {name: row[name] for name in names} == {name: seen[row["id"]][name] for name in names}
    row = next(row for row in listed if row["id"] == agent.device_id)
    assert (row["why"], row["missing_seq"], row["seq"]) == (["battery_low", "records_missing"], 1, 3)
    assert (row["hub"], row["usher_id"]) == (agent.device_id, None)


def test_a_board_is_of_the_ushers_own_event_alone() -> None:
    event, other = make_event(), make_event()
    agent = make_reader(event)
    assert rows(other) == {}
    assert ask(other, agent.device_id).status == 404
    assert call("GET", "/api/usher/nfc/status/", token=agent.token()).status == 401
    assert call("GET", "/api/usher/nfc/test/", token=usher_token(event)).status == 400


def test_a_round_trip_goes_through_two_heartbeats_of_an_agent() -> None:
    event = make_event()
    agent = make_reader(event)
    start = clock.now()
    with clock.set_to(start):
        assert beat(agent).json["test"] is None
        first = ask(event, agent.device_id).json
    assert (first["pending"], first["answered_at"], first["round_trip_ms"]) == (True, None, None)
    with clock.set_to(start + timedelta(seconds=20)):
        # Another look asks for nothing else.
        assert ask(event, agent.device_id).json["asked_at"] == first["asked_at"]
        nonce = beat(agent).json["test"]
        assert nonce
        assert ask(event, agent.device_id).json["pending"] is True
    with clock.set_to(start + timedelta(milliseconds=20_250)):
        # The echo of something else is none.
        assert beat(agent, test="another").json["test"] == nonce
        assert ask(event, agent.device_id).json["pending"] is True
        assert beat(agent, test=nonce).json["test"] is None
        done = ask(event, agent.device_id).json
    assert (done["pending"], done["round_trip_ms"], done["kind"]) == (False, 20_250, "agent")
    with clock.set_to(start + timedelta(minutes=2)):
        again = ask(event, agent.device_id).json
        assert (again["pending"], again["asked_at"]) == (True, fresh())
        assert beat(agent).json["test"] not in (None, nonce)


def test_a_round_trip_goes_through_a_phones_heartbeats() -> None:
    event = make_event()
    token, phone = phone_token(event), phones.phone_id_of(event.event_id, MINE)
    assert ask(event, phone).json["pending"] is True
    nonce = phone_beat(token).json["test"]
    assert phone_beat(token, test=nonce).json["test"] is None
    done = ask(event, phone).json
    assert (done["pending"], done["kind"]) == (False, "phone")


def test_a_test_that_nobody_answers_is_asked_again_after_ten_minutes() -> None:
    event = make_event()
    agent = make_reader(event)
    first = ask(event, agent.device_id).json
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        assert beat(agent).json["test"] is None
        again = ask(event, agent.device_id).json
    assert again["pending"] is True
    assert again["asked_at"] > first["asked_at"]


@pytest.mark.parametrize("device_id", ["dev_none", "phn_none", "x" * 65, ""])
def test_a_device_that_is_none_is_not_tested(device_id: str) -> None:
    assert ask(make_event(), device_id).status in (400, 404)


def test_a_revoked_device_is_not_tested() -> None:
    event = make_event()
    agent = make_reader(event)
    devices.revoke(agent.device_id)
    assert ask(event, agent.device_id).status == 404


def test_the_age_of_a_snapshot_is_that_of_its_cursor_and_not_what_the_device_says() -> None:
    event = make_event()
    token, phone = phone_token(event), phones.phone_id_of(event.event_id, MINE)
    # The first sync of an event begins its feed.
    assert call("GET", "/api/usher/sync/attendees/", token=token).status in (200, 503)
    start = clock.now() + timedelta(seconds=30)
    with clock.set_to(start):
        synced = call("GET", "/api/usher/sync/attendees/", token=token)
        assert synced.status == 200, synced.text
    with clock.set_to(start + timedelta(minutes=13)):
        # Of the same cursor a device cannot say that it is younger.
        assert phone_beat(token, snapshot_cursor=synced.json["cursor"]).status == 200
        assert rows(event)[phone]["snapshot_age_s"] == 13 * 60
        # A delta without changes makes the snapshot fresh.
        delta = call("GET", f"/api/usher/sync/attendees/?since={synced.json['cursor']}", token=token).json
        assert phone_beat(token, snapshot_cursor=delta["cursor"], snapshot_generated_at=None).status == 200
        assert rows(event)[phone]["snapshot_age_s"] == 0
        # The cursor of another event says nothing; without one there is no snapshot.
        assert phone_beat(token, snapshot_cursor=None).status == 200
        assert rows(event)[phone]["why"] == ["no_snapshot"]


def sent(seq: int) -> dict[str, Any]:
    return {"scan_id": scan_id(), "uid": "04A1B2C3D4E5F6", "scanned_at": fresh(), "offline": {"result": "invalid"}} | {
        "seq": seq
    }


def test_a_lost_record_of_an_agent_is_seen_until_it_arrives() -> None:
    event, stream = make_event(), StreamReader()
    agent = make_reader(event)
    records = {seq: sent(seq) for seq in range(1, 7)}

    def upload(*numbers: int) -> None:
        body = {"taps": [records[number] for number in numbers], "device_time": fresh()}
        answer = call("POST", "/api/device/taps/", body, token=agent.token())
        assert answer.status == 200, answer.text
        stream.drain()

    def missing() -> Any:
        beat(agent)
        row = rows(event)[agent.device_id]
        return row["missing_seq"], row["why"]

    upload(1, 2, 4)
    assert missing() == (1, ["records_missing"])
    upload(2, 4)
    assert missing() == (1, ["records_missing"])
    # One tap alone, as at the gate.
    upload(6)
    assert missing() == (2, ["records_missing"])
    upload(3, 5)
    assert missing() == (0, [])


def test_records_of_each_kind_that_come_alone_are_no_lost_ones() -> None:
    event, stream = make_event(), StreamReader()
    agent, now = make_reader(event), clock.now()
    shown: list[dict[str, Any]] = [{"uid": "04A1B2C3D4E5F6", "kind": kind} for kind in ("scan", "leave", "return")]
    counts: list[dict[str, Any]] = [{"kind": "count", "delta": delta} for delta in (1, -1)]
    for seq, content in enumerate([*shown, *counts], start=1):
        record = {"scan_id": scan_id(), "scanned_at": fresh(), "seq": seq, **content}
        body = {"taps": [record], "device_time": fresh()}
        assert call("POST", "/api/device/taps/", body, token=agent.token()).status == 200
        stream.drain()
    for seconds in (0, 30):  # a heartbeat says what was made before the last one
        with clock.set_to(now + timedelta(seconds=seconds)):
            assert beat(agent, snapshot_generated_at=fresh(), seq=5).status == 200
            row = rows(event)[agent.device_id]

    assert (row["missing_seq"], row["why"]) == (0, [])


def test_records_that_were_lost_after_the_last_that_arrived_are_seen() -> None:
    """A device says how many it made, so the evening's last ones are missed although no later one shows a gap."""
    event, now = make_event(), clock.now()
    agent = make_reader(event)
    sequences.note(agent.device_id, [1, 2, 4])

    def missing(seconds: int, **state: Any) -> Any:
        with clock.set_to(now + timedelta(seconds=seconds)):
            assert beat(agent, snapshot_generated_at=fresh(), **state).status == 200
            row = rows(event)[agent.device_id]
        return row["missing_seq"], row["why"]

    # What was made since the heartbeat before may be on its way: a single tap is noted by the stream.
    assert missing(0, seq=7) == (1, ["records_missing"])
    assert missing(30, seq=7, queue_depth=3) == (1, [])
    assert missing(60, seq=8) == (4, ["records_missing"])
    assert missing(90, seq=8) == (5, ["records_missing"])
    sequences.note(agent.device_id, [3, 5, 6, 7])
    assert missing(120, seq=9) == (1, ["records_missing"])
    sequences.note(agent.device_id, [8, 9])
    assert missing(150, seq=9) == (0, [])
    # A phone that counts from 1 again, and a version that reports no number.
    assert [missing(180, seq=1), missing(210, seq=2), missing(240), missing(270, seq=99)] == [(0, [])] * 4


def test_a_phones_app_learns_which_of_its_last_records_are_missing() -> None:
    event, phone = make_event(), phones.phone_id_of
    token = phone_token(event)
    sequences.note(phone(event.event_id, MINE), [1, 3])
    for _ in range(2):
        reply = phone_beat(token, seq=6).json
    assert (reply["missing"], reply["gaps"]) == (4, [{"first": 2, "last": 2}, {"first": 4, "last": 6}])
    seen = call("GET", "/api/usher/sync/status/", token=token).json
    assert (seen["missing"], seen["gaps"]) == (reply["missing"], reply["gaps"])


def test_a_lost_record_of_a_phone_is_seen_by_its_app() -> None:
    event = make_event()
    token = phone_token(event)
    logs = [{**sent(seq), "card_id": "04A1B2C3D4E5F6"} for seq in (1, 2, 5)]
    for each in logs:
        del each["uid"]
    answer = call("POST", "/api/usher/sync/logs/", {"logs": logs, "device_time": fresh()}, token=token)
    assert answer.status == 200, answer.text
    reply = phone_beat(token).json
    assert (reply["missing"], reply["gaps"]) == (2, [{"first": 3, "last": 4}])


@pytest.mark.parametrize("more", [0, 1])
def test_a_board_says_that_it_is_complete_with_exactly_as_many_as_it_shows(more: int) -> None:
    event = make_event(gates=[])
    ids = [new_id("dev") for _ in range(device_board.MOST_AGENTS + more)]
    operations.put_many(
        Device(
            *keys.access.device(each),
            gsi2=keys.access.event_devices(event.event_id, each),
            device_id=each,
            event_id=event.event_id,
            gate="Gate",
            name="Reader",
            status=DeviceStatus.ENROLLED,
            created_at=clock.now(),
            created_by="adm_test",
        )
        for each in ids
    )
    found = board(event)
    assert (len(found["readers"]), found["complete"]) == (device_board.MOST_AGENTS, not more)
