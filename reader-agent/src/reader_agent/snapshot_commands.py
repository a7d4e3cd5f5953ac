"""The commands for gates without the network: `sync now`, `snapshot info` and `count`."""

import contextlib
import time
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from ulid import ULID

from reader_agent import logs
from reader_agent.agent import FETCHED_NS, RUNTIME, SYNC_REQUEST
from reader_agent.clock import Clock
from reader_agent.failures import BadSetup
from reader_agent.identity import Identity, read_json, write_privately
from reader_agent.legible import legible
from reader_agent.local_gate import LocalGate
from reader_agent.offline import Offline
from reader_agent.outbox import Outbox
from reader_agent.server import Server
from reader_agent.settings import Settings, read_settings
from reader_agent.snapshot.store import SnapshotStore, store_path
from reader_agent.snapshot.sync import SnapshotSync
from reader_agent.state_lock import only_one
from reader_agent.tap import Tap
from reader_agent.terminal import AsJson, State, say, write_json
from reader_agent.trusted_time import TrustedTime

DONE, ERROR = 0, 3
_LOOK_SECONDS = 0.2
_MOST_PEOPLE = 50
# The wire contract's limit.
_LONGEST_GATE = 100

sync_app = typer.Typer(help="Fetch what a gate needs to decide without the network.", no_args_is_help=True)
snapshot_app = typer.Typer(help="Show what a gate decides by without the network.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(sync_app, name="sync")
    app.add_typer(snapshot_app, name="snapshot")
    app.command("count", context_settings={"ignore_unknown_options": True})(count_command)


@sync_app.command("now")
def sync_now(
    seconds: Annotated[float, typer.Option(help="How long to wait for a running agent.", min=1, max=600)] = 90.0,
    state: State = None,
    as_json: AsJson = False,
) -> int:
    """Fetch the snapshot now. Exit: 0 it is up to date, 3 it is not, with the reason."""
    settings = read_settings(state_dir=state)
    logs.configure("error")
    identity = Identity.load(settings.state_dir)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(only_one(settings.state_dir))
        except BadSetup:  # an agent runs
            facts = _ask_running_agent(settings.state_dir, seconds)
        else:
            facts = _fetch(settings, identity)
    _show(facts, as_json=as_json)
    return ERROR if facts.get("error") else DONE


@sync_app.callback()
def _sync() -> None:
    """Fetch what a gate needs to decide without the network."""


@snapshot_app.callback()
def _snapshot() -> None:
    """Show what a gate decides by without the network."""


@snapshot_app.command("info")
def snapshot_info(state: State = None, as_json: AsJson = False) -> int:
    """Show the snapshot on this device. Exit: 0 one that is good, 3 none, or one that expired."""
    settings = read_settings(state_dir=state)
    logs.configure("error")
    identity = Identity.load(settings.state_dir)
    path = store_path(settings.state_dir, identity.device_id)
    store = SnapshotStore.reading(path, secret=identity.storage_secret())
    sync, server = _open(settings, identity, store)
    try:
        facts = sync.state() | {"bytes": sum(sync.store.sizes()), "deltas": max(len(sync.store.sizes()) - 1, 0)}
    finally:
        sync.store.close()
        server.close()
    _show(facts, as_json=as_json)
    return ERROR if facts["cursor"] is None or facts["is_expired"] else DONE


def count_command(
    people: Annotated[int, typer.Argument(help="How many came in (+1) or left (-1) without a ticket.")],
    gate: Annotated[str | None, typer.Option(help="The gate's name; this device's own if not given.")] = None,
    state: State = None,
) -> int:
    """Record people without a ticket, so that the head count stays true. It is sent as the taps are."""
    if not 0 < abs(people) <= _MOST_PEOPLE:
        raise BadSetup(f"a count is from -{_MOST_PEOPLE} to +{_MOST_PEOPLE} and not 0; {people:+} is not")
    settings = read_settings(state_dir=state)
    identity, clock = Identity.load(settings.state_dir), Clock()
    gate = (gate or "").strip()
    if len(gate) > _LONGEST_GATE or legible(gate) != gate:
        raise BadSetup(f"a gate's name is one line of at most {_LONGEST_GATE} characters; {legible(gate)!r} is not")
    tap = Tap(
        scan_id=f"scn_{ULID()}",
        scanned_at=clock.wall(),
        boot_id=clock.boot_id,
        monotonic_ns=clock.monotonic_ns(),
        kind="count",
        delta=people,
        gate=gate or identity.gate,
    )
    with Outbox(identity.outbox_path(settings.state_dir), secret=identity.storage_secret()) as outbox:
        sequence = outbox.record(tap)
    say(f"counted: {people:+} at {tap.gate}, record {sequence}; a running agent sends it within seconds")
    return DONE


def _open(settings: Settings, identity: Identity, store: SnapshotStore) -> tuple[SnapshotSync, Server]:
    """Return the snapshot in a store as an agent would use it."""
    server = Server(identity.server, clock=Clock(), identity=identity)
    trusted = TrustedTime(server)
    offline = Offline(LocalGate(trusted, keys=identity.platform_keys()), trusted)
    log: structlog.stdlib.BoundLogger = logs.logger()
    sync = SnapshotSync(server, store, offline, identity, log=log, seconds=settings.snapshot_seconds)
    sync.load()
    return sync, server


def _fetch(settings: Settings, identity: Identity) -> dict[str, Any]:
    store = SnapshotStore(store_path(settings.state_dir, identity.device_id), secret=identity.storage_secret())
    sync, server = _open(settings, identity, store)
    try:
        sync.fetch()
        return sync.state()
    finally:
        sync.store.close()
        server.close()


def _ask_running_agent(state_dir: Path, seconds: float) -> dict[str, Any]:
    """Let the agent that runs fetch, and return what it reports then. Raises BadSetup."""
    clock = Clock()
    asked_ns = clock.monotonic_ns()
    write_privately(state_dir / SYNC_REQUEST, b"", durably=False)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        report = read_json(state_dir / RUNTIME)
        is_of_now = isinstance(report, dict) and report.get("boot_id") == clock.boot_id
        # A fetch that began before may not have what is new since.
        if is_of_now and report.get(FETCHED_NS, 0) > asked_ns:
            return dict(report["snapshot"])
        time.sleep(_LOOK_SECONDS)
    raise BadSetup(f"the agent that runs with {state_dir} did not fetch within {seconds:g} s; see `status`")


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json(facts)
        return
    for name, value in facts.items():
        say(
            f"{name.replace('_', ' ')}: {'-' if value is None else value}",
            style="red" if name == "error" and value else "",
        )
