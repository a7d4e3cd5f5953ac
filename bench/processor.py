"""CPU time of the application for one valid scan: the handler before the answer, the stream worker after it.

The engine runs in a process of its own, and waiting for it takes no CPU time here. The measurement runs as a program of
its own, so that nothing else is loaded. Its log lines are formatted in full and written to /dev/null.
"""

import argparse
import io
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.profile import Profile, Profiler
from infra.local.seed import Seeded
from tests.support import ground
from tests.support.ground import Event, Kind

_WARM_UP = 60
BATCHES = (100, 10)


@dataclass(frozen=True, slots=True)
class Processor:
    """CPU seconds: of each scan by kind, sorted; of the stream worker per scan by the size of its batches."""

    handler: dict[Kind, list[float]]
    background: dict[int, float]
    # Bytes of log lines: of the handler for a scan, of the stream's functions for a call.
    logged: dict[str, float]
    handler_profile: Profile
    background_profile: Profile


class _Gate:
    """Scans tickets one after the other, in this process."""

    def __init__(self, event: Event, crowd: list[Seeded]) -> None:
        self._event, self._crowd = event, iter(crowd)
        self._token = ground.log_in(event)

    def prepare(self, kind: Kind, count: int) -> list[dict[str, Any]]:
        """Return the gateway's events of so many scans of tickets that were never scanned."""
        bodies = (ground.scan_body(kind, next(self._crowd), self._event) for _ in range(count))
        return [
            ground.gateway_event("POST", ground.SCAN_PATH, json.dumps(body).encode(), self._token) for body in bodies
        ]

    def require_counted(self, scans: int) -> None:
        """Require that the stream worker did the work that was timed."""
        from chalicelib.domain.events import events

        counted = events.status(self._event.event_id).admitted
        if counted != scans:
            raise RuntimeError(f"the stream worker counted {counted} of {scans} admissions")


def _scan(events: list[dict[str, Any]], *, under: Profiler | None = None) -> list[float]:
    """Scan, require that each is valid, and return the CPU seconds of each."""
    seconds = []
    for event in events:
        began = time.thread_time()
        answer = under.call(ground.invoke, event) if under else ground.invoke(event)
        seconds.append(time.thread_time() - began)
        if answer["statusCode"] != 200 or json.loads(answer["body"])["result"] != "valid":
            raise RuntimeError(f"a scan that should have been valid was answered {answer['body']}")
    return seconds


class _Stream:
    """Delivers the table's changes to the stream worker, and times the worker alone."""

    def __init__(self) -> None:
        from tests.support.streams import StreamReader

        self._reader = StreamReader()

    def skip(self) -> None:
        while self._reader.read():
            pass

    def drain(self, batch_size: int) -> float:
        """Project until there are no new records; return the worker's CPU seconds."""
        from app import stream

        spent = 0.0
        while records := self._reader.read():
            for start in range(0, len(records), batch_size):
                batch = {"Records": records[start : start + batch_size]}
                began = time.thread_time()
                answer = stream(batch, None)
                spent += time.thread_time() - began
                if answer["batchItemFailures"]:
                    raise RuntimeError(f"the stream worker failed: {answer}")
        return spent

    def logged(self) -> dict[str, float]:
        """Deliver what is new, a record at a time; return the bytes of log lines of a call, by function."""
        import app
        from infra.local.delivery import passes
        from infra.package import filters

        records = self._reader.read()
        found: dict[str, float] = {}
        for name in ("stream", "live"):
            wanted = [record for record in records if passes(filters.of_function(name), record)]
            work = [partial(getattr(app, name), {"Records": [record]}, None) for record in wanted]
            found[name] = log_bytes(lambda work=work: [call() for call in work]) / len(work)  # type: ignore[misc]  # bound
        return found

    def profile(self) -> Profile:
        """Project until there are no new records, under the profiler."""
        from app import stream

        profiler = Profiler()
        while records := self._reader.read():
            for start in range(0, len(records), BATCHES[0]):
                profiler.call(stream, {"Records": records[start : start + BATCHES[0]]}, None)
        return profiler.result()


def log_bytes(act: Callable[[], object]) -> int:
    """Return how many bytes of log lines something writes."""
    from chalicelib.observability import logger

    written = io.StringIO()
    counter = logging.StreamHandler(written)
    counter.setFormatter(logger.handlers[0].formatter)
    plain = logging.getLogger(logger.name)
    plain.addHandler(counter)
    try:
        # A metric is printed, not logged.
        with redirect_stdout(written):
            act()
    finally:
        plain.removeHandler(counter)
    return len(written.getvalue().encode())


def _measure(scans: int) -> Processor:
    event = ground.create_event()
    profiled = max(_WARM_UP, scans // 3)
    crowd = ground.fill(event, tickets=len(Kind) * (_WARM_UP + scans) + (len(BATCHES) + 1) * scans + profiled)
    gate, stream = _Gate(event, crowd), _Stream()
    handler = {}
    for kind in Kind:
        _scan(gate.prepare(kind, _WARM_UP))
        handler[kind] = _scan(gate.prepare(kind, scans))
    stream.skip()
    background = {}
    for size in BATCHES:
        _scan(gate.prepare(Kind.QR, scans))
        background[size] = stream.drain(size) / scans
    stream.skip()
    more = gate.prepare(Kind.QR, scans)
    logged = {"handler": log_bytes(lambda: _scan(more)) / scans} | stream.logged()
    stream.skip()
    profiler = Profiler()
    _scan(gate.prepare(Kind.QR, profiled), under=profiler)
    profiles = profiler.result(), stream.profile()
    gate.require_counted((len(BATCHES) + 1) * scans + profiled)
    return Processor(handler, background, logged, *profiles)


def measure(*, scans: int) -> Processor:
    """Measure in a fresh process; `scans` of each kind."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, "-m", "bench.processor", "--scans", str(scans), "--out", out.name]
        subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL, check=True)
        found = json.loads(Path(out.name).read_text())
    return Processor(
        handler={Kind(kind): sorted(seconds) for kind, seconds in found["handler"].items()},
        background={int(size): seconds for size, seconds in found["background"].items()},
        logged=found["logged"],
        handler_profile=Profile(**found["handler_profile"]),
        background_profile=Profile(**found["background_profile"]),
    )


def main() -> None:
    """Measure in this process, on engines of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scans", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    with ground.cloud(needs_dynamodb_local=True):
        given.out.write_text(json.dumps(asdict(_measure(given.scans))))


if __name__ == "__main__":
    main()
