"""Live updates whose function dies at any of its requests, and is given the same records again."""

from collections.abc import Iterator
from functools import partial

import pytest

from chalicelib.table.items import Event
from tests.support.deaths import deaths, dying, mortal, requests_of
from tests.support.factories import make_ticket, usher_token
from tests.support.live import Gateway, Stream, gateway, scan, tell

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_stream")]


@pytest.fixture
def live() -> Iterator[Gateway]:
    with gateway() as made:
        yield made


@pytest.mark.parametrize("after", [False, True])
def test_a_function_that_dies_at_any_request_loses_nothing_and_gives_no_number_twice(
    live: Gateway, event: Event, after: bool
) -> None:
    stream, token = Stream(), usher_token(event)
    socket = live.connect(token).subscribe(f"event-{event.event_id}")
    stream.drain()
    scanned: list[str] = []
    with mortal():
        most = 12
        for place in deaths(most, after=after):
            scanned += [scan(token, make_ticket(event).ticket_id) for _ in range(2)]
            for _ in range(2):
                records = stream.live()
                dying(partial(tell, records), place=place, after=after)
                # As Lambda retries, with a fresh process.
                assert requests_of(partial(tell, records)) <= most
    stream.drain()
    told = socket.of_type("check-in")
    by_number = {message["id"]: message["data"]["id"] for message in told}
    # A message that is sent again, since no process recorded that it was sent, keeps its number.
    assert all(by_number[message["id"]] == message["data"]["id"] for message in told)
    assert sorted(by_number.values()) == sorted(scanned)
    numbers = {message["id"] for message in socket.messages[1:]}
    assert numbers == set(range(1, max(numbers) + 1))
