"""Shards that close and have children, which no local engine makes within a test: a streams API of our own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local.delivery import StreamMapping
from infra.local.streams import StreamPump
from tests.local.conftest import wait_until

PARENT, CHILD = "shard-0001-parent", "shard-0002-child"


class Engine(BaseHTTPRequestHandler):
    """A parent that is closed after two pages, and its open child; the parent's reader falters once."""

    falters = 0

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        operation = self.headers["x-amz-target"].rpartition(".")[2]
        if operation == "GetRecords" and asked["ShardIterator"] == f"{PARENT}/1" and not type(self).falters:
            type(self).falters = 1
            self._send(400, {"__type": "x#ExpiredIteratorException", "message": "too old"})
            return
        self._send(200, getattr(self, operation)(asked))

    def DescribeStream(self, _: Any) -> Any:  # noqa: N802  # the API's name
        # The child is listed first: order must come from parenthood.
        shards = [{"ShardId": CHILD, "ParentShardId": PARENT}, {"ShardId": PARENT, "ParentShardId": "long-gone"}]
        return {"StreamDescription": {"Shards": shards}}

    def GetShardIterator(self, asked: Any) -> Any:  # noqa: N802  # the API's name
        page = 1 if asked["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER" else 0
        return {"ShardIterator": f"{asked['ShardId']}/{page}"}

    def GetRecords(self, asked: Any) -> Any:  # noqa: N802  # the API's name
        shard, _, page = asked["ShardIterator"].partition("/")
        number = int(page)
        if number >= 2:
            return {"Records": [], "NextShardIterator": asked["ShardIterator"]}
        record = {"dynamodb": {"SequenceNumber": f"{shard}-{number}", "ApproximateCreationDateTime": 1}}
        closes = shard == PARENT and number == 1
        return {"Records": [record]} | ({} if closes else {"NextShardIterator": f"{shard}/{number + 1}"})

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def engine_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Engine) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_child_is_read_after_its_parent_has_come_to_its_end(engine_url: str) -> None:
    seen: list[str] = []
    pump = StreamPump(
        StreamMapping("stream"),
        url=engine_url,
        stream_arn="arn:stream",
        invoke=lambda event: seen.extend(record["dynamodb"]["SequenceNumber"] for record in event["Records"]),
        dead_letter=lambda _: None,
    )
    pump.start()
    wait_until(lambda: len(seen) >= 4)
    pump.stop()
    assert seen == [f"{PARENT}-0", f"{PARENT}-1", f"{CHILD}-0", f"{CHILD}-1"]
