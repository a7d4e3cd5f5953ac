"""The build of the package, with a line of output per step."""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from infra.local.console import CannotStart, step
from infra.package import application, archive, console, merge, parts, production, quotas
from infra.package.targets import CannotFetch, Target, fetch_interpreter

_TEMPLATE = "template.json"


class Package(NamedTuple):
    """The files that were built, and the keys under which the template expects the archives.

    `gates` is the archive of the gates' function. `console` is None where the console could not be built here.
    """

    template: Path
    archive: Path
    code_key: str
    gates: Path
    gates_key: str
    console: Path | None = None


def build(stage: str, target: Target, out: Path) -> Package:
    """Build template and archive of a stage into `out`.

    An earlier build is replaced once the new one is whole: a build that fails leaves it.
    """
    _require_own(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as made:
        fresh = Path(made) / out.name
        fresh.mkdir()
        package = _build(stage, target, fresh)
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)
    console = out / package.console.name if package.console else None
    return package._replace(
        template=out / package.template.name,
        archive=out / package.archive.name,
        gates=out / package.gates.name,
        console=console,
    )


def _require_own(out: Path) -> None:
    """Raise CannotStart for a folder with other things in it, which the build would delete."""
    if out.exists() and not (out.is_dir() and ((out / _TEMPLATE).exists() or not any(out.iterdir()))):
        raise CannotStart(f"{out} holds no package, and would be deleted. Name another folder with --out.")


def _build(stage: str, target: Target, out: Path) -> Package:
    with tempfile.TemporaryDirectory(prefix="gatehouse-package-") as made:
        scratch = Path(made)
        step("reading functions, routes and triggers from Chalice")
        app = application.build(stage, scratch)
        code = scratch / "code"
        step(f"installing the dependencies for {target.runtime} on {target.architecture}")
        archive.install(target, code)
        archive.drop_unused_services(code)
        application.unpack(app.archive, code)
        _compile(stage, target, code)
        step("packing the archives")
        whole = _pack(code, out / "gatehouse.zip")
        part = scratch / "gates"
        parts.copy(application.GATES, code, part)
        gates = _pack(part, out / "gatehouse-gates.zip")
        # A local stage has no distribution (infra/package/distribution.py).
        pages = None if stage == "local" else console.pack(out, scratch=scratch)
    step("merging with infra/resources")
    template = out / _TEMPLATE
    merged = merge.merge(app.template, target, stage=stage, code_key=whole.key, gates_key=gates.key)
    size = merge.write(merged, template)
    step(f"template: {size:,} bytes, {len(merged['Resources'])} resources")
    packed_use = quotas.Use("bytes of the archive, unzipped", whole.unzipped, quotas.UNZIPPED_BYTES)
    for use in (packed_use, *quotas.of(merged)):
        if use.share >= quotas.WARN_AT:
            step(f"  near a quota of AWS (docs/operations.md): {use}")
    step("checking the template with cfn-lint")
    warnings = merge.lint(template)
    for line in warnings:
        step(f"  {line}")
    step(f"cfn-lint: no errors, {len(warnings)} warnings")
    return Package(template, whole.archive, whole.key, gates.archive, gates.key, pages)


class _Packed(NamedTuple):
    archive: Path
    key: str
    unzipped: int


def _pack(folder: Path, packed: Path) -> _Packed:
    digest = archive.pack(folder, packed)
    unzipped = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sizes = f"{packed.stat().st_size / 1024**2:.1f} MB ({unzipped / 1024**2:.0f} MB unzipped)"
    step(f"{packed.name}: {sizes}, sha256 {digest}")
    return _Packed(packed, f"gatehouse/{digest[:40]}.zip", unzipped)


def _compile(stage: str, target: Target, code: Path) -> None:
    version = target.python_version
    compiler = target.compiler
    if compiler is None:
        step(f"this machine has no Python {version}; installing one with uv (once)")
        try:
            compiler = fetch_interpreter(version)
        except CannotFetch as why:
            what_to_do = f"{why}\nInstall Python {version} another way (pyenv install {version}) and run again."
            if stage == production.PROD:
                raise CannotStart(f"Production needs modules compiled by Python {version}. {what_to_do}") from why
            step(f"NOT compiled, so every cold start will compile: no Python {version}. {what_to_do}")
            return
    step(f"compiled {archive.compile_all(compiler, code)} modules with Python {version}")
