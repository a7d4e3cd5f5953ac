"""`python -m tests.mutants`: seed a bug, and require that the tests see it; then the next one.

Each bug is a patch of a line or two, put into a copy of the tree; only the tests that answer for that part
run there, and they must fail. Without any patch they must pass. A patch that no longer fits is an error: the
code has moved on, and the list with it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.seeded import MUTANTS, Mutant

_ROOT = Path(__file__).resolve().parents[2]
# Environments, fetched engines and what is built are the tree's own; a copy of them would only take time.
_LINKED = (
    ".venv",
    ".venv-ministack",
    ".venv-localstripe",
    ".local",
    "build/console",
    "reader-agent/.venv",
    "console/node_modules",
    "tests/api_client/node_modules",
    "tests/campus_client/node_modules",
    "tests/tix_client/node_modules",
)
# The reader agent is a program of its own: its tests run in its folder, with its environment.
_AGENT = "reader-agent/"
_WORKERS = 2
_TIMEOUT_SECONDS = 180
# All the named tests together, before anything is broken.
_SOUND_TIMEOUT_SECONDS = 3600
# pytest's exit status where tests ran and some failed; 2 and up say that it could not run them.
_PASSED, _FAILED = 0, 1


class Outcome(StrEnum):
    """The result of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant's end; `note` says which test saw it, or what went wrong."""

    name: str
    outcome: Outcome
    seconds: float
    note: str = ""


def _copy(target: Path) -> Path:
    """Copy every file that git knows or would add, as it is now; some tests ask git for them, so it knows the copy."""
    for name in _git(_ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source = _ROOT / name
        if name and source.is_file() and not source.is_symlink():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    _git(target, "init", "-q")
    _git(target, "add", "--all")
    for name in _LINKED:
        if (_ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).symlink_to(_ROOT / name)
    return target


def _git(folder: Path, *command: str) -> str:
    return subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True, check=True).stdout


def _test(
    tree: Path, tests: Sequence[str], *, timeout: int = _TIMEOUT_SECONDS, options: Sequence[str] = ()
) -> tuple[int, str]:
    """Run tests in a tree; return pytest's exit status and what it said, up to the first that fails."""
    of_agent = [test.removeprefix(_AGENT) for test in tests if test.startswith(_AGENT)]
    others = [test for test in tests if not test.startswith(_AGENT)]
    plain = ["-m", "pytest", "-x", "--tb=line"]
    status, said = _PASSED, ""
    if others:
        command = [sys.executable, *plain, "--randomly-dont-reorganize", *options, *others]
        status, said = _run_tests(command, tree, timeout)
    if of_agent and status == _PASSED:
        folder = tree / _AGENT
        status, more = _run_tests([str(folder / ".venv/bin/python"), *plain, "-rf", *of_agent], folder, timeout)
        said += more
    return status, said


def _run_tests(command: list[str], folder: Path, timeout: int) -> tuple[int, str]:
    # Python compares compiled files by time and size only, and a patch may change neither.
    # Each bug runs against the whole fault matrix, not only the day's part.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "FAULTS": "all"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return -1, f"the tests did not end within {timeout} s"
    return done.returncode, done.stdout + done.stderr


def _try(mutant: Mutant, tree: Path) -> Verdict:
    began = time.monotonic()
    file = tree / mutant.file
    sound = file.read_text()
    if sound.count(mutant.before) != 1:
        fits = sound.count(mutant.before)
        note = f"the patch fits {fits} times in {mutant.file}; bring tests/mutants/seeded/ up to date"
        return Verdict(mutant.name, Outcome.BROKEN, 0.0, note)
    file.write_text(sound.replace(mutant.before, mutant.after))
    try:
        status, said = _test(tree, mutant.tests)
    finally:
        file.write_text(sound)
    took = time.monotonic() - began
    if status == _PASSED:
        return Verdict(mutant.name, Outcome.SURVIVED, took, f"{mutant.file}: no test saw it")
    if status != _FAILED:
        return Verdict(mutant.name, Outcome.BROKEN, took, _last_line(said))
    return Verdict(mutant.name, Outcome.KILLED, took, _first_failure(said))


def _first_failure(said: str) -> str:
    failures = [line for line in said.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    return failures[0].split(" - ")[0].partition(" ")[2].rpartition("::")[2] if failures else ""


def _last_line(said: str) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "pytest said nothing"


def _chosen(names: list[str]) -> list[Mutant]:
    known = {mutant.name: mutant for mutant in MUTANTS}
    strangers = [name for name in names if name not in known]
    if strangers:
        sys.exit(f"There is no mutant {strangers[0]}. There are: {', '.join(known)}.")
    return [known[name] for name in names] if names else list(MUTANTS)


def _sound(tree: Path, mutants: list[Mutant]) -> None:
    """Require that the tests pass while nothing is broken; exit where they do not."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    began = time.monotonic()
    workers = ("-n", str(_WORKERS), "--dist", "loadgroup")
    status, said = _test(tree, tests, timeout=_SOUND_TIMEOUT_SECONDS, options=workers)
    if status != _PASSED:
        sys.exit(f"{said[-4000:]}\nThe tests fail without any mutant; a mutant would prove nothing.")
    print(f"  sound      {time.monotonic() - began:5.1f} s  the code as it is passes", flush=True)


def _run(mutants: list[Mutant], scratch: Path) -> list[Verdict]:
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(min(_WORKERS, len(mutants))):
        trees.put(_copy(scratch / str(number)))

    def attempt(mutant: Mutant) -> Verdict:
        tree = trees.get()
        try:
            verdict = _try(mutant, tree)
        finally:
            trees.put(tree)
        print(f"  {verdict.outcome:<9}  {verdict.seconds:5.1f} s  {mutant.name}", flush=True)
        return verdict

    first = trees.get()
    _sound(first, mutants)
    trees.put(first)
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(attempt, mutants))


def _summary(verdicts: list[Verdict], seconds: float) -> str:
    width = max(len(verdict.name) for verdict in verdicts)
    lines = [f"  {verdict.name:<{width}}  {verdict.outcome:<9}  {verdict.note}" for verdict in verdicts]
    killed = sum(verdict.outcome is Outcome.KILLED for verdict in verdicts)
    return "\n".join(["", *lines, "", f"{killed} of {len(verdicts)} mutants killed in {seconds:.0f} s"])


def main() -> int:
    """Run the gate; the exit status is 0 where every mutant was killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Seed bugs that the tests must see.")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this mutant alone; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="name the mutants and end")
    given = parser.parse_args()
    mutants = _chosen(given.only)
    if subprocess.run(["git", "rev-parse"], cwd=_ROOT, capture_output=True, check=False).returncode:
        parser.error("this folder is no checkout of git, which says what belongs to a copy of it")
    if given.list:
        print("\n".join(f"{mutant.name}: {mutant.bug}" for mutant in mutants))
        return 0
    began = time.monotonic()
    print(f"{len(mutants)} mutants", flush=True)
    with tempfile.TemporaryDirectory(prefix="gatehouse-mutants-") as scratch:
        verdicts = _run(mutants, Path(scratch))
    print(_summary(verdicts, time.monotonic() - began))
    return 0 if all(verdict.outcome is Outcome.KILLED for verdict in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
