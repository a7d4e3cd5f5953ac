"""Live updates through the app's own doors: tickets, channels, news in order, catching up, and the end of sockets."""

import uuid
from collections.abc import Iterator

import pytest

from tests.client import call
from tests.factories import make_event, make_ticket, usher_token
from tests.live import Gateway, Stream, gateway

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def live(moto_cloud: None) -> Iterator[Gateway]:  # noqa: ARG001  # the table first
    with gateway() as made:
        yield made


def scan(token: str, ticket_id: str) -> str:
    body = {"scan_id": f"scn_{uuid.uuid4().hex[:16]}", "ticket_id": ticket_id}
    answer = call("POST", "/api/usher/scan/result/", body, token=token)
    assert answer.status == 200, answer.text
    return str(answer.json["log_id"])


def test_a_scan_reaches_who_listens_as_the_log_shows_it(live: Gateway) -> None:
    event, stream = make_event(), Stream()
    ticket, token = make_ticket(event), usher_token(event)
    channel = f"event-{event.event_id}"
    socket = live.connect(token).subscribe(channel)
    assert [(m["type"], m["channel"], m["id"]) for m in socket.messages] == [("subscribed", channel, 0)]
    log_ids = [scan(token, ticket.ticket_id) for _ in range(2)]
    stream.drain()
    told = socket.of_type("check-in")
    assert [message["data"]["id"] for message in told] == log_ids
    for message in told:
        assert message["data"] == call("GET", f"/api/usher/scan/logs/{message['data']['id']}/", token=token).json
    assert [message["id"] for message in socket.messages[1:]] == list(range(1, len(socket.messages)))
    assert socket.of_type("counters")[-1]["data"]["admitted"] == 1
