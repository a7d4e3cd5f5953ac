"""Queues on MiniStack: a failed message is delivered again, and one that keeps failing becomes a dead letter."""

import json
from typing import Any

import pytest

from infra.local.queues import QueueMapping, QueuePump
from infra.local.resources import Cloud
from tests.local.conftest import Queue, wait_until

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]


class Pair:
    """A queue that gives up after two receipts, and its dead-letter queue."""

    def __init__(self, cloud: Cloud) -> None:
        self.dead = Queue(cloud)
        redrive = {"deadLetterTargetArn": self.dead.arn, "maxReceiveCount": 2}
        self.queue = Queue(cloud, VisibilityTimeout="1", RedrivePolicy=json.dumps(redrive))

    def pump(self, worker: Any) -> QueuePump:
        made = QueuePump(
            QueueMapping("messages", self.queue.url, self.queue.arn), client=self.queue.client, invoke=worker
        )
        made.start()
        return made


def test_only_what_the_function_took_is_deleted_and_the_rest_ends_in_the_dead_letters(ministack_cloud: Cloud) -> None:
    pair = Pair(ministack_cloud)
    tries: dict[str, int] = {}

    def worker(event: dict[str, Any]) -> Any:
        failed = []
        for record in event["Records"]:
            body = record["body"]
            tries[body] = tries.get(body, 0) + 1
            assert record["attributes"]["ApproximateReceiveCount"] == str(tries[body])
            assert record["eventSourceARN"] == pair.queue.arn
            if body == "poison" or (body == "falters" and tries[body] == 1):
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}

    running = pair.pump(worker)
    pair.queue.send("good", "falters", "poison")
    wait_until(lambda: "poison" in pair.dead.bodies())
    running.stop()

    assert tries == {"good": 1, "falters": 2, "poison": 2}
    assert pair.queue.bodies() == []


def test_a_function_that_raises_gets_its_whole_batch_again(ministack_cloud: Cloud) -> None:
    pair = Pair(ministack_cloud)
    seen: list[str] = []

    def worker(event: dict[str, Any]) -> None:
        seen.extend(record["body"] for record in event["Records"])
        if len(seen) <= 1:
            raise RuntimeError("the first time")

    running = pair.pump(worker)
    pair.queue.send("one")
    wait_until(lambda: seen == ["one", "one"])
    running.stop()
    assert pair.dead.bodies() == []


def test_a_name_that_is_not_in_the_batch_deletes_nothing(ministack_cloud: Cloud) -> None:
    pair = Pair(ministack_cloud)
    running = pair.pump(lambda _: {"batchItemFailures": [{"itemIdentifier": "nonsense"}]})
    pair.queue.send("kept")
    wait_until(lambda: pair.dead.bodies() == ["kept"])
    running.stop()
