"""The usage meter on real engines."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.meter import Meter, units_of
from infra.local.resources import Cloud
from tests.local.conftest import Table

pytestmark = pytest.mark.xdist_group("engines")
INDEXED = {"gsi1pk": {"S": "x"}, "gsi1sk": {"S": "y"}}


@pytest.fixture
def meter() -> Iterator[Meter]:
    made = Meter().attach()
    yield made
    made.detach()


@pytest.fixture
def table(meter: Meter, any_cloud: Cloud) -> Iterator[Table]:
    """A table whose client was made while the meter watched."""
    made = Table(any_cloud)
    meter.reset()
    yield made
    made.client.delete_table(TableName=made.name)
    made.client.close()


def figures(meter: Meter, name: str = "work", kind: str = "requests") -> tuple[float, float, float, float]:
    found = meter.report()[kind][name]
    return found["calls"], found["dynamodb_requests"], found["read_units"], found["write_units"]


def test_a_write_counts_with_its_indexes_and_a_read_by_its_size(meter: Meter, table: Table) -> None:
    with meter.request("work"):
        table.put("a", **INDEXED)
        table.put("b")
        key = {"pk": {"S": "a"}, "sk": {"S": "-"}}
        table.client.get_item(TableName=table.name, Key=key)
        table.client.get_item(TableName=table.name, Key=key, ConsistentRead=True)
    assert figures(meter) == (1, 4, 1.5, 3.0)


def test_a_transactional_write_counts_twice_on_the_table(meter: Meter, table: Table) -> None:
    puts = [{"Put": {"TableName": table.name, "Item": {"pk": {"S": k}, "sk": {"S": "-"}}}} for k in "ab"]
    with meter.request("work"):
        table.client.transact_write_items(TransactItems=puts)
    assert figures(meter) == (1, 1, 0.0, 4.0)


def test_a_failed_condition_costs_the_write_of_what_was_found(meter: Meter, table: Table) -> None:
    table.put("a", filler={"S": "x" * 1500})
    meter.reset()
    arguments: dict[str, Any] = {
        "TableName": table.name,
        "Item": {"pk": {"S": "a"}, "sk": {"S": "-"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    with meter.request("work"), pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.client.put_item(**arguments)
    assert figures(meter) == (1, 1, 0.0, 1.0)
    with meter.request("work"), pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.client.put_item(**arguments, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert figures(meter) == (2, 2, 0.0, 3.0)


def test_a_cancelled_transaction_costs_all_its_parts_twice(meter: Meter, table: Table) -> None:
    parts = [
        {"Put": {"TableName": table.name, "Item": {"pk": {"S": "a"}, "sk": {"S": "-"}}}},
        {
            "ConditionCheck": {
                "TableName": table.name,
                "Key": {"pk": {"S": "none"}, "sk": {"S": "-"}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        },
    ]
    with meter.request("work"), pytest.raises(ClientError, match="TransactionCanceled"):
        table.client.transact_write_items(TransactItems=parts)
    assert figures(meter) == (1, 1, 0.0, 4.0)


def test_requests_are_booked_to_whoever_was_at_work_in_any_thread(meter: Meter, table: Table) -> None:
    def put(caller: int) -> None:
        with meter.request(f"caller {caller}"):
            for number in range(5):
                table.put(f"{caller}-{number}")

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(copy_context().run, put, caller) for caller in range(8)]:
            done.result()
    with meter.background("stream"):
        table.put("background")

    assert [figures(meter, f"caller {caller}") for caller in range(8)] == [(1, 5, 0.0, 5.0)] * 8
    assert figures(meter, "stream", "background") == (1, 1, 0.0, 1.0)


def test_what_nobody_asked_for_is_shown_as_such(meter: Meter, table: Table) -> None:
    table.put("a")
    assert figures(meter, "unattributed", "background") == (0, 1, 0.0, 1.0)


def test_a_reset_sets_everything_to_zero(meter: Meter, table: Table) -> None:
    with meter.request("work"):
        table.put("a")
    before = meter.report()["since"]
    meter.reset()
    report = meter.report()
    assert (report["requests"], report["background"]) == ({}, {})
    assert report["since"] >= before


def test_a_throttled_request_costs_nothing() -> None:
    assert units_of("PutItem", {"Error": {"Code": "ThrottlingException"}}) == (0.0, 0.0)
