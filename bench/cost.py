"""`make cost`: what Gatehouse costs on AWS, from measured calls, units, CPU time and log lines, at list prices.

A million scans at a quiet and at a busy gate, a thousand orders, a card, a campus submission, and what is fixed for a
month. It ends with 1 where a million scans cost more than is allowed.
"""

import argparse
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import bill, machine, pieces, processor
from bench.bill import Bill
from bench.crowd import Crowd
from bench.markdown import table_of
from bench.pieces import Piece
from bench.prices import price, prices
from tests.support import ground, stack
from tests.support.ground import Kind

OUT = Path(__file__).parents[1] / "build" / "bench" / "cost.md"
# Resources of the template with a price for a month.
_MONTHLY = {
    "AWS::KMS::Key": ("kms", "key_month"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret_month"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm_month"),
    "AWS::CloudWatch::CompositeAlarm": ("cloudwatch", "composite_alarm_month"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "dashboard_month"),
    "AWS::Logs::MetricFilter": ("cloudwatch", "metric_month"),
}
_MINUTES = 30 * 24 * 60


def paced(counts: tuple[int, int]) -> list[Any]:
    """Scan at each pace of the bill, with the windows of the deployed stream readers; so many scans each."""
    runs = []
    with ground.environment(STREAM_WINDOWS="deployed"), stack.running() as running:
        for pace, count in zip(bill.PACES, counts, strict=True):
            event = ground.create_event()
            crowd = Crowd(running, event, ground.fill(event, tickets=count + 60))
            crowd.scan(Kind.CARD, 60, clients=4)
            runs.append(crowd.scan(Kind.CARD, count, clients=8, per_second=pace))
    return runs


def monthly() -> dict[str, tuple[int, float]]:
    """Return by kind of resource how many the template has, and their USD a month."""
    from infra.package import application, merge, targets

    with TemporaryDirectory() as folder, ground.environment():
        chalice = application.build("dev", Path(folder)).template
        made = merge.merge(chalice, targets.aws(), stage="prod", code_key="none.zip", gates_key="none.zip")
    counts = Counter(resource["Type"] for resource in made["Resources"].values())
    found = {kind.removeprefix("AWS::"): (counts[kind], counts[kind] * price(*name)) for kind, name in _MONTHLY.items()}
    schedules = sum("ScheduleExpression" in r.get("Properties", {}) for r in made["Resources"].values())
    calls = schedules * _MINUTES
    found["Lambda calls of schedules, one a minute each"] = (
        calls,
        calls * price("lambda", "calls_million") / bill.MILLION,
    )
    return found


def render(bills: list[Bill], costs: dict[str, Piece], fixed: dict[str, tuple[int, float]], load: str) -> str:
    """Return the whole as Markdown."""
    rows = [(name, *(f"{each.dollars[name]:.2f}" for each in bills)) for name in bills[0].dollars]
    rows.append(("in all", *(f"{each.total:.2f}" for each in bills)))
    rows.append(("aim", *(f"{bill.AIM:.2f}" for _ in bills)))
    rows += [(f"calls of {name} a scan", *(f"{each.calls[name]:.2f}" for each in bills)) for name in bills[0].calls]
    scans = table_of(["USD a million scans, by card", *(f"{each.per_second:.0f} a second" for each in bills)], rows)
    made = table_of(
        ["what", "USD a thousand", "API calls", "function calls", "requests", "read units", "write units", "log bytes"],
        (
            (
                name,
                f"{1000 * cost.dollars:.3f}",
                str(cost.api_calls),
                *(f"{value:.1f}" for value in (cost.function_calls, cost.requests, cost.read_units, cost.write_units)),
                f"{cost.log_bytes:,.0f}",
            )
            for name, cost in costs.items()
        ),
    )
    month = table_of(
        ["a month", "how many", "USD"],
        [
            *((name, f"{count:,}", f"{dollars:.2f}") for name, (count, dollars) in fixed.items()),
            ("in all", "", f"{sum(dollars for _, dollars in fixed.values()):.2f}"),
        ],
    )
    beneath = (
        f"List prices of {prices()['region']} as of {prices()['as_of']} (bench/prices.toml), without free tiers. "
        f"Load of the machine: {load}."
    )
    return "\n\n".join([scans, made, month, beneath]) + "\n"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="with fewer scans")
    counts = (60, 600) if parser.parse_args().quick else (72, 2400)
    load = machine.load()
    processed = processor.measure(scans=100 if counts[1] == 600 else 300)
    bills = [bill.of(run, processed) for run in paced(counts)]
    text = render(bills, pieces.measure(), monthly(), load)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(text)
    print(text)
    bill.require_within(bills)


if __name__ == "__main__":
    main()
