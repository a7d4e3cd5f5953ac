"""`gatehouse-reader`: the agent's commands. Exit codes: 0 done or admitted, 1 refused, 2 kept unsent, 3 error."""

import _thread
import contextlib
import errno
import os
import signal
import sqlite3
import sys
import threading
from enum import StrEnum
from typing import Annotated

import typer

from reader_agent import (
    __version__,
    enrolment,
    enrolments,
    logs,
    self_test,
    simulate,
    simulated_gate,
    snapshot_commands,
    station_commands,
)
from reader_agent.agent import Agent
from reader_agent.display import Display
from reader_agent.failures import AgentError, BadSetup
from reader_agent.identity import Identity
from reader_agent.outbox_commands import outbox_app
from reader_agent.settings import default_state_dir, read_settings
from reader_agent.settings import unknown as unknown_settings
from reader_agent.signals import make_signals
from reader_agent.state_lock import only_one
from reader_agent.terminal import AsJson, State, console, say, write_json

DONE, ERROR = 0, 3
_COLOURS = {True: "green", False: "red"}

app = typer.Typer(
    name="gatehouse-reader",
    help="The reader agent of Gatehouse: reads cards at a gate and shows the platform's decision.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(outbox_app, name="outbox")


class LogLevel(StrEnum):
    """How much to log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


ReaderPaths = Annotated[
    list[str] | None,
    typer.Option(
        "--reader",
        help="Path of a reader, such as tty:USB0:pn532, usb, pcsc, hid:/dev/input/by-id/… or serial:/dev/ttyACM0. "
        "Give it more than once for several readers of one gate.",
    ),
]
Level = Annotated[
    LogLevel | None, typer.Option("--log-level", help="How much to log, as JSON lines on standard error.")
]


def _show_version(asked: bool) -> None:
    if asked:
        say(f"gatehouse-reader {__version__}")
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
    server: Annotated[
        str | None,
        typer.Option(
            help="The platform's address, such as https://gate.example.com.", envvar="GATEHOUSE_READER_SERVER"
        ),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(
            help="The administrator's one-time code; the command asks for it if it is not given.", show_default=False
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="A name for this device.")] = None,
    state: State = None,
    replace: Annotated[bool, typer.Option(help="Replace the identity of an enrolled device.")] = False,
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Do nothing where this device is enrolled already; ask nobody.")
    ] = False,
) -> int:
    """Enrol this machine as a device of one gate, with a code from an administrator."""
    settings = read_settings(state_dir=state)
    if if_needed and enrolment.is_enrolled(settings.state_dir):
        return DONE
    secret = code or os.environ.get("GATEHOUSE_READER_CODE") or enrolment.code_of_systemd()
    if not server or (if_needed and not secret):
        raise BadSetup(
            "this device is not enrolled; give --server (or GATEHOUSE_READER_SERVER), and the code on the command "
            "line, in GATEHOUSE_READER_CODE, or as systemd's credential gatehouse-reader.code"
        )
    secret = secret or typer.prompt("Enrolment code", hide_input=True)
    with only_one(settings.state_dir):
        identity = enrolment.enroll(settings.state_dir, server=server, code=secret, name=name, replace=replace)
    say(f"enrolled: {identity.device_id} at {identity.gate} of {identity.event_id}", style="green")
    return DONE


@app.command()
def run(
    reader: ReaderPaths = None,
    direction: Annotated[str | None, typer.Option(help="entry or exit; the default is entry.")] = None,
    hub: Annotated[bool | None, typer.Option("--hub", help="Decide for the other gates of the event too.")] = None,
    hub_listen: Annotated[
        str | None, typer.Option(help="Where the hub listens, as HOST:PORT.", show_default="0.0.0.0:8443")
    ] = None,
    hub_announce: Annotated[
        str | None, typer.Option(help="Where the other gates reach this hub, as HOST:PORT.")
    ] = None,
    hub_address: Annotated[
        str | None, typer.Option(help="The hub that this gate asks, as [DEVICE_ID@]HOST:PORT.")
    ] = None,
    health_port: Annotated[int | None, typer.Option(help="Port for /healthz, /readyz, /metrics on loopback.")] = None,
    state: State = None,
    log_level: Level = None,
) -> int:
    """Run at the gate until Ctrl-C or systemd stops it, or its terminal is closed."""
    settings = read_settings(
        state_dir=state,
        reader=",".join(reader or ()) or None,
        direction=direction,
        health_port=health_port,
        hub=hub,
        hub_listen=hub_listen,
        hub_announce=hub_announce,
        hub_address=hub_address,
        log_level=log_level,
    )
    logs.configure(settings.log_level)
    screen = console()
    signals = make_signals(settings, screen.file, log=logs.logger())
    display = Display(screen, signals)
    identity = Identity.load(settings.state_dir)
    with only_one(settings.state_dir):
        agent = Agent(settings, identity, display=display, log=logs.logger(), signals=signals)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: _set_apart(agent.stop))
        waiting = agent.outbox.depth()
        display.say(
            f"{identity.device_id} · {identity.gate} of {identity.event_id} · reader {settings.reader}"
            + (f" · {waiting} kept taps to send" if waiting else "")
        )
        for sentence in unknown_settings():
            display.say(sentence, "yellow")
        for earlier in enrolments.earlier(settings.state_dir, identity):
            if earlier.trouble:
                display.say(f"the taps of the earlier {earlier.device_id} cannot be read: {earlier.trouble}", "yellow")
            if earlier.unsent:
                display.say(
                    f"{earlier.unsent} taps of the earlier {earlier.device_id} are not sent: "
                    f"run `gatehouse-reader outbox send --enrolment {earlier.device_id}`"
                )
        agent.run()
    return DONE


def _set_apart(event: threading.Event) -> None:
    """Set an event in a thread that is begun without a lock.

    A signal's handler runs within what the main thread does, such as the handler of another signal: that may hold the
    event's own lock, and would wait for itself.
    """
    with contextlib.suppress(RuntimeError):  # the interpreter is ending, and begins no thread
        _thread.start_new_thread(event.set, ())


@app.command("self-test")
def self_test_command(
    reader: ReaderPaths = None,
    state: State = None,
    as_json: AsJson = False,
) -> int:
    """Check everything a gate needs: folder, key, outbox, server, readers, signals, secure cards."""
    logs.configure("error")
    checks = self_test.run(read_settings(state_dir=state, reader=",".join(reader or ()) or None))
    if as_json:
        write_json([vars(check) for check in checks])
    else:
        for check in checks:
            say(f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.detail}", style=_COLOURS[check.passed])
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
    settings = read_settings(
        state_dir=state or default_state_dir() / "simulate", direction=direction, log_level=log_level
    )
    logs.configure(settings.log_level)
    display = Display(console())
    plan = simulate.plan_card(uid, kind, meta_key, file_key)
    with only_one(settings.state_dir, wait_seconds=30.0):
        identity = simulate.find_identity(
            settings, server=server, login=enroll_admin or enrolment.DEMO_ADMIN, display=display
        )
        return simulate.tap_once(settings, identity, plan, display=display, log=logs.logger())


@app.command("simulate-gate")
def simulate_gate_command(
    server: Annotated[str, typer.Option(help="The platform.")],
    state: State = None,
    name: Annotated[str | None, typer.Option(help="A name for this device.")] = None,
    log_level: Level = LogLevel.ERROR,
) -> int:
    """Stay at a simulated gate, and tap what lines of JSON on standard input ask for (see simulated_gate.py).

    A device that is not enrolled takes its code from GATEHOUSE_READER_CODE.
    """
    settings = read_settings(state_dir=state or default_state_dir() / "simulated-gate", log_level=log_level)
    logs.configure(settings.log_level)
    code = os.environ.get("GATEHOUSE_READER_CODE")
    with only_one(settings.state_dir):
        if not enrolment.is_enrolled(settings.state_dir):
            if not code:
                raise BadSetup("this device is not enrolled; give its code in GATEHOUSE_READER_CODE")
            enrolment.enroll(settings.state_dir, server=server, code=code, name=name, replace=False)
        identity = Identity.load(settings.state_dir)
        simulated_gate.SimulatedGate(settings, identity, log=logs.logger()).serve(sys.stdin, sys.stdout)
    return DONE


# What to do about an error of the system, by its number.
_ADVICE = {
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "that is a file: name a folder, with --state"),
    errno.EISDIR: "that is a folder: name a file",
    errno.ENOENT: "create its folder, or name another path",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "run this as the agent's user, or check who owns it"),
    errno.EROFS: "the disk is mounted read-only: mount it writable, or name another folder with --state",
    errno.ENOSPC: "the disk is full: free some space",
}

station_commands.register(app)
snapshot_commands.register(app)


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
    except sqlite3.Error as error:
        _fail(
            f"a file in the state folder cannot be read or written: {error}. If the disk is full, free some space; if "
            "the file is damaged, move it aside (do not delete it: an outbox holds unsent taps) and start again"
        )
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0)
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}" + (f"; {advice}" if advice else ""))
    else:
        sys.exit(code if isinstance(code, int) else DONE)


def _fail(message: str) -> None:
    if message:
        say(f"gatehouse-reader: {message}", style="red", to_errors=True)
    sys.exit(ERROR)


if __name__ == "__main__":
    main()
