"""The commands for an operator who sets a gate up or looks after it: `readers`, `status` and `support-bundle`."""

import contextlib
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reader_agent import __version__, discovery, enrolments, support
from reader_agent.agent import REPORT_SECONDS, REPORTED_NS, RUNTIME
from reader_agent.clock import Clock
from reader_agent.identity import Identity, read_json
from reader_agent.legible import legible
from reader_agent.settings import Settings, read_settings
from reader_agent.terminal import AsJson, State, console, say, write_json

DONE, ERROR = 0, 3
_LOOK_SECONDS = 1.0
# A report is made at least so often; a busy machine may be late.
_OLD_REPORTS = 3
# What of a running agent's report `status` shows, in this order; the report itself has no data of cards or persons.
_RUNNING = (
    "reader_path", "reader_model", "reader_open", "readers", "shown", "snapshot", "conflicts", "rejected",
    "decided_here", "hub", "card_errors", "clock_offset_ms", "last_heartbeat_at", "alarm", "why_not_ready",
    "signal_errors", "last_error", "reported_at",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("readers")(readers_command)
    app.command("status")(status_command)
    app.command("support-bundle")(support_command)


def readers_command(
    check: Annotated[
        list[str] | None, typer.Option("--check", help="Open and close the reader at this path, and say what happened.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List the readers of this machine, the path of each for --reader, and why one cannot be opened."""
    found = [discovery.check(path) for path in check] if check else discovery.find()
    hints = discovery.hints()
    if as_json:
        write_json({"readers": [vars(each) for each in found], "hints": hints})
    else:
        for each in found:
            say(f"{each.path}  {each.description}", style="red" if each.problem else "green")
            if each.problem:
                say(f"    {each.problem}")
        for hint in hints:
            say(hint, style="yellow")
        if not found:
            say("no reader found; check the cables")
    return ERROR if check and any(each.problem for each in found) else DONE


def status_command(
    state: State = None,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again each second, until Ctrl-C.")] = False,
) -> int:
    """Show this device's identity, what is to be sent, and the state of a running agent."""
    settings = read_settings(state_dir=state)
    if watch:
        with contextlib.suppress(KeyboardInterrupt):
            _watch(settings, as_json=as_json)
    elif as_json:
        write_json(status(settings))
    else:
        console().print(_table(status(settings)))
    return DONE


def _watch(settings: Settings, *, as_json: bool) -> None:
    """Show the state each second until Ctrl-C."""
    if as_json:
        while True:
            write_json(status(settings))
            sys.stdout.flush()
            time.sleep(_LOOK_SECONDS)
    with Live(_table(status(settings)), console=console(), refresh_per_second=2) as live:
        while True:
            time.sleep(_LOOK_SECONDS)
            live.update(_table(status(settings)))


def _table(facts: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), Text(legible(_words(name, value), 1_000)))
    return table


def _words(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key} {'-' if part is None else part}" for key, part in value.items()) or "none"
    if name == "readers":
        return "; ".join(_reader(each) for each in value)
    if isinstance(value, list):
        return "; ".join(str(part) for part in value) or ("no reason" if name == "why_not_ready" else "none")
    return str(value)


def _reader(facts: dict[str, Any]) -> str:
    state = "open" if facts["open"] else "LOST, it is tried again"
    counts = [f"{facts[name]} {name}" for name in ("reconnects", "errors", "hostile") if facts[name]]
    return f"{facts['path']} {state}" + (f" ({', '.join(counts)})" if counts else "")


def status(settings: Settings) -> dict[str, Any]:
    """Return this device's state. Raises NotEnrolled."""
    identity = Identity.load(settings.state_dir)
    known = enrolments.present(settings.state_dir, identity)
    facts: dict[str, Any] = {
        "app_version": __version__,
        "state_dir": str(settings.state_dir),
        "server": identity.server,
        "device_id": identity.device_id,
        "event_id": identity.event_id,
        "gate": identity.gate,
        "taps": known.taps,
        "queue_depth": known.unsent,
        "dead_letters": known.dead,
        "oldest_unsent_at": known.oldest_unsent_at,
        "unsent_of_earlier_enrolments": sum(
            earlier.unsent + earlier.dead for earlier in enrolments.earlier(settings.state_dir, identity)
        ),
    }
    running = read_json(settings.state_dir / RUNTIME)
    # After a power cut the report of the last boot is still there, and another program may have its number.
    is_of_now = bool(running) and running.get("boot_id") == Clock().boot_id
    facts["running"] = is_of_now and Path(f"/proc/{running['pid']}").exists()
    if running and facts["running"]:
        facts |= {name: running[name] for name in _RUNNING if name in running}
        facts["why_not_ready"] = [*_why_not_believed(running), *facts.get("why_not_ready", [])]
    return facts


def _why_not_believed(report: dict[str, Any]) -> list[str]:
    """Return why the last report of a running agent says nothing of now; empty where it does."""
    made = report.get(REPORTED_NS)
    age = (Clock().monotonic_ns() - made) / 1e9 if isinstance(made, int) else 0.0
    if age < _OLD_REPORTS * REPORT_SECONDS:
        return []
    return [f"its report is {age:.0f} s old: it hangs, or its disk takes nothing (is it full?); this is what it said"]


def support_command(
    to: Annotated[Path, typer.Option("--to", help="The zip file to write.")] = Path("gatehouse-support.zip"),
    log: Annotated[
        list[Path] | None, typer.Option("--log", help="A log file of the agent to add, masked; more than once.")
    ] = None,
    state: State = None,
) -> int:
    """Write a zip for support: versions, settings, status, masked logs; no key, UID, code, token or name."""
    settings = read_settings(state_dir=state)
    written = support.write_bundle(settings, to, logs=log or [], status=status)
    say(f"written: {to} ({', '.join(written)}); look into it before you send it")
    return DONE
