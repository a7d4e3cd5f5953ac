"""The table's stream, delivered to its function as Lambda's event source mapping does.

Each shard is read in order by a thread of its own, a child only after its parent. Batches are delivered one at a time
(delivery.py), and the position that was reached is kept.
"""

import logging
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from infra.local.delivery import Delivery, Record, StreamMapping
from infra.local.shards import Checkpoints, Shard
from infra.local.stream_api import StreamError, StreamsApi

_log = logging.getLogger("gatehouse.local")
# The longest wait before a reader asks again, while no records come.
_IDLE_SECONDS = 0.2
_RECHECK_SHARDS_SECONDS = 10.0


class StreamPump:
    """Follows every shard of one stream and delivers its records."""

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
        # Set when a shard has been read to its end, and its children may start.
        self._look_again = threading.Event()
        # Set when every shard has been read to its end once.
        self.caught_up = threading.Event()
        self._finished: set[str] = set()
        self._read_to_the_end: set[str] = set()
        self._readers: dict[str, threading.Thread] = {}
        self._known: frozenset[str] = frozenset()
        self._waiting_for_parents = False
        self._delivery = Delivery(
            mapping, stream_arn=stream_arn, invoke=invoke, dead_letter=dead_letter, stopping=self._stopping
        )
        self._finder = threading.Thread(target=self._find_shards, name=f"{mapping.function_name}-shards", daemon=True)

    def start(self) -> None:
        """Start to deliver, from where an earlier run stopped."""
        self._finder.start()

    def stop(self, *, drain_seconds: float = 10.0) -> None:
        """Deliver what has been written until now, within `drain_seconds`, and end."""
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
                    self._start_reader(shard["ShardId"], shard.get("ParentShardId"))
            except (OSError, HTTPException, StreamError) as error:
                _log.warning("the stream's shards cannot be read now: %s", error)
            self._look_again.wait(1.0 if self._waiting_for_parents else _RECHECK_SHARDS_SECONDS)
            self._look_again.clear()
        api.close()

    def _start_reader(self, shard_id: str, parent: str | None) -> None:
        """Start the reader of a shard, once its parent has been delivered."""
        parent_is_done = parent is None or parent in self._finished or parent not in self._known
        if shard_id not in self._readers and parent_is_done:
            name = f"{self._mapping.function_name}-{shard_id}"
            reader = threading.Thread(target=self._follow, args=(shard_id,), name=name, daemon=True)
            self._readers[shard_id] = reader
            reader.start()

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
        shard = Shard(shard_id, self._stream_arn, StreamsApi(self._url), self._checkpoints)
        first_pause = pause = self._mapping.gather_seconds
        try:
            while not self._stopping.is_set():
                count = self._deliver_next(shard)
                if count is None or shard.is_read:
                    return
                if count == 0 and self._draining.is_set():
                    return
                if count < self._mapping.batch_size:
                    pause = first_pause if count else min(pause * 1.5, _IDLE_SECONDS)
                    self._draining.wait(pause)
        finally:
            shard.api.close()

    def _deliver_next(self, shard: Shard) -> int | None:
        """Deliver the next records of a shard; return how many, or None where the pump stopped meanwhile."""
        records = self._read(shard)
        if records is None or (records and not self._delivery.deliver(shard.shard_id, records, shard.keep)):
            return None
        if shard.is_read:
            self._finished.add(shard.shard_id)
            self._look_again.set()
        if not records:
            self._read_to_the_end.add(shard.shard_id)
        if self._known and self._known <= self._finished | self._read_to_the_end:
            self.caught_up.set()
        return len(records)

    def _read(self, shard: Shard) -> list[Record] | None:
        """Read a shard until the engine answers; return None where the pump stops first."""
        while not self._stopping.is_set():
            try:
                return shard.read(limit=self._mapping.batch_size)
            except StreamError as error:
                if error.code == "ExpiredIteratorException":
                    continue
                _log.warning("shard %s cannot be read now: %s", shard.shard_id, error)
            except (OSError, HTTPException) as error:
                if self._draining.is_set():
                    return None
                _log.warning("shard %s cannot be read now: %s", shard.shard_id, error)
            self._stopping.wait(1.0)
        return None
