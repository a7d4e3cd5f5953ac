"""All that watches a stage, made from the template of what it watches."""

from typing import Any

from infra.service_levels import alarms, dashboards, families, kinds, levels, lines, paging, platform

Resources = dict[str, dict[str, Any]]
KINDS_OF_ALARM = (alarms.METRIC, alarms.COMPOSITE, alarms.BUDGET)


def expand(resources: Resources) -> Resources:
    """Return a template's resources with the alarms and dashboards that watch them.

    Alarms that are declared beside what they watch (infra/resources) get the path of their runbook.
    """
    declared = {name: _described(part) for name, part in resources.items() if part["Type"] in KINDS_OF_ALARM}
    made = {
        **declared,
        **levels.expand(),
        **lines.expand(),
        **families.expand(resources),
        **platform.expand(),
    }
    watching = {name: part for name, part in made.items() if part["Type"] in KINDS_OF_ALARM}
    made |= paging.expand(watching)
    made |= dashboards.expand({name: part for name, part in made.items() if part["Type"] in KINDS_OF_ALARM}, resources)
    twice = (made.keys() - declared.keys()) & resources.keys()
    if twice:
        raise ValueError(f"Resources are named twice: {', '.join(sorted(twice))}")
    return {**resources, **made}


def _described(part: dict[str, Any]) -> dict[str, Any]:
    kind, properties = part["Metadata"]["Kind"], part["Properties"]
    kinds.runbook(kind)
    described = alarms.described(kind, properties["AlarmDescription"])
    return {**part, "Properties": {**properties, "AlarmDescription": described}}
