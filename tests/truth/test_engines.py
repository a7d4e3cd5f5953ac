"""What the platform relies on, tested on every engine, so that a difference between them is found.

A known difference of an engine is asserted too: the test fails once the difference is gone.
"""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import engines
from tests.support.cloud import TABLE

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("truth")]

NAME = "conformance"
CALLERS = 16
ADMIT = {
    "UpdateExpression": "SET admission = :won",
    "ConditionExpression": "#status = :valid AND attribute_not_exists(admission)",
    "ExpressionAttributeNames": {"#status": "status"},
    "ReturnValues": "ALL_NEW",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


class Table:
    """One engine's table, and tickets in it."""

    def __init__(self, engine: str, client: Any, streams: Any) -> None:
        self.engine, self.client, self._streams = engine, client, streams
        self._stream_arn = client.create_table(TableName=NAME, **TABLE)["TableDescription"]["LatestStreamArn"]

    def changes(self) -> list[tuple[str, Any, Any]]:
        """Return the stream from its beginning: what was done, the item before and after."""
        found = []
        described = self._streams.describe_stream(StreamArn=self._stream_arn)["StreamDescription"]
        for shard in described["Shards"]:
            iterator = self._streams.get_shard_iterator(
                StreamArn=self._stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator:
                answer = self._streams.get_records(ShardIterator=iterator)
                found += answer["Records"]
                iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return [(one["eventName"], one["dynamodb"].get("OldImage"), one["dynamodb"]["NewImage"]) for one in found]

    def ticket(self, **more: Any) -> dict[str, Any]:
        """Store a fresh ticket; return its key."""
        key = {"pk": {"S": f"ticket#{uuid.uuid4().hex}"}, "sk": {"S": "-"}}
        self.client.put_item(TableName=NAME, Item={**key, "status": {"S": "valid"}, **more})
        return key

    def get(self, key: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_item(TableName=NAME, Key=key, ConsistentRead=True).get("Item", {})
        return found

    def admit(self, key: dict[str, Any], winner: str = "a") -> dict[str, Any]:
        values = {":won": {"S": winner}, ":valid": {"S": "valid"}}
        answer: dict[str, Any] = self.client.update_item(
            TableName=NAME, Key=key, ExpressionAttributeValues=values, **ADMIT
        )
        return answer


@pytest.fixture(scope="module", params=engines.ALL)
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if not engines.is_available(request.param):
        pytest.skip(f"{request.param} is not available here")
    with engines.clients(request.param) as (client, streams):
        yield Table(request.param, client, streams)


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_failed_condition_brings_the_item_that_made_it_fail(table: Table) -> None:
    key = table.ticket()
    assert table.admit(key)["Attributes"]["admission"] == {"S": "a"}
    with pytest.raises(ClientError) as error:
        table.admit(key, "b")
    assert refused(error) == "ConditionalCheckFailedException"
    assert error.value.response["Item"] == {**key, "status": {"S": "valid"}, "admission": {"S": "a"}}  # type: ignore[typeddict-item]


def test_a_condition_on_what_is_not_there_fails_without_an_item(table: Table) -> None:
    key = {"pk": {"S": "ticket#none"}, "sk": {"S": "-"}}
    with pytest.raises(ClientError) as error:
        table.admit(key)
    assert refused(error) == "ConditionalCheckFailedException"
    assert "Item" not in error.value.response
    assert table.get(key) == {}


def test_conditions_compare_inside_maps_and_with_or_and_brackets(table: Table) -> None:
    key = table.ticket(admission={"M": {"scan_id": {"S": "s1"}, "caller_id": {"S": "c1"}}})
    arguments: dict[str, Any] = {
        "TableName": NAME,
        "Key": key,
        "UpdateExpression": "SET contested = :yes",
        "ConditionExpression": "attribute_exists(pk) AND (attribute_not_exists(admission)"
        " OR admission.scan_id <> :scan OR admission.caller_id <> :caller)",
    }
    yes = {":yes": {"BOOL": True}, ":caller": {"S": "c1"}}
    with pytest.raises(ClientError) as error:
        table.client.update_item(**arguments, ExpressionAttributeValues={**yes, ":scan": {"S": "s1"}})
    assert refused(error) == "ConditionalCheckFailedException"
    table.client.update_item(**arguments, ExpressionAttributeValues={**yes, ":scan": {"S": "s2"}})
    assert table.get(key)["contested"] == {"BOOL": True}


def test_numbers_add_and_compare_as_numbers_and_a_set_takes_each_member_once(table: Table) -> None:
    key = table.ticket(counter={"N": "9"})
    for members in (["evt_a"], ["evt_b"], ["evt_a"]):
        table.client.update_item(
            TableName=NAME,
            Key=key,
            UpdateExpression="ADD tries :one, refused_at :at",
            ExpressionAttributeValues={":one": {"N": "1"}, ":at": {"SS": members}},
        )
    table.client.update_item(
        TableName=NAME,
        Key=key,
        UpdateExpression="SET #c = :new",
        ConditionExpression="#c < :new",
        ExpressionAttributeNames={"#c": "counter"},
        ExpressionAttributeValues={":new": {"N": "10"}},
    )
    found = table.get(key)
    assert (found["tries"], found["counter"]) == ({"N": "3"}, {"N": "10"})
    assert sorted(found["refused_at"]["SS"]) == ["evt_a", "evt_b"]


def admission_with_record(key: dict[str, Any], record: dict[str, Any]) -> list[dict[str, Any]]:
    update = {name: value for name, value in ADMIT.items() if name != "ReturnValues"}
    values = {":won": {"S": "a"}, ":valid": {"S": "valid"}}
    return [
        {"Update": {"TableName": NAME, "Key": key, "ExpressionAttributeValues": values, **update}},
        {
            "Put": {
                "TableName": NAME,
                "Item": record,
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]


def test_a_cancelled_transaction_says_which_part_failed_and_on_what_and_writes_nothing(table: Table) -> None:
    key, record = table.ticket(), {"pk": {"S": f"scan#{uuid.uuid4().hex}"}, "sk": {"S": "-"}, "result": {"S": "no"}}
    table.client.put_item(TableName=NAME, Item=record)
    with pytest.raises(ClientError) as error:
        table.client.transact_write_items(TransactItems=admission_with_record(key, {**record, "x": {"S": "y"}}))
    assert refused(error) == "TransactionCanceledException"
    reasons: Any = error.value.response["CancellationReasons"]
    assert [reason.get("Code") for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == record
    assert "admission" not in table.get(key)
    assert table.get({"pk": record["pk"], "sk": record["sk"]}) == record


def test_a_transaction_sent_again_with_its_token_is_applied_once(table: Table) -> None:
    key = table.ticket()
    change = {
        "TableName": NAME,
        "Key": key,
        "UpdateExpression": "ADD scans :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    token = uuid.uuid4().hex
    for _ in range(2):
        table.client.transact_write_items(TransactItems=[{"Update": change}], ClientRequestToken=token)
    # moto knows no tokens.
    assert table.get(key)["scans"] == {"N": "2" if table.engine == engines.MOTO else "1"}


def test_what_does_not_parse_is_refused(table: Table) -> None:
    # moto's parser breaks instead.
    expected: type[Exception] = ValueError if table.engine == engines.MOTO else ClientError
    with pytest.raises(expected, match=r"Bad AND expression|ValidationException"):
        table.client.update_item(
            TableName=NAME,
            Key=table.ticket(),
            UpdateExpression="SET admission = :won",
            ConditionExpression="attribute_not_exists(admission) AND",
            ExpressionAttributeValues={":won": {"S": "a"}},
        )


def _long(bytes_: int) -> dict[str, str]:
    return {"S": "\U0001f3ab" * (bytes_ // 4) + "a" * (bytes_ % 4)}


def _update(key: dict[str, Any], **values: Any) -> dict[str, Any]:
    pairs = {f":v{place}": value for place, value in enumerate(values.values())}
    assigned = ", ".join(f"#n{place} = :v{place}" for place in range(len(values)))
    names = {f"#n{place}": name for place, name in enumerate(values)}
    return {
        "TableName": NAME,
        "Key": key,
        "UpdateExpression": f"SET {assigned}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": pairs,
    }


_INDEX_KEYS = [
    {"gsi1pk": _long(2049), "gsi1sk": {"S": "-"}},
    {"gsi1pk": {"S": "-"}, "gsi1sk": _long(1025)},
    {"gsi2pk": {"S": "-"}, "gsi2sk": _long(1025)},
]


@pytest.mark.parametrize("keys", _INDEX_KEYS, ids=["partition", "sort", "second index"])
def test_a_key_of_an_index_is_bounded_in_bytes_by_each_write(table: Table, keys: dict[str, Any]) -> None:
    key = table.ticket()
    item = {**key, **keys}
    writes: list[Any] = [
        lambda: table.client.put_item(TableName=NAME, Item=item),
        lambda: table.client.update_item(**_update(key, **keys)),
        lambda: table.client.transact_write_items(TransactItems=[{"Put": {"TableName": NAME, "Item": item}}]),
        lambda: table.client.transact_write_items(TransactItems=[{"Update": _update(key, **keys)}]),
        lambda: table.client.batch_write_item(RequestItems={NAME: [{"PutRequest": {"Item": item}}]}),
    ]
    for write in writes:
        with pytest.raises(ClientError) as error:
            write()
        assert refused(error) == "ValidationException"
    assert table.get(key) == {**key, "status": {"S": "valid"}}
    fits = {"gsi1pk": _long(2048), "gsi1sk": _long(1024)}
    table.client.update_item(**_update(key, **fits))
    assert table.get(key)["gsi1sk"] == fits["gsi1sk"]


def test_a_key_of_the_table_is_bounded_in_bytes_by_each_request(table: Table) -> None:
    for key in ({"pk": _long(2049), "sk": {"S": "-"}}, {"pk": {"S": "-"}, "sk": _long(1025)}):
        requests: list[Any] = [
            lambda key=key: table.client.put_item(TableName=NAME, Item=key),
            lambda key=key: table.client.get_item(TableName=NAME, Key=key),
            lambda key=key: table.client.update_item(**_update(key, status={"S": "valid"})),
            lambda key=key: table.client.delete_item(TableName=NAME, Key=key),
            lambda key=key: table.client.batch_get_item(RequestItems={NAME: {"Keys": [key]}}),
        ]
        for request in requests:
            with pytest.raises(ClientError) as error:
                request()
            assert refused(error) == "ValidationException"
    # As `operations.query` names its values.
    with pytest.raises(ClientError) as error:
        table.client.query(
            TableName=NAME,
            KeyConditionExpression="pk = :p AND begins_with(sk, :s0)",
            ExpressionAttributeValues={":p": {"S": "-"}, ":s0": _long(1025)},
        )
    assert refused(error) == "ValidationException"


def test_an_item_and_a_transaction_are_bounded_in_bytes(table: Table) -> None:
    key = table.ticket(text={"S": "a" * 390 * 1024})
    with pytest.raises(ClientError) as error:
        table.client.update_item(**_update(key, more={"S": "a" * 20 * 1024}))
    assert refused(error) == "ValidationException"
    assert "more" not in table.get(key)
    parts = [
        {"Put": {"TableName": NAME, "Item": {"pk": {"S": f"large#{n}"}, "sk": {"S": "-"}, "x": _long(390 * 1024)}}}
        for n in range(11)
    ]
    with pytest.raises(ClientError) as error:
        table.client.transact_write_items(TransactItems=parts)
    assert refused(error) == "ValidationException"
    assert table.get({"pk": {"S": "large#0"}, "sk": {"S": "-"}}) == {}


def test_the_stream_tells_each_change_once_in_order_with_both_images(table: Table) -> None:
    before = len(table.changes())
    key = table.ticket()
    table.admit(key)
    with pytest.raises(ClientError):
        table.admit(key, "b")
    fresh = {**key, "status": {"S": "valid"}}
    admitted = {**fresh, "admission": {"S": "a"}}
    assert table.changes()[before:] == [("INSERT", None, fresh), ("MODIFY", fresh, admitted)]


@pytest.mark.parametrize("attempt", range(3))
def test_of_many_writers_one_wins_and_the_others_are_shown_it(table: Table, attempt: int) -> None:
    if table.engine == engines.MOTO:
        pytest.skip("moto lets several win: tests/truth/test_bare_moto.py")
    key, outcomes = table.ticket(), []
    together = threading.Barrier(CALLERS)

    def write(number: int) -> None:
        together.wait()
        try:
            outcomes.append(table.admit(key, f"{attempt}-{number}")["Attributes"]["admission"]["S"])
        except ClientError as error:
            outcomes.append(error.response["Item"]["admission"]["S"])  # type: ignore[typeddict-item]

    threads = [threading.Thread(target=write, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == CALLERS
    assert set(outcomes) == {table.get(key)["admission"]["S"]}
