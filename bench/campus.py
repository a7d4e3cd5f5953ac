"""A lecture of 1,000 students who verify its code and submit, at 33 requests a second of each kind.

`python -m bench.campus` prints it alone. The platform, the engine and the students share the cores of this machine.
"""

import argparse
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import machine
from bench.markdown import table_of
from tests.support import stack
from tests.support.stack import HOST, Stack

STUDENTS, PER_SECOND = 1000, 33.0
# A phone of each student has a connection; so many are busy at once.
_CONNECTIONS = 32
_WARM_UP = 60
AIM_P95, AIM_WRITE_UNITS = 0.300, 10
_ROOT = Path(__file__).parents[1]
_PATH = "/api/campus/attendance/{}/"


@dataclass(frozen=True, slots=True)
class CampusLoad:
    """One kind of request: sorted latencies in seconds, all of them in seconds, answers by status, and the bill."""

    latencies: list[float]
    seconds: float
    results: dict[str, int]
    requests: float
    read_units: float
    write_units: float

    @property
    def p95(self) -> float:
        """The 95th percentile of the latencies, in seconds."""
        return self.latencies[min(len(self.latencies) - 1, int(0.95 * len(self.latencies)))]

    @property
    def faults(self) -> int:
        """How many answers were a 5xx; 503 is also what a throttled or contended key gets."""
        return sum(count for name, count in self.results.items() if name.startswith("HTTP 5"))


@dataclass(frozen=True, slots=True)
class CampusFindings:
    """What was measured of the lecture; `records` is how many there are in the end."""

    students: int
    records: int
    load: dict[str, CampusLoad]
    machine_load: str


def measure(students: int = STUDENTS) -> CampusFindings:
    """Measure a lecture on DynamoDB Local."""
    with stack.running() as running:
        from tests.support.caches import forget_caches

        forget_caches()  # clients of an earlier platform
        _lecture(running, _WARM_UP)
        return _lecture(running, students)


def _lecture(running: Stack, students: int) -> CampusFindings:
    from tests.support.lecture_crowd import LectureCrowd

    crowd = LectureCrowd(students)
    verified = _sent(running, crowd, "verify-qr", list(crowd.codes(timedelta(seconds=1 / PER_SECOND))))
    submitted = _sent(running, crowd, "submit", list(crowd.submissions()))
    load = {"verify-qr": verified, "submit": submitted}
    return CampusFindings(students, crowd.records(), load, machine.load())


def _sent(running: Stack, crowd: Any, route: str, bodies: list[dict[str, Any]]) -> CampusLoad:
    """Send one request of each student at the pace."""
    order = {
        "host": HOST,
        "port": running.port,
        "path": _PATH.format(route),
        "tokens": crowd.tokens,
        "bodies": bodies,
        "clients": _CONNECTIONS,
        "per_second": PER_SECOND,
    }
    _usage(running, "DELETE")
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(
        command, cwd=_ROOT, input=json.dumps(order), capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"the students failed: {done.stderr[-2000:]}")
    tally = json.loads(done.stdout)
    used = _usage(running, "GET")["requests"][f"campus POST {_PATH.format(route)}"]
    return CampusLoad(
        latencies=sorted(tally["latencies"]),
        seconds=tally["seconds"],
        results=tally["results"],
        requests=used["dynamodb_requests"] / used["calls"],
        read_units=used["read_units"] / used["calls"],
        write_units=used["write_units"] / used["calls"],
    )


def _usage(running: Stack, method: str) -> dict[str, Any]:
    url = f"http://{HOST}:{running.port}/_local/usage/"
    asked = urllib.request.Request(url, method=method, headers={"X-Gatehouse-Local": "1"})
    with urllib.request.urlopen(asked) as answer:  # noqa: S310  # loopback
        return json.loads(answer.read() or b"{}")  # type: ignore[no-any-return]  # JSON has no types


def render(found: CampusFindings) -> str:
    """Return the figures as Markdown, beside the aims."""
    head = [
        "request",
        "requests/s",
        "p50 ms",
        f"p95 ms (aim {AIM_P95 * 1000:.0f})",
        "slowest ms",
        "answers",
        "5xx",
        "store requests (aim 3, 4)",
        "read units",
        f"write units (aim {AIM_WRITE_UNITS} in all)",
    ]
    in_all = sum(load.write_units for load in found.load.values())
    beneath = (
        f"{found.records:,} records of {found.students:,} students; "
        f"{in_all:.1f} write units for each in all; load of the machine afterwards {found.machine_load}."
    )
    return f"{table_of(head, _rows(found))}\n\n{beneath}"


def _rows(found: CampusFindings) -> Iterator[list[str]]:
    for name, load in found.load.items():
        answers = ", ".join(f"{result}: {count:,}" for result, count in sorted(load.results.items()))
        yield [
            name,
            f"{len(load.latencies) / load.seconds:.0f}",
            f"{load.latencies[len(load.latencies) // 2] * 1000:.0f}",
            f"{load.p95 * 1000:.0f}",
            f"{load.latencies[-1] * 1000:.0f}",
            answers,
            str(load.faults),
            f"{load.requests:.2f}",
            f"{load.read_units:.2f}",
            f"{load.write_units:.2f}",
        ]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.campus", description=__doc__)
    parser.add_argument("--students", type=int, default=STUDENTS)
    print(render(measure(parser.parse_args().students)))


if __name__ == "__main__":
    main()
