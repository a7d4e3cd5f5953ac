"""`/_local` answers to the names of this machine only: no other site reads its codes by DNS rebinding."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import app as platform
from infra.local.front import Gateway, Share
from infra.local.inspection import LocalDesk
from infra.local.meter import Meter
from infra.local.outbox import Outbox
from infra.local.pages import Pages
from infra.local.rate_limits import RateLimits
from infra.local.schedules import Schedules
from infra.pages import Origins
from tests.infra.test_distribution import build

HERE = ("localhost", "localhost:8000", "LOCALHOST:3000", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000")
ELSEWHERE = (
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "localhost:8000.evil.example",
    "127.0.0.1.nip.io:8000",
    "127.0.0.1@evil.example",
    "127.0.0.2",
    "[::2]:8000",
    "::1",
    "",
)


@pytest.fixture(scope="module")
def front() -> Iterator[Gateway]:
    meter = Meter()
    desk = LocalDesk(outbox=Outbox(None), meter=meter, schedules=Schedules([]), limits=RateLimits(None))
    made = Gateway(platform.app, meter=meter, inspection=desk, handlers=None)
    yield made
    made.close()


def ask(front: Gateway, path: str, host: str | None, *, method: str = "GET", raw: bool = False) -> tuple[int, Any]:
    """Send a request as uvicorn passes it on; return the status and the body."""
    sent: list[dict[str, Any]] = []
    headers = [] if host is None else [(b"host", host.encode())]
    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(front(scope, receive, send))
    return int(sent[0]["status"]), sent[1]["body"] if raw else json.loads(sent[1]["body"])


@pytest.mark.parametrize("host", HERE)
def test_the_desk_answers_to_the_names_of_this_machine(front: Gateway, host: str) -> None:
    assert ask(front, "/_local/outbox/", host) == (200, {"messages": []})


@pytest.mark.parametrize("host", [*ELSEWHERE, None])
@pytest.mark.parametrize("path", ["/_local/outbox/", "/_local/usage/", "/_local/schedule/sweep/", "/_local/nothing/"])
def test_the_desk_refuses_every_other_host(front: Gateway, path: str, host: str | None) -> None:
    status, body = ask(front, path, host)
    assert (status, body["error"]["code"]) == (403, "FORBIDDEN")


def test_the_desks_own_page_is_for_this_machine_too(front: Gateway, tmp_path: Path) -> None:
    front.serve_pages(Pages(Origins((), "ws://localhost"), {}, build(tmp_path / "console", "one")))
    assert ask(front, "/_local/", "localhost:8000", raw=True) == (200, b"local one")
    for host in ELSEWHERE:
        assert ask(front, "/_local/", host)[0] == 403
    assert ask(front, "/_local/nothing/", "localhost")[0] == 404
    assert ask(front, "/_local/outbox/", "localhost") == (200, {"messages": []})


def test_the_api_answers_to_every_host(front: Gateway) -> None:
    assert ask(front, "/health/", "api.example.com")[0] == 200


class _Named:
    """An app that answers with the name of its thread, in the place of Chalice's."""

    def __init__(self) -> None:
        self.routes = platform.app.routes
        self.api = platform.app.api

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG002  # as Lambda calls it
        name = threading.current_thread().name.rpartition("_")[0]
        return {"statusCode": 200, "headers": {}, "body": json.dumps({"thread": name})}


@pytest.mark.parametrize(
    ("asked", "share"),
    [
        ("GET /api/usher/events/", Share.GATES),
        ("POST /api/device/taps/", Share.GATES),
        ("POST /api/v1/users/login/", Share.PADDED),
        ("POST /api/usher/login/", Share.PADDED),
        ("GET /api/v1/users/me/", Share.OTHERS),
        ("GET /api/devices/", Share.OTHERS),
    ],
)
def test_gates_and_padded_routes_have_threads_of_their_own(asked: str, share: Share) -> None:
    method, path = asked.split()
    front = Gateway(_Named(), meter=Meter())
    assert ask(front, path, "localhost", method=method)[1] == {"thread": share}
    front.close()
