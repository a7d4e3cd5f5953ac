"""The figures as tables, beside the aims and beside the incumbent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.bill import AIM, Bill
from bench.crowd import Run
from bench.exports import ExportCost
from bench.imports import Imports
from bench.markdown import table_of
from bench.office import MOST_OF_A_SETTLEMENT, OfficeCost
from bench.processor import Processor
from bench.routes import TOLERANCE, RouteCost
from bench.strangers import STRANGERS, Beside
from bench.timing import Timing

# pretix 2026.8 on PostgreSQL, gunicorn and celery, two cores of this class: one redemption of a ticket.
PRETIX_ONE_CLIENT_PER_SECOND, PRETIX_ONE_CLIENT_P50 = 15.7, 0.061
PRETIX_EIGHT_CLIENTS_PER_SECOND, PRETIX_EIGHT_CLIENTS_P50 = 33.0, 0.235
PRETIX_WEB_CPU, PRETIX_WORKER_CPU, PRETIX_ENGINE_CPU = 0.048, 0.010, 0.011
PRETIX_STATEMENTS = 24

AIM_P50 = PRETIX_ONE_CLIENT_P50 / 10
AIM_PER_SECOND = PRETIX_EIGHT_CLIENTS_PER_SECOND * 5
AIM_HANDLER, AIM_HANDLER_AND_BACKGROUND, AIM_IMPORT = 0.005, 0.008, 0.350


@dataclass(frozen=True, slots=True)
class Findings:
    """All results."""

    machine: dict[str, str]
    imports: Imports
    processor: Processor
    runs: list[Run]
    routes: dict[str, dict[int, RouteCost]]
    timing: dict[str, Timing]
    strangers: dict[str, Beside]
    bills: list[Bill]
    exports: dict[str, ExportCost]
    office: dict[str, OfficeCost]
    # Tables as Markdown.
    campus: str
    lecture: str
    campus_reports: str


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return a percentile of sorted figures, by nearest rank."""
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))]


def render(findings: Findings) -> str:
    """Return the whole report as Markdown."""
    sections = [
        ("Machine", table_of(["what", "value"], findings.machine.items())),
        ("Aims", _aims(findings)),
        ("CPU time of one valid scan, in this process, the engine in another", _processor(findings.processor)),
        ("Where the handler's CPU time goes", _profile(findings.processor.handler_profile.owners)),
        ("The handler's heaviest functions", _profile(dict(findings.processor.handler_profile.functions[:12]))),
        ("Where the stream worker's CPU time goes", _profile(findings.processor.background_profile.owners)),
        ("Import of app.py in a fresh process", _imports(findings.imports)),
        ("Scans over HTTP, engine, clients and pumps on the same cores", _runs(findings.runs)),
        ("What a scan asks of DynamoDB, from /_local/usage", _usage(findings.runs)),
        (
            "What routes of customers, merchants, organizers and Tix ask of DynamoDB, by how much there is",
            _routes(findings.routes),
        ),
        ("Numbers that have an account beside numbers that have none", _timing(findings.timing)),
        (f"Scans beside {STRANGERS} strangers who log in", _strangers(findings.strangers)),
        ("What a million scans cost on AWS, USD at list prices (bench/bill.py)", _bills(findings.bills)),
        ("Exports of the check-in log, the jobs worker and the engine on the same cores", _exports(findings.exports)),
        (
            f"What the back office asks of DynamoDB for each piece (a settlement: aim {MOST_OF_A_SETTLEMENT} requests)",
            _office(findings.office),
        ),
        ("Campus attendance: what is seen of simulated submissions", findings.campus),
        ("Campus attendance: a lecture verifies its code and submits", findings.lecture),
        ("Official PDF of a campus event, with pictures", findings.campus_reports),
        ("Beside pretix 2026.8", _beside(findings)),
    ]
    return "\n\n".join(["# Bench", *(f"## {title}\n\n{body}" for title, body in sections)]) + "\n"


def _exports(exported: dict[str, ExportCost]) -> str:
    head = [
        "format",
        "rows",
        "seconds (aim 90)",
        "CPU s",
        "peak MB (aim 300)",
        "requests",
        "read units",
        "USD of reads",
    ]
    rows = [
        [
            name,
            f"{cost.rows:,}",
            f"{cost.seconds:.0f}",
            f"{cost.cpu_seconds:.0f}",
            f"{cost.peak_mb:.0f}",
            f"{cost.requests:,}",
            f"{cost.read_units:,.0f}",
            f"{cost.usd:.4f}",
        ]
        for name, cost in exported.items()
    ]
    return table_of(head, rows)


def _office(costs: dict[str, OfficeCost]) -> str:
    rows = [
        [name, f"{cost.pieces:,}", *(f"{value:.1f}" for value in (cost.requests, cost.read_units, cost.write_units))]
        for name, cost in costs.items()
    ]
    return table_of(["work", "pieces", "requests", "read units", "write units"], rows)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


def _worst(runs: Iterable[Run], *, clients: int) -> tuple[float, float]:
    """Return the highest p50 and the lowest rate among runs with so many clients."""
    chosen = [run for run in runs if run.clients == clients]
    return max(percentile(run.latencies, 0.5) for run in chosen), min(run.scans / run.seconds for run in chosen)


def _handler(processor: Processor) -> float:
    """Return the handler's median CPU time for the kind of scan that takes most."""
    return max(percentile(seconds, 0.5) for seconds in processor.handler.values())


def _aims(findings: Findings) -> str:
    handler, background = _handler(findings.processor), max(findings.processor.background.values())
    latency, _ = _worst(findings.runs, clients=1)
    _, rate = _worst(findings.runs, clients=8)
    rows = [
        ("latency p50, one client, slowest kind", _ms(latency), f"≤ {_ms(AIM_P50)}", latency <= AIM_P50),
        ("scans a second, 8 clients, slowest kind", f"{rate:.0f}", f"≥ {AIM_PER_SECOND:.0f}", rate >= AIM_PER_SECOND),
        ("handler CPU p50, dearest kind", _ms(handler), f"≤ {_ms(AIM_HANDLER)}", handler <= AIM_HANDLER),
        (
            "handler and background CPU",
            _ms(handler + background),
            f"≤ {_ms(AIM_HANDLER_AND_BACKGROUND)}",
            handler + background <= AIM_HANDLER_AND_BACKGROUND,
        ),
        (
            "import, precompiled",
            _ms(findings.imports.compiled),
            f"≤ {_ms(AIM_IMPORT)}",
            findings.imports.compiled <= AIM_IMPORT,
        ),
        *(
            (
                f"USD a million scans, at {bill.per_second:.0f} a second",
                f"{bill.total:.2f}",
                f"≤ {AIM:.2f}",
                bill.total <= AIM,
            )
            for bill in findings.bills
        ),
    ]
    return table_of(["aim", "measured", "aimed at", ""], ((*row[:3], "met" if row[3] else "MISSED") for row in rows))


def _processor(processor: Processor) -> str:
    rows = [
        (f"handler, by {kind}", _ms(percentile(seconds, 0.5)), _ms(percentile(seconds, 0.99)), str(len(seconds)))
        for kind, seconds in processor.handler.items()
    ]
    rows += [
        (f"stream worker a scan, {size} records a batch", _ms(seconds), "", "")
        for size, seconds in processor.background.items()
    ]
    return table_of(["what", "p50 (worker: mean)", "p99", "scans"], rows)


def _profile(shares: dict[str, float]) -> str:
    return table_of(
        ["whose", "share"], ((name, f"{100 * share:.1f} %") for name, share in shares.items() if share > 0.002)
    )


def _imports(imports: Imports) -> str:
    rows = [
        ("everything compiled, as it is deployed", _ms(imports.compiled)),
        ("our own code not compiled", _ms(imports.own_not_compiled)),
        ("neither our code nor the packages compiled", _ms(imports.not_compiled)),
    ]
    heaviest = [(name, _ms(seconds)) for name, seconds in imports.heaviest]
    return "\n\n".join(
        [table_of(["import app", "median"], rows), table_of(["heaviest packages, their own modules", "time"], heaviest)]
    )


def _runs(runs: Iterable[Run]) -> str:
    rows = [
        (
            f"{run.tickets:,}",
            str(run.clients),
            run.kind.value,
            str(run.scans),
            f"{run.scans / run.seconds:.0f}",
            _ms(percentile(run.latencies, 0.5)),
            _ms(percentile(run.latencies, 0.99)),
            _ms(run.cpu["application"] / run.scans),
            _ms(run.cpu["engine"] / run.scans),
        )
        for run in runs
    ]
    head = ["tickets", "clients", "by", "scans", "scans/s", "p50", "p99", "app CPU a scan*", "engine CPU a scan"]
    return table_of(head, rows) + "\n\n\\* HTTP server, handler, stream reader and stream worker together."


def _usage(runs: Iterable[Run]) -> str:
    rows = []
    for run in runs:
        if run.clients != 1:
            continue
        scan = next(used for name, used in run.usage["requests"].items() if name.startswith("usher POST"))
        stream = run.usage["background"].get("stream", {"write_units": 0.0, "dynamodb_requests": 0, "calls": 0})
        rows.append(
            (
                f"{run.tickets:,}",
                run.kind.value,
                f"{scan['dynamodb_requests'] / run.scans:.2f}",
                f"{scan['read_units'] / run.scans:.2f}",
                f"{scan['write_units'] / run.scans:.2f}",
                f"{(scan['write_units'] + stream['write_units']) / run.scans:.2f}",
            )
        )
    return table_of(["tickets", "by", "requests", "read units", "write units", "write units in all"], rows)


def _bills(bills: Sequence[Bill]) -> str:
    rows = [(name, *(f"{bill.dollars[name]:.2f}" for bill in bills)) for name in bills[0].dollars]
    rows.append(("in all", *(f"{bill.total:.2f}" for bill in bills)))
    rows += [(f"calls of {name} a scan", *(f"{bill.calls[name]:.2f}" for bill in bills)) for name in bills[0].calls]
    return table_of(["scans a second", *(f"{bill.per_second:.0f}" for bill in bills)], rows)


def _beside(findings: Findings) -> str:
    latency, rate = _worst(findings.runs, clients=1)
    latency_8, rate_8 = _worst(findings.runs, clients=8)
    handler, background = _handler(findings.processor), findings.processor.background[100]
    engine = max(run.cpu["engine"] / run.scans for run in findings.runs)
    rows = [
        _ratio("p50, one client", PRETIX_ONE_CLIENT_P50, latency),
        _ratio("p50, 8 clients", PRETIX_EIGHT_CLIENTS_P50, latency_8),
        _rate("scans a second, one client", PRETIX_ONE_CLIENT_PER_SECOND, rate),
        _rate("scans a second, 8 clients", PRETIX_EIGHT_CLIENTS_PER_SECOND, rate_8),
        _ratio("CPU before the answer", PRETIX_WEB_CPU, handler),
        _ratio("CPU in the background", PRETIX_WORKER_CPU, background),
        _ratio("CPU of the database", PRETIX_ENGINE_CPU, engine),
        ("statements or requests a scan", str(PRETIX_STATEMENTS), "1, by card 2", ""),
    ]
    return table_of(["a scan (the slowest kind and size)", "pretix", "Gatehouse", "ratio"], rows)


def _ratio(name: str, theirs: float, ours: float) -> tuple[str, str, str, str]:
    return (
        name,
        _ms(theirs),
        _ms(ours),
        f"{theirs / ours:.1f} times less" if ours < theirs else f"{ours / theirs:.1f} times more",
    )


def _rate(name: str, theirs: float, ours: float) -> tuple[str, str, str, str]:
    return name, f"{theirs:.1f}", f"{ours:.0f}", f"{ours / theirs:.1f} times"


def _routes(routes: dict[str, dict[int, RouteCost]]) -> str:
    rows = []
    for name, by_size in sorted(routes.items(), key=lambda pair: pair[0].partition(" ")[2]):
        few, many = by_size.values()
        rows.append((name, _bill(few), _bill(many), "yes" if is_same(few, many) else "NO"))
    sizes = next(iter(routes.values()))
    return table_of(["requests / read / write units", *(f"{size:,}" for size in sizes), "same ±10 %"], rows)


def _timing(timing: dict[str, Timing]) -> str:
    rows = [
        (name, _ms(t.known), _ms(t.unknown), f"{t.known / t.unknown:.3f}", f"{t.longer:.3f}", f"{t.z:+.2f}")
        for name, t in timing.items()
    ]
    head = ["medians", "known", "unknown", "ratio", "known took longer (0.5: no difference)", "z"]
    return table_of(head, rows)


def _strangers(found: dict[str, Beside]) -> str:
    rows = []
    for name, each in found.items():
        alone, beside = percentile(each.alone, 0.95), percentile(each.beside, 0.95)
        rows.append((name, _ms(alone), _ms(beside), f"{beside / alone:.1f}"))
    return table_of(["", "scan p95 alone", "scan p95 beside them", "ratio"], rows)


def _bill(cost: RouteCost) -> str:
    return f"{cost.requests:.1f} / {cost.read_units:.1f} / {cost.write_units:.1f}"


def is_same(few: RouteCost, many: RouteCost) -> bool:
    """Return whether a route costs the same at each size, within the tolerance."""
    pairs = zip(
        (few.requests, few.read_units, few.write_units), (many.requests, many.read_units, many.write_units), strict=True
    )
    return all(abs(after - before) <= TOLERANCE * max(before, after) for before, after in pairs)
