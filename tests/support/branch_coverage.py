"""Branch coverage of the platform's package, measured in the workers of a run with COVERAGE=1 and merged at its end.

slipcover puts its probes into the code when a module is imported. Tracing, as coverage.py does it on this Python, costs
two thirds more than the tests. Its own plugin does not know this pytest, so this one hands the workers' results on.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

FLOOR = 90.0
_PACKAGE = Path(__file__).resolve().parents[2] / "chalicelib"
_KEPT = "branch_coverage"
# Probes stay. To remove them, slipcover replaces the code of functions in use and reads the frames of all threads.
_NEVER = 2**31 - 1
# Files with the least coverage that the summary lists.
_LISTED = 5


class Worker:
    """Measures in one worker, from before the package is imported."""

    def __init__(self) -> None:
        from slipcover import FileMatcher, ImportManager, Slipcover  # type: ignore[import-untyped]  # only where it measures

        self._probes = Slipcover(d_miss_threshold=_NEVER, branch=True, source=[str(_PACKAGE)])
        # Stays for the life of the process.
        ImportManager(self._probes, FileMatcher(sources=[_PACKAGE])).__enter__()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand what was measured to the controller."""
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[_KEPT] = json.dumps(self._probes.get_coverage())


class Controller:
    """Merges what the workers measured, prints it, and fails the run below the floor."""

    def __init__(self) -> None:
        self._merged: dict[str, Any] | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the result of a worker that has ended."""
        from slipcover import merge_coverage  # only where it measures

        kept = getattr(node, "workeroutput", {}).get(_KEPT)
        if kept is None:
            return
        measured = json.loads(kept)
        self._merged = measured if self._merged is None else merge_coverage(self._merged, measured)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that would else pass."""
        if self._percent() < FLOOR and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the total and the files with the least coverage."""
        terminalreporter.write_line(
            f"branch coverage of {_PACKAGE.name}: {self._percent():.1f} % of lines and branches (floor {FLOOR:.0f} %)"
        )
        for name, percent in self._least():
            terminalreporter.write_line(f"  {percent:5.1f} %  {name}")

    def _percent(self) -> float:
        return float(self._merged["summary"]["percent_covered"]) if self._merged else 0.0

    def _least(self) -> Sequence[tuple[str, float]]:
        files = self._merged["files"] if self._merged else {}
        by_percent = [(name, float(of["summary"]["percent_covered"])) for name, of in files.items()]
        return sorted(by_percent, key=lambda one: one[1])[:_LISTED]


def plugin() -> Worker | Controller | None:
    """Return this process's part in the measurement, None where nothing is measured."""
    if os.environ.get("COVERAGE") != "1":
        return None
    return Worker() if "PYTEST_XDIST_WORKER" in os.environ else Controller()
