"""What a fresh container prepares: clients while Lambda imports the code, and no schema before it is needed."""

import subprocess
import sys
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


_BUILT = """
import app
from pydantic import BaseModel

kinds = [BaseModel]
for kind in kinds:
    kinds += kind.__subclasses__()
built = [kind for kind in kinds if kind.__pydantic_complete__ and not kind.__pydantic_generic_metadata__["parameters"]]
print(*(f"{kind.__module__}.{kind.__name__}" for kind in built))
"""


def test_no_schema_is_built_before_a_request_needs_it() -> None:
    printed = subprocess.run([sys.executable, "-c", _BUILT], check=True, timeout=600, capture_output=True, text=True)
    assert [name for name in printed.stdout.split() if not name.startswith("pydantic.")] == []
