"""The platform on a started cloud: the app, its data, its pumps and its front."""

import importlib
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from urllib.parse import urlsplit

from chalicelib.config import config
from chalicelib.errors import Refusal
from infra import pages
from infra.local import resources, run_log, terminal_log, welcome
from infra.local.agents import SimulatedAgents
from infra.local.console import CannotStart, step
from infra.local.demo import demo_data
from infra.local.ending import Ending
from infra.local.engines import Engine
from infra.local.front import Gateway
from infra.local.inspection import LocalDesk, Simulated
from infra.local.meter import Meter
from infra.local.outbox import Outbox
from infra.local.pages import Pages
from infra.local.pumps import Pumps, Source
from infra.local.rate_limits import RateLimits
from infra.local.resources import Cloud
from infra.local.runner import Options
from infra.local.sandbox_bank import SandboxBank
from infra.local.server import Server

_CATCH_UP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the terminal chose, and the cloud that was started for it."""

    options: Options
    cloud: Cloud
    stream_arn: str


def serve(run: Run, listener: socket.socket, ending: Ending, engines: Sequence[Engine]) -> None:
    """Load the app and its data, and serve until a stop is requested."""
    with ExitStack() as undo:
        step("loading the app")
        place = run_log.folder(data=run.options.data, port=run.options.port)
        # Data that is kept has a history; without it a run's log begins with the run.
        undo.enter_context(run_log.kept(place, fresh=run.options.data is None))
        terminal_log.configure()
        limits = RateLimits(run.cloud.client("dynamodb"))
        meter = Meter().attach()
        undo.callback(meter.detach)
        outbox = Outbox(run.options.data / "outbox.jsonl" if run.options.data else None).attach()
        undo.callback(outbox.detach)
        module = importlib.import_module("app")
        # Until it serves: the queues may still be at work on what the demo data began.
        quiet = undo.enter_context(ExitStack())
        quiet.enter_context(terminal_log.warnings_only())
        pumps = _load(run, module, meter=meter, undo=undo)
        agents = SimulatedAgents(run.options.port, has_demo=run.options.demo)
        desk = LocalDesk(
            outbox=outbox,
            meter=meter,
            schedules=pumps.schedules,
            limits=limits,
            simulated=Simulated(agents, SandboxBank(run.options.port)),
            demo=welcome.demo_facts(has_demo=run.options.demo),
        )
        # The bench measures what threads of their own are worth.
        apart = os.environ.get("SHARED_THREADS") != "1"
        gateway = Gateway(module.app, meter=meter, inspection=desk, handlers=module, apart=apart)
        undo.callback(gateway.close)
        undo.callback(agents.end_all)
        gateway.serve_pages(_pages(run))
        server = Server(gateway, on_ready=lambda: _welcome(run, quiet))
        ending.begin_with(lambda: setattr(server, "should_exit", True))
        ending.end_if_an_engine_dies(engines)
        undo.callback(step, "ending: finishing the work in progress")
        server.run_on(listener)
        # Asked here: the engines end after this, as they should.
        if ending.reason:
            raise CannotStart(ending.reason)


def _pages(run: Run) -> Pages:
    settings, socket = config(), urlsplit(config().live_url)
    provider, key = settings.payment_provider, os.environ.get("STRIPE_PUBLISHABLE_KEY", "")
    has_form = provider == "stripe" and bool(key)
    origins = pages.Origins((run.cloud.url,), f"{socket.scheme}://{socket.netloc}", stripe=has_form)
    return Pages(origins, pages.settings(provider=provider, publishable_key=key, stage=settings.stage))


def _load(run: Run, module: ModuleType, *, meter: Meter, undo: ExitStack) -> Pumps:
    """Load the data, and return the pumps once they have projected it."""
    resources.allow_mail(run.cloud, config().mail_from)
    if run.options.demo:
        step("loading the demo data")
        try:
            demo_data.load()
        except Refusal as refused:
            if run.options.data is None:
                raise
            raise CannotStart(
                f"The demo data does not fit what {run.options.data} keeps, maybe of another release ({refused.text}) "
                "Choose another DATA, or run without it: DEMO=0"
            ) from refused
    else:
        step("creating the first administrator")
        demo_data.load_first_admin()
    meter.reset()
    checkpoint = run.options.data / "stream-checkpoint.json" if run.options.data else None
    source = Source(run.cloud.table_url, run.stream_arn, run.cloud.client("sqs"), run.cloud.client("s3"), checkpoint)
    pumps = Pumps(module, source, meter=meter)
    step("starting stream, queues and schedules: " + ", ".join(handler.name for handler in module.app.event_sources))
    pumps.start()
    undo.callback(pumps.stop)
    pumps.wait_until_caught_up(_CATCH_UP_SECONDS)
    return pumps


def _welcome(run: Run, quiet: ExitStack) -> None:
    step("serving")
    quiet.close()
    print("\n" + welcome.tables(run.options, run.cloud) + "\n\nready", flush=True)
