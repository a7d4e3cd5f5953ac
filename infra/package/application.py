"""Chalice's own output for the app: its template, and the code together with Chalice's runtime."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from infra.local.console import CannotStart
from infra.package.targets import ROOT

Template = dict[str, Any]
PARTS = ("app.py", "chalicelib", ".chalice")
# The function of the gates has a composition root of its own, which Chalice does not pack.
GATES = "gates"
_NOT_CODE = shutil.ignore_patterns("__pycache__", "*.pyc", "deployed", "deployments")


class Application(NamedTuple):
    """Chalice's SAM template, and its archive without dependencies."""

    template: Template
    archive: Path


def stages() -> list[str]:
    """Return the stages of .chalice/config.json."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    return list(config["stages"])


def build(stage: str, scratch: Path) -> Application:
    """Run `chalice package` on a copy of the app.

    Chalice would resolve dependencies for the interpreter that runs it. The copy has an empty list of requirements;
    archive.py installs the dependencies for the target machine.
    """
    project, out = scratch / "project", scratch / "chalice"
    project.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, project / part, ignore=_NOT_CODE)
        else:
            shutil.copy2(source, project / part)
    (project / "requirements.txt").write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", "from chalice.cli import main; main()", "package", "--stage", stage, str(out)],
        cwd=project,
        # Chalice requires a region. Nothing in its template depends on it.
        env={**environment, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"chalice package failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")
    return Application(json.loads((out / "sam.json").read_text(encoding="utf-8")), out / "deployment.zip")


def unpack(archive: Path, folder: Path) -> None:
    """Extract the app's code and Chalice's runtime into a folder, and add the composition root of the gates."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    shutil.copy2(ROOT / f"{GATES}.py", folder)
