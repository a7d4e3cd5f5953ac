"""`self-test`: checks everything a gate needs before the doors open."""

import functools
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from reader_agent import gpio, signals, sun
from reader_agent import settings as settings_of_agent
from reader_agent.clock import Clock
from reader_agent.failures import AgentError, NotEnrolled
from reader_agent.identity import Identity
from reader_agent.outbox import Outbox
from reader_agent.readers import make_reader
from reader_agent.readers import split as split_paths
from reader_agent.server import Server
from reader_agent.settings import Settings
from reader_agent.wire import Sun

# NXP AN12196: under zero keys this message says UID 04DE5F1EACC040, counter 61.
_PUBLISHED = Sun(picc_data="EF963FF7828658A599F3041510671E88", cmac="94EED9EE65337086")
_PUBLISHED_READING = sun.Reading(uid="04DE5F1EACC040", counter=61)
_TIMEOUT_SECONDS = 5.0
_FLASH_SECONDS = 0.3
_CLOCK_OFF_SECONDS = 30.0


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    passed: bool
    detail: str


def _state_folder(state_dir: Path) -> str:
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = state_dir.stat().st_mode & 0o777
    if mode & 0o077:
        raise AgentError(f"{state_dir} is open to other users (mode {mode:o}); run: chmod 700 {state_dir}")
    return str(state_dir)


def _settings() -> str:
    if unknown := settings_of_agent.unknown():
        raise AgentError("; ".join(unknown))
    return "each variable of the environment is one"


def _outbox(settings: Settings, identity: Identity) -> str:
    with Outbox(identity.outbox_path(settings.state_dir), secret=identity.storage_secret()) as outbox:
        outbox.check_whole()
        outbox.check_writable()
        return f"written and synced; {outbox.depth()} to send, {outbox.dead()} dead letters"


def _server(identity: Identity) -> str:
    with Server(identity.server, clock=Clock(), identity=identity) as server:
        server.access_token(timeout=_TIMEOUT_SECONDS)
        offset = server.clock_offset_seconds
    if offset is not None and abs(offset) > _CLOCK_OFF_SECONDS:
        raise AgentError(
            f"{identity.server} knows this device, whose clock is {abs(offset):.0f} s "
            f"{'behind' if offset > 0 else 'ahead of'} the server's; set it"
        )
    return f"{identity.server} knows this device"


def _reader(settings: Settings, path: str) -> str:
    reader = make_reader(path, air_seconds=settings.air_seconds, log=structlog.get_logger())
    reader.open()
    model = reader.model
    reader.close()
    return f"{path}: {model}"


def _readers(settings: Settings) -> list[tuple[str, Callable[[], Any]]]:
    """Return a check for each reader; an agent that runs holds them, so stop it first."""
    try:
        paths = split_paths(settings.reader)
    except AgentError as error:
        message = str(error)

        def not_usable() -> str:
            raise AgentError(message)

        return [("reader", not_usable)]
    return [("reader", functools.partial(_reader, settings, path)) for path in paths]


def _signals(settings: Settings) -> str:
    """Switch each lamp and the beeper on for a moment; the relay is only requested, so no door opens."""
    shown = [f"sound {settings.sound}"]
    for name, pin in signals.pins(settings).items():
        line = gpio.opener(pin)()
        try:
            if name != "relay":
                line.set(True)
                time.sleep(_FLASH_SECONDS)
        finally:
            line.close()
        shown.append(f"{name} at {pin.chip}:{pin.line}")
    return ", ".join(shown)


def _secure_cards() -> str:
    reading = sun.check(_PUBLISHED, meta_read_key=bytes(16), file_read_key=bytes(16))
    if reading != _PUBLISHED_READING:
        raise AgentError(f"the published message reads as {reading}; this build must not be used")
    return "AN12196's published message reads as published"


def run(settings: Settings) -> list[Check]:
    """Run all checks; those that need an identity fail where there is none."""
    try:
        identity: Identity | None = Identity.load(settings.state_dir)
        enrolled = ""
    except AgentError as error:
        identity, enrolled = None, str(error)

    def with_identity(check: Callable[[Identity], str]) -> Callable[[], str]:
        def checked() -> str:
            if identity is None:
                raise NotEnrolled("not tried: the device is not enrolled")
            return check(identity)

        return checked

    def key() -> str:
        if identity is None:
            raise NotEnrolled(enrolled)
        identity.assertion(now=time.time())
        return f"{identity.device_id} at {identity.gate}"

    checks: list[tuple[str, Callable[[], Any]]] = [
        ("settings", _settings),
        ("state folder", lambda: _state_folder(settings.state_dir)),
        ("device key", key),
        ("outbox", with_identity(lambda known: _outbox(settings, known))),
        ("server", with_identity(_server)),
        *_readers(settings),
        ("signals", lambda: _signals(settings)),
        ("secure cards", _secure_cards),
    ]
    return [_try(name, check) for name, check in checks]


def _try(name: str, check: Callable[[], Any]) -> Check:
    try:
        return Check(name, passed=True, detail=str(check()))
    except (AgentError, OSError, sqlite3.Error, ValueError) as error:
        return Check(name, passed=False, detail=str(error))
