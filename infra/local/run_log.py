"""The log of a local run in a file: the lines of JSON that AWS gets, for `make logs` and `make trace`.

It is beside the kept data, else in `.local/log/<port>`, and starts empty where the data does. Its size is bounded, and
so is the number of folders that runs of other ports leave.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from chalicelib.observability import logger
from infra.local.toolchain import ROOT

_FILE = "run.jsonl"
_MOST_BYTES = 10_000_000
_EARLIER_FILES = 3
_KEPT_FOLDERS = 5
_HOME = ROOT / ".local" / "log"
# As Logs Insights names them: the time of a line, its text, and the group that it is in.
_GROUP = "/aws/lambda/gatehouse-local"


def folder(*, data: Path | None, port: int, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where a run logs; `LOG_FOLDER` in the environment names another place."""
    if named := environment.get("LOG_FOLDER"):
        return Path(named)
    return data / "log" if data else _HOME / str(port)


@contextmanager
def kept(place: Path, *, fresh: bool, most_bytes: int = _MOST_BYTES, home: Path = _HOME) -> Iterator[Path]:
    """Write every line also to the file within the block; `fresh` removes what an earlier run left.

    `home` has the folders of the runs of all ports; those of the runs that ended longest ago are removed there.
    """
    place.mkdir(parents=True, exist_ok=True)
    if fresh:
        # The folder may be one that somebody named, with other files in it.
        for path in _files(place):
            path.unlink(missing_ok=True)
    _forget_others(place, home)
    handler = RotatingFileHandler(place / _FILE, maxBytes=most_bytes, backupCount=_EARLIER_FILES, encoding="utf-8")
    # Before the terminal's formatter takes its place.
    handler.setFormatter(logger.registered_handler.formatter)
    logger.addHandler(handler)
    try:
        yield place / _FILE
    finally:
        logging.getLogger(logger.name).removeHandler(handler)
        handler.close()


def lines(place: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a run, oldest first, with the fields that Logs Insights adds; skips what is no JSON."""
    for path in _files(place):
        if path.exists():
            with path.open(encoding="utf-8") as opened:
                yield from (line for text in opened if (line := _line(text)) is not None)


def _files(place: Path) -> list[Path]:
    """Return the files that a log may have, oldest first."""
    return [*(place / f"{_FILE}.{number}" for number in range(_EARLIER_FILES, 0, -1)), place / _FILE]


def _line(text: str) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
        moment = datetime.fromisoformat(content["timestamp"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError):
        return None
    function = content.get("function")
    group = f"000000000000:{_GROUP}-{function}" if function else f"000000000000:{_GROUP}"
    return {**content, "@timestamp": moment, "@message": text.rstrip("\n"), "@log": group}


def _written_at(folder: Path) -> float:
    """Return when a folder's log was written last: one that another run writes is not old; 0 where it is gone."""
    return max((path.stat().st_mtime for path in _files(folder) if path.exists()), default=0.0)


def _forget_others(place: Path, home: Path) -> None:
    """Remove the folders of the runs that ended longest ago, where they are this file's own."""
    if place.parent != home:
        return
    found = sorted(home.iterdir(), key=_written_at, reverse=True)
    for old in [path for path in found if path != place][_KEPT_FOLDERS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
