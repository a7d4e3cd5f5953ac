"""A reader's enrolment over HTTP: a one-time code, its own key, and tokens for assertions that the key signs."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib import clock
from chalicelib.domain.access import devices
from chalicelib.table import keys, operations
from chalicelib.table.items import Device, Event
from tests.support.client import Answer, call
from tests.support.factories import Reader, admin_token, make_event, make_reader, public

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def event() -> Event:
    return make_event()


@pytest.fixture
def provision(event: Event) -> Any:
    body = {"event_id": event.event_id, "gate": "Gate 1", "name": "North"}
    answer = call("POST", "/api/devices/", body, token=admin_token())
    assert answer.status == 201
    return answer.json


def enroll(code: str, key: Ed25519PrivateKey, **more: str) -> Answer:
    return call("POST", "/api/device/enroll/", {"code": code, "public_key": public(key), **more})


def device(device_id: str) -> Device:
    found = operations.get(keys.access.device(device_id))
    assert found is not None
    return found


def test_a_provisioned_reader_waits_for_its_key_and_keeps_no_code(event: Event, provision: Any) -> None:
    waiting = device(provision["device_id"])
    assert (waiting.status, waiting.gate) == ("provisioned", "Gate 1")
    assert waiting.public_key is None
    pages = operations.client().get_paginator("scan").paginate(TableName="gatehouse")
    table = [item for page in pages for item in page["Items"]]
    plain = provision["enrollment_code"].replace("-", "")
    assert plain not in str(table)
    assert provision["enrollment_code"] not in str(table)
    listed = call("GET", f"/api/devices/?event_id={event.event_id}", token=admin_token()).json["results"]
    assert [(one["id"], one["status"], one["online"]) for one in listed] == [
        (provision["device_id"], "provisioned", False)
    ]


def test_a_reader_of_an_unknown_event_is_not_provisioned() -> None:
    body = {"event_id": "evt_nothing", "gate": "Gate 1", "name": "North"}
    assert call("POST", "/api/devices/", body, token=admin_token()).status == 404


def test_a_reader_of_a_gate_that_the_event_has_not_is_not_provisioned(event: Event) -> None:
    refused = call(
        "POST", "/api/devices/", {"event_id": event.event_id, "gate": "gate 9", "name": "N"}, token=admin_token()
    )
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "gate")


def test_a_code_is_taken_in_any_case_and_grouping_and_names_the_device(event: Event, provision: Any) -> None:
    key = Ed25519PrivateKey.generate()
    answer = enroll(provision["enrollment_code"].replace("-", " ").lower(), key, name="South").json
    assert (answer["device_id"], answer["event_id"], answer["gate"]) == (
        provision["device_id"],
        event.event_id,
        "Gate 1",
    )
    enrolled = device(provision["device_id"])
    assert (enrolled.status, enrolled.public_key, enrolled.name) == ("enrolled", public(key), "South")


def test_a_used_code_answers_its_own_key_again_and_refuses_another(provision: Any) -> None:
    key = Ed25519PrivateKey.generate()
    first = enroll(provision["enrollment_code"], key)
    before = device(provision["device_id"]).attribute_values
    assert enroll(provision["enrollment_code"], key).json == first.json
    stranger = enroll(provision["enrollment_code"], Ed25519PrivateKey.generate())
    assert (stranger.status, stranger.code) == (401, "INVALID_CREDENTIALS")
    assert device(provision["device_id"]).attribute_values == before


def test_a_wrong_or_late_code_makes_no_device(provision: Any) -> None:
    assert enroll("AAAA-BBBB-CCCC", Ed25519PrivateKey.generate()).code == "INVALID_CREDENTIALS"
    with clock.set_to(clock.now() + devices.CODE_LIFETIME):
        assert enroll(provision["enrollment_code"], Ed25519PrivateKey.generate()).code == "INVALID_CREDENTIALS"
    assert device(provision["device_id"]).status == "provisioned"


def test_a_code_of_a_reader_that_was_revoked_is_worth_nothing(provision: Any) -> None:
    assert call("DELETE", f"/api/devices/{provision['device_id']}/", token=admin_token()).status == 204
    assert enroll(provision["enrollment_code"], Ed25519PrivateKey.generate()).status == 401
    assert device(provision["device_id"]).status == "revoked"


@pytest.mark.parametrize("key", ["A" * 42, "A" * 44 + "BCD", "!" * 43, "é" * 43])
def test_a_bad_public_key_is_named_and_spends_no_code(key: str, provision: Any) -> None:
    answer = call("POST", "/api/device/enroll/", {"code": provision["enrollment_code"], "public_key": key})
    assert answer.status == 400
    assert [one["field"] for one in answer.json["error"]["details"]] == ["public_key"]
    assert enroll(provision["enrollment_code"], Ed25519PrivateKey.generate()).status == 200


def test_codes_are_guessed_thirty_times_from_one_address_and_no_more() -> None:
    body = {"code": "AAAA-BBBB-CCCC", "public_key": public(Ed25519PrivateKey.generate())}
    with clock.set_to(clock.now()):
        tries = [call("POST", "/api/device/enroll/", body, address="192.0.2.1") for _ in range(31)]
    assert [one.status for one in tries] == [401] * 30 + [429]
    assert int(tries[-1].headers["retry-after"]) > 0
    assert call("POST", "/api/device/enroll/", body, address="192.0.2.2").status == 401


class TestTokens:
    """An assertion is valid for one minute, for this route, for one device."""

    @pytest.fixture
    def reader(self, event: Event) -> Reader:
        return make_reader(event)

    @staticmethod
    def ask(reader: Reader, assertion: str) -> Answer:
        return call("POST", "/api/device/token/", {"device_id": reader.device_id, "assertion": assertion})

    def test_a_good_assertion_gets_a_token_that_opens_the_devices_doors(self, reader: Reader) -> None:
        answer = self.ask(reader, reader.assertion()).json
        beat = {"queue_depth": 0, "clock_offset_ms": 0, "app_version": "1"}
        assert call("POST", "/api/device/heartbeat/", beat, token=answer["access"]).status == 200
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"aud": "elsewhere"},
            {"iss": "dev_other"},
            {"sub": "dev_other"},
            {"exp": None},
            {"iat": None},
            {"iat": "now"},
        ],
    )
    def test_a_wrong_claim_is_refused(self, wrong: dict[str, Any], reader: Reader) -> None:
        answer = self.ask(reader, reader.assertion(**wrong))
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")

    @pytest.mark.parametrize(
        ("issued", "expires", "status"),
        [
            (0, 60, 200),
            (0, 61, 401),
            (0, 3600, 401),
            (29, 89, 200),
            (31, 91, 401),
            (-89, -29, 200),
            (-90, -30, 401),
            (-3600, -3540, 401),
        ],
    )
    def test_an_assertion_lives_a_minute_give_or_take_the_clocks(
        self, issued: int, expires: int, status: int, reader: Reader
    ) -> None:
        now = clock.now().replace(microsecond=0)
        with clock.set_to(now):
            seconds = int(now.timestamp())
            assertion = reader.assertion(iat=seconds + issued, exp=seconds + expires)
            assert self.ask(reader, assertion).status == status

    def test_another_devices_key_proves_nothing(self, event: Event, reader: Reader) -> None:
        impostor = Reader(reader.device_id, make_reader(event).key)
        assert self.ask(reader, impostor.assertion()).status == 401

    def test_a_devices_token_ends_with_its_revocation(self, reader: Reader) -> None:
        token = reader.token()
        devices.revoke(reader.device_id)
        beat = {"queue_depth": 0, "clock_offset_ms": 0, "app_version": "1"}
        with clock.set_to(clock.now() + timedelta(seconds=1)):
            assert call("POST", "/api/device/heartbeat/", beat, token=token).status == 401
        assert device(reader.device_id).public_key is None
