"""Live updates under load, on an exact engine: one socket a ticket, and subscribing during a delivery."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.factories import make_event, make_ticket, usher_token
from tests.support.live import Gateway, Socket, Stream, gateway, scan

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engines")]


@pytest.fixture(scope="module")
def live() -> Iterator[Gateway]:
    with engines.cloud(), gateway() as made:
        forget_caches()
        yield made
    forget_caches()


def test_of_many_who_show_one_ticket_at_once_one_gets_a_socket(live: Gateway) -> None:
    token = usher_token(make_event())
    for _ in range(4):
        ticket = live.ticket(token)
        with ThreadPoolExecutor(16) as crowd:
            answers = Counter(status for status, _ in crowd.map(live.open, [ticket] * 16))
        assert answers == {200: 1, 401: 15}


def test_who_joins_in_the_middle_of_a_rush_gets_every_message_once_and_in_order(live: Gateway) -> None:
    event, stream = make_event(), Stream()
    token, channel = usher_token(event), f"event-{event.event_id}"
    stays = live.connect(token).subscribe(channel)
    scanned: list[str] = []
    came: list[Socket] = []
    over = threading.Event()

    def rush() -> None:
        rounds = 0
        while rounds < 12 or (len(came) <= 3 and rounds < 1000):
            scanned.extend(scan(token, make_ticket(event).ticket_id) for _ in range(3))
            stream.drain()
            rounds += 1
        over.set()

    with ThreadPoolExecutor(1) as gate:
        going = gate.submit(rush)
        while not over.is_set() and not going.done():
            came.append(live.connect(token).subscribe(channel, after=0))
        going.result()
    stream.drain()
    told = [message["data"]["id"] for message in stays.of_type("check-in")]
    assert sorted(told) == sorted(scanned)
    assert len(came) > 3
    for socket in came:
        assert [message["id"] for message in socket.messages[1:]] == list(range(1, len(stays.messages)))
        assert socket.frames[1:] == stays.frames[1:]
