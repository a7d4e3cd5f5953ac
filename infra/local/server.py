"""The HTTP server of a local run: uvicorn on a socket that is bound before anything else starts."""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import uvicorn
import uvloop

from infra.local import live
from infra.local.front import EnvelopeProtocol

# The event loop speaks HTTP: it must not wait the usual 5 ms for its turn behind a thread that computes.
_SWITCH_SECONDS = 0.0005


class Server(uvicorn.Server):
    """uvicorn, which reports when it serves and leaves the signals to the runner."""

    def __init__(self, application: Any, *, on_ready: Callable[[], None]) -> None:
        """Serve an ASGI application; call `on_ready` once it can be reached."""
        super().__init__(_settings(application))
        self._on_ready = on_ready

    def run_on(self, listener: socket.socket) -> None:
        """Serve until `should_exit` is set."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.serve([listener]))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, then report it."""
        await super().startup(sockets)
        self._on_ready()

    def install_signal_handlers(self) -> None:
        """Older uvicorns ask for handlers here."""

    def capture_signals(self) -> Any:
        """Leave the signals to the runner."""
        return ExitStack()


def _settings(application: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=EnvelopeProtocol,
        loop="uvloop",
        ws="websockets-sansio",
        ws_max_size=live.MESSAGE_BYTES,
        # The gateway sends no pings of its own, and compresses nothing.
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # The peer's address is the gateway's word; a header must not change it.
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )
