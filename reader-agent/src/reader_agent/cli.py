"""`gatehouse-reader`: the agent's commands. Exit codes: 0 done or admitted, 1 refused, 2 kept unsent, 3 error."""

import json
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from reader_agent import __version__, enrolment, logs, self_test, simulate
from reader_agent.agent import RUNTIME, Agent, only_one
from reader_agent.clock import Clock, write_time
from reader_agent.display import Display
from reader_agent.failures import AgentError, BadSetup
from reader_agent.identity import Identity, read_json
from reader_agent.logs import mask
from reader_agent.outbox import Entry, Outbox
from reader_agent.settings import Settings, default_state_dir

DONE, ERROR = 0, 3

app = typer.Typer(
    name="gatehouse-reader",
    help="The reader agent of Gatehouse: reads cards at a gate and shows the platform's decision.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
outbox_app = typer.Typer(help="List the taps on this device, and send dead letters again.", no_args_is_help=True)
app.add_typer(outbox_app, name="outbox")


class OutboxState(StrEnum):
    """Which taps to show."""

    PENDING = "pending"
    DEAD = "dead"
    DONE = "done"


class LogLevel(StrEnum):
    """How much to log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


State = Annotated[
    Path | None, typer.Option("--state", help="Folder of the identity and the outbox.", show_default="the user's own")
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]
Level = Annotated[
    LogLevel | None, typer.Option("--log-level", help="How much to log, as JSON lines on standard error.")
]


def _settings(**given: Any) -> Settings:
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        raise BadSetup(
            f"{name} (GATEHOUSE_READER_{name.upper()} or its option) is not usable: {first['msg']}"
        ) from None


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def _show_version(asked: bool) -> None:
    if asked:
        _console().print(f"gatehouse-reader {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Read cards at a gate and show the platform's decision."""


@app.command()
def enroll(
    server: Annotated[str, typer.Option(help="The platform's address, such as https://gate.example.com.")],
    code: Annotated[
        str | None,
        typer.Option(
            help="The administrator's one-time code; the command asks for it if it is not given.", show_default=False
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="A name for this device.")] = None,
    state: State = None,
    replace: Annotated[bool, typer.Option(help="Replace the identity of an enrolled device.")] = False,
) -> int:
    """Enrol this machine as a device of one gate, with a code from an administrator."""
    settings = _settings(state_dir=state)
    secret = code or os.environ.get("GATEHOUSE_READER_CODE") or typer.prompt("Enrolment code", hide_input=True)
    with only_one(settings.state_dir):
        identity = enrolment.enroll(settings.state_dir, server=server, code=secret, name=name, replace=replace)
    _console().print(f"enrolled: {identity.device_id} at {identity.gate} of {identity.event_id}", style="green")
    return DONE


@app.command()
def run(
    reader: Annotated[
        str | None, typer.Option(help="Path of the reader, such as tty:USB0:pn532, usb or udp:127.0.0.1:54321.")
    ] = None,
    direction: Annotated[str | None, typer.Option(help="entry or exit; the default is entry.")] = None,
    health_port: Annotated[int | None, typer.Option(help="Port for /healthz, /readyz, /metrics on loopback.")] = None,
    state: State = None,
    log_level: Level = None,
) -> int:
    """Run at the gate until Ctrl-C or systemd stops it."""
    settings = _settings(
        state_dir=state, reader=reader, direction=direction, health_port=health_port, log_level=log_level
    )
    logs.configure(settings.log_level)
    display = Display(_console())
    identity = Identity.load(settings.state_dir)
    with only_one(settings.state_dir):
        agent = Agent(settings, identity, display=display, log=logs.logger())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: agent.stop.set())
        waiting = agent.outbox.depth()
        display.say(
            f"{identity.device_id} · {identity.gate} of {identity.event_id} · reader {settings.reader}"
            + (f" · {waiting} kept taps to send" if waiting else "")
        )
        agent.run()
    return DONE


@app.command()
def status(state: State = None, as_json: AsJson = False) -> int:
    """Show this device's identity, what is to be sent, and the state of a running agent."""
    settings = _settings(state_dir=state)
    facts = _status(settings)
    if as_json:
        _write_json(facts)
    else:
        table = Table(show_header=False, box=None)
        for name, value in facts.items():
            if isinstance(value, dict):
                value = ", ".join(f"{key} {count}" for key, count in value.items()) or "none"
            table.add_row(name.replace("_", " "), "-" if value is None else str(value))
        _console().print(table)
    return DONE


def _status(settings: Settings) -> dict[str, Any]:
    identity = Identity.load(settings.state_dir)
    with Outbox(identity.outbox_path(settings.state_dir)) as outbox:
        facts: dict[str, Any] = {
            "app_version": __version__,
            "state_dir": str(settings.state_dir),
            "server": identity.server,
            "device_id": identity.device_id,
            "event_id": identity.event_id,
            "gate": identity.gate,
            "taps": outbox.total(),
            "queue_depth": outbox.depth(),
            "dead_letters": outbox.dead(),
        }
        waiting = outbox.pending(1)
        facts["oldest_unsent_at"] = write_time(waiting[0].tap.scanned_at) if waiting else None
    own = identity.outbox_path(settings.state_dir)
    facts["unsent_of_earlier_enrolments"] = sum(
        _depth(path) for path in settings.state_dir.glob("outbox-*.sqlite3") if path != own
    )
    running = read_json(settings.state_dir / RUNTIME)
    facts["running"] = bool(running) and Path(f"/proc/{running['pid']}").exists()
    if facts["running"]:
        for name in (
            "reader_path", "reader_model", "reader_open", "shown", "card_errors", "clock_offset_ms",
            "last_heartbeat_at", "alarm", "last_error", "reported_at",
        ):  # fmt: skip
            facts[name] = running.get(name)
    return facts


def _depth(path: Path) -> int:
    with Outbox(path) as outbox:
        return outbox.depth()


@app.command("self-test")
def self_test_command(
    reader: Annotated[str | None, typer.Option(help="Path of the reader.")] = None,
    state: State = None,
    as_json: AsJson = False,
) -> int:
    """Check everything a gate needs: folder, key, outbox, server, reader, secure cards."""
    logs.configure("error")
    checks = self_test.run(_settings(state_dir=state, reader=reader))
    if as_json:
        _write_json([vars(check) for check in checks])
    else:
        console = _console()
        for check in checks:
            console.print(
                f"[{'green' if check.passed else 'red'}]{'ok  ' if check.passed else 'FAIL'}[/] {check.name}: ", end=""
            )
            console.print(check.detail, markup=False)
    return DONE if all(check.passed for check in checks) else ERROR


@app.command("simulate")
def simulate_command(
    uid: Annotated[str, typer.Option(help="The card's identifier in hex.")],
    kind: Annotated[str, typer.Option(help="ntag213, ntag424 (with a live secure message) or felica.")] = "ntag213",
    server: Annotated[str | None, typer.Option(help="The platform.", show_default="http://127.0.0.1:8000")] = None,
    state: State = None,
    direction: Annotated[str | None, typer.Option(help="entry or exit.")] = None,
    meta_key: Annotated[str | None, typer.Option(help="Key of the PICC data, 32 hex digits.")] = None,
    file_key: Annotated[str | None, typer.Option(help="Key of the CMAC, 32 hex digits.")] = None,
    enroll_admin: Annotated[
        str | None,
        typer.Option(
            help="EMAIL:PASSWORD of a local run's administrator.",
            envvar="GATEHOUSE_READER_ENROLL_ADMIN",
            show_default="the demo administrator",
        ),
    ] = None,
    log_level: Level = LogLevel.ERROR,
) -> int:
    """Tap a simulated card once on the real reader stack. Exit: 0 admitted, 1 refused, 2 kept unsent, 3 error."""
    settings = _settings(state_dir=state or default_state_dir() / "simulate", direction=direction, log_level=log_level)
    logs.configure(settings.log_level)
    display = Display(_console())
    plan = simulate.plan_card(uid, kind, meta_key, file_key)
    with only_one(settings.state_dir, wait_seconds=30.0):
        identity = simulate.find_identity(
            settings, server=server, login=enroll_admin or enrolment.DEMO_ADMIN, display=display
        )
        return simulate.tap_once(settings, identity, plan, display=display, log=logs.logger())


def _open_outbox(state: Path | None) -> Outbox:
    settings = _settings(state_dir=state)
    return Outbox(Identity.load(settings.state_dir).outbox_path(settings.state_dir))


@outbox_app.command("list")
def outbox_list(
    only: Annotated[OutboxState | None, typer.Option("--only", help="Only taps in this state.")] = None,
    limit: Annotated[int, typer.Option(help="The most taps to list.", min=1)] = 100,
    state: State = None,
    as_json: AsJson = False,
) -> int:
    """List taps with their outcomes, oldest first, card numbers masked."""
    with _open_outbox(state) as outbox:
        entries = outbox.entries(only.value if only else None, limit=limit)
    rows = [_row(entry, mask) for entry in entries]
    if as_json:
        _write_json(rows)
    else:
        console = _console()
        for row in rows:
            words = [f"{row['sequence']:>6}", row["scanned_at"], row["scan_id"], row["uid"] or "QR code", row["state"]]
            console.print("  ".join([*words, _said(row)]).rstrip(), markup=False, soft_wrap=True)
    return DONE


@outbox_app.command("export")
def outbox_export(
    to: Annotated[Path | None, typer.Option("--to", help="A file; standard output if not given.")] = None,
    state: State = None,
) -> int:
    """Write every tap as a JSON line, with whole card numbers, for an administrator to load elsewhere."""
    with _open_outbox(state) as outbox:
        lines = "".join(json.dumps(_row(entry, str)) + "\n" for entry in outbox.entries())
    if to is None:
        sys.stdout.write(lines)
        return DONE
    try:
        to.touch(mode=0o600, exist_ok=False)
        to.write_text(lines)
    except FileExistsError:
        raise BadSetup(f"{to} exists already; name another file") from None
    except OSError as error:
        raise BadSetup(f"{to} cannot be written: {error.strerror}") from None
    return DONE


@outbox_app.command("retry")
def outbox_retry(
    scan_id: Annotated[list[str] | None, typer.Argument(help="Dead letters to send again; all if not given.")] = None,
    state: State = None,
) -> int:
    """Make dead letters pending again; a running agent sends them within seconds."""
    with _open_outbox(state) as outbox:
        count = outbox.retry(scan_id, at=Clock().wall())
    _console().print(f"{count} to be sent again")
    if scan_id and count < len(set(scan_id)):
        raise BadSetup(f"{len(set(scan_id)) - count} of these are not dead letters; see `outbox list --only dead`")
    return DONE


def _row(entry: Entry, shown: Callable[[str], str]) -> dict[str, Any]:
    tap = entry.tap
    return {
        "sequence": entry.sequence,
        "scan_id": tap.scan_id,
        "scanned_at": write_time(tap.scanned_at),
        "uid": shown(tap.uid) if tap.uid else None,
        "sun": tap.sun.model_dump() if tap.sun and shown is str else bool(tap.sun),
        "direction": tap.direction,
        "boot_id": tap.boot_id,
        "monotonic_ns": tap.monotonic_ns,
        "clock_offset_ms": tap.clock_offset_ms,
        "state": entry.state,
        "status": entry.status,
        "detail": entry.detail,
    }


def _said(row: dict[str, Any]) -> str:
    """Return the server's answer to a tap in short."""
    if row["state"] != "done":
        return str(row["detail"])
    decision = json.loads(row["detail"])
    return ", ".join(word for word in (decision.get("result"), decision.get("reason")) if word)


def _write_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def main() -> None:
    """Run a command; explain an error in one sentence."""
    # Identity, outbox and status are for this user only.
    os.umask(0o077)
    try:
        code = app(standalone_mode=False)
    except AgentError as error:
        _fail(str(error))
    except typer.TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        _fail(f"{message} (see --help)" if message else "")
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped")
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    else:
        sys.exit(code if isinstance(code, int) else DONE)


def _fail(message: str) -> None:
    if message:
        Console(stderr=True, highlight=False).print(f"gatehouse-reader: {message}", style="red", markup=False)
    sys.exit(ERROR)


if __name__ == "__main__":
    main()
