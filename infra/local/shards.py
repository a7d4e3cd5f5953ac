"""One shard of the table's stream: where it is read, and how far it has been delivered."""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from infra.local.delivery import Record
from infra.local.invocation import REGION
from infra.local.stream_api import StreamError, StreamsApi

_SAVE_EVERY_SECONDS = 1.0
_OLDEST_AGAIN = ("TrimmedDataAccessException", "ResourceNotFoundException")


class Checkpoints:
    """How far each shard has been delivered; in a file, where the data outlives the run."""

    def __init__(self, path: Path | None = None) -> None:
        """Read what an earlier run left at `path`."""
        self._path = path
        self._lock = threading.Lock()
        self._saved_at = 0.0
        self._positions: dict[str, str] = {}
        if path is not None and path.exists():
            self._positions = json.loads(path.read_text())

    def get(self, shard_id: str) -> str | None:
        """Return the last sequence number of a shard that has been delivered."""
        return self._positions.get(shard_id)

    def set(self, shard_id: str, sequence_number: str) -> None:
        """Note that a shard has been delivered up to and with this record."""
        with self._lock:
            self._positions[shard_id] = sequence_number
            due = time.monotonic() - self._saved_at >= _SAVE_EVERY_SECONDS
        if due:
            self.save()

    def save(self) -> None:
        """Write the file; a crash before the next one repeats a second of records; the workers are idempotent."""
        if self._path is None:
            return
        with self._lock:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(self._positions))
            fresh.replace(self._path)
            self._saved_at = time.monotonic()


@dataclass(slots=True)
class Shard:
    """A shard that one thread reads in order, from where an earlier run stopped."""

    shard_id: str
    stream_arn: str
    api: StreamsApi
    checkpoints: Checkpoints
    is_read: bool = False
    _iterator: str | None = None

    def read(self, *, limit: int) -> list[Record]:
        """Return the next records as Lambda passes them; sets `is_read` at the shard's end. Raises StreamError."""
        try:
            iterator = self._iterator or self._first_iterator()
            answer = self.api.call("GetRecords", ShardIterator=iterator, Limit=limit)
        except StreamError:
            self._iterator = None
            raise
        self._iterator = answer.get("NextShardIterator")
        self.is_read = self._iterator is None
        added = {"eventSourceARN": self.stream_arn, "awsRegion": REGION}
        return [{**record, **added} for record in answer["Records"]]

    def keep(self, sequence_number: str) -> None:
        """Note that the shard has been delivered up to and with this record."""
        self.checkpoints.set(self.shard_id, sequence_number)

    def _first_iterator(self) -> str:
        where = {"StreamArn": self.stream_arn, "ShardId": self.shard_id}
        position = self.checkpoints.get(self.shard_id)
        if position is not None:
            after = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": position}
            try:
                return str(self.api.call("GetShardIterator", **where, **after)["ShardIterator"])
            except StreamError as error:
                # MiniStack keeps no stream over a restart: it was drained before, and the position is gone.
                if error.code not in _OLDEST_AGAIN:
                    raise
        return str(self.api.call("GetShardIterator", **where, ShardIteratorType="TRIM_HORIZON")["ShardIterator"])
