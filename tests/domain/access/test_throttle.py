"""Throttling: an exact number of attempts, per window, per person."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.access import throttle
from chalicelib.domain.access.throttle import Limit
from chalicelib.errors import RateLimited
from chalicelib.table import operations

pytestmark = pytest.mark.usefixtures("moto_cloud")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=15)


def taken(whom: str, *, tries: int, after: timedelta = timedelta(0)) -> int:
    """Return how many of so many attempts were allowed."""
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


def test_a_try_that_is_taken_off_did_not_count_and_one_that_was_refused_neither() -> None:
    with clock.set_to(START):
        counted = [throttle.take("code", "somebody", limit=2, window=WINDOW) for _ in range(2)]
        for _ in range(3):
            with pytest.raises(RateLimited):
                throttle.take("code", "somebody", limit=2, window=WINDOW)
        throttle.uncount(counted[0])
        throttle.take("code", "somebody", limit=2, window=WINDOW)
        with pytest.raises(RateLimited) as refused:
            throttle.take("code", "somebody", limit=2, window=WINDOW)
        assert refused.value.retry_after == 900


def test_a_try_of_a_window_that_is_forgotten_is_taken_off_nothing() -> None:
    with clock.set_to(START):
        counted = throttle.take("code", "somebody", limit=2, window=WINDOW)
        operations.record(operations.remove(counted.place))
        throttle.uncount(counted)
        assert operations.get(counted.place) is None


def slid(*limits: Limit, after: timedelta) -> int | None:
    """Try once; return the seconds to wait, or None where the attempt was allowed."""
    with clock.set_to(START + after):
        try:
            throttle.slide(*limits)
        except RateLimited as refused:
            return refused.retry_after
    return None


class TestSliding:
    """A limit that holds in every window, wherever it starts."""

    LIMIT = Limit("code", "somebody", 3, WINDOW)

    def test_no_window_has_more_than_the_limit(self) -> None:
        minutes = (0, 10, 14, 14.5, 15, 16, 24, 25, 29)
        waits = [slid(self.LIMIT, after=timedelta(minutes=minute)) for minute in minutes]
        assert waits == [None, None, None, 30, None, 540, 60, None, None]

    def test_a_refused_try_does_not_count(self) -> None:
        for second in range(20):
            slid(self.LIMIT, after=timedelta(seconds=second))
        assert slid(self.LIMIT, after=WINDOW) is None

    def test_limits_are_taken_together_or_not_at_all(self) -> None:
        tight = Limit("code", "a place", 1, WINDOW)
        assert slid(self.LIMIT, tight, after=timedelta(0)) is None
        for _ in range(3):
            assert slid(self.LIMIT, tight, after=timedelta(0)) == 900
        assert [slid(self.LIMIT, after=timedelta(0)) for _ in range(3)] == [None, None, 900]

    def test_one_that_locks_takes_nothing_for_a_window_after_the_last(self) -> None:
        limit = Limit("failure", "somebody", 3, WINDOW, locks=True)
        for minute in (0, 7, 14):
            assert slid(limit, after=timedelta(minutes=minute)) is None
        assert slid(limit, after=timedelta(minutes=20)) == 9 * 60
        assert slid(limit, after=timedelta(minutes=29)) is None

    def test_what_is_spread_over_more_than_a_window_locks_nothing(self) -> None:
        limit = Limit("failure", "somebody", 3, WINDOW, locks=True)
        waits = [slid(limit, after=timedelta(minutes=minute)) for minute in range(0, 100, 8)]
        assert waits == [None] * 13

    def test_a_try_that_is_given_back_did_not_count(self) -> None:
        with clock.set_to(START):
            (first, *_) = throttle.slide(self.LIMIT)
            for second in (0.25, 0.5):
                assert slid(self.LIMIT, after=timedelta(seconds=second)) is None
            assert slid(self.LIMIT, after=timedelta(0)) == 900
            for _ in range(2):
                throttle.give_back(first)
        assert slid(self.LIMIT, after=timedelta(seconds=1)) is None
        assert slid(self.LIMIT, after=timedelta(seconds=1)) is not None

    def test_of_two_tries_in_one_millisecond_giving_back_one_twice_gives_back_one(self) -> None:
        with clock.set_to(START):
            tries = [throttle.slide(self.LIMIT)[0] for _ in range(3)]
            for _ in range(2):
                throttle.give_back(tries[0])
            assert [slid(self.LIMIT, after=timedelta(0)) for _ in range(2)] == [None, 900]

    def test_what_is_forgotten_did_not_count(self) -> None:
        for _ in range(3):
            slid(self.LIMIT, after=timedelta(0))
        operations.record(throttle.forgetting(self.LIMIT))
        assert slid(self.LIMIT, after=timedelta(0)) is None
