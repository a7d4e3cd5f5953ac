"""The table of all alarms, read from the template: alarm, level or rule, runbook, dashboard; and what they cost.

`python -m infra.service_levels` writes it to docs/alarms.md.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.service_levels import alarms, kinds, levels

# USD a month in us-east-1 on 2026-11-28 (AWS: "Amazon CloudWatch pricing"). An alarm costs by its metrics; the first
# ten alarms, ten metrics and three dashboards of an account are free, and not subtracted here.
_METRIC_OF_ALARM, _COMPOSITE, _CUSTOM_METRIC, _DASHBOARD = 0.10, 0.50, 0.30, 3.00
_HEAD = """# Alarms

Made from the template by `python -m infra.service_levels`; a test compares both. An alarm of a service level pages if
its budget burns in a long and in a short window. The dashboards are `gatehouse-<stage>-<name>`. An alarm with "page"
is part of its dashboard's composite alarm, which notifies the topic `Pages`; all others notify `Alarms` alone.

## Service levels

| level | promise | of | bad, at least | burn rates |
|---|---|---|---|---|
"""
_ALARMS = """
## All alarms

| alarm | level or rule | runbook | dashboard | page |
|---|---|---|---|---|
"""


def text(template: Mapping[str, Any]) -> str:
    """Return the page of a template."""
    watching = {name: part for name, part in template["Resources"].items() if part["Type"] in _KINDS}
    rows = "".join(f"{row}\n" for row in _rows(watching))
    return _HEAD + "".join(f"{row}\n" for row in _level_rows()) + _ALARMS + rows + _cost(template)


def cost(template: Mapping[str, Any]) -> dict[str, float]:
    """Return what watching costs in USD a month, by part, with every condition of the template true."""
    parts = list(template["Resources"].values())
    of_metric = [part["Properties"] for part in parts if part["Type"] == alarms.METRIC]
    queries = sum(sum("MetricStat" in query for query in each.get("Metrics", [])) or 1 for each in of_metric)
    composites = sum(part["Type"] == alarms.COMPOSITE for part in parts)
    boards = sum(part["Type"] == "AWS::CloudWatch::Dashboard" for part in parts)
    counted = {
        (str(made["MetricNamespace"]), made["MetricName"])
        for part in parts
        if part["Type"] == "AWS::Logs::MetricFilter"
        for made in part["Properties"]["MetricTransformations"]
        if "Dimensions" not in made
    }
    return {
        f"{len(of_metric)} alarms on {queries} metrics": queries * _METRIC_OF_ALARM,
        f"{composites} composite alarms": composites * _COMPOSITE,
        f"{len(counted)} metrics of log lines": len(counted) * _CUSTOM_METRIC,
        f"{boards} dashboards": boards * _DASHBOARD,
    }


_KINDS = (alarms.METRIC, alarms.COMPOSITE, alarms.BUDGET)


def _level_rows() -> Iterator[str]:
    for level in levels.LEVELS:
        burns = ", ".join(f"{each.rate:g} over {each.long.name} and {each.short.name}" for each in levels.BURNS)
        windows = [window for burn in levels.BURNS for window in (burn.long, burn.short)]
        least = ", ".join(f"{each.least_bad} in {each.name}" for each in windows)
        yield f"| {level.subject.level} | {level.promise} | {level.objective:g} % | {least} | {burns} |"
    yield "| payouts | A payout is accepted by its provider on its day | 100 % | 1 | none: each late one is an alarm |"


def _rows(watching: Mapping[str, Any]) -> Iterator[str]:
    for name, part in sorted(watching.items(), key=lambda item: (item[1]["Metadata"]["Area"], item[0])):
        said = part["Metadata"]
        what = f"level {said['Level']}" if "Level" in said else kinds.KINDS[said["Kind"]]
        page = kinds.runbook(said["Kind"]).removeprefix("docs/")
        mark = "page" if said["Pages"] else ""
        yield f"| `{name}` | {what} | [{said['Kind']}]({page}) | {said['Area']} | {mark} |"


def _cost(template: Mapping[str, Any]) -> str:
    parts = cost(template)
    rows = "".join(f"| {what} | {usd:.2f} |\n" for what, usd in parts.items())
    return (
        "\n## Cost\n\nUSD a month at list price in us-east-1, before what an account has free. Metrics with dimensions"
        " (codes, portals,\nresults) cost 0.30 for each value that occurred in an hour.\n\n| part | USD |\n|---|---|\n"
        f"{rows}| all | {sum(parts.values()):.2f} |\n"
    )
