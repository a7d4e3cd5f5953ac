"""The log of an engine: a run of weeks does not fill the disk with it."""

import os
import sys
from pathlib import Path

from infra.local.engines import Engine
from tests.local.conftest import wait_until

_CHATTY = "import time\nwhile True:\n    print('x' * 999, flush=True)\n    time.sleep(0.05)"


def test_a_log_beyond_its_bound_begins_again_while_the_engine_writes(tmp_path: Path) -> None:
    log, environment = tmp_path / "chatty.log", dict(os.environ)
    engine = Engine(
        "Chatty",
        lambda _: ([sys.executable, "-c", _CHATTY], environment),
        home=tmp_path,
        is_scratch=False,
        ready_path="/",
    )
    try:
        wait_until(lambda: log.stat().st_size > 10_000)
        engine.bound_log(most_bytes=1_000_000)
        before = log.stat().st_size
        assert before > 10_000
        engine.bound_log(most_bytes=10_000)
        wait_until(lambda: log.stat().st_size > 0)
        # Not where the engine was before: the file would be as large, with a hole.
        assert log.stat().st_size < before
    finally:
        engine.stop()
