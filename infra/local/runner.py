"""A local run from its first line to its last: engines, resources, demo data, front, pumps, and the end."""

import asyncio
import errno
import importlib
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from botocore.exceptions import BotoCoreError, ClientError

from infra.local import engines, resources
from infra.local.console import CannotStart, is_full, require_space, step
from infra.local.engines import Engine
from infra.local.invocation import REGION
from infra.local.resources import Cloud

HOST = "127.0.0.1"
_WATCH_SECONDS = 1.0
# The loop that speaks HTTP should not wait the usual 5 ms for its turn behind a thread that computes.
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Options:
    """What the person at the terminal chose."""

    port: int
    data: Path | None
    demo: bool
    on_dynamodb_local: bool


def run(options: Options) -> None:
    """Bring everything up, serve until told to end, and take everything down."""
    ending = _Ending()
    with ExitStack() as undo:
        undo.callback(ending.forget)
        listener = listen(options.port)
        undo.callback(listener.close)
        home = options.data or Path(tempfile.gettempdir())
        if options.data:
            options.data.mkdir(parents=True, exist_ok=True)
        require_space(home)
        _forget_this_machines_cloud()
        started: list[Engine] = []
        undo.callback(_stop_engines, started)
        try:
            cloud, stream_arn = _bring_up(options, started)
        except (BotoCoreError, ClientError):
            if is_full(home):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(home)) from None
            raise
        os.environ.update(_environment(options, cloud, stream_arn))
        _serve(options, cloud, stream_arn, listener, started, ending, undo)


def listen(port: int) -> socket.socket:
    """Take the port before anything else is started, so that a port in use is told at once."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # Holds the port against a second run; connections are answered once the server is up.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Port {port} is in use or not allowed ({error.strerror}). "
            f"End what uses it, or choose another: PORT={port + 1 if port < 65535 else 8000} make run"
        ) from error
    return listener


def _bring_up(options: Options, started: list[Engine]) -> tuple[Cloud, str]:
    """Start the engines and make the resources; return where they are, and the stream's ARN."""
    if options.on_dynamodb_local:
        step("starting DynamoDB Local for the table")
        started.append(engines.launch_dynamodb_local(options.data / "table" if options.data else None))
    step("starting MiniStack, the embedded cloud")
    started.append(engines.launch_ministack(options.data / "cloud" if options.data else None))
    url = started[-1].wait().url
    step("creating the resources of infra/resources")
    resources.create_stack(Cloud(url, url))
    cloud = Cloud(url, started[0].wait().url)
    return cloud, resources.create_table(cloud)


def _stop_engines(started: list[Engine]) -> None:
    with ExitStack() as all_of_them:
        for engine in started:
            all_of_them.callback(engine.stop)


def _forget_this_machines_cloud() -> None:
    """Keep whatever this machine has configured for AWS out of sight: a local run must never reach it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Loopback is never behind a proxy.
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"])),
    }


def _environment(options: Options, cloud: Cloud, stream_arn: str) -> dict[str, str]:
    """Return what the app reads."""
    return {
        "STAGE": "local",
        "TABLE_STREAM_ARN": stream_arn,
        "LIVE_URL": f"ws://localhost:{options.port}/live",
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", f"http://localhost:{options.port}"),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ENDPOINT_URL_DYNAMODB": cloud.table_url,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": cloud.table_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        # The key that MiniStack knows: it looks at the signatures of links to files, and at no others.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # Endpoints that carry an account id exist on the real cloud only.
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    }


def _serve(
    options: Options,
    cloud: Cloud,
    stream_arn: str,
    listener: socket.socket,
    started: list[Engine],
    ending: "_Ending",
    undo: ExitStack,
) -> None:
    # Only now: these import the app, which reads the environment.
    from chalicelib.config import config
    from infra.local import live
    from infra.local.front import EnvelopeProtocol, Gateway
    from infra.local.inspection import LocalDesk
    from infra.local.meter import Meter
    from infra.local.outbox import Outbox
    from infra.local.pumps import Pumps, Source

    step("loading the app")
    meter = Meter().attach()
    undo.callback(meter.detach)
    outbox = Outbox(options.data / "outbox.jsonl" if options.data else None).attach()
    undo.callback(outbox.detach)
    module = importlib.import_module("app")
    resources.allow_mail(cloud, config().mail_from)
    _load_data(options)
    meter.reset()

    checkpoint = options.data / "stream-checkpoint.json" if options.data else None
    pumps = Pumps(module, Source(cloud.table_url, stream_arn, cloud.client("sqs"), checkpoint), meter=meter)
    step("pumping stream, queues and schedules: " + ", ".join(handler.name for handler in module.app.event_sources))
    pumps.start()
    undo.callback(pumps.stop)

    desk = LocalDesk(outbox=outbox, meter=meter, schedules=pumps.schedules)
    gateway = Gateway(module.app, meter=meter, inspection=desk, handlers=module)
    undo.callback(gateway.close)
    server = _Server(
        uvicorn.Config(
            gateway,
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
            # The gateway's word is the peer's address; a header must not change it.
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
        ),
        announce=lambda: _announce(options, cloud),
    )
    ending.then(lambda: setattr(server, "should_exit", True))
    watch = threading.Thread(target=_watch, args=(started, ending), name="engines", daemon=True)
    watch.start()
    sys.setswitchinterval(_SWITCH_SECONDS)
    undo.callback(step, "ending: finishing what is in hand")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve([listener]))
    if ending.why:
        raise CannotStart(ending.why)


def _load_data(options: Options) -> None:
    from infra.local.demo import demo_data

    if options.demo:
        step("loading the demo data")
        demo_data.load()
    else:
        step("creating the first administrator")
        demo_data.load_first_admin()


def _announce(options: Options, cloud: Cloud) -> None:
    from infra.local.demo import demo_data

    base = f"http://localhost:{options.port}"
    step("serving")
    lines = [
        f"  API          {base}/api/  (document {base}/api/openapi.json, page {base}/api/docs)",
        f"  live         ws://localhost:{options.port}/live  (tickets: POST {base}/api/realtime/ticket/)",
        f"  sent mail    {base}/_local/outbox/",
        f"  usage        {base}/_local/usage/",
        f"  cloud        {cloud.url}",
        f"  table        {cloud.table_url} ({'DynamoDB Local' if options.on_dynamodb_local else 'MiniStack'})",
        f"  data         {options.data or 'forgotten at the end (DATA=folder keeps it)'}",
        f"  super admin  {demo_data.ADMIN_EMAIL}  {demo_data.ADMIN_PASSWORD}",
    ]
    if options.demo:
        lines += [
            f"  organizer    {demo_data.ORGANIZER_NUMBER}  {demo_data.ORGANIZER_PASSWORD}  (log-in codes: sent mail)",
            f"  merchant     {demo_data.MERCHANT_NUMBER}  {demo_data.MERCHANT_PASSWORD}  (log-in codes: sent mail)",
            f"  customer     {demo_data.CUSTOMER_NUMBER}  {demo_data.CUSTOMER_PASSWORD}  (log-in codes: sent mail)",
            f"  usher        event {demo_data.EVENT_ID}, {demo_data.USHER_NAME}  {demo_data.USHER_PASSWORD}",
            f"  tix admin    {demo_data.TIX_EMAIL}  {demo_data.TIX_PASSWORD}",
            f"  card         {demo_data.CARD_UID}  (a valid VIP ticket for {demo_data.EVENT_ID})",
        ]
    print("\n".join([*lines, "ready"]), flush=True)


class _Server(uvicorn.Server):
    """uvicorn, which says when it is up and leaves the signals to the runner."""

    def __init__(self, config: uvicorn.Config, *, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    def install_signal_handlers(self) -> None:
        """Older uvicorns ask for handlers here."""

    def capture_signals(self) -> Any:
        return ExitStack()


class _Ending:
    """How a run comes to its end: Ctrl-C, a signal, an engine that died."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.why = ""
        self._then: Callable[[], None] | None = None
        self._before = {number: signal.signal(number, self._caught) for number in self._SIGNALS}

    def then(self, act: Callable[[], None]) -> None:
        """Do this when the end comes; before it is set, a signal ends the start."""
        self._then = act

    def because(self, why: str) -> None:
        """End for a reason that the person at the terminal should read."""
        self.why = self.why or why
        if self._then is not None:
            self._then()

    def forget(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _caught(self, *_: Any) -> None:
        if self._then is None:
            raise KeyboardInterrupt
        self._then()


def _watch(started: list[Engine], ending: _Ending) -> None:
    while True:
        dead = [engine.name for engine in started if not engine.is_alive]
        if dead:
            ending.because(f"{dead[0]} ended unexpectedly; its log is beside its data. Run again.")
            return
        threading.Event().wait(_WATCH_SECONDS)
