"""`python -m bench [--quick]`: measure, print the tables, and write them to build/bench/."""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import (
    bill,
    campus,
    campus_reports,
    campus_simulator,
    cost,
    exports,
    imports,
    machine,
    office,
    processor,
    routes,
    strangers,
    timing,
)
from bench.crowd import Crowd, Run
from bench.report import Findings, render
from infra.local import toolchain
from tests.support import campus_simulator as campus_simulation
from tests.support import ground, stack
from tests.support.ground import Kind
from tests.support.stack import Stack

_OUT = Path(__file__).parents[1] / "build" / "bench"
_KINDS = (Kind.QR, Kind.CARD)
# The engine is a Java program: its first thousand answers are slow.
_WARM_UP = 400


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: scans of each kind by event size, for 1 and for 8 clients."""

    import_repeats: int
    processor_scans: int
    events: dict[int, dict[int, int]]
    sizes: tuple[int, int] = routes.SIZES
    pairs: int = timing.PAIRS
    beside_strangers: int = strangers.SCANS
    # Scans at each pace of the bill, in the order of bill.PACES.
    paced: tuple[int, int] = (120, 2400)
    # Check-ins of an export.
    exported: int = 100_000
    # Cards of a bulk job, and tickets of a cancelled event.
    office_pieces: int = office.PIECES
    # Simulated submissions of campus attendance.
    submissions: int = campus_simulation.SUBMISSIONS
    # Students of one lecture who verify its code and submit.
    students: int = campus.STUDENTS
    # People of an event in its official PDF.
    printed: int = campus_reports.PEOPLE


QUICK = Plan(
    import_repeats=3,
    processor_scans=100,
    events={1500: {1: 200, 8: 400}},
    sizes=(100, 1000),
    pairs=30,
    beside_strangers=100,
    paced=(24, 480),
    exported=5_000,
    office_pieces=40,
    students=100,
    submissions=1_500,
    printed=40,
)
FULL = Plan(import_repeats=9, processor_scans=600, events={3000: {1: 500, 8: 900}, 100_000: {1: 1500, 8: 6000}})
_began = time.monotonic()


def _step(text: str) -> None:
    print(f"[{time.monotonic() - _began:4.0f} s] {text}", flush=True)


def _crowd(running: Stack, tickets: int) -> Crowd:
    _step(f"filling an event with {tickets:,} tickets and cards")
    event = ground.create_event()
    return Crowd(running, event, ground.fill(event, tickets=tickets))


def _runs(plan: Plan) -> tuple[list[Run], list[Run]]:
    """Return the runs at full speed, and those at the paces of the bill."""
    _step("starting the platform on DynamoDB Local")
    runs: list[Run] = []
    with stack.running() as running:
        warm_up = _crowd(running, _WARM_UP * len(_KINDS))
        for kind in _KINDS:
            warm_up.scan(kind, _WARM_UP, clients=4)
        for tickets, scans in plan.events.items():
            crowd = _crowd(running, tickets)
            for clients, count in scans.items():
                for kind in _KINDS:
                    run = crowd.scan(kind, count, clients=clients)
                    runs.append(run)
                    _step(f"{tickets:,} tickets, {clients} clients, by {kind}: {run.scans / run.seconds:.0f} scans/s")
    _step(f"scanning at {' and '.join(f'{pace:.0f}' for pace in bill.PACES)} a second, as the deployed readers gather")
    return runs, cost.paced(plan.paced)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what a scan costs in time.")
    parser.add_argument("--quick", action="store_true", help="in under a minute, and without the large event")
    plan = QUICK if parser.parse_args().quick else FULL
    described = machine.describe(engine=f"DynamoDB Local {toolchain.DYNAMODB_LOCAL_VERSION}, in memory")
    _step("importing the app in fresh processes")
    imported = imports.measure(repeats=plan.import_repeats)
    _step("taking the handler's and the stream worker's CPU time")
    processed = processor.measure(scans=plan.processor_scans)
    _step("taking what each route of three portals asks of the table, with little in it and with much")
    by_route = routes.measure(plan.sizes)
    _step("asking about numbers that have an account and numbers that have none")
    by_number = timing.measure(plan.pairs)
    runs, paced = _runs(plan)
    bills = [bill.of(run, processed) for run in paced]
    _step(
        f"scanning beside {strangers.STRANGERS} strangers who log in, with shared threads and with threads of their own"
    )
    beside = strangers.measure(plan.beside_strangers)
    _step(f"exporting {plan.exported:,} check-ins as CSV and as XLSX")
    exported = exports.measure(plan.exported)
    _step("taking what bulk cards, a cancellation, a settlement and a category move ask of the table")
    by_work = office.measure(plan.office_pieces)
    _step(f"judging {plan.submissions:,} simulated submissions")
    judged = campus_simulator.render(campus_simulation.simulate(plan.submissions))
    _step(f"{plan.students:,} students verify the code of a lecture and submit")
    lecture = campus.render(campus.measure(plan.students))
    _step(f"writing the official PDF of an event with {plan.printed:,} people")
    printed = campus_reports.render(campus_reports.measure(plan.printed))
    # Other work on the machine shows here: scans alone keep about two processes busy.
    described["load after"] = machine.load()
    findings = Findings(
        described,
        imported,
        processed,
        runs,
        by_route,
        by_number,
        beside,
        bills,
        exported,
        by_work,
        judged,
        lecture,
        printed,
    )
    text = render(findings)
    _OUT.mkdir(parents=True, exist_ok=True)
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    (_OUT / f"{name}.md").write_text(text)
    (_OUT / f"{name}.json").write_text(json.dumps(asdict(findings)))
    print(f"\n{text}")
    _step(f"kept in build/bench/{name}.md")
    bill.require_within(bills)


if __name__ == "__main__":
    main()
