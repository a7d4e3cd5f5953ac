"""Random histories of a small platform: its rules hold in any of them.

`HISTORY_SEED=7` repeats a history, `HISTORIES` and `HISTORY_LENGTH` set how many are tried and how long they are.
`HISTORY_SHORTER=1` looks for a shorter one that breaks the same rule.
"""

import os

import pytest

from tests.domain.histories import history
from tests.support import fault_days
from tests.support.sizes import size_of

HISTORIES = size_of("HISTORIES", small=1, full=4)
LENGTH = size_of("HISTORY_LENGTH", small=45, full=120)
# Each day has a history of its own, and they come back.
_DAYS = 8
FIRST = int(os.environ.get("HISTORY_SEED") or fault_days.today() % _DAYS)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + HISTORIES))
def test_whatever_people_do_the_rules_of_the_platform_hold(seed: int) -> None:
    steps = history.written(seed, LENGTH)
    broken = history.run(steps)
    if broken is None:
        return
    told: list[str] = []
    if os.environ.get("HISTORY_SHORTER"):
        steps = history.minimized(steps, broken)
    history.run(steps, tell=told.append)
    pytest.fail(f"HISTORY_SEED={seed} HISTORY_LENGTH={LENGTH} breaks a rule.\n{broken}\n" + "\n".join(told))
