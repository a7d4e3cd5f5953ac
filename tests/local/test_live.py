"""Live updates of a real local run, over real sockets: an organization scans, and every listener receives it.

LIVE_SOCKETS, LIVE_SCANS and LIVE_RATE (scans a second) make it larger; LIVE_BATCH=1 has messages sent in batches.
"""

import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_passwords
from tests.local.local_run import LocalRun, Start

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]

SOCKETS = int(os.environ.get("LIVE_SOCKETS", "6"))
SCANS = int(os.environ.get("LIVE_SCANS", "30"))
RATE = float(os.environ.get("LIVE_RATE", "15"))
BATCH = os.environ.get("LIVE_BATCH") == "1"


@pytest.fixture
def live_run(request: pytest.FixtureRequest, start: Start) -> LocalRun:
    """The session's run; one of the test's own where LIVE_ENGINE names an engine."""
    if engine := os.environ.get("LIVE_ENGINE"):
        return start(ENGINE=engine)
    shared: LocalRun = request.getfixturevalue("run")
    return shared


@dataclass
class Listener:
    """A client that keeps listening: it reconnects with the last id that it received."""

    api: httpx.AsyncClient
    channel: str
    tickets: frozenset[str]
    seen: list[tuple[int, str]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    resyncs: int = 0
    frames: int = 0
    opened: int = 0
    socket: ClientConnection | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        while True:
            ticket = (await self.api.post("/api/realtime/ticket/", json={})).json()
            async with connect(f"{ticket['url']}?ticket={ticket['ticket']}", max_queue=None) as self.socket:
                self.opened += 1
                after = {"after": self.seen[-1][0]} if self.seen else {}
                wanted = {"action": "subscribe", "channel": self.channel, "batch": BATCH, **after}
                await self.socket.send(json.dumps(wanted))
                try:
                    async for frame in self.socket:
                        self.take(json.loads(frame))
                except ConnectionClosed:
                    continue

    def take(self, message: dict[str, Any]) -> None:
        self.frames += 1
        for each in message["messages"] if message["type"] == "batch" else [message]:
            self.take_one(each)

    def take_one(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribed":
            self.begun.set()
        elif message["type"] == "resync":
            self.resyncs += 1
        # The run is shared: a scan of an earlier test may still be on its way.
        elif message["type"] == "ticket-scanned" and message["data"]["id"] in self.tickets:
            self.seen.append((message["id"], message["data"]["id"]))
            scanned_at = datetime.fromisoformat(message["data"]["scanned_at"]).timestamp()
            self.delays.append(time.time() - scanned_at)

    def cut(self) -> None:
        """Lose the socket without a word."""
        assert self.socket is not None
        self.socket.transport.abort()


async def _deaf(api: httpx.AsyncClient, channel: str) -> ClientConnection:
    """Open a socket that reads nothing after its subscription."""
    ticket = (await api.post("/api/realtime/ticket/", json={})).json()
    socket = await connect(f"{ticket['url']}?ticket={ticket['ticket']}", max_queue=1)
    await socket.send(json.dumps({"action": "subscribe", "channel": channel}))
    await socket.recv()
    socket.transport.pause_reading()
    return socket


async def _scan_all(api: httpx.AsyncClient, tickets: list[str], listeners: list[Listener]) -> None:
    began = time.monotonic()
    waiting: set[asyncio.Task[httpx.Response]] = set()
    for n, ticket_id in enumerate(tickets):
        await asyncio.sleep(max(0.0, began + n / RATE - time.monotonic()))
        waiting.add(asyncio.create_task(api.put(f"/api/tix/tickets/{ticket_id}/scan")))
        if n == len(tickets) // 2:
            for listener in listeners[::2]:
                listener.cut()
    answers = await asyncio.gather(*waiting)
    assert all(answer.status_code == 200 for answer in answers), [a.text for a in answers if a.status_code != 200][:2]


async def _show(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=16)) as api:
        body = {"email": demo.TIX_EMAIL, "password": demo_passwords.TIX}
        logged_in = (await api.post("/api/tix/auth/login", json=body)).json()
        api.headers["authorization"] = f"Bearer {logged_in['token']}"
        channel = f"org-{logged_in['user']['organizationId']}"
        tickets: list[str] = []
        while len(tickets) < SCANS:
            some = {"count": min(1000, SCANS - len(tickets)), "prefix": "LIVE"}
            tickets += [ticket["id"] for ticket in (await api.post("/api/tix/tickets/generate", json=some)).json()]
        listeners = [Listener(api, channel, frozenset(tickets)) for _ in range(SOCKETS)]
        listening = [asyncio.create_task(listener.listen()) for listener in listeners]
        await asyncio.gather(*(listener.begun.wait() for listener in listeners))
        deaf = await _deaf(api, channel)
        await _scan_all(api, tickets, listeners)
        async with asyncio.timeout(300):
            while any(len(listener.seen) < SCANS for listener in listeners):
                await asyncio.sleep(0.1)
        usage = (await api.get("/_local/usage/")).json()
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        deaf.transport.abort()
        for listener in listeners:
            numbers = [number for number, _ in listener.seen]
            assert sorted(ticket for _, ticket in listener.seen) == sorted(tickets)
            assert numbers == sorted(set(numbers))
            assert not listener.resyncs
        assert len({tuple(listener.seen) for listener in listeners}) == 1
        delays = sorted(delay for listener in listeners for delay in listener.delays)
        figures = {"p50": delays[len(delays) // 2], "p95": delays[len(delays) * 95 // 100], "max": delays[-1]}
        counts = {name: sum(getattr(listener, name) for listener in listeners) for name in ("frames", "opened")}
        return {**figures, **counts, **usage}


def test_every_socket_sees_every_scan_once_and_in_order_though_half_of_them_reconnect(
    live_run: LocalRun,
) -> None:
    shown = asyncio.run(_show(f"http://127.0.0.1:{live_run.port}"))
    print({name: round(shown[name], 3) for name in ("p50", "p95", "max", "frames", "opened")}, f"at {RATE} a second")
    print(json.dumps({"live": shown["background"]["live"], "requests": shown["requests"]}))
