"""The package, built step by step, with a line for each."""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from infra.local.console import step
from infra.package import application, archive, merge
from infra.package.targets import Target


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
        if target.compiler:
            count = archive.compile_all(target.compiler, code)
            step(f"compiled {count} modules with Python {target.python_version}")
        else:
            step(
                f"NOT compiled: no Python {target.python_version} is on this machine, so every cold start would "
                f"compile anew. For production install it (uv python install {target.python_version}) and run again."
            )
        step("packing the archive")
        packed = out / "gatehouse.zip"
        digest = archive.pack(code, packed)
        unzipped = sum(path.stat().st_size for path in code.rglob("*") if path.is_file())
    code_key = f"gatehouse/{digest[:40]}.zip"
    step(f"archive: {packed.stat().st_size / 1024**2:.1f} MB ({unzipped / 1024**2:.0f} MB unzipped), sha256 {digest}")
    step("merging with infra/resources.yaml")
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


def clear(out: Path) -> None:
    """Remove an earlier build."""
    shutil.rmtree(out, ignore_errors=True)
