"""What the recorder bills for a write, held against the engine's own figures."""

from collections.abc import Iterator

import pytest

from chalicelib.config import config
from chalicelib.table import operations
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.scale.recorder import Recorder, Touch

# Requests that name their table in each part.
_MANY = ("transact_write_items", "batch_write_item")
pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    found = Recorder()
    with found.attached(), engines.cloud():
        forget_caches()
        yield found
    forget_caches()


def item(name: str, size: int, **more: str) -> dict[str, dict[str, str]]:
    return {key: {"S": value} for key, value in {"pk": f"A#{name}", "sk": "A", "text": "x" * size, **more}.items()}


def billed(recorder: Recorder, *requests: tuple[str, dict[str, object]]) -> tuple[list[Touch], float]:
    """Return the touches of these requests, and the write units that the engine names for them."""
    meter, client = Meter(), operations.client()
    meter.watch(client)
    with recorder.deed() as found, meter.request("all"):
        for name, params in requests:
            named = {} if name in _MANY else {"TableName": config().table_name}
            getattr(client, name)(**named, **params)
    return found, meter.report()["requests"]["all"]["write_units"]


@pytest.mark.parametrize("size", [10, 2000, 5000])
def test_a_write_takes_what_the_engine_says_by_its_size_and_its_indexes(recorder: Recorder, size: int) -> None:
    entry = {"gsi1pk": "LOG#1", "gsi1sk": str(size), "gsi2pk": "DUE#1", "gsi2sk": str(size)}
    touches, units = billed(recorder, ("put_item", {"Item": item(f"size{size}", size, **entry)}))
    assert sum(touch.write_units for touch in touches) == units
    assert {touch.place for touch in touches} == {"table", "gsi1", "gsi2"}


def test_an_entry_that_moves_is_billed_at_both_of_its_keys(recorder: Recorder) -> None:
    billed(recorder, ("put_item", {"Item": item("moves", 10, gsi1pk="LOG#1", gsi1sk="moves")}))
    touches, units = billed(recorder, ("put_item", {"Item": item("moves", 10, gsi1pk="LOG#2", gsi1sk="moves")}))
    assert {(touch.place, touch.partition) for touch in touches} == {
        ("table", "A#moves"),
        ("gsi1", "LOG#1"),
        ("gsi1", "LOG#2"),
    }
    assert sum(touch.write_units for touch in touches) == units


def test_an_attribute_that_no_index_projects_costs_the_table_alone(recorder: Recorder) -> None:
    entry = {"gsi1pk": "LOG#1", "gsi1sk": "same"}
    billed(recorder, ("put_item", {"Item": item("same", 10, **entry)}))
    touches, units = billed(recorder, ("put_item", {"Item": item("same", 20, **entry)}))
    assert [touch.place for touch in touches] == ["table"]
    assert units == 1


def test_a_transaction_takes_what_the_engine_says_for_the_table_twice(recorder: Recorder) -> None:
    parts = [{"Put": {"TableName": config().table_name, "Item": item(f"both{n}", 1500)}} for n in range(2)]
    touches, units = billed(recorder, ("transact_write_items", {"TransactItems": parts}))
    assert {touch.partition: touch.write_units for touch in touches} == {"A#both0": 4, "A#both1": 4}
    assert units == 8


def test_a_batch_of_writes_takes_what_each_would(recorder: Recorder) -> None:
    requests = [{"PutRequest": {"Item": item(f"each{n}", 10)}} for n in range(3)]
    touches, units = billed(recorder, ("batch_write_item", {"RequestItems": {config().table_name: requests}}))
    assert sum(touch.write_units for touch in touches) == 3
    assert units == 3
