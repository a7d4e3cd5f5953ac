"""Resources and functions merged into one template."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra import template as resources
from infra.local.console import CannotStart
from infra.logs import saved
from infra.package import (
    access_logs,
    adoption,
    canary,
    distribution,
    firewall,
    functions,
    gateway,
    mocks,
    production,
    quotas,
    shares,
    sockets,
)
from infra.package.application import Template
from infra.package.parameters import PARAMETERS, rules
from infra.package.targets import Target
from infra.service_levels import platform, watching

# cfn-lint's exit code is a bit field; warnings are 4, notes 8.
_LINT_ERRORS = 2
_LINT = "import sys; from cfnlint.runner import main; sys.exit(main())"


def merge(chalice: Template, target: Target, *, stage: str, code_key: str, gates_key: str) -> Template:
    """Return the merged template. Raises CannotStart if two parts use one name."""
    base = resources.load()
    key = {"CodeKey": {"Type": "String", "Default": code_key}}
    parameters = {
        **PARAMETERS,
        **distribution.PARAMETERS,
        **adoption.PARAMETERS,
        **canary.PARAMETERS,
        **platform.PARAMETERS,
        **key,
    }
    base["Parameters"] = production.parameters(_joined("Parameters", base["Parameters"], parameters), stage=stage)
    base["Parameters"]["Stage"]["Default"] = stage
    base["Rules"] = {
        **production.rules(stage=stage),
        **adoption.rules(),
        **distribution.rules(),
        **firewall.rules(),
        **rules(),
    }
    base["Conditions"] = _joined(
        "Conditions",
        base["Conditions"],
        shares.CONDITIONS,
        access_logs.CONDITIONS,
        firewall.CONDITIONS,
        distribution.CONDITIONS,
        adoption.CONDITIONS,
        canary.CONDITIONS,
        platform.CONDITIONS,
    )
    base["Mappings"] = _joined("Mappings", mocks.mappings())
    base["Resources"] = _joined(
        "Resources",
        base["Resources"],
        functions.expand(chalice, target, gates_key=gates_key),
        gateway.expand(chalice),
        sockets.expand(chalice),
        access_logs.expand(),
        saved.resources(),
        firewall.expand(gateway.STAGE_NAME),
        distribution.expand(gateway.API, gateway.STAGE_NAME),
    )
    base["Resources"] = gateway.redeployed(canary.expand(base["Resources"], target))
    base["Resources"] = watching.expand(base["Resources"])
    base["Outputs"] = _joined(
        "Outputs", base["Outputs"], gateway.outputs(), sockets.outputs(), distribution.outputs(), adoption.OUTPUTS
    )
    base["Description"] = "Gatehouse - made by `make package` from app.py and infra/resources"
    return adoption.adopt(base)


def write(template: Template, path: Path) -> int:
    """Write a template and return its size in bytes. Raises CannotStart above AWS's quotas."""
    over = [str(use) for use in quotas.of(template) if use.share > 1 and not use.adjustable]
    if over:
        raise CannotStart(
            f"The template is over AWS's quotas: {'; '.join(over)}. Move a part of it to a stack of its own."
        )
    text = json.dumps(template, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")
    return len(text)


def lint(path: Path) -> list[str]:
    """Run cfn-lint and return its warnings. Raises CannotStart with its errors."""
    done = subprocess.run(
        [sys.executable, "-c", _LINT, "--format", "parseable", "--regions", "us-east-1", "--", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.replace(f"{path}:", "") for line in done.stdout.splitlines() if line.strip()]
    if done.returncode & _LINT_ERRORS or done.returncode in (1, 32):
        raise CannotStart("cfn-lint found errors in the template:\n" + "\n".join(lines or [done.stderr[-1500:]]))
    return lines


def _joined(section: str, *parts: dict[str, Any]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for part in parts:
        if twice := joined.keys() & part.keys():
            raise CannotStart(f"{section} of the template are defined twice: {', '.join(sorted(twice))}")
        joined |= part
    return joined
