"""What an export of the check-in log costs: time, memory and requests to the store, in a process of its own.

`python -m bench.exports --count 100000` measures it alone.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support import ground

_ROOT = Path(__file__).parents[1]
FORMATS = ("csv", "xlsx")
# AWS, us-east-1: a million read request units.
_USD_PER_MILLION_UNITS = 0.125


@dataclass(frozen=True, slots=True)
class ExportCost:
    """One export. `peak_mb` is of the whole process; `usd` is what the reads cost at list prices."""

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    requests: int
    read_units: float

    @property
    def usd(self) -> float:
        """The price of its reads."""
        return self.read_units * _USD_PER_MILLION_UNITS / 1e6


def measure(count: int) -> dict[str, ExportCost]:
    """Fill an event with scans and export them in each format."""
    with ground.cloud(needs_dynamodb_local=True):
        event = ground.create_event()
        _fill(event.event_id, count)
        return {each: _in_a_process(event.event_id, each) for each in FORMATS}


def _in_a_process(event_id: str, wanted: str) -> ExportCost:
    command = [sys.executable, "-m", "bench.exports", "--event", event_id, "--format", wanted]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return ExportCost(**json.loads(done.stdout.splitlines()[-1]))


def _fill(event_id: str, count: int) -> None:
    from chalicelib.domain.tickets import tickets
    from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
    from chalicelib.table import keys, operations
    from chalicelib.table.items import Counters

    for start in range(0, count, 10_000):
        numbers = range(start, min(start + 10_000, count))
        orders = (TicketToIssue(event_id=event_id, holder=Holder(name=f"Guest {n}"), number=f"X-{n}") for n in numbers)
        operations.put_many(_scans(event_id, tickets.issue_many(orders), start))
    place = keys.gate.counters(event_id)
    operations.record(operations.change(place, [Counters.scans.set(count)]))


def _scans(event_id: str, ticket_ids: list[str], start: int) -> Iterator[Any]:
    from chalicelib import clock
    from chalicelib.identifiers import log_id_of
    from chalicelib.table import keys
    from chalicelib.table.items import Scan
    from chalicelib.vocabulary.gate import Direction, ScanResult, ScanSource

    begins = clock.now() - timedelta(hours=3)
    for number, ticket_id in enumerate(ticket_ids, start):
        at = begins + timedelta(milliseconds=50 * number)
        scan_id = f"scn_bench{number:08}"
        log_id = log_id_of(scan_id, decided_at=at)
        yield Scan(
            *keys.gate.scan("ush_bench", scan_id, ticket_id),
            gsi1=keys.gate.log(event_id, log_id),
            scan_id=scan_id,
            log_id=log_id,
            subject=ticket_id,
            event_id=event_id,
            ticket_id=ticket_id,
            result=ScanResult.VALID,
            direction=Direction.ENTRY,
            source=ScanSource.ONLINE,
            gate="Gate 1",
            principal_id="ush_bench",
            principal_name="bench",
            scanned_at=at,
            decided_at=at,
            counted=True,
        )


def _export(event_id: str, wanted: str) -> ExportCost:
    """Export in this process, as the jobs worker does."""
    from chalicelib.domain.exports import export_runs
    from chalicelib.domain.exports.checkin_rows import CHECKIN_LOG
    from chalicelib.domain.gate.checkin_log import CheckinFilters
    from chalicelib.table import keys, operations
    from chalicelib.vocabulary.work import ExportFormat

    asked, units = 0, 0.0

    def before(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def after(parsed: dict[str, Any], **_: Any) -> None:
        nonlocal asked, units
        asked += 1
        used = parsed.get("ConsumedCapacity", [])
        for each in used if isinstance(used, list) else [used]:
            units += each.get("CapacityUnits", 0.0)

    client: Any = operations.client()
    for operation in ("Query", "BatchGetItem", "GetItem"):
        client.meta.events.register(f"provide-client-params.dynamodb.{operation}", before)
        client.meta.events.register(f"after-call.dynamodb.{operation}", after)
    export = export_runs.begin(
        CHECKIN_LOG, event_id, CheckinFilters(), wanted=ExportFormat(wanted), starter_id="adm_bench"
    )
    begun, cpu = time.monotonic(), time.process_time()
    while export_runs.run_step(export.job_id):
        pass
    seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    run = operations.get(keys.jobs.export(export.job_id))
    if run is None or run.file is None:
        raise RuntimeError("the export has no file")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return ExportCost(run.done, seconds, cpu, peak, asked, units)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.exports", description="Measure an export.")
    parser.add_argument("--count", type=int, default=100_000, help="scans to export")
    parser.add_argument("--event", help="export this event in this process")
    parser.add_argument("--format", choices=FORMATS, default="csv")
    options = parser.parse_args()
    if options.event:
        print(json.dumps(asdict(_export(options.event, options.format))))
        return
    for name, cost in measure(options.count).items():
        print(f"{name}: {cost} {cost.usd:.4f} USD of reads")


if __name__ == "__main__":
    main()
