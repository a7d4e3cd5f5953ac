"""Every header value that the code reads is bounded: a long or odd one is refused and never a fault."""

import base64
import json
from typing import Any

import pytest

from chalicelib.domain.payments.sandbox_callbacks import SIGNATURE_HEADER
from chalicelib.portals.http import headers
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import Portal
from tests.contract.ground import Ground, label, routes
from tests.support import fault_days
from tests.support.client import call
from tests.support.live import gateway

_ODD = ("{long}", "\u00e4", "a\x00b", "\U0001f3ab")
_WEBHOOK = "/api/v1/payments/webhook/"


@pytest.mark.parametrize("name", headers.LONGEST)
def test_a_header_value_that_is_too_long_or_odd_is_refused_by_every_route_that_reads_it(
    ground: Ground, name: str
) -> None:
    sent = [odd.replace("{long}", "a" * (headers.LONGEST[name] + 1)) for odd in _ODD]
    proves = {"authorization": {401}, "x-csrf-token": {401}}.get(name, {400})

    reading = [route for route in routes() if route.guard or name != "authorization"]
    for number, route in enumerate(reading):
        right = ground.rightful(route)
        for value in fault_days.part(sent, number, of=len(sent)):
            answer = ground.send(route, right, token=None, headers={name: value})
            # Chalice itself refuses a media type that it does not know. Without a body nobody reads one.
            unread = {200, 401} if route.body is None else set()
            expected = proves | ({415, *unread} if name == "content-type" else set())
            assert answer.status in expected, (label(route), name, value[:10], answer.status)
            assert answer.status < 400 or answer.code


@pytest.mark.parametrize("value", ["", "\u00e4", "a" * 256, "a" * 8000, "a\x00b"])
def test_an_idempotency_key_out_of_bounds_is_400_on_every_route_that_reads_it(ground: Ground, value: str) -> None:
    for route in routes():
        if route.idempotent:
            answer = ground.send(
                route, ground.rightful(route), token=ground.token(route), headers={"idempotency-key": value}
            )
            assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), label(route)


@pytest.mark.parametrize(
    "token",
    [
        "a" * 8000,
        "..",
        "a.b.c",
        ".".join([base64.urlsafe_b64encode(b'{"alg":' + b"[" * 3000).decode()] * 3),
        ".".join([base64.urlsafe_b64encode(json.dumps({"alg": "EdDSA", "kid": "k" * 3000}).encode()).decode()] * 3),
    ],
)
def test_an_authorization_that_is_no_token_is_401_on_every_guarded_route(ground: Ground, token: str) -> None:
    for route in routes():
        if route.guard is not None:
            answer = ground.send(route, ground.rightful(route), token=token)
            assert answer.status == 401, label(route)


@pytest.mark.parametrize(
    "signature",
    [
        f"t={'9' * 400},v1=00",
        f"t={'9' * 13},v1=00",
        f"t={'9' * 900},v1=00",
        "t=,v1=",
        "t=-1,v1=00",
        "t=1e9,v1=00",
        "t=,",
        "=" * 1000,
        "," * 1000,
        "t=1" + ",v1=0" * 150,
    ],
)
@pytest.mark.parametrize("header", [SIGNATURE_HEADER, "stripe-signature"])
def test_a_webhooks_signature_that_cannot_be_one_is_400(ground: Ground, header: str, signature: str) -> None:  # noqa: ARG001
    answer = call("POST", _WEBHOOK, {"id": "evt_1"}, headers={header: signature})

    assert answer.status == 400


_TICKETS = ("", "a" * 129, "a" * 8000, "\u00e4", "\ud800")
_FIELDS: tuple[tuple[str, Any], ...] = (
    ("action", "a" * 21),
    ("action", 1),
    ("channel", "a" * 81),
    ("channel", "event-evt_demo#"),
    ("channel", "event-\u00e4"),
    ("channel", 1),
    ("after", -1),
    ("after", 10**12),
    ("after", "12"),
    ("after", True),
    ("batch", 1),
    ("batch", "true"),
)


def test_a_socket_with_a_ticket_that_cannot_be_one_is_refused(ground: Ground) -> None:  # noqa: ARG001  # the table
    with gateway() as live:
        assert [live.open(ticket)[0] for ticket in _TICKETS] == [401] * len(_TICKETS)


def test_a_field_of_a_socket_command_that_is_out_of_bounds_is_refused(ground: Ground) -> None:
    right = {"action": "subscribe", "channel": f"event-{demo.EVENT_ID}"}
    with gateway() as live:
        socket = live.connect(ground.access(Portal.USHER))
        for field, value in _FIELDS:
            socket.frames.clear()
            socket.say(**{**right, field: value})

            assert [message["data"].get("code") for message in socket.messages] == ["VALIDATION_ERROR"], (field, value)
        assert socket.subscribe(right["channel"]).types[-1] == "subscribed"
