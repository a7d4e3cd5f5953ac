"""One tap end to end, through the app's own handlers."""

import pytest

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_data, demo_passwords
from tests.support.client import call
from tests.support.later import later
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def usher_token() -> str:
    demo_data.load()
    body = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo_passwords.USHER}
    answer = call("POST", "/api/usher/login/", body)
    assert answer.status == 200, answer.text
    return str(answer.json["access"])


def test_a_card_is_admitted_once_and_the_log_and_counters_follow(usher_token: str) -> None:
    stream = StreamReader()
    scan = {"scan_id": "scn_first0001", "card_id": "04:a1:b2:c3:d4:e5:f6", "gate": "Gate 1"}

    first = call("POST", "/api/usher/scan/result/", scan, token=usher_token).json
    with later():
        second = call("POST", "/api/usher/scan/result/", {**scan, "scan_id": "scn_second001"}, token=usher_token).json
    again = call("POST", "/api/usher/scan/result/", scan, token=usher_token).json
    again_second = call("POST", "/api/usher/scan/result/", {**scan, "scan_id": "scn_second001"}, token=usher_token).json

    assert first["result"] == "valid"
    assert first["attendee"]["name"] == "Ayesha Khan"
    assert again == first
    assert second["result"] == "already_scanned"
    assert second["first_scan"] == {"scanned_at": first["decided_at"], "gate": "Gate 1", "by": "usher1"}
    assert again_second == second

    stream.drain()
    logs = call("GET", "/api/usher/scan/logs/", token=usher_token).json
    assert [entry["result"] for entry in logs["results"]] == ["already_scanned", "valid"]
    status = call("GET", f"/api/usher/events/{demo.EVENT_ID}/status/", token=usher_token).json
    assert (status["admitted"], status["inside"], status["tickets_sold"]) == (1, 1, 6)
    one = call("GET", f"/api/usher/scan/logs/{first['log_id']}/", token=usher_token).json
    assert one["scan_id"] == "scn_first0001"


def test_a_family_card_admits_one_a_tap_holder_first(usher_token: str) -> None:
    stream = StreamReader()
    seen = []
    for number in range(4):
        body = {"scan_id": f"scn_family{number:04}", "card_id": "04B1B2C3D4E5F6"}
        with later(number):
            answer = call("POST", "/api/usher/scan/result/", body, token=usher_token).json
        seen.append((answer["result"], answer["attendee"]["name"], answer["remaining"]))
        stream.drain()
    assert seen == [
        ("valid", "Bilal Ahmed", 2),
        ("valid", "Sara Ahmed", 1),
        ("valid", "Omar Ahmed", 0),
        ("already_scanned", "Bilal Ahmed", None),
    ]
