"""What live updates cost the table: opening a socket, subscribing, receiving. Without a listener they cost nothing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.factories import make_event, make_ticket, usher_token
from tests.support.live import Gateway, Stream, gateway, scan, tell

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]
SCANS = 10


@dataclass
class Bench:
    """A gateway on an exact engine, and the meter that counts the engine's requests."""

    meter: Meter
    live: Gateway

    def cost(self, name: str) -> dict[str, Any]:
        return dict(self.meter.report()["background"][name])

    def told(self, listeners: int) -> dict[str, Any]:
        """Scan some tickets at an event with so many listeners; return the cost of publishing them."""
        event, stream = make_event(), Stream()
        token = usher_token(event)
        while stream.live():
            pass
        sockets = [self.live.connect(token).subscribe(f"event-{event.event_id}") for _ in range(listeners)]
        for _ in range(SCANS):
            scan(token, make_ticket(event).ticket_id)
        self.meter.reset()
        deadline = time.monotonic() + 60
        while records := stream.live():
            with self.meter.background("live"):
                tell(records)
            # The totals are postponed again and again; only the check-ins are measured.
            if sockets and all(len(socket.of_type("check-in")) == SCANS for socket in sockets):
                break
            assert time.monotonic() < deadline, "the check-ins do not arrive"
        assert [len(socket.of_type("check-in")) for socket in sockets] == [SCANS] * listeners
        return self.cost("live")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    meter = Meter().attach()
    try:
        with engines.cloud(), gateway() as live:
            forget_caches()
            yield Bench(meter, live)
    finally:
        meter.detach()
        forget_caches()


def test_opening_a_socket_and_listening_cost_the_same_for_everybody(bench: Bench) -> None:
    event = make_event()
    token = usher_token(event)
    costs: list[dict[str, dict[str, Any]]] = []
    for _ in range(3):
        bench.meter.reset()
        with bench.meter.background("ticket"):
            ticket = bench.live.ticket(token)
        with bench.meter.background("connect"):
            socket = bench.live.open(ticket)[1]
        with bench.meter.background("subscribe"):
            socket.subscribe(f"event-{event.event_id}")
        with bench.meter.background("ping"):
            socket.say(action="ping")
        with bench.meter.background("disconnect"):
            socket.leave()
        costs.append(bench.meter.report()["background"])
    assert costs[1] == costs[2]
    assert costs[2]["ticket"]["dynamodb_requests"] <= 2
    assert costs[2]["connect"]["dynamodb_requests"] <= 4
    assert costs[2]["subscribe"]["dynamodb_requests"] <= 7
    assert costs[2]["subscribe"]["write_units"] <= 5
    assert costs[2]["ping"]["dynamodb_requests"] == 0


def test_a_message_costs_the_table_the_same_however_many_listen(bench: Bench) -> None:
    few, many = bench.told(2), bench.told(40)
    nobody = bench.told(0)
    # The counters are sent with this batch or a later one, since they are sent at most every half second.
    assert abs(many["write_units"] - few["write_units"]) <= 4
    assert abs(many["dynamodb_requests"] - few["dynamodb_requests"]) <= 6
    # One unit a message, and what is written once a batch.
    assert few["write_units"] <= SCANS + 25
    assert nobody["write_units"] == 0
    assert nobody["dynamodb_requests"] <= 4
