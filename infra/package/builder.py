"""The package, built step by step, with a line for each."""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from infra.local.console import CannotStart, step
from infra.package import application, archive, merge
from infra.package.targets import Target, fetch_interpreter


class Package(NamedTuple):
    """What was built: the template, the archive, and the key that the template expects it under."""

    template: Path
    archive: Path
    code_key: str


def build(stage: str, target: Target, out: Path) -> Package:
    """Build template and archive of a stage into `out`, replacing what was there."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gatehouse-package-") as made:
        scratch = Path(made)
        step("asking Chalice for functions, routes and triggers")
        app = application.build(stage, scratch)
        code = scratch / "code"
        step(f"getting the dependencies for {target.runtime} on {target.architecture}")
        archive.install(target, code)
        archive.drop_unused_services(code)
        application.unpack(app.archive, code)
        _compile(stage, target, code)
        step("packing the archive")
        packed = out / "gatehouse.zip"
        digest = archive.pack(code, packed)
        unzipped = sum(path.stat().st_size for path in code.rglob("*") if path.is_file())
    code_key = f"gatehouse/{digest[:40]}.zip"
    step(f"archive: {packed.stat().st_size / 1024**2:.1f} MB ({unzipped / 1024**2:.0f} MB unzipped), sha256 {digest}")
    step("merging with infra/resources")
    template = out / "template.json"
    merged = merge.merge(app.template, target, stage=stage, code_key=code_key)
    size = merge.write(merged, template)
    step(f"template: {size:,} bytes, {len(merged['Resources'])} resources")
    step("checking it with cfn-lint")
    warnings = merge.lint(template)
    for line in warnings:
        step(f"  {line}")
    step(f"cfn-lint: no errors, {len(warnings)} warnings")
    return Package(template, packed, code_key)


def _compile(stage: str, target: Target, code: Path) -> None:
    version = target.python_version
    compiler = target.compiler
    if compiler is None:
        step(f"no Python {version} is on this machine; asking uv for one (once)")
        compiler = fetch_interpreter(version)
    if compiler is not None:
        step(f"compiled {archive.compile_all(compiler, code)} modules with Python {version}")
        return
    what_to_do = f"Install Python {version} (uv python install {version}, pyenv install {version}) and run again."
    if stage == "prod":
        raise CannotStart(f"What production runs is compiled by Python {version}, and there is none here. {what_to_do}")
    step(f"NOT compiled, so every cold start would compile anew: no Python {version} is to be had. {what_to_do}")


def clear(out: Path) -> None:
    """Remove an earlier build."""
    shutil.rmtree(out, ignore_errors=True)
