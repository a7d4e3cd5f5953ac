"""The built console as one archive: what `make deploy` puts into its bucket, and a rollback puts there again.

The page of a local run is left out.
"""

import json
import shutil
import subprocess
from pathlib import Path

from infra import pages
from infra.local.console import CannotStart, step
from infra.package import archive

NAME = "console.zip"


def pack(out: Path, *, scratch: Path, built: Path = pages.BUILT) -> Path | None:
    """Build the console, if that can be done here, and pack it into `out`; None where there is no build."""
    if subprocess.run(["sh", "infra/setup.sh", "console"], cwd=pages.ROOT, check=False).returncode:
        raise CannotStart("The console cannot be built; why is above.")
    if not (built / "pages.json").exists():
        step("NO console in this package: it could not be built (infra/setup.sh console)")
        return None
    chosen = scratch / "console"
    copy(built, chosen)
    packed = out / NAME
    digest = archive.pack(chosen, packed)
    step(f"console: {packed.stat().st_size / 1024:.0f} KB, {len(pages.deployed())} pages, sha256 {digest}")
    return packed


def copy(built: Path, to: Path) -> None:
    """Copy what a stage serves."""
    local = [page.name for page in pages.pages() if page.is_local]
    index = json.loads((built / "pages.json").read_text(encoding="utf-8"))
    of_local = [pattern for name in local for pattern in (f"{name}.html", f"{name}-*.js", f"{name}-*.css")]
    shutil.copytree(built, to, ignore=shutil.ignore_patterns(".stamp", "pages.json", *of_local))
    kept = {name: facts for name, facts in index.items() if name not in local}
    (to / "pages.json").write_text(json.dumps(kept), encoding="utf-8")
