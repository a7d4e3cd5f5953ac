"""From a fact on the alerts queue to a sent mail, through both queues' handlers."""

import json
from typing import Any

import pytest
from botocore.session import get_session
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

import app
from chalicelib.config import config

pytestmark = pytest.mark.usefixtures("moto_cloud")


def taken_from(queue: str) -> dict[str, Any]:
    """Receive the messages of a queue, in the form that SQS passes to a function."""
    sqs: Any = get_session().create_client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return {"Records": [{"messageId": one["MessageId"], "body": one["Body"], "receiptHandle": "r"} for one in found]}


def put(*facts: Any) -> dict[str, Any]:
    """Send facts to the alerts queue and process them as a batch."""
    sqs: Any = get_session().create_client("sqs")
    url = sqs.get_queue_url(QueueName=config().alerts_queue_name)["QueueUrl"]
    for fact in facts:
        sqs.send_message(QueueUrl=url, MessageBody=fact if isinstance(fact, str) else json.dumps(fact))
    return taken_from(config().alerts_queue_name)


def fact(detail_type: str, **detail: str | None) -> dict[str, Any]:
    return {"source": "gatehouse", "detail-type": detail_type, "detail": {"fact_id": "f1", **detail}}


def mails() -> list[Any]:
    return list(ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages)


def test_a_fact_on_the_queue_ends_as_a_mail_in_the_staffs_mailbox() -> None:
    revoked = fact("device.revoked", device_id="dev_1", event_id="evt_1", gate="Gate 1")
    assert app.alerts(put(revoked), None) == {"batchItemFailures": []}
    assert mails() == []
    assert app.messages(taken_from(config().messages_queue_name), None) == {"batchItemFailures": []}
    (mail,) = mails()
    assert mail.source == config().mail_from
    assert mail.destinations["ToAddresses"] == [config().alerts_mail_to]
    assert mail.subject == "[Gatehouse] A reader was revoked"
    assert "dev_1" in mail.body


def test_what_is_missing_in_a_fact_shows_as_unknown() -> None:
    app.alerts(put(fact("device.silent", device_id="dev_1", gate=None)), None)
    app.messages(taken_from(config().messages_queue_name), None)
    (mail,) = mails()
    assert "Reader dev_1 of event ?, ?, has not been heard of since ?." in mail.body


def test_of_a_batch_of_facts_only_those_that_nobody_knows_come_again() -> None:
    batch = put(fact("device.revoked"), fact("device.exploded"), "not JSON", fact("ticket.admitted"), {"detail": {}})
    by_id = {record["messageId"]: record["body"] for record in batch["Records"]}
    failed = [by_id[one["itemIdentifier"]] for one in app.alerts(batch, None)["batchItemFailures"]]
    assert sorted(failed) == sorted(body for body in by_id.values() if "device.revoked" not in body)
    assert len(taken_from(config().messages_queue_name)["Records"]) == 1
