"""How often something may be tried: exactly so often, per window, per person."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain import throttle
from chalicelib.errors import RateLimited
from chalicelib.table import operations

pytestmark = pytest.mark.usefixtures("moto_cloud")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=15)


def taken(whom: str, *, tries: int, after: timedelta = timedelta(0)) -> int:
    """Return how many of so many tries were let through."""
    through = 0
    with clock.set_to(START + after):
        for _ in range(tries):
            try:
                throttle.take("log-in failure", whom, limit=3, window=WINDOW)
            except RateLimited:
                continue
            through += 1
    return through


def test_exactly_the_limit_is_let_through_in_a_window_and_again_in_the_next() -> None:
    assert taken("usher:first", tries=5) == 3
    assert taken("usher:first", tries=1, after=WINDOW - timedelta(seconds=1)) == 0
    assert taken("usher:first", tries=5, after=WINDOW) == 3


def test_one_persons_tries_are_not_anothers() -> None:
    assert (taken("usher:first", tries=4), taken("usher:second", tries=4)) == (3, 3)


def test_who_is_refused_is_told_when_the_window_ends() -> None:
    taken("usher:first", tries=3)
    with clock.set_to(START + timedelta(minutes=5)), pytest.raises(RateLimited) as refused:
        throttle.take("log-in failure", "usher:first", limit=3, window=WINDOW)
    assert refused.value.retry_after == 600


def test_the_table_keeps_no_name_and_forgets_the_count() -> None:
    taken("usher:secret-name", tries=1)
    (item,) = operations.client().get_paginator("scan").paginate(TableName="gatehouse").build_full_result()["Items"]
    assert "secret-name" not in str(item)
    assert int(item["ttl"]["N"]) > (START + WINDOW).timestamp()
