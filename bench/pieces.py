"""What an order, a card and a campus submission cost, from measured calls, units, CPU time and log lines.

Each request is sent by this process to the app as the contract's tests send it, and the stream's two functions then get
what it changed. Their share of a batch is a whole call here, so this is what a quiet hour costs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.bill import ACCESS_LOG_BYTES, MILLION, REQUEST_SECONDS, VCPUS
from bench.prices import price
from bench.processor import log_bytes
from infra.local.meter import Meter
from tests.support import ground

# What one of each kind asks of the API, by the names of the operations.
PIECES = {
    "order": ("customer_book", "customer_process_payment", "customer_confirm_payment"),
    "card": ("merchant_assign_card",),
    "campus submission": ("campus_verify_code", "campus_submit_attendance"),
}
_CALLS = 4
_GB = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """The cost of one: what it used, and USD."""

    api_calls: int
    function_calls: float
    requests: float
    read_units: float
    write_units: float
    cpu_seconds: float
    log_bytes: float

    @property
    def dollars(self) -> float:
        """USD for one, without mail, SMS, the payment provider's fee and traffic."""
        seconds = self.requests * REQUEST_SECONDS + self.cpu_seconds / VCPUS
        return (
            self.api_calls * price("api_gateway", "rest_million") / MILLION
            + self.function_calls * price("lambda", "calls_million") / MILLION
            + seconds * _GB * price("lambda", "gb_second")
            + self.write_units * price("dynamodb", "write_units_million") / MILLION
            + self.read_units * price("dynamodb", "read_units_million") / MILLION
            + (self.log_bytes + self.api_calls * ACCESS_LOG_BYTES) * price("cloudwatch", "logs_gb") / 1e9
        )


def measure() -> dict[str, Piece]:
    """Measure in a fresh process, on engines of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, "-m", "bench.pieces", "--out", out.name]
        subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL, check=True, timeout=600)
        return {name: Piece(**used) for name, used in json.loads(Path(out.name).read_text()).items()}


class _Bench:
    """The app of this process with the contract's people, and readers of the stream."""

    def __init__(self, meter: Meter) -> None:
        from tests.contract.ground import lay, routes
        from tests.support.streams import StreamReader

        self._meter, self._people, self._reader = meter, lay(), StreamReader()
        self._routes = {route.operation_id: route for route in routes()}

    def piece(self, operations: tuple[str, ...]) -> Piece:
        used = [self._operation(name) for name in operations]
        sums = {name: sum(each[name] for each in used) for name in used[0]}
        return Piece(api_calls=len(operations), **sums)

    def _operation(self, name: str) -> dict[str, float]:
        """Return what one call uses, on average, the first one apart."""
        sums: dict[str, float] = {}
        for number in range(_CALLS + 1):
            used = self._once(self._routes[name])
            if number:
                sums = {key: sums.get(key, 0.0) + value / _CALLS for key, value in used.items()}
        return sums

    def _once(self, route: Any) -> dict[str, float]:
        from app import live, stream
        from infra.local.delivery import passes
        from infra.package import filters

        request, token = self._people.rightful(route), self._people.token(route)
        while self._reader.read():
            pass
        self._meter.reset()
        cpu, logged, calls = _timed(lambda: self._send(route, request, token)), 0.0, 1.0
        seconds, logged = cpu
        while records := self._reader.read():
            for function, name in ((stream, "stream"), (live, "live")):
                wanted = [record for record in records if passes(filters.of_function(name), record)]
                if wanted:
                    more, lines = _timed(lambda function=function, wanted=wanted: self._deliver(function, wanted))  # type: ignore[misc]  # bound
                    seconds, logged, calls = seconds + more, logged + lines, calls + 1
        report = self._meter.report()
        tallies = [report["requests"].get("piece"), report["background"].get("piece")]
        sums = {
            key: sum(float(tally[key]) for tally in tallies if tally)
            for key in ("dynamodb_requests", "read_units", "write_units")
        }
        return {
            "function_calls": calls,
            "requests": sums["dynamodb_requests"],
            "read_units": sums["read_units"],
            "write_units": sums["write_units"],
            "cpu_seconds": seconds,
            "log_bytes": logged,
        }

    def _send(self, route: Any, request: Any, token: str | None) -> None:
        with self._meter.request("piece"):
            answer = self._people.send(route, request, token=token)
        if answer.status >= 400:  # the refusals of HTTP
            raise RuntimeError(f"{route.operation_id} was answered {answer.status}: {answer.text[:300]}")

    def _deliver(self, function: Callable[..., Any], records: list[Any]) -> None:
        with self._meter.background("piece"):
            answer = function({"Records": records}, None)
        if answer["batchItemFailures"]:
            raise RuntimeError(f"a stream function failed: {answer}")


def _timed(act: Callable[[], None]) -> tuple[float, float]:
    """Return the CPU seconds and the bytes of log lines of something."""
    began = time.thread_time()
    lines = log_bytes(act)
    return time.thread_time() - began, float(lines)


def main() -> None:
    """Measure in this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    meter = Meter().attach()
    with ground.cloud(needs_dynamodb_local=True):
        bench = _Bench(meter)
        out.write_text(json.dumps({name: asdict(bench.piece(operations)) for name, operations in PIECES.items()}))


if __name__ == "__main__":
    main()
