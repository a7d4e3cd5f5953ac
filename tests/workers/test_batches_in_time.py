"""A batch of a queue is reported before its function's time is over, also where one message hangs."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chalicelib.workers import each_record
from tests.support import log_lines

RECORDS = [{"messageId": f"m{number}", "body": str(number)} for number in range(6)]


@pytest.fixture
def is_over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("hung", [{"m0"}, {"m2", "m3"}])
def test_a_message_that_hangs_is_reported_alone(is_over: threading.Event, hung: set[str]) -> None:
    taken: list[str] = []

    def take(record: Mapping[str, Any]) -> None:
        if record["messageId"] in hung:
            is_over.wait()
        taken.append(record["messageId"])

    with log_lines.collected() as logged:
        answer = each_record({"Records": RECORDS}, take, seconds=1.5)
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == sorted(hung)
    assert taken == [record["messageId"] for record in RECORDS if record["messageId"] not in hung]
    (late,) = (line for line in logged.all() if line["message"] == "messages not done in time")
    assert sorted(late["ids"]) == sorted(hung)


def test_what_no_hand_was_free_for_is_reported_and_begun_by_no_one(is_over: threading.Event) -> None:
    begun: list[str] = []

    def take(record: Mapping[str, Any]) -> None:
        begun.append(record["messageId"])
        is_over.wait()

    records = [{"messageId": f"m{number:02}", "body": ""} for number in range(12)]
    answer = each_record({"Records": records}, take, seconds=0.3)
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == [each["messageId"] for each in records]
    assert begun == [each["messageId"] for each in records[: len(begun)]]
    assert 1 <= len(begun) <= 8


def test_messages_of_a_batch_are_taken_one_after_the_other_and_each_failure_is_reported() -> None:
    taken: list[str] = []

    def take(record: Mapping[str, Any]) -> None:
        taken.append(record["messageId"])
        if record["body"] in ("1", "4"):
            raise RuntimeError("a fault of ours")

    answer = each_record({"Records": RECORDS}, take)
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["m1", "m4"]
    assert taken == [record["messageId"] for record in RECORDS]
