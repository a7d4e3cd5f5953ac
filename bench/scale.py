"""`python -m bench.scale`: simulate the rushes with the kept profiles; `--record` runs the deeds first and keeps them.

`--plots FOLDER` also draws the report.
"""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from bench import scale_plots
from bench.markdown import table_of
from tests.support.scale import kept, partitions, scenarios
from tests.support.scale.profiles import Profile
from tests.support.scale.scenarios import SCENARIOS, Finding


def main() -> None:
    """Print what the scenarios come to."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--record", action="store_true", help="run the deeds and keep their profiles; takes minutes")
    parser.add_argument("--plots", type=Path, help="a folder for the plots, as SVG")
    asked = parser.parse_args()
    if asked.plots:
        try:
            asked.plots.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f"--plots {asked.plots} is no folder to write to: {error.strerror}")
    if asked.record:
        os.environ.setdefault("LOG_LEVEL", "ERROR")
        from tests.support.scale import deeds

        kept.save(deeds.record())
    profiles = kept.load()
    findings = [scenarios.simulate(scenario, profiles) for scenario in SCENARIOS]
    print(report(profiles, findings))
    if asked.plots:
        scale_plots.draw(findings, asked.plots)


def report(profiles: Mapping[str, Profile], findings: list[Finding]) -> str:
    """Return the report as Markdown."""
    why = [f"- **{found.scenario.name}**: {found.scenario.why}." for found in findings]
    return "\n\n".join(
        (
            "## What a deed takes",
            _deeds(profiles),
            "## The scenarios",
            "\n".join(why),
            _rushes(findings),
            "## The hottest keys",
            _keys(findings),
        )
    )


def _deeds(profiles: Mapping[str, Profile]) -> str:
    rows = [
        (
            name,
            f"{found.requests:.2f}" if found.requests else "",
            f"{found.read_units:.2f}",
            f"{found.write_units:.2f}",
            f"{found.named_writes:.2f}" if found.named_writes else "",
        )
        for name, found in profiles.items()
    ]
    return table_of(("deed", "requests", "read units", "write units", "write units that the engine names"), rows)


def _rushes(findings: list[Finding]) -> str:
    heads = (
        "scenario", "write units/s", "read units/s", "hottest key", "of its partition", "gives way at", "throttled",
        "p99 of waiting, s", "throttled, new table", "the same with burst", "USD",
    )  # fmt: skip
    rows = []
    for found in findings:
        hottest = found.hottest[0]
        over = " (over the quota)" if found.writes > partitions.TABLE_QUOTA else ""
        rows.append(
            (
                found.scenario.name,
                f"{found.writes:,.0f}{over}",
                f"{found.reads:,.0f}",
                f"`{hottest.kind}` ({hottest.place}, {hottest.scope})",
                f"{hottest.share:.0%}",
                f"{found.growth:.1f} times",
                f"{found.outcome.throttled:.2%}",
                f"{found.outcome.p99_wait:.1f}",
                f"{found.cold.throttled:.0%}",
                f"{found.cold_with_burst.throttled:.0%}",
                f"{found.dollars:.2f}",
            )
        )
    return table_of(heads, rows)


def _keys(findings: list[Finding]) -> str:
    rows = [
        (
            found.scenario.name,
            f"`{heat.kind}`",
            heat.place,
            f"{heat.writes:,.0f}",
            f"{heat.reads:,.0f}",
            f"{heat.share:.0%}",
        )
        for found in findings
        for heat in found.hottest
    ]
    return table_of(("scenario", "key", "place", "write units/s", "read units/s", "of its partition"), rows)


if __name__ == "__main__":
    main()
