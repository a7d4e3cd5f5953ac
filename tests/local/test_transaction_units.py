"""How the meter corrects DynamoDB Local's figures for transactions, which count equal parts once."""

from typing import Any

from infra.local.meter import units_of


def _put(number: int, **more: Any) -> dict[str, Any]:
    item = {"pk": {"S": f"SCAN#{number}"}, "sk": {"S": "SCAN"}, **more}
    return {"Put": {"TableName": "gatehouse", "Item": item}}


def _told(table: float, **indexes: float) -> dict[str, Any]:
    capacity = {
        "TableName": "gatehouse",
        "CapacityUnits": table + sum(indexes.values()),
        "Table": {"CapacityUnits": table},
        "GlobalSecondaryIndexes": {name: {"CapacityUnits": units} for name, units in indexes.items()},
    }
    return {
        "ConsumedCapacity": [capacity],
        "ResponseMetadata": {"HTTPHeaders": {"server": "Jetty(12.0.31)"}},
    }


_INDEXED = {name: {"S": "x"} for name in ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")}
_UPDATE = {"Update": {"TableName": "gatehouse", "Key": {"pk": {"S": "E"}, "sk": {"S": "C"}}}}


def test_parts_that_cost_the_same_are_all_counted() -> None:
    # As the engine answers three equal puts: the table's and the indexes' units of one, doubled.
    answer = _told(2.0, gsi1=2.0, gsi2=2.0)
    parts = [_put(number, **_INDEXED) for number in range(3)]
    assert units_of("TransactWriteItems", answer, parts) == (0.0, 3 * (2 + 1 + 1))


def test_a_part_without_its_item_in_sight_counts_twice_one_unit() -> None:
    answer = _told(4.0, gsi1=2.0, gsi2=2.0)
    assert units_of("TransactWriteItems", answer, [_put(1, **_INDEXED), _UPDATE]) == (0.0, 2 + 1 + 1 + 2)


def test_a_large_item_counts_by_its_size_on_the_table() -> None:
    answer = _told(4.0)
    assert units_of("TransactWriteItems", answer, [_put(1, filler={"S": "x" * 1500})]) == (0.0, 4.0)
