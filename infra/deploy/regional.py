"""What a region's CloudFormation does not have: it refuses a template with one unknown type of resource as a whole.

cfn-lint has the types of each region, from AWS's own schemas.
"""

from infra.local.console import step
from infra.package.application import Template
from infra.service_levels import alarms

# What a stage can do without, and what to do by hand.
_SPARED = {alarms.BUDGET: "no budget warns AlarmEmail. Make one at AWS Budgets"}


def fitted(template: Template, region: str) -> Template:
    """Return a template without what a region does not have, as far as a stage can do without it."""
    missing = _SPARED.keys() - known(region)
    left_out = {name for name, part in template["Resources"].items() if part["Type"] in missing}
    for kind in sorted({template["Resources"][name]["Type"] for name in left_out}):
        step(f"CloudFormation has no {kind} in {region}: {_SPARED[kind]}")
    kept = {name: part for name, part in template["Resources"].items() if name not in left_out}
    return {**template, "Resources": kept}


def known(region: str) -> set[str]:
    """Return the types of resources that a region has; of one that cfn-lint does not know, those that may be spared."""
    from cfnlint.helpers import REGIONS  # a second of CPU, which `make deploy ARGS=--help` need not wait for
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    return set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)) if region in REGIONS else {*_SPARED}
