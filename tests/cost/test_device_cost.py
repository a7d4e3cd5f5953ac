"""What heartbeats, log-ins with a phone and the readiness board cost, at any number of other events."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import heartbeats, phones
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.gate import device_board, sequences
from chalicelib.table.items import Event
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.factories import make_event, make_reader, make_usher
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost"), pytest.mark.timeout(900)]
OTHERS = size_of("BOARD_EVENTS", small=8, full=60)
Usage = dict[str, float]


def _beat() -> DeviceHeartbeat:
    return DeviceHeartbeat(
        queue_depth=3,
        clock_offset_ms=-12,
        app_version="1.4.2",
        reader_path="usb:072f:2200",
        reader_model="ACS ACR1252",
        battery=71,
        snapshot_cursor="c" * 120,
        snapshot_generated_at=clock.now(),
        seq=100_000,
        hub="dev_01K9ZBX3N5C7T9F2W4Q6R8M0JS",
    )


def _fleet(event: Event, *, agents: int) -> None:
    for _ in range(agents):
        device_id = make_reader(event).device_id
        heartbeats.receive(device_id, _beat())
        sequences.note(device_id, [1, 2, 9])


@pytest.fixture(scope="module")
def usage() -> Iterator[dict[str, Usage]]:
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            yield _measured(meter)
    finally:
        meter.detach()
        forget_caches()


def _measured(meter: Meter) -> dict[str, Usage]:
    event = make_event()
    usher, agent = make_usher(event).account_id, make_reader(event).device_id
    phone_id = phones.phone_id_of(event.event_id, "an-installation-of-mine")
    _fleet(event, agents=4)
    heartbeats.receive(agent, _beat())
    used: dict[str, Usage] = {}

    def charge(name: str, act: Callable[[], Any]) -> None:
        # Each as the first request of a container.
        forget_caches()
        meter.reset()
        with meter.request(name):
            act()
        used[name] = meter.report()["requests"][name]

    charge("new phone", lambda: phones.register(usher, event.event_id, phone_id))
    charge("known phone", lambda: phones.register(usher, event.event_id, phone_id))
    charge("heartbeat", lambda: heartbeats.receive(agent, _beat()))
    charge("first numbers", lambda: sequences.note(agent, range(1, 101)))
    charge("next numbers", lambda: sequences.note(agent, range(101, 201)))
    charge("resent numbers", lambda: sequences.note(agent, range(101, 201)))
    charge("board", lambda: device_board.board(event.event_id))
    for _ in range(OTHERS):
        _fleet(make_event(), agents=2)
    charge("board of many", lambda: device_board.board(event.event_id))
    return used


def test_a_heartbeat_is_one_write_of_one_unit(usage: dict[str, Usage]) -> None:
    # The event's settings are read once for all heartbeats of a while.
    assert (usage["heartbeat"]["dynamodb_requests"], usage["heartbeat"]["write_units"]) == (2, 1)


def test_a_log_in_with_a_known_phone_costs_one_write_and_with_a_new_one_a_few(usage: dict[str, Usage]) -> None:
    assert (usage["known phone"]["dynamodb_requests"], usage["known phone"]["write_units"]) == (1, 1)
    assert usage["new phone"]["dynamodb_requests"] <= 3
    assert usage["new phone"]["write_units"] <= 7


def test_the_numbers_of_an_upload_are_one_write_however_many(usage: dict[str, Usage]) -> None:
    for name in ("first numbers", "next numbers", "resent numbers"):
        assert usage[name]["dynamodb_requests"] == 1, name
        assert usage[name]["write_units"] <= 1, name


def test_the_board_costs_the_same_however_many_events_there_are(usage: dict[str, Usage]) -> None:
    assert usage["board"] == usage["board of many"]
    # Agents and phones, both kinds of items, what arrived of each, and the event.
    assert usage["board"]["dynamodb_requests"] <= 6
    assert usage["board"]["write_units"] == 0
