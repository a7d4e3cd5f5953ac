"""`make load`: it counts right against `make run`, stops at its bounds, and talks to no other machine unasked."""

import subprocess
import sys

import pytest

from bench.rehearsal import parser, refusal
from bench.rehearsal_callers import Budget, Stopped
from bench.rehearsal_scenes import SCENES, Stage
from bench.rehearsal_table import LEVELS, Tally, failures_of
from infra.local import toolchain
from tests.local.local_run import LocalRun

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]


def _rehearse(run: LocalRun, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.rehearsal", "--url", f"http://127.0.0.1:{run.port}", *more]
    return subprocess.run(command, cwd=toolchain.ROOT, capture_output=True, text=True, check=False, timeout=600)


def test_the_scenes_count_right_against_a_run(run: LocalRun) -> None:
    done = _rehearse(run)
    assert "tickets admitted once 12" in done.stdout, done.stdout + done.stderr
    assert "students recorded 4, repeats refused 4, records of the lecture 4" in done.stdout, done.stdout
    # On a loaded machine an answer may come later than its level; the counts agree all the same.
    missed = [line for line in done.stdout.splitlines() if line.startswith("FAILED") and "the level is" not in line]
    assert (missed, done.stderr) == ([], "")


def test_it_stops_at_its_bound_and_says_so(run: LocalRun) -> None:
    done = _rehearse(run, "--requests", "3", "--only", "organization")
    assert done.returncode == 1
    assert "FAILED: stopped at the bound" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--url", "https://api.example.com"], "is not this machine"),
        (["--url", "https://api.example.com", "--i-own-this-account"], "--accounts"),
        (["--url", "http://api.example.com", "--i-own-this-account", "--accounts", "a.json"], "https"),
        (["--url", "ftp://127.0.0.1"], "not an http"),
        (["--url", "http://127.0.0.1.example.com"], "is not this machine"),
        (["--url", "http://127.0.0.1", "--requests", "5001"], "1 to 5000"),
        (["--url", "http://127.0.0.1", "--seconds", "0"], "1 to 600"),
        (["--url", "http://127.0.0.1", "--only", "gates"], "--only buyers gates"),
        (["--url", "http://127.0.0.1", "--only", "replay", "buyers", "gates"], "--only buyers replay"),
    ],
)
def test_what_may_not_be_sent_is_refused(arguments: list[str], why: str) -> None:
    assert why in str(refusal(parser().parse_args(arguments)))


def test_this_machine_and_an_account_of_ones_own_are_not_refused() -> None:
    own = ["--url", "https://api.example.com", "--i-own-this-account", "--accounts", "a.json"]
    part = ["--url", "http://127.0.0.1:8000", "--only", "buyers", "replay"]
    for arguments in (["--url", "http://127.0.0.1:8000"], own, part):
        assert refusal(parser().parse_args(arguments)) is None


def test_the_bound_counts_requests_and_seconds() -> None:
    budget = Budget(1, 60)
    budget.spend()
    for spent in (budget, Budget(5, -1)):
        with pytest.raises(Stopped):
            spent.spend()


def test_a_missed_level_a_failed_request_and_a_wrong_count_are_found() -> None:
    tallies = {"scan": Tally([0.1] * 99 + [1.5]), "book": Tally([0.1], {"500": 1}), "stats": Tally([9.0])}
    found = failures_of(tallies, LEVELS)
    assert [line.partition(":")[0] for line in found] == ["scan", "book"]
    stage = Stage.__new__(Stage)
    stage.agreed, stage.disagreements = [], []
    stage.require("admitted", 2, 1)
    stage.require("sold", 3, 3)
    assert (stage.disagreements, stage.agreed) == (["admitted: 2, expected 1"], ["sold 3"])
    assert all(scene.__doc__ for scene in SCENES.values())
