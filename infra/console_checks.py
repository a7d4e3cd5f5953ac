"""`python -m infra.console_checks`: types, style, budgets and unit tests of the console, at the same time.

Where the console's packages are not installed, it says so and does not fail: infra/setup.sh has said why.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from infra import api_document, stages
from infra.local.console import complain, step
from infra.pages import ROOT, SOURCE

DOCUMENT = ROOT / "build" / "api" / "openapi.json"
SCHEMA = SOURCE / "src" / "ui" / "api" / "schema.ts"
# Two processors share the checks of the console.
_AT_ONCE = 2


class _Check(NamedTuple):
    name: str
    command: list[str]


def main() -> int:
    """Run every check; return 1 where one of them fails."""
    argparse.ArgumentParser(
        prog="make console-checks", description="Check types, style, budgets and unit tests of the console."
    ).parse_args()
    if not (SOURCE / "node_modules" / "typescript").exists() or shutil.which("node") is None:
        step("console not checked: Node 20 and its packages are not installed here (infra/setup.sh console)")
        return 0
    if not generate():
        return 1
    checks = [
        _Check("types", ["npm", "run", "--silent", "types"]),
        _Check("style", ["npm", "run", "--silent", "lint"]),
        _Check("budgets", ["node", "build.mjs", "--check"]),
    ]
    tests = sorted(str(path.relative_to(SOURCE)) for path in (SOURCE / "tests").rglob("*.test.*"))
    if tests:
        checks.append(_Check("tests", ["node", "--test", "--test-reporter=dot", *tests]))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        failed = [name for name in pool.map(_failed, checks) if name]
    step(f"console: {'wrong: ' + ', '.join(failed) if failed else ', '.join(check.name for check in checks) + ' hold'}")
    return 1 if failed else 0


def generate() -> bool:
    """Write the types of the API for the console, where the document has changed; return whether that worked."""
    text = api_document.text()
    lock = (SOURCE / "package-lock.json").read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{text}{lock}".encode()).hexdigest()
    stamp = DOCUMENT.with_suffix(".stamp")
    if SCHEMA.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return True
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(text, encoding="utf-8")
    environment = {**os.environ, "DOCUMENT": os.path.relpath(DOCUMENT, SOURCE)}
    done = subprocess.run(
        ["npm", "run", "--silent", "schema"], cwd=SOURCE, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        complain(f"The console's types cannot be generated:\n{done.stdout}{done.stderr}")
        return False
    stamp.write_text(digest, encoding="utf-8")
    return True


def _failed(check: _Check) -> str | None:
    done = subprocess.run(check.command, cwd=SOURCE, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    complain(f"\nconsole, {check.name}:\n{_short(done.stdout + done.stderr)}")
    return check.name


def _short(text: str, *, lines: int = 60) -> str:
    kept = text.strip().splitlines()
    return "\n".join(kept if len(kept) <= lines else [*kept[:lines], f"… and {len(kept) - lines} lines more"])


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
