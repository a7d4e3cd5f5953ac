"""`python -m bench.scale`: record, simulate, and print the report; `--plots FOLDER` also draws it."""

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from bench import scale_plots
from bench.markdown import table_of
from tests.support.scale import scenarios
from tests.support.scale.profiles import Family, Profile, Scope
from tests.support.scale.scenarios import SCENARIOS, Finding


def main() -> None:
    """Record the deeds, or read those of an earlier run, and print what the scenarios come to."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--profiles", type=Path, help="read the profiles from this file where it exists, else write it")
    parser.add_argument("--plots", type=Path, help="a folder for the plots, as SVG")
    asked = parser.parse_args()
    profiles = _profiles(asked.profiles)
    findings = [scenarios.simulate(scenario, profiles) for scenario in SCENARIOS]
    print(report(profiles, findings))
    if asked.plots:
        scale_plots.draw(findings, asked.plots)


def _profiles(kept: Path | None) -> Mapping[str, Profile]:
    if kept is not None and kept.exists():
        return {name: _read(name, found) for name, found in json.loads(kept.read_text()).items()}
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    from tests.support.scale import deeds

    profiles = deeds.record()
    if kept is not None:
        kept.write_text(json.dumps({name: asdict(found) for name, found in profiles.items()}, indent=1))
    return profiles


def _read(name: str, raw: dict[str, object]) -> Profile:
    families = [Family(**{**each, "scope": Scope(each["scope"])}) for each in raw["families"]]  # type: ignore[attr-defined]  # as written above
    return Profile(name, families, float(raw["requests"]))  # type: ignore[arg-type]  # as above


def report(profiles: Mapping[str, Profile], findings: list[Finding]) -> str:
    """Return the report as Markdown."""
    deeds = [
        (name, f"{found.requests:.2f}" if found.requests else "", f"{found.read_units:.2f}", f"{found.write_units:.2f}")
        for name, found in profiles.items()
    ]
    rows = []
    for found in findings:
        hottest = found.hottest[0]
        rows.append(
            (
                found.scenario.name,
                f"{found.writes:,.0f}",
                f"{found.reads:,.0f}",
                f"`{hottest.kind}` ({hottest.place}, {hottest.scope})",
                f"{hottest.share:.0%}",
                f"{found.growth:.1f} times",
                f"{found.outcome.throttled:.2%}",
                f"{found.outcome.p99_wait:.1f}",
                f"{found.cold.throttled:.0%}",
                f"{found.dollars:.2f}",
            )
        )
    heads = (
        "scenario", "write units/s", "read units/s", "hottest key", "of its partition", "gives way at",
        "throttled", "p99 of waiting, s", "throttled, table not warmed", "USD",
    )  # fmt: skip
    why = [f"- **{found.scenario.name}**: {found.scenario.why}." for found in findings]
    return "\n\n".join(
        (
            "## What a deed takes",
            table_of(("deed", "requests", "read units", "write units"), deeds),
            "## The scenarios",
            "\n".join(why),
            table_of(heads, rows),
        )
    )


if __name__ == "__main__":
    main()
