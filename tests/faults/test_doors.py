"""What a scanner receives over HTTP while the table fails, and the result of its retry."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import lock_outs
from chalicelib.domain.tickets import tickets
from chalicelib.table import operations
from chalicelib.table.items import Event
from tests.faults import scenarios
from tests.faults.recount import assert_log_and_totals_are_true, items_of
from tests.support import factories
from tests.support.client import Answer, call
from tests.support.streams import StreamReader
from tests.support.wire import Fault, places, some, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_doors")]

BUSY = some(Fault.THROTTLED, Fault.LIMITED, Fault.BROKEN, Fault.CONFLICT, Fault.DROPPED, Fault.ANSWER_LOST)


@pytest.fixture
def usher(event: Event) -> str:
    return factories.usher_token(event)


@pytest.mark.parametrize("fault", BUSY)
def test_a_failing_table_is_a_503_with_retry_after_and_the_next_try_is_right(
    fault: Fault, event: Event, usher: str, stream: StreamReader
) -> None:
    body = {"scan_id": scenarios.scan_id(), "ticket_id": scenarios.issue(event.event_id).ticket_id}

    def scan() -> Answer:
        return call("POST", "/api/usher/scan/result/", body, token=usher)

    call("GET", "/api/usher/scan/logs/", token=usher)  # what a container keeps is read before the fault
    operations.client.cache_clear()
    with wire(retries=False) as wired:
        wired.choose = lambda: fault
        refused = scan()
    assert (refused.status, refused.code) == (503, "UNAVAILABLE")
    assert refused.headers["retry-after"] == "1"
    first = scan()
    assert (first.status, first.json["result"]) == (200, "valid")
    assert scan().text == first.text
    stream.drain()
    assert len(items_of(event.event_id, "scan")) == 1
    assert_log_and_totals_are_true(event.event_id)


def test_a_devices_batch_that_breaks_off_anywhere_is_decided_once_when_it_comes_again(
    event: Event, stream: StreamReader
) -> None:
    reader = factories.make_reader(event)
    token = reader.token()
    tried = places(12, Fault.ANSWER_LOST, (Fault.DROPPED, Fault.ANSWER_LOST))
    for place in tried:
        body = taps(event)
        lock_outs.forget()
        operations.client.cache_clear()
        with wire(retries=False) as wired:
            wired.faults[place] = Fault.ANSWER_LOST
            answer = call("POST", "/api/device/taps/", body, token=token)
        assert answer.status in (200, 503)
        again, once_more = (call("POST", "/api/device/taps/", body, token=token) for _ in range(2))
        assert [one["result"] for one in again.json["results"]] == [
            "valid",
            "already_scanned",
            "valid",
            "invalid",
            "not_found",
            "valid",
        ]
        assert [_decided(one) for one in once_more.json["results"]] == [_decided(one) for one in again.json["results"]]
    stream.drain()
    assert len(items_of(event.event_id, "scan")) == len(tried) * 6
    assert_log_and_totals_are_true(event.event_id)


def _decided(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return a verdict without what each request says of its own: whether it was the first, and its clocks."""
    return {name: value for name, value in verdict.items() if name not in ("status", "corrected_at")}


def taps(event: Event) -> dict[str, Any]:
    """Return a batch as an agent sends it after some time without a network."""
    with clock.set_to(clock.now() - timedelta(hours=1)):
        by_card, by_code = scenarios.issue(event.event_id), scenarios.issue(event.event_id)
    uid, code = scenarios.card_for(by_card), tickets.code(by_code)
    forged = base64.urlsafe_b64encode(b"no code of ours").decode()
    now = clock.now()
    shown = [{"uid": uid}, {"uid": uid}, {"qr": code}, {"qr": forged}, {"uid": "04FFFFFFFFFFFE"}]
    made = [
        {"scan_id": scenarios.scan_id(), "scanned_at": clock.to_text(now - timedelta(minutes=9 - place)), **thing}
        for place, thing in enumerate(shown)
    ]
    leave = {"scan_id": scenarios.scan_id(), "scanned_at": clock.to_text(now), "qr": code, "direction": "exit"}
    return {"taps": [*made, leave], "device_time": clock.to_text(now)}
