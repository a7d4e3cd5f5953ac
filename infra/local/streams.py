"""The table's stream, delivered to its function as Lambda's event source mapping does.

Each shard is read in order by a thread of its own, a child only after its parent; batches are delivered one
at a time (delivery.py), and the place that is reached is kept.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.delivery import Delivery, Record, StreamMapping
from infra.local.invocation import REGION

_log = logging.getLogger("gatehouse.local")
# How long a reader waits before it asks again, unless the last batch was full: after some records, so that the
# next ones gather (Lambda asks four times a second); and at most, while nothing comes.
_BUSY_SECONDS = 0.1
_IDLE_SECONDS = 0.2
_RECHECK_SHARDS_SECONDS = 10.0
_SAVE_EVERY_SECONDS = 1.0
_OLDEST_AGAIN = ("TrimmedDataAccessException", "ResourceNotFoundException")


class Checkpoints:
    """How far each shard has been delivered; in a file, where the data is to outlive the run."""

    def __init__(self, path: Path | None = None) -> None:
        """Read what an earlier run left at `path`."""
        self._path = path
        self._lock = threading.Lock()
        self._saved_at = 0.0
        self._positions: dict[str, str] = {}
        if path is not None and path.exists():
            self._positions = json.loads(path.read_text())

    def get(self, shard_id: str) -> str | None:
        """Return the last sequence number of a shard that is done with."""
        return self._positions.get(shard_id)

    def set(self, shard_id: str, sequence_number: str) -> None:
        """Note that a shard is done up to and with this record."""
        with self._lock:
            self._positions[shard_id] = sequence_number
            due = time.monotonic() - self._saved_at >= _SAVE_EVERY_SECONDS
        if due:
            self.save()

    def save(self) -> None:
        """Write the file; a crash before the next one repeats a second of records, which workers allow for."""
        if self._path is None:
            return
        with self._lock:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(self._positions))
            fresh.replace(self._path)
            self._saved_at = time.monotonic()


class StreamError(Exception):
    """An error that the engine's streams API answered with."""

    def __init__(self, code: str, message: str) -> None:
        """`code` is the exception's name in the API."""
        super().__init__(f"{code}: {message}")
        self.code = code


class StreamsApi:
    """The streams API of an engine, in its own JSON: the very records that Lambda puts into its event.

    botocore would parse each attribute value into Python and cost ten times as much, to be undone again.
    One object serves one thread.
    """

    def __init__(self, url: str) -> None:
        """`url` is the engine's endpoint on this machine."""
        self._address = urlsplit(url).netloc
        self._signer = SigV4Auth(Credentials("local", "local"), "dynamodb", REGION)
        self._connection: HTTPConnection | None = None

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation."""
        body = json.dumps(arguments).encode()
        headers = {
            "Host": self._address,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDBStreams_20120810.{operation}",
        }
        request = AWSRequest("POST", f"http://{self._address}/", headers=headers, data=body)
        self._signer.add_auth(request)
        if self._connection is None:
            self._connection = HTTPConnection(self._address, timeout=10)
        try:
            self._connection.request("POST", "/", body=body, headers=dict(request.headers.items()))
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self.close()
            raise
        if answer.status != 200:
            error = json.loads(content or b"{}")
            raise StreamError(error.get("__type", "").rpartition("#")[2], str(error.get("message", answer.reason)))
        found: dict[str, Any] = json.loads(content)
        return found

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class StreamPump:
    """Follows every shard of one stream and delivers what comes."""

    def __init__(
        self,
        mapping: StreamMapping,
        *,
        url: str,
        stream_arn: str,
        invoke: Callable[[dict[str, Any]], Any],
        dead_letter: Callable[[str], None],
        checkpoints: Checkpoints | None = None,
    ) -> None:
        """`url` is the engine's endpoint; `invoke` and `dead_letter` as for Delivery."""
        self._mapping = mapping
        self._url = url
        self._stream_arn = stream_arn
        self._checkpoints = checkpoints or Checkpoints()
        self._stopping = threading.Event()
        self._draining = threading.Event()
        # Set when a shard has come to its end, and its children may begin.
        self._look_again = threading.Event()
        self._finished: set[str] = set()
        self._readers: dict[str, threading.Thread] = {}
        self._known: frozenset[str] = frozenset()
        self._waiting_for_parents = False
        self._delivery = Delivery(
            mapping, stream_arn=stream_arn, invoke=invoke, dead_letter=dead_letter, stopping=self._stopping
        )
        self._finder = threading.Thread(target=self._find_shards, name=f"{mapping.function_name}-shards", daemon=True)

    def start(self) -> None:
        """Begin to deliver, from where an earlier run stopped."""
        self._finder.start()

    def stop(self, *, drain_seconds: float = 10.0) -> None:
        """Deliver what has been written so far, within `drain_seconds`, and end."""
        self._draining.set()
        self._look_again.set()
        deadline = time.monotonic() + drain_seconds
        self._finder.join(drain_seconds)
        for reader in list(self._readers.values()):
            reader.join(max(0.0, deadline - time.monotonic()))
        self._stopping.set()
        for reader in list(self._readers.values()):
            reader.join(2.0)
        self._checkpoints.save()

    def _find_shards(self) -> None:
        api = StreamsApi(self._url)
        while not self._draining.is_set():
            try:
                for shard in self._described(api):
                    shard_id, parent = shard["ShardId"], shard.get("ParentShardId")
                    parent_is_done = parent is None or parent in self._finished or parent not in self._known
                    if shard_id not in self._readers and parent_is_done:
                        reader = threading.Thread(
                            target=self._follow, args=(shard_id,), name=f"{self._mapping.function_name}-{shard_id}"
                        )
                        reader.daemon = True
                        self._readers[shard_id] = reader
                        reader.start()
            except (OSError, HTTPException, StreamError) as error:
                _log.warning("the stream's shards cannot be read now: %s", error)
            self._look_again.wait(1.0 if self._waiting_for_parents else _RECHECK_SHARDS_SECONDS)
            self._look_again.clear()
        api.close()

    def _described(self, api: StreamsApi) -> list[dict[str, Any]]:
        shards: list[dict[str, Any]] = []
        start: dict[str, str] = {}
        while True:
            page = api.call("DescribeStream", StreamArn=self._stream_arn, **start)["StreamDescription"]
            shards += page["Shards"]
            if not page.get("LastEvaluatedShardId"):
                break
            start = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
        self._known = frozenset(shard["ShardId"] for shard in shards)
        self._waiting_for_parents = any(shard["ShardId"] not in self._readers for shard in shards)
        return shards

    def _follow(self, shard_id: str) -> None:
        api = StreamsApi(self._url)
        iterator: str | None = None
        pause = _BUSY_SECONDS
        try:
            while not self._stopping.is_set():
                try:
                    iterator = iterator or self._iterator(api, shard_id)
                    answer = api.call("GetRecords", ShardIterator=iterator, Limit=self._mapping.batch_size)
                except StreamError as error:
                    iterator = None
                    if error.code != "ExpiredIteratorException":
                        _log.warning("shard %s cannot be read now: %s", shard_id, error)
                        self._stopping.wait(1.0)
                    continue
                except (OSError, HTTPException) as error:
                    if self._draining.is_set():
                        return
                    _log.warning("shard %s cannot be read now: %s", shard_id, error)
                    self._stopping.wait(1.0)
                    continue
                records = [self._as_lambda_gives_it(record) for record in answer["Records"]]
                if records and not self._delivery.deliver(
                    shard_id, records, lambda position: self._checkpoints.set(shard_id, position)
                ):
                    return
                iterator = answer.get("NextShardIterator")
                if iterator is None:
                    self._finished.add(shard_id)
                    self._look_again.set()
                    return
                if not records and self._draining.is_set():
                    return
                if len(records) < self._mapping.batch_size:
                    pause = _BUSY_SECONDS if records else min(pause * 1.5, _IDLE_SECONDS)
                    self._draining.wait(pause)
        finally:
            api.close()

    def _iterator(self, api: StreamsApi, shard_id: str) -> str:
        where = {"StreamArn": self._stream_arn, "ShardId": shard_id}
        position = self._checkpoints.get(shard_id)
        if position is not None:
            try:
                found = api.call(
                    "GetShardIterator", **where, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=position
                )
                return str(found["ShardIterator"])
            except StreamError as error:
                # MiniStack keeps no stream over a restart (it is drained before), so the place is gone.
                if error.code not in _OLDEST_AGAIN:
                    raise
        return str(api.call("GetShardIterator", **where, ShardIteratorType="TRIM_HORIZON")["ShardIterator"])

    def _as_lambda_gives_it(self, record: Record) -> Record:
        record["eventSourceARN"] = self._stream_arn
        record["awsRegion"] = REGION
        return record
