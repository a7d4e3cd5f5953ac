"""What drives the workers of a local run."""

from pathlib import Path
from typing import Any

import pytest

import app
from infra.local import pumps
from infra.local.meter import Meter
from infra.local.pumps import Pumps, Source
from infra.local.streams import StreamPump


class _Queues:
    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803  # botocore's name
        return {"QueueUrl": f"http://127.0.0.1/{QueueName}"}


def test_each_reader_of_the_stream_goes_on_where_it_was_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    def noted(mapping: Any, **more: Any) -> Any:
        made[mapping.function_name] = more["checkpoints"]
        return StreamPump(mapping, **more)

    monkeypatch.setattr(pumps, "StreamPump", noted)
    source = Source("http://127.0.0.1:1", "arn:stream", _Queues(), None, tmp_path / "stream-checkpoint.json")
    Pumps(app, source, meter=Meter())
    # One of them trails while its function fails; then the run is killed.
    made["stream"].set("shard-1", "100")
    made["live"].set("shard-1", "900")
    for each in ("stream", "live"):
        made[each].save()
    Pumps(app, source, meter=Meter())
    assert {name: each.get("shard-1") for name, each in made.items()} == {"stream": "100", "live": "900"}
