import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local import engines, resources
from infra.local.console import CannotStart
from infra.local.resources import Cloud
from tests.local.local_run import LocalRun, Start
from tests.support.cloud import TABLE


@pytest.fixture(scope="session")
def run() -> Iterator[LocalRun]:
    """One run with demo data and a log of JSON, for all tests that neither end it nor need other settings.

    Its end is a test too: SIGTERM, as a container is stopped, ends a run cleanly.
    """
    shared = LocalRun({"LOG": "json", "LOG_LEVEL": "INFO"})
    try:
        yield shared.until_ready()
    finally:
        code = shared.end(signal.SIGTERM)
    assert code == 0, shared.lines[-20:]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start runs of a test's own, which end with the test, also when it fails."""
    runs: list[LocalRun] = []

    def make(**settings: str) -> LocalRun:
        runs.append(LocalRun(settings))
        return runs[-1].until_ready()

    yield make
    for each in runs:
        each.end()


@pytest.fixture(scope="session")
def ministack_cloud() -> Iterator[Cloud]:
    """One MiniStack with the template's resources, for the session."""
    with engines.ministack() as url:
        cloud = Cloud(url, url)
        resources.create_stack(cloud)
        yield cloud


@pytest.fixture(scope="session")
def engine_cloud(ministack_cloud: Cloud) -> Iterator[Cloud]:
    """The same, with Amazon's engine for tables; skipped where that is not available."""
    try:
        engine = engines.launch_dynamodb_local().wait()
    except CannotStart as why:
        pytest.skip(f"DynamoDB Local is not available here: {why}")
    yield Cloud(ministack_cloud.url, engine.url)
    engine.stop()


@pytest.fixture(params=[pytest.param("ministack"), pytest.param("dynamodb-local", marks=pytest.mark.engine)])
def any_cloud(request: pytest.FixtureRequest) -> Cloud:
    """Each engine in turn."""
    name = "ministack_cloud" if request.param == "ministack" else "engine_cloud"
    cloud: Cloud = request.getfixturevalue(name)
    return cloud


class Table:
    """A table of one test."""

    def __init__(self, cloud: Cloud) -> None:
        self.name = f"test-{uuid.uuid4().hex}"
        self.client = cloud.client("dynamodb")
        made = self.client.create_table(TableName=self.name, **TABLE)
        self.stream_arn: str = made["TableDescription"]["LatestStreamArn"]

    def put(self, key: str, **more: Any) -> None:
        self.client.put_item(TableName=self.name, Item={"pk": {"S": key}, "sk": {"S": "-"}, **more})


@pytest.fixture
def table(any_cloud: Cloud) -> Iterator[Table]:
    made = Table(any_cloud)
    yield made
    made.client.delete_table(TableName=made.name)
    made.client.close()


class Queue:
    """A queue of one test."""

    def __init__(self, cloud: Cloud, **attributes: str) -> None:
        self.client = cloud.client("sqs")
        self.url: str = self.client.create_queue(QueueName=f"test-{uuid.uuid4().hex}", Attributes=attributes)[
            "QueueUrl"
        ]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn: str = found["Attributes"]["QueueArn"]

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def bodies(self) -> list[str]:
        """Take what is visible now."""
        found = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in found]


def wait_until(holds: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait for something that a pump does; fail when it does not come."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    pytest.fail(f"did not come within {seconds} s")
