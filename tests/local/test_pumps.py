"""What drives the workers of a local run."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from chalice import Chalice

from infra.local.meter import Meter
from infra.local.pumps import Pumps, Source
from tests.local.conftest import wait_until


class _Engine(BaseHTTPRequestHandler):
    """A stream of one shard with one new ticket."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        operation = self.headers["x-amz-target"].rpartition(".")[2]
        content = json.dumps(getattr(self, operation)(asked)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def DescribeStream(self, _: Any) -> Any:  # noqa: N802  # the API's name
        return {"StreamDescription": {"Shards": [{"ShardId": "shard-1"}]}}

    def GetShardIterator(self, asked: Any) -> Any:  # noqa: N802  # the API's name
        return {"ShardIterator": "first" if asked["ShardIteratorType"] == "TRIM_HORIZON" else "end"}

    def GetRecords(self, asked: Any) -> Any:  # noqa: N802  # the API's name
        change = {"SequenceNumber": "900", "ApproximateCreationDateTime": 1, "NewImage": {"kind": {"S": "ticket"}}}
        records = [{"eventName": "INSERT", "dynamodb": change}] if asked["ShardIterator"] == "first" else []
        return {"Records": records, "NextShardIterator": "end"}

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


class _Workers(ModuleType):
    """An app with the two functions that read the stream; `stream` takes its records only when it is `released`."""

    def __init__(self) -> None:
        super().__init__("workers")
        self.app = Chalice("workers")
        self.released = threading.Event()
        self.taken: list[str] = []
        for name in ("stream", "live"):
            setattr(self, name, self._worker(name))

    def _worker(self, name: str) -> Any:
        def work(_: Any) -> None:
            if name == "stream":
                self.released.wait()
            self.taken.append(name)

        work.__name__ = name
        return self.app.on_dynamodb_record("arn:stream", name=name)(work)


@pytest.fixture
def engine_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Engine) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _begun(workers: _Workers, url: str, folder: Path) -> Pumps:
    pumps = Pumps(workers, Source(url, "arn:stream", None, None, folder / "checkpoint.json"), meter=Meter())
    pumps.start()
    return pumps


def test_each_reader_of_the_stream_goes_on_where_it_was_itself(engine_url: str, tmp_path: Path) -> None:
    before, killed = tmp_path / "before", tmp_path / "killed"
    before.mkdir()
    first, again = _Workers(), _Workers()
    pumps = _begun(first, engine_url, before)
    try:
        wait_until(lambda: any(before.glob("*.json")))
        # A run that is killed now leaves this: `live` has come further than `stream`.
        shutil.copytree(before, killed)
    finally:
        first.released.set()
        pumps.stop()
    again.released.set()
    pumps = _begun(again, engine_url, killed)
    try:
        pumps.wait_until_caught_up(60)
    finally:
        pumps.stop()
    assert sorted(first.taken) == ["live", "stream"]
    assert again.taken == ["stream"]
