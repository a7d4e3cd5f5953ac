"""`make drill` through its command line, at a size that a test can pay for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chalicelib.config import config
from infra.rebuild import drill
from tests.support import engines
from tests.support.caches import forget_caches

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ministack")]


@contextmanager
def a_fresh_process() -> Iterator[None]:
    """Drop clients and settings of other tests before the block, and those of the drill after it."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    forget_caches()
    config.cache_clear()


@pytest.mark.skipif(not engines.is_available(engines.DYNAMODB_LOCAL), reason="needs DynamoDB Local")
@pytest.mark.by_day
def test_a_lost_table_is_restored_and_rebuilt_equal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with engines.endpoints() as cloud, a_fresh_process():
        size = ["--tickets", "24", "--entries", "40", "--journals", "12", "--mark", str(tmp_path / "mark.json")]
        assert drill.main([*size, "--endpoint", cloud.table_url]) == 0
    said = capfd.readouterr().out
    # 24 tickets, 20 entries of refusals and 12 journals; 20 entries of admissions are the stream's.
    assert "56 items written: 24 tickets, 12 journals" in said
    # Of the nine tenths: the last tenth has no entry yet, and the counter of the first event is wrong.
    removed = re.search(r"removed (\d+) scan", said)
    assert removed is not None
    assert 0 < int(removed[1]) < 20
    assert "0 differences from gatehouse\n" in said
    assert re.search(r"\d\.\d\d min  rebuilt and compared\n", said)
