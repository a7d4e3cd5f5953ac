"""The platform's requests to a table: `python -m tests.support.moto_sample` sends them to moto without our patches.

Everything that our patches of moto replace is in it: queries of the table and of an index, comparisons of strings and
numbers, expressions of updates and conditions, sizes, transactions that are applied, refused and wrong, and the
stream's records.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from botocore.session import get_session
from moto import mock_aws

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
_TABLE = "sample"


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _items() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for place in range(12):
        item = _key(f"P#{place % 3}", f"S#{place:02}")
        item |= {"n": {"N": str(place * 7 % 5)}, "text": {"S": "é" * (place % 4)}, "flag": {"BOOL": place % 2 == 0}}
        item |= {"map": {"M": {"a": {"S": "b"}, "c": {"L": [{"N": "1"}, {"NULL": True}]}}}, "set": {"SS": ["x", "y"]}}
        if place % 4:
            item |= {"gsi1pk": {"S": f"G#{place % 2}"}, "gsi1sk": {"S": f"{9 - place % 10}"}}
        items.append(item)
    return items


class _Table:
    """A table to ask; each answer is kept as it is, a refusal with its reasons."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def ask(self, operation: str, **named: Any) -> Any:
        try:
            answer = getattr(self._client, operation)(**named)
        except ClientError as refused:
            answer = {"refused": refused.response["Error"], "reasons": refused.response.get("CancellationReasons")}
        answer.pop("ResponseMetadata", None)
        return answer

    def query(self, index: str | None, value: str, more: str = "", **named: Any) -> Any:
        prefix = "gsi1" if index else ""
        return self.ask(
            "query",
            TableName=_TABLE,
            KeyConditionExpression=f"{prefix}pk = :h{more.replace('sk', f'{prefix}sk')}",
            ExpressionAttributeValues={":h": {"S": value}, **named.pop("values", {})},
            **({"IndexName": index} if index else {}),
            **named,
        )


def _queries(table: _Table) -> Iterator[Any]:
    for index, value in ((None, "P#1"), ("gsi1", "G#1"), (None, "none"), ("gsi1", "none")):
        for forward in (True, False):
            yield table.query(index, value, ScanIndexForward=forward)
            yield table.query(index, value, ScanIndexForward=forward, Limit=2)
    low, high = {":a": {"S": "S#02"}, ":b": {"S": "S#07"}}, {":a": {"S": "2"}, ":b": {"S": "6"}}
    for index, value, values in ((None, "P#1", low), ("gsi1", "G#1", high)):
        yield table.query(index, value, " AND sk BETWEEN :a AND :b", values=values)
        for sign in ("<", "<=", ">", ">=", "="):
            yield table.query(index, value, f" AND sk {sign} :a", values={":a": values[":a"]})
        yield table.query(index, value, " AND begins_with(sk, :a)", values={":a": {"S": values[":a"]["S"][:2]}})
        first = table.query(index, value, Limit=1)
        yield table.query(index, value, ExclusiveStartKey=first["LastEvaluatedKey"])
        yield table.query(index, value, ProjectionExpression="pk, n")
        filtered = {":n": {"N": "1"}, ":f": {"BOOL": True}}
        yield table.query(index, value, values=filtered, FilterExpression="n > :n AND flag = :f")


def _update(pk: str, sk: str, expression: str, condition: str, **values: Any) -> dict[str, Any]:
    return {
        "TableName": _TABLE,
        "Key": _key(pk, sk),
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


def _writes(table: _Table) -> Iterator[Any]:
    numbers = {"n": {"N": "2.5"}, "m": {"N": "10"}}
    add = _update("P#1", "S#01", "ADD n :n SET gsi1sk = :s", "n < :m", s={"S": "new"}, **numbers)
    wrong = _update("P#2", "S#02", "SET n = :n", "n > :m", n={"N": "1"}, m={"N": "99"})
    added, refused = ({"Update": {**each, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}} for each in (add, wrong))
    put = {"Put": {"TableName": _TABLE, "Item": _key("P#9", "S#1"), "ConditionExpression": "attribute_not_exists(pk)"}}
    delete = {"Delete": {"TableName": _TABLE, "Key": _key("P#0", "S#03")}}
    check = {
        "ConditionCheck": {
            "TableName": _TABLE,
            "Key": _key("P#0", "S#00"),
            "ConditionExpression": "size(#t) >= :z",
            "ExpressionAttributeNames": {"#t": "text"},
            "ExpressionAttributeValues": {":z": {"N": "0"}},
        }
    }
    for actions in (
        [added, put],
        [added, refused],
        [put, delete],
        [delete, check],
        [delete, delete],
        [refused, put, added],
    ):
        yield table.ask("transact_write_items", TransactItems=actions)
        yield table.ask("scan", TableName=_TABLE)
    for condition in ("n < :m", "n < :m AND attribute_not_exists(pk)"):
        yield table.ask("update_item", **(add | {"ConditionExpression": condition, "ReturnValues": "ALL_NEW"}))


_EXPRESSIONS = (
    "SET n = n + :m, #t = if_not_exists(gone, :s), #p.a = :s, #p.c[0] = :m REMOVE flag, #p.c[1] ADD #s :x",
    "SET n = if_not_exists(n, :m) - :m, #p.c = list_append(#p.c, :l) DELETE #s :x",
    "SET n = gone",
    "SET n = :m, n = :m",
    "SET n = :m SET #p.a = :s",
    "SET pk = :s",
    "SET #p.a.b.c = :s",
    "SET n = n + :s",
    "SET n = :unknown",
    "SET shelf = :l",
    "REMOVE #p.c[1], #p.c[0], gone",
    "n = :m",
)
_CONDITIONS = (
    "(n < :m OR NOT flag = :s) AND begins_with(#t, :e) AND size(#p.c) > :z",
    "n BETWEEN :z AND :m AND attribute_type(#p.a, :s)",
    "n IN (:z, :m) OR contains(#s, :s)",
    "#p.c[0] = :m AND attribute_exists(#p.c[1])",
    "size(#t) = :z",
)


def _expressions(table: _Table) -> Iterator[Any]:
    """Update an item by each expression, and under each condition; some of both are wrong."""
    values = {":m": {"N": "10"}, ":s": {"S": "S"}, ":x": {"SS": ["x", "z"]}, ":l": {"L": [{"S": "l"}]}}
    values |= {":e": {"S": ""}, ":z": {"N": "0"}}
    names = {"#t": "text", "#s": "set", "#p": "map"}
    for place, expression in enumerate(_EXPRESSIONS):
        yield _with_what_it_names(table, expression, "attribute_exists(pk)", place, names, values)
    for place, condition in enumerate(_CONDITIONS):
        yield _with_what_it_names(table, "SET newest = :m", condition, place, names, values)
    yield table.ask("scan", TableName=_TABLE)


def _with_what_it_names(
    table: _Table, expression: str, condition: str, place: int, names: dict[str, str], values: dict[str, Any]
) -> Any:
    text = f"{expression} {condition}"
    used = {"ExpressionAttributeNames": {name: value for name, value in names.items() if name in text}}
    used |= {"ExpressionAttributeValues": {name: value for name, value in values.items() if name in text}}
    return table.ask(
        "update_item",
        TableName=_TABLE,
        Key=_key(f"P#{place % 3}", f"S#{place % 12:02}"),
        UpdateExpression=expression,
        ConditionExpression=condition,
        ReturnValues="ALL_NEW",
        **{name: each for name, each in used.items() if each},
    )


def _reads(table: _Table) -> Iterator[Any]:
    keys = [_key("P#1", "S#01"), _key("P#1", "S#04"), _key("P#1", "none")]
    yield table.ask("batch_get_item", RequestItems={_TABLE: {"Keys": keys, "ConsistentRead": True}})
    yield table.ask("delete_item", TableName=_TABLE, Key=keys[1], ReturnValues="ALL_OLD")
    yield table.ask(
        "scan",
        TableName=_TABLE,
        FilterExpression="contains(#t, :e)",
        ExpressionAttributeNames={"#t": "text"},
        ExpressionAttributeValues={":e": {"S": "é"}},
    )


def _one_by_one(table: _Table) -> Iterator[Any]:
    """Write and read items by each operation, binary values among them, and ask for the capacity that they take."""
    held = _key("P#8", "S#1") | {"blob": {"B": b"\x00\xff"}, "blobs": {"BS": [b"b", b"a"]}, "empty": {"L": []}}
    yield table.ask("put_item", TableName=_TABLE, Item=held, ReturnConsumedCapacity="TOTAL")
    yield table.ask("put_item", TableName=_TABLE, Item=held | {"n": {"N": "1"}}, ReturnValues="ALL_OLD")
    key = _key("P#8", "S#1")
    for named in ({}, {"ConsistentRead": True, "ReturnConsumedCapacity": "INDEXES"}, {"ProjectionExpression": "n"}):
        yield table.ask("get_item", TableName=_TABLE, Key=key, **named)
    yield table.ask("get_item", TableName=_TABLE, Key=_key("P#8", "none"))
    plain = {"PutRequest": {"Item": _key("P#8", "S#2") | {"map": {"M": {"x": {"NULL": True}}}}}}
    yield table.ask("batch_write_item", RequestItems={_TABLE: [plain, {"DeleteRequest": {"Key": key}}]})
    asked: Any = [{"Get": {"TableName": _TABLE, "Key": _key("P#8", sk)}} for sk in ("S#1", "S#2")]
    yield table.ask("transact_get_items", TransactItems=asked)
    yield table.ask(
        "query",
        TableName=_TABLE,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "P#8"}},
        Select="COUNT",
    )
    yield table.ask("get_item", TableName="none", Key=key)
    yield from _binary(table)


def _binary(table: _Table) -> Iterator[Any]:
    """Write, compare and read binary values in each place that one can have."""
    held: dict[str, Any] = {"blob": {"B": b"\x00\xff\x10"}, "blobs": {"BS": [b"\x01", b"\xfe"]}, "empty": {"B": b""}}
    nested = {"map": {"M": {"B": {"B": b"\x99"}, "BS": {"L": [{"B": b"q"}]}}}, "B": {"S": "a name"}}
    items = [_key("P#9", f"S#{number}") | held | nested for number in range(4)]
    yield table.ask("put_item", TableName=_TABLE, Item=items[0])
    yield table.ask("batch_write_item", RequestItems={_TABLE: [{"PutRequest": {"Item": items[1]}}]})
    yield table.ask("transact_write_items", TransactItems=[{"Put": {"TableName": _TABLE, "Item": items[2]}}])
    for sought in (b"\x00\xff\x10", b"other"):
        yield table.ask(
            "update_item",
            TableName=_TABLE,
            Key=_key("P#9", "S#3"),
            UpdateExpression="SET blob = :b, held = :m, more = if_not_exists(more, :l)",
            ConditionExpression="attribute_not_exists(blob) OR blob = :s",
            ExpressionAttributeValues={
                ":b": {"B": b"\x00\xff\x10"},
                ":s": {"B": sought},
                ":m": {"M": {"B": {"B": b"zz"}}},
                ":l": {"L": [{"B": b"in a list"}, {"BS": [b"in a set"]}]},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    yield table.ask(
        "query",
        TableName=_TABLE,
        KeyConditionExpression="pk = :p",
        FilterExpression="blob = :b",
        ExpressionAttributeValues={":p": {"S": "P#9"}, ":b": {"B": b"\x00\xff\x10"}},
    )
    yield table.ask("batch_get_item", RequestItems={_TABLE: {"Keys": [_key("P#9", "S#1"), _key("P#9", "S#3")]}})
    yield table.ask("transact_get_items", TransactItems=[{"Get": {"TableName": _TABLE, "Key": _key("P#9", "S#2")}}])
    yield table.ask("delete_item", TableName=_TABLE, Key=_key("P#9", "S#0"), ReturnValues="ALL_OLD")


def _streamed(session: Any, arn: str) -> Iterator[Any]:
    client = session.create_client("dynamodbstreams")
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        for record in client.get_records(ShardIterator=iterator)["Records"]:
            written = record["dynamodb"]
            # Neither the moment nor the id is the same in two runs, and nobody reads the size.
            moment, _ = written.pop("ApproximateCreationDateTime"), written.pop("SizeBytes")
            yield [record["eventName"], record["eventSource"], str(moment.tzinfo), moment.microsecond % 1000, written]


def asked() -> list[Any]:
    """Ask everything of a fresh table; return the answers and the stream's records, as JSON has them."""
    with mock_aws():
        session: Any = get_session()
        client = session.create_client("dynamodb")
        names = ("pk", "sk", "gsi1pk", "gsi1sk")
        table = client.create_table(
            TableName=_TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=_schema("pk", "sk"),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "gsi1",
                    "KeySchema": _schema("gsi1pk", "gsi1sk"),
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]},
                }
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]
        sample = _Table(client)
        puts = [sample.ask("put_item", TableName=_TABLE, Item=item) for item in _items()]
        found = [*puts, *_queries(sample), *_expressions(sample), *_writes(sample), *_reads(sample)]
        found += _one_by_one(sample)
        found += _streamed(session, table["LatestStreamArn"])
    return list(json.loads(json.dumps(found, default=_as_json)))


def _as_json(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else sorted(value)


def _schema(hash_name: str, range_name: str) -> list[dict[str, str]]:
    return [{"AttributeName": hash_name, "KeyType": "HASH"}, {"AttributeName": range_name, "KeyType": "RANGE"}]


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT)
    json.dump(asked(), sys.stdout)
