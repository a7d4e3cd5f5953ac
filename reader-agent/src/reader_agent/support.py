"""`support-bundle`: a zip that helps to find a fault, and has no key, UID, code, token or name in it.

Everything in it is chosen by name: what nobody chose stays out. Of the logs only the agent's own JSON lines are taken,
since the screen's lines, with attendees' names, are in the same journal.
"""

import importlib.metadata
import io
import json
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reader_agent import __version__, discovery
from reader_agent.failures import AgentError, BadSetup
from reader_agent.identity import Identity, write_privately
from reader_agent.settings import Settings

_LIBRARIES = (
    "cryptography", "evdev", "gpiod", "httpx", "ndeflib", "nfcpy", "pydantic", "pyscard", "pyserial", "structlog",
    "typer",
)  # fmt: skip
# What of a log line is taken; values of other names are hidden.
_LOGGED = frozenset(
    {
        "alarm", "app_version", "at", "attempts", "batch_size", "count", "debounce_ms", "device", "error", "event",
        "exception", "heartbeat_seconds", "kind", "level", "logger", "model", "online_timeout_ms", "outcome", "path",
        "queue_depth", "reason", "scan_id", "seconds", "secure", "sent", "status", "thread", "why",
    }
)  # fmt: skip
_LONGEST_LOG, _MOST_LINES, _LONGEST_VALUE = 4_000_000, 5_000, 2_000
_JOURNAL = ("journalctl", "--unit", "gatehouse-reader", "--output", "cat", "--no-pager", "--lines", str(_MOST_LINES))
_JOURNAL_SECONDS = 10.0
_HIDDEN = "[hidden]"
# Times, and ids that name no person and open nothing; of other ids (tickets, cards, attendees) nothing is shown.
_SHOWN = re.compile(
    r"\b(?:scn|dev|evt|req)_[0-9A-HJKMNP-TV-Z]{26}\b"
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
# Names of devices and files, which are long and no secrets.
_PLAIN = frozenset({"description", "kind", "model", "path", "reader_model", "reader_path", "state_dir"})
_SECRET = re.compile(
    r"""
    -----BEGIN.*?(?:-----END[^-]*-----|$)                 # keys in PEM
    | (?i:bearer|basic)\s+\S+                             # tokens in headers
    | \b[A-Za-z0-9_-]{3,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*  # signed tokens and codes
    | (?<==)[^\s&"']+                                     # values of parameters
    | [^\s@"']+@[^\s@"']+\.[^\s@"']+                      # e-mail addresses
    | \b(?:[0-9A-Fa-f]{2}[:\s-]?){4,}\b                   # UIDs, secure messages
    | \b[a-z]{2,4}_[0-9A-HJKMNP-TV-Z]{26}\b               # ids of tickets, cards, attendees
    | \b[A-HJ-NP-Z2-9]{4}-?[A-HJ-NP-Z2-9]{4}-?[A-HJ-NP-Z2-9]{4}\b  # enrolment codes
    | \b[A-Z0-9-]{1,20}-[0-9]{6,10}\b                     # numbers of tickets
    | [A-Za-z0-9+/_=-]{24,}                               # keys and signatures
    """,
    re.VERBOSE | re.DOTALL,
)


def mask_text(text: str) -> str:
    """Return a text without what looks like a key, a UID, a code, a token or an address of a person."""
    kept: dict[str, str] = {}

    def keep(found: re.Match[str]) -> str:
        # Private-use characters: no pattern takes them for a part of a secret.
        mark = chr(0xE000 + len(kept) % 0x1800)
        kept[mark] = found[0]
        return f" {mark} "

    without_marks = re.sub("[\ue000-\uf8ff]", "?", text[:_LONGEST_VALUE])
    masked = _SECRET.sub(_HIDDEN, _SHOWN.sub(keep, without_marks))
    return re.sub(" ([\ue000-\uf8ff]) ", lambda found: kept[found[1]], masked)


def mask_line(line: str) -> str | None:
    """Return a line of the agent's log with masked values, or None where it is another program's, or the screen's."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str) or "level" not in event:
        return None
    return json.dumps({name: _masked(value, name) if name in _LOGGED else _HIDDEN for name, value in event.items()})


def _masked(value: Any, name: str = "") -> Any:
    """Return a value, and what it has inside, without what looks like a secret."""
    if isinstance(value, dict):
        return {str(inner): _masked(part, str(inner)) for inner, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part, name) for part in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)[:_LONGEST_VALUE] if name in _PLAIN else mask_text(str(value))


def write_bundle(
    settings: Settings, to: Path, *, logs: Sequence[Path], status: Callable[[Settings], dict[str, Any]]
) -> list[str]:
    """Write the zip, readable by its owner only, and return the names in it. Raises BadSetup."""
    parts: dict[str, str] = {
        "versions.json": _json(_versions()),
        "settings.json": _json(_settings(settings)),
        "identity.json": _json(_try(lambda: _identity(settings))),
        "status.json": _json(_try(lambda: _mask_status(status(settings)))),
        "readers.json": _json(_try(lambda: _masked([vars(each) for each in discovery.find()] + discovery.hints()))),
        "files.json": _json(_files(settings.state_dir)),
    }
    for number, log in enumerate(logs):
        parts[f"logs/{number}.jsonl"] = _log(_tail(log))
    journal = _journal()
    if journal is not None:
        parts["logs/journal.jsonl"] = _log(journal)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in parts.items():
            bundle.writestr(name, text)
    try:
        write_privately(to.absolute(), packed.getvalue())
    except OSError as error:
        raise BadSetup(f"{to} cannot be written ({error.strerror}); name another file with --to") from None
    return list(parts)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, default=str)


def _try(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (AgentError, OSError, ValueError, sqlite3.Error) as error:
        return {"not_available": mask_text(str(error))}


def _versions() -> dict[str, str]:
    found = {"gatehouse-reader": __version__, "python": sys.version.split()[0], "system": platform.platform()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _settings(settings: Settings) -> dict[str, Any]:
    # No setting is a secret today; a name that sounds like one stays out all the same.
    return {
        name: value if not re.search("key|secret|token|code|password", name) else _HIDDEN
        for name, value in settings.model_dump(mode="json").items()
    }


def _identity(settings: Settings) -> dict[str, Any]:
    identity = Identity.load(settings.state_dir)
    return {
        "server": _bare_address(identity.server),
        "device_id": identity.device_id,
        "event_id": identity.event_id,
        "gate": identity.gate,
        "config": identity.config.model_dump(mode="json"),
        "origin": identity.origin,
    }


def _mask_status(facts: dict[str, Any]) -> dict[str, Any]:
    kept = {"server": _bare_address(str(facts.get("server", "")))}
    kept |= {name: facts[name] for name in ("device_id", "event_id", "gate", "state_dir") if name in facts}
    return dict(_masked(facts)) | kept


def _bare_address(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _files(state_dir: Path) -> list[dict[str, Any]]:
    try:
        return [
            {"name": path.name, "bytes": path.stat().st_size, "mode": f"{path.stat().st_mode & 0o777:o}"}
            for path in sorted(state_dir.iterdir())
        ]
    except OSError as error:
        return [{"not_available": str(error.strerror)}]


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - _LONGEST_LOG))
            return file.read(_LONGEST_LOG).decode("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BadSetup(f"{path} cannot be read ({error.strerror})") from None


def _journal() -> list[str] | None:
    """Return the unit's journal; None where there is none, or this user may not read it."""
    if not shutil.which(_JOURNAL[0]):
        return None
    try:
        found = subprocess.run(  # noqa: S603  # a fixed command without a shell
            _JOURNAL, capture_output=True, timeout=_JOURNAL_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout[-_LONGEST_LOG:].decode("utf-8", errors="replace").splitlines()


def _log(lines: Iterable[str]) -> str:
    last = list(lines)[-_MOST_LINES:]
    taken = [masked for line in last if (masked := mask_line(line)) is not None]
    left_out = {"event": "left out", "level": "info", "lines": len(last) - len(taken)}
    return "\n".join([json.dumps(left_out), *taken]) + "\n"
