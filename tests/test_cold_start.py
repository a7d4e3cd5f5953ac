"""Clients are made while Lambda imports the code, by what a function's first call needs; nowhere else."""

from collections.abc import Iterator

import pytest

from chalicelib import cold_start
from chalicelib.clients import aws
from chalicelib.table import operations
from tests.support.caches import forget_caches

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget_caches()
    yield
    forget_caches()


@pytest.mark.parametrize(
    ("handler", "table", "others"), [(None, 0, 0), ("app.app", 1, 1), ("app.stream", 1, 0), ("app.jobs", 1, 0)]
)
def test_a_container_has_the_clients_of_its_first_call(handler: str | None, table: int, others: int) -> None:
    cold_start.prepare(handler)
    assert operations.client.cache_info().currsize == table
    assert aws.client.cache_info().currsize == others
    if others:
        before = aws.client.cache_info().misses
        aws.client("secretsmanager")
        assert aws.client.cache_info().misses == before
