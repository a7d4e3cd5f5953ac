"""The table's stream, read to its end and passed to the stream's handler as Lambda would."""

import copy
import json
from typing import Any

import app
from chalicelib.config import config
from tests.support import cloud


class StreamReader:
    """Follows every shard of the table's stream from the beginning; `drain` projects what is new."""

    def __init__(self) -> None:
        table = cloud.client("dynamodb").describe_table(TableName=config().table_name)["Table"]
        self._arn = table["LatestStreamArn"]
        self._client = cloud.client("dynamodbstreams")
        self._read_to: dict[str, str] = {}

    def fork(self) -> "StreamReader":
        """Return an independent reader that continues from the position of this one."""
        made = copy.copy(self)
        made._read_to = dict(self._read_to)
        return made

    def read(self) -> list[dict[str, Any]]:
        """Return the records that have come since, as Lambda's JSON."""
        records: list[dict[str, Any]] = []
        shards = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        for shard in shards:
            shard_id = shard["ShardId"]
            iterator: str | None = self._iterator(shard_id)
            while iterator is not None:
                answer = self._client.get_records(ShardIterator=iterator)
                iterator = answer.get("NextShardIterator")
                records += answer["Records"]
                if not answer["Records"]:
                    break
                self._read_to[shard_id] = answer["Records"][-1]["dynamodb"]["SequenceNumber"]
        return [json.loads(json.dumps(record, default=str)) for record in records]

    def _iterator(self, shard_id: str) -> str:
        """Return a fresh one: moto's do not outlive a transaction that fails."""
        begins: dict[str, str] = {"ShardIteratorType": "TRIM_HORIZON"}
        if shard_id in self._read_to:
            begins = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._read_to[shard_id]}
        answer = self._client.get_shard_iterator(StreamArn=self._arn, ShardId=shard_id, **begins)
        return str(answer["ShardIterator"])

    def skip(self) -> None:
        """Skip the new records: they concern no later test."""
        while self.read():
            pass

    def drain(self) -> int:
        """Project everything that is new, in batches of a hundred; return how many records there were."""
        records = self.read()
        for start in range(0, len(records), 100):
            answer = project(records[start : start + 100])
            assert answer == {"batchItemFailures": []}, answer
        return len(records)


def project(records: list[dict[str, Any]]) -> Any:
    """Pass a batch to the stream's handler."""
    return app.stream({"Records": records}, None)
