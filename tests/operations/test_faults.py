"""Faults on the local cloud: the metric of the right alarm moves, its runbook's commands end it, nothing is lost.

The queues, their dead letters, the bus with its rules and the buckets are those of the template, as in `make run`.
Docs: docs/testing.md, "Faults and their alarms".
"""

import itertools
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.events import events
from chalicelib.domain.gate import checkin
from chalicelib.domain.payments import unsettled
from chalicelib.table import operations
from chalicelib.table.items import Event
from infra.local import resources
from infra.local.delivery import Delivery, StreamMapping
from infra.local.outbox import Outbox
from infra.local.queues import sqs_record
from infra.local.resources import Cloud
from infra.logs import evaluation, saved
from infra.package import filters
from tests.faults import scenarios
from tests.faults.recount import assert_log_and_totals_are_true, items_of
from tests.faults.test_unsettled import unrecordable
from tests.local.conftest import wait_until
from tests.operations import watch
from tests.support import engines, payers, purchases
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.factories import make_event, usher_token
from tests.support.log_lines import LogLines, collected
from tests.support.streams import StreamReader
from tests.support.wire import Fault, wire

pytestmark = [pytest.mark.engine, pytest.mark.ministack, pytest.mark.xdist_group("ministack"), pytest.mark.timeout(900)]

# The template's own number of receipts (infra/resources/queues.yaml).
_RECEIPTS = 5
_LETTERS = "gatehouse-stream-letters"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """The template's resources, as `make run` creates them; the app of this process uses them."""
    with engines.endpoints(access_key="local") as found:
        resources.create_stack(Cloud(found.url, found.url))
        resources.create_table(found)
        forget_caches()
        yield found
    forget_caches()


@pytest.fixture(scope="module")
def stream(cloud: Cloud) -> StreamReader:  # noqa: ARG001  # the table is there
    return StreamReader()


@pytest.fixture
def lines() -> Iterator[LogLines]:
    with collected() as found:
        yield found


@pytest.fixture
def event(cloud: Cloud) -> Event:  # noqa: ARG001  # the table is there
    now = clock.now()
    draft = events.EventDraft(
        title="Fault night", starts_at=now, ends_at=now + timedelta(hours=6), re_entry_allowed=True, gates=["Gate 1"]
    )
    return events.create(draft)


def redrive(cloud: Cloud, source: str) -> str:
    """Run the command of the runbook, as its page has it."""
    where = ["--stage", "local", "--endpoint", cloud.url, "--table-endpoint", cloud.table_url]
    command = [sys.executable, "-m", "infra.redrive", *where, "--only", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return done.stdout


def receive(cloud: Cloud, name: str, *, hidden_seconds: int = 0) -> list[dict[str, Any]]:
    """Receive what a queue has now, as the event source mapping does."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=f"gatehouse-{name}")["QueueUrl"]
    found = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=hidden_seconds,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return [{**message, "url": url} for message in found.get("Messages", [])]


def deliver(cloud: Cloud, name: str, function: Any) -> tuple[int, int]:
    """Receive once and call the function; return how many messages it took and how many failed."""
    messages = receive(cloud, name)
    if not messages:
        return 0, 0
    answer = function({"Records": [sqs_record(message, f"arn:aws:sqs:::{name}") for message in messages]}, None)
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    taken = [message for message in messages if message["MessageId"] not in failed]
    for message in taken:
        cloud.client("sqs").delete_message(QueueUrl=message["url"], ReceiptHandle=message["ReceiptHandle"])
    return len(taken), len(failed)


def fail_until_given_up(cloud: Cloud, name: str, function: Any, *, alarm: str) -> None:
    """Deliver until SQS itself moves the message to the dead letters."""
    assert not watch.is_over(alarm, watch.depth(cloud, alarm))
    for _ in range(_RECEIPTS):
        assert deliver(cloud, name, function) == (0, 1)
    assert receive(cloud, name) == []
    assert watch.is_over(alarm, watch.depth(cloud, alarm))


def test_a_projection_that_is_down_for_an_hour_is_seen_and_redriven_and_each_scan_counts_once(
    cloud: Cloud, event: Event, stream: StreamReader
) -> None:
    """Runbooks: stream-delay.md and dead-letters.md."""
    stream.skip()
    made = [make(event.event_id) for make in scenarios.ALL.values()]
    assert [checkin.scan(scan.caller, scan.reading).result for scan in made] == [scan.result for scan in made]
    records = stream.read()
    for record in records:
        record["dynamodb"]["ApproximateCreationDateTime"] = clock.now().timestamp()
    s3 = cloud.client("s3")
    mapping = StreamMapping(
        "stream",
        maximum_retry_attempts=1,
        first_backoff_seconds=0.001,
        longest_backoff_seconds=0.001,
        patterns=filters.of_function("stream"),
    )
    ages: list[float] = []

    def take(batch: dict[str, Any]) -> Any:
        # AWS: the age of a batch's last record when the function gets it.
        last = batch["Records"][-1]["dynamodb"]["ApproximateCreationDateTime"]
        ages.append((clock.now().timestamp() - last) * 1000)
        return app.stream(batch, None)

    def give_up(letter: str) -> None:
        s3.put_object(Bucket=_LETTERS, Key=f"aws/lambda/{uuid.uuid4()}", Body=letter.encode())

    operations.client.cache_clear()
    with wire(retries=False) as wired, clock.driven_by(lambda: datetime.now(UTC) + timedelta(hours=1)):
        wired.choose = lambda: Fault.BROKEN
        way = Delivery(mapping, stream_arn="arn:s", invoke=take, dead_letter=give_up, stopping=threading.Event())
        assert way.deliver("shard-1", records, lambda _: None)
    operations.client.cache_clear()
    assert watch.is_over("StreamDelayAlarm", max(ages))
    assert not any(scan.get("counted") for scan in items_of(event.event_id, "scan"))
    wait_until(lambda: watch.is_over("StreamDeadLetterAlarm", watch.depth(cloud, "StreamDeadLetterAlarm")))

    assert "0 kept" in redrive(cloud, "stream")
    assert not watch.is_over("StreamDeadLetterAlarm", watch.depth(cloud, "StreamDeadLetterAlarm"))
    assert s3.list_objects_v2(Bucket=_LETTERS).get("Contents", []) == []
    ages.clear()
    later = stream.read()
    for record in later:
        record["dynamodb"]["ApproximateCreationDateTime"] = clock.now().timestamp()
    assert take({"Records": later}) == {"batchItemFailures": []}
    assert not watch.is_over("StreamDelayAlarm", max(ages))
    assert_log_and_totals_are_true(event.event_id)


def test_a_mail_that_cannot_be_sent_is_a_dead_letter_and_is_sent_once_when_its_cause_is_mended(
    cloud: Cloud, lines: LogLines
) -> None:
    """A poison message, by a sender that SES has not verified. Runbook: dead-letters.md."""
    body = {"message_id": "msg_fault", "channel": "email", "to": "a@example.com", "subject": "s", "body": "Hello"}
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="gatehouse-messages")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    cloud.client("ses").delete_identity(Identity=config().mail_from)
    outbox = Outbox(None).attach()
    try:
        fail_until_given_up(cloud, "messages", app.messages, alarm="MessagesDeadLetterAlarm")
        failed = [line for line in lines.all() if line["message"] == "message failed"]
        assert len(failed) == _RECEIPTS
        assert all("msg_fault" in call["about"] for call in lines.of_calls() if call["failed"])
        assert outbox.messages() == []

        resources.allow_mail(cloud, config().mail_from)
        assert "messages: 1 moved back" in redrive(cloud, "messages")
        assert not watch.is_over("MessagesDeadLetterAlarm", watch.depth(cloud, "MessagesDeadLetterAlarm"))
        assert deliver(cloud, "messages", app.messages) == (1, 0)
        assert [sent["body"].strip() for sent in outbox.messages()] == ["Hello"]
    finally:
        outbox.detach()


def test_a_refund_while_the_provider_is_down_is_given_up_redriven_and_paid_back_once(
    cloud: Cloud, stream: StreamReader, lines: LogLines
) -> None:
    """The sandbox provider keeps its records in the table, so it is down with it. Runbooks: settlement-given-up.md,
    provider-down.md.
    """
    resources.allow_mail(cloud, config().mail_from)
    category = purchases.make_show()[1]
    stream.skip()
    customer, _, payment_id = unrecordable(category)
    for _ in range(unsettled.MOST_FAULTS):
        payers.confirm(customer, payment_id)
    assert watch.is_over("SettlementGivenUpAlarm", watch.counted("SettlementGivenUpAlarm", lines.all(), log="ApiLog"))
    stream.drain()  # publishes the refund that is due; the template's rule routes it to the queue
    wait_until(lambda: queue_depth(cloud, "payments") == 1)

    def down(batch: dict[str, Any], context: Any) -> Any:
        operations.client.cache_clear()
        with wire(retries=False) as wired:
            wired.choose = lambda: Fault.DROPPED
            answer = app.payments(batch, context)
        operations.client.cache_clear()
        return answer

    fail_until_given_up(cloud, "payments", down, alarm="PaymentsDeadLetterAlarm")
    assert payers.stored(payment_id).status == "refund_due"

    assert "payments: 1 moved back" in redrive(cloud, "payments")
    assert not watch.is_over("PaymentsDeadLetterAlarm", watch.depth(cloud, "PaymentsDeadLetterAlarm"))
    assert deliver(cloud, "payments", app.payments) == (1, 0)
    assert payers.stored(payment_id).status == "refunded"
    stream.drain()
    payers.assert_money_and_tickets_are_true()


def queue_depth(cloud: Cloud, name: str) -> int:
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=f"gatehouse-{name}")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"])


@pytest.mark.usefixtures("cloud")
def test_a_throttled_table_refuses_with_503_and_is_seen_and_each_scan_is_decided_once_afterwards(
    stream: StreamReader, lines: LogLines
) -> None:
    """DynamoDB refuses a write in the same way where an index is throttled. Runbook: table-throttles.md."""
    night = make_event()
    token = usher_token(night)
    bodies = [
        {"scan_id": scenarios.scan_id(), "ticket_id": scenarios.issue(night.event_id).ticket_id} for _ in range(12)
    ]
    throttled = itertools.count(1)
    counted = 0

    def throttle() -> Fault:
        nonlocal counted
        counted = next(throttled)
        return Fault.THROTTLED

    operations.client.cache_clear()
    # At once: the SDK waits between its tries.
    with wire(retries=True) as wired, ThreadPoolExecutor(len(bodies)) as gates:
        wired.choose = throttle
        answers = list(gates.map(lambda body: call("POST", "/api/usher/scan/result/", body, token=token), bodies))
    operations.client.cache_clear()
    assert {answer.status for answer in answers} == {503}
    rows = evaluation.run(saved.load()["unavailable"].text, _as_read(lines))
    assert sum(int(row["refused"]) for row in rows) == len(bodies)
    # The SDK's own retries are requests too: CloudWatch counts each that DynamoDB refused.
    assert watch.is_over("TableThrottlesAlarm", counted)
    assert items_of(night.event_id, "scan") == []

    again = [call("POST", "/api/usher/scan/result/", body, token=token).json["result"] for body in bodies]
    assert again == ["valid"] * len(bodies)
    stream.drain()
    assert_log_and_totals_are_true(night.event_id)


@pytest.mark.usefixtures("cloud")
def test_a_container_whose_clock_is_behind_shows_in_the_reasons_of_scans_and_admits_once_when_it_is_right(
    stream: StreamReader, lines: LogLines
) -> None:
    """No alarm is on a clock: AWS keeps those of Lambda. Runbooks: double-admission.md, gate-cut-off.md for devices."""
    night = make_event()
    token = usher_token(night)
    ticket = scenarios.issue(night.event_id)

    def scan(scan_id: str) -> Any:
        body = {"scan_id": scan_id, "ticket_id": ticket.ticket_id}
        return call("POST", "/api/usher/scan/result/", body, token=token).json

    early, later = scenarios.scan_id(), scenarios.scan_id()
    with clock.driven_by(lambda: datetime.now(UTC) - timedelta(days=30)):
        refused = scan(early)
        assert refused["result"] != "valid"
    seen = evaluation.run(saved.load()["scans"].text, _as_read(lines))
    assert [(row["result"], row["reason"], row["scans"]) for row in seen] == [
        (refused["result"], refused["reason"], "1")
    ]

    assert scan(later)["result"] == "valid"
    assert scan(early) == refused, "a scan has one answer"
    assert scan(later)["result"] == "valid"
    stream.drain()
    assert sorted(each["result"] for each in items_of(night.event_id, "scan")) == sorted([refused["result"], "valid"])
    assert_log_and_totals_are_true(night.event_id)


def _as_read(lines: LogLines) -> list[dict[str, Any]]:
    return [{**line, "@timestamp": datetime.now(UTC), "@message": json.dumps(line)} for line in lines.all()]
