"""Dead letters of the table's stream: objects of a bucket, each with the records that a function could not take.

A letter is removed once its function took all of its records. Followers read the present state of what a record names,
or count it by a mark, so that records may come late and repeatedly (D-OPS-30).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

# Calls a stream function with an event and returns its answer.
Call = Callable[[dict[str, Any]], Any]


class NotReplayed(Exception):  # named for its message at the terminal
    """A letter could not be replayed; it is kept, and the text says why."""


@dataclass(frozen=True, slots=True)
class StreamLetter:
    """One letter; `written_at` is when Lambda gave up on its records."""

    key: str
    written_at: datetime
    size: int


def waiting(s3: Any, bucket: str) -> Iterator[StreamLetter]:
    """Yield the letters of a bucket, by name: in the order of their shards and times."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            yield StreamLetter(found["Key"], found["LastModified"], found["Size"])


def noticed(body: str) -> str | None:
    """Return the letter of a notice, which is S3's event in the form of EventBridge; None for anything else."""
    try:
        key: str = json.loads(body)["detail"]["object"]["key"]
    except (ValueError, KeyError, TypeError):
        return None
    return key


def replay(letter: StreamLetter, s3: Any, bucket: str, *, call: Call) -> int:
    """Give a letter's records to the function and remove the letter; return the number of records.

    A letter that another run has replayed meanwhile has none. Raises NotReplayed if the function did not take all.
    """
    try:
        content = s3.get_object(Bucket=bucket, Key=letter.key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return 0
    records = _records(content)
    answer = call({"Records": records})
    failures = (answer or {}).get("batchItemFailures") or []
    if failures:
        raise NotReplayed(f"the function failed from record {failures[0].get('itemIdentifier')} on; its log says why")
    s3.delete_object(Bucket=bucket, Key=letter.key)
    return len(records)


def _records(content: bytes) -> list[dict[str, Any]]:
    try:
        letter = json.loads(content)
        payload = letter["payload"]
        event = json.loads(payload) if isinstance(payload, str) else payload
        records = event["Records"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotReplayed("this is no letter of the stream: it has no records in its payload") from error
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        raise NotReplayed("this is no letter of the stream: its records have another shape")
    return records
