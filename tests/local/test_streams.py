"""The stream's delivery, with Lambda's retries; and the pump on each engine."""

import base64
import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local.delivery import Delivery, StreamMapping
from infra.local.shards import Checkpoints
from infra.local.streams import StreamPump
from tests.local.conftest import Table, wait_until
from tests.support import lateness

_TURNS = 10
MAPPING = StreamMapping("stream", maximum_retry_attempts=2, first_backoff_seconds=0.001, longest_backoff_seconds=0.002)


def records(count: int) -> list[dict[str, Any]]:
    return [
        {"dynamodb": {"SequenceNumber": f"{number:03}", "ApproximateCreationDateTime": 1_700_000_000}}
        for number in range(count)
    ]


class Worker:
    """A stream worker that keeps the records it took, and fails as its arguments say."""

    def __init__(self, *, poison: set[str] | None = None, reports: bool = True, falters: int = 0) -> None:
        self.taken: list[str] = []
        self.batches: list[list[str]] = []
        self.poison = poison or set()
        self.reports = reports
        self.falters = falters

    def __call__(self, event: dict[str, Any]) -> Any:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        self.batches.append(numbers)
        if self.falters:
            self.falters -= 1
            raise RuntimeError("the table throttles")
        for number in numbers:
            if number in self.poison:
                if not self.reports:
                    raise ValueError(number)
                return {"batchItemFailures": [{"itemIdentifier": number}]}
            if number not in self.taken:
                self.taken.append(number)
        return {"batchItemFailures": []}


class Run:
    def __init__(self, worker: Any, mapping: StreamMapping = MAPPING) -> None:
        self.notes: list[dict[str, Any]] = []
        self.positions: list[str] = []
        self.stopping = threading.Event()
        self.delivery = Delivery(
            mapping,
            stream_arn="arn:stream",
            invoke=worker,
            dead_letter=lambda note: self.notes.append(json.loads(note)),
            stopping=self.stopping,
        )

    def deliver(self, batch: list[dict[str, Any]]) -> bool:
        return self.delivery.deliver("shard-1", batch, self.positions.append)


def test_a_batch_that_is_taken_is_delivered_once_and_checkpointed() -> None:
    worker = Worker()
    run = Run(worker)
    assert run.deliver(records(5))
    assert worker.batches == [["000", "001", "002", "003", "004"]]
    assert run.positions == ["004"]


@pytest.mark.parametrize("reports", [True, False])
def test_a_poisonous_record_is_given_up_alone_and_nothing_else_is_lost(reports: bool) -> None:
    worker = Worker(poison={"003"}, reports=reports)
    run = Run(worker)

    assert run.deliver(records(8))

    assert worker.taken == [f"{n:03}" for n in range(8) if n != 3], "all the others, in order"
    assert run.positions[-1] == "007"
    assert run.positions == sorted(run.positions), "a checkpoint never goes back"
    [note] = run.notes
    assert note["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert note["requestContext"]["approximateInvokeCount"] == MAPPING.maximum_retry_attempts + 1
    info = note["DDBStreamBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == ("003", "003", 1)
    assert (info["shardId"], info["streamArn"]) == ("shard-1", "arn:stream")


def test_a_partial_failure_brings_back_the_failed_record_and_all_after_it() -> None:
    answers = iter([{"batchItemFailures": [{"itemIdentifier": "002"}]}, None])
    seen: list[list[str]] = []

    def worker(event: dict[str, Any]) -> Any:
        seen.append([record["dynamodb"]["SequenceNumber"] for record in event["Records"]])
        return next(answers)

    run = Run(worker)
    assert run.deliver(records(5))
    assert seen == [["000", "001", "002", "003", "004"], ["002", "003", "004"]]
    assert run.positions == ["001", "004"]


def test_a_batch_that_raises_is_cut_in_halves_in_order() -> None:
    worker = Worker(falters=1)
    run = Run(worker)
    assert run.deliver(records(4))
    assert worker.batches == [["000", "001", "002", "003"], ["000", "001"], ["002", "003"]]
    assert not run.notes


def test_a_name_that_is_not_in_the_batch_fails_it_as_a_whole() -> None:
    answers = iter([{"batchItemFailures": [{"itemIdentifier": "nonsense"}]}, None, None])
    run = Run(lambda _: next(answers))
    assert run.deliver(records(2))
    assert run.positions == ["000", "001"]


def test_a_letter_that_cannot_be_kept_at_once_is_kept_later_and_ends_no_reader() -> None:
    run = Run(Worker(poison={"001"}))
    kept, faults = run.notes, iter([ConnectionRefusedError(), TimeoutError()])

    def keep(letter: str) -> None:
        if fault := next(faults, None):
            raise fault
        kept.append(json.loads(letter))

    run.delivery._dead_letter = keep
    assert run.deliver(records(3))
    assert (len(kept), run.positions[-1]) == (1, "002")

    def never(_: str) -> None:
        run.stopping.set()
        raise ConnectionRefusedError

    run.delivery._dead_letter, run.positions[:] = never, []
    assert not run.deliver(records(3))
    assert run.positions == ["000"]


def test_a_run_that_ends_while_a_record_fails_keeps_its_place() -> None:
    worker = Worker(poison={"001"})
    run = Run(worker)
    run.stopping.set()
    assert not run.deliver(records(3))
    assert run.positions == ["000"]
    assert not run.notes


def test_what_the_filter_drops_never_reaches_the_function_and_is_passed_over() -> None:
    worker = Worker()
    run = Run(worker, replace(MAPPING, patterns=({"dynamodb": {"NewImage": {"kind": {"S": ["scan", "ticket"]}}}},)))
    batch = records(4)
    for record, kind in zip(batch, ("scan", "session", "ticket", "session"), strict=True):
        record["dynamodb"]["NewImage"] = {"kind": {"S": kind}}
    assert run.deliver(batch)
    assert worker.batches == [["000", "002"]]
    assert run.positions == ["002", "003"]
    assert run.deliver(records(1)), "a removal has no new image"
    assert worker.batches == [["000", "002"]]


def pump(
    table: Table, url: str, worker: Any, *, notes: list[str], checkpoints: Checkpoints | None = None
) -> StreamPump:
    made = StreamPump(
        MAPPING,
        url=url,
        stream_arn=table.stream_arn,
        invoke=worker,
        dead_letter=notes.append,
        checkpoints=checkpoints,
    )
    made.start()
    return made


def keys_of(event: dict[str, Any]) -> list[str]:
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]


@pytest.mark.xdist_group("engines")
def test_every_change_arrives_in_order_and_a_poisonous_one_ends_in_the_dead_letters(
    any_cloud: Any, table: Table
) -> None:
    taken: list[str] = []
    notes: list[str] = []

    def worker(event: dict[str, Any]) -> Any:
        assert len(event["Records"]) <= 100
        if "key-007" in keys_of(event):
            raise ValueError("poison")
        taken.extend(keys_of(event))

    running = pump(table, any_cloud.table_url, worker, notes=notes)
    for number in range(250):
        table.put(f"key-{number:03}")
    wait_until(lambda: len(taken) >= 249)
    running.stop()

    assert list(dict.fromkeys(taken)) == [f"key-{n:03}" for n in range(250) if n != 7]
    assert len(notes) == 1


@pytest.mark.xdist_group("engines")
def test_a_record_is_the_json_that_lambda_gives(any_cloud: Any, table: Table) -> None:
    seen: list[dict[str, Any]] = []
    running = pump(table, any_cloud.table_url, lambda event: seen.extend(event["Records"]), notes=[])
    table.put("a", picture={"B": b"\x00\xff"}, count={"N": "3"}, tags={"SS": ["x", "y"]})
    table.put("a", count={"N": "4"})
    wait_until(lambda: len(seen) == 2)
    running.stop()

    first, second = seen
    assert (first["eventName"], second["eventName"]) == ("INSERT", "MODIFY")
    assert first["eventSource"] == "aws:dynamodb"
    assert first["eventSourceARN"] == table.stream_arn
    image = first["dynamodb"]["NewImage"]
    assert image["picture"] == {"B": base64.b64encode(b"\x00\xff").decode()}
    assert (image["count"], sorted(image["tags"]["SS"])) == ({"N": "3"}, ["x", "y"])
    assert "OldImage" not in first["dynamodb"]
    assert second["dynamodb"]["OldImage"]["count"] == {"N": "3"}
    json.dumps(seen)


@pytest.mark.xdist_group("engines")
def test_a_pump_goes_on_where_an_earlier_one_stopped(any_cloud: Any, table: Table, tmp_path: Path) -> None:
    place = tmp_path / "checkpoint.json"
    first: list[str] = []
    second: list[str] = []
    running = pump(
        table, any_cloud.table_url, lambda e: first.extend(keys_of(e)), notes=[], checkpoints=Checkpoints(place)
    )
    for number in range(20):
        table.put(f"a-{number}")
    running.stop()  # drains what was written
    table.put("b-0")
    running = pump(
        table, any_cloud.table_url, lambda e: second.extend(keys_of(e)), notes=[], checkpoints=Checkpoints(place)
    )
    wait_until(lambda: bool(second))
    running.stop()

    assert (len(first), second) == (20, ["b-0"])


@pytest.mark.xdist_group("engines")
def test_a_change_is_projected_within_300_ms(any_cloud: Any, table: Table) -> None:
    came = threading.Event()
    running = pump(table, any_cloud.table_url, lambda _: came.set(), notes=[])
    table.put("warm-up")
    assert came.wait(60)
    threading.Event().wait(0.5)  # idle, so that it asks as seldom as it ever does
    came.clear()
    with lateness.measured() as late:
        began = time.monotonic()
        table.put("measured")
        assert came.wait(60)
        took = time.monotonic() - began
    # The pump, the engine and this thread take turns on a busy machine.
    assert took < 0.3 + _TURNS * late()
    running.stop()
