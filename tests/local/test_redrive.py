"""`make redrive` against the engines of a local run: what it replays, what it keeps, and its exit codes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local import resources
from infra.local.resources import Cloud
from tests.support import engines

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("ministack")]

STREAM_LETTERS = "gatehouse-stream-letters"
QUEUES = ("alerts", "messages", "payments", "jobs")


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """The template's resources, as `make run` creates them."""
    with engines.endpoints(access_key="local") as found:
        resources.create_stack(Cloud(found.url, found.url))
        resources.create_table(found)
        yield found


def redrive(cloud: Cloud, *more: str) -> subprocess.CompletedProcess[str]:
    where = ["--stage", "local", "--endpoint", cloud.url, "--table-endpoint", cloud.table_url]
    command = [sys.executable, "-m", "infra.redrive", *where, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def record(kind: str, position: str) -> dict[str, Any]:
    image = {"pk": {"S": "A"}, "sk": {"S": "-"}, "kind": {"S": kind}}
    return {"eventName": "INSERT", "dynamodb": {"SequenceNumber": position, "NewImage": image}}


def write_letter(cloud: Cloud, name: str, payload: object) -> None:
    content = json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "payload": payload})
    cloud.client("s3").put_object(Bucket=STREAM_LETTERS, Key=f"aws/lambda/{name}", Body=content.encode())


def letters(cloud: Cloud) -> list[str]:
    found = cloud.client("s3").list_objects_v2(Bucket=STREAM_LETTERS).get("Contents", [])
    return [letter["Key"].removeprefix("aws/lambda/") for letter in found]


def url(cloud: Cloud, name: str) -> str:
    found: str = cloud.client("sqs").get_queue_url(QueueName=f"gatehouse-{name}")["QueueUrl"]
    return found


def bodies(cloud: Cloud, name: str) -> list[str]:
    found: list[str] = []
    sqs = cloud.client("sqs")
    while got := sqs.receive_message(QueueUrl=url(cloud, name), MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in got]
        for message in got:
            sqs.delete_message(QueueUrl=url(cloud, name), ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


def count(cloud: Cloud, name: str) -> int:
    """How many messages a queue has, with those that somebody holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=url(cloud, name), AttributeNames=names)["Attributes"]
    return sum(int(found[each]) for each in names)


def test_letters_of_each_queue_go_back_and_a_look_moves_nothing(cloud: Cloud) -> None:
    sent = {name: [f"{name} {number}" for number in range(12)] for name in QUEUES}
    for name, texts in sent.items():
        for text in texts:
            cloud.client("sqs").send_message(QueueUrl=url(cloud, f"{name}-dlq"), MessageBody=text)
    seen = redrive(cloud, "--dry-run")
    assert (seen.returncode, seen.stderr) == (0, "")
    assert all(f"{name}: about 12 waiting" in seen.stdout for name in QUEUES)
    some = redrive(cloud, "--only", "jobs", "--limit", "5")
    assert "jobs: 5 moved" in some.stdout
    done = redrive(cloud, *(word for name in QUEUES for word in ("--only", name)))
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"{name}: 12 moved" in done.stdout for name in QUEUES if name != "jobs")
    assert "jobs: 7 moved" in done.stdout
    assert {name: bodies(cloud, name) for name in QUEUES} == {name: sorted(texts) for name, texts in sent.items()}
    assert [count(cloud, f"{name}-dlq") for name in QUEUES] == [0] * len(QUEUES)


def test_records_of_the_stream_are_replayed_and_what_fails_again_is_kept(cloud: Cloud) -> None:
    # Lambda writes the event as a text in the letter.
    write_letter(cloud, "good", json.dumps({"Records": [record("note", "1"), record("note", "2")]}))
    write_letter(cloud, "failing", {"Records": [record("event", "3")]})
    write_letter(cloud, "no-letter", "not JSON")
    seen = redrive(cloud, "--only", "stream", "--dry-run")
    assert "stream: 3 waiting, the oldest of 20" in seen.stdout
    assert sorted(letters(cloud)) == ["failing", "good", "no-letter"]
    done = redrive(cloud, "--only", "stream")
    assert done.returncode == 1
    assert "1 letters with 2 records replayed, 2 kept" in done.stdout
    assert "the function failed from record 3 on" in done.stderr
    assert sorted(letters(cloud)) == ["failing", "no-letter"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--only", "letters"), "There are stream, live, alerts"),
        (("--limit", "0"), "--limit: '0' is no whole number from 1 up"),
    ],
)
def test_a_wrong_argument_says_what_there_is(cloud: Cloud, more: tuple[str, ...], says: str) -> None:
    refused = redrive(cloud, *more)
    assert (refused.returncode, says in refused.stderr) == (2, True), refused.stderr


def test_a_stack_that_is_not_there_is_named(cloud: Cloud) -> None:
    done = redrive(cloud, "--stack", "gatehouse-nowhere")
    assert done.returncode == 1
    assert "The dead letters of stage local cannot be read" in done.stderr
