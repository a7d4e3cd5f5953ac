"""Notices to customers, from the table's stream to SES, SNS and the messages queue, as moto has them."""

import json
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

import app
from chalicelib import clock
from chalicelib.clients import aws
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain.background import changes
from chalicelib.domain.customer_notices import facts
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, NoticeRun, Profile
from tests.support.streams import StreamReader, project


@dataclass(frozen=True)
class Sent:
    """A mail or an SMS that a customer received; `files` are a mail's attachments by name."""

    channel: str
    to: str
    subject: str
    body: str
    files: dict[str, bytes]


def chooses(customer: Account, *, email: str | None = None, **chosen: Any) -> Account:
    """Store how a customer is reached."""
    place = keys.customers.profile(customer.account_id)
    operations.record(
        operations.put(Profile(*place, customer_id=customer.account_id, email=email, **chosen)),
    )
    return customer


def facts_of(records: list[dict[str, Any]]) -> list[Published]:
    return facts.follow([changes.change_of(record) for record in records])


def envelopes(found: list[Published]) -> dict[str, Any]:
    """Return facts as the alerts queue passes them on."""
    bodies = [
        {"detail-type": fact.fact, "detail": {"fact_id": fact.fact_id, **json.loads(json.dumps(fact.ids))}}
        for fact in found
    ]
    return {"Records": [{"messageId": f"f{n}", "body": json.dumps(body)} for n, body in enumerate(bodies)]}


def carry(stream: StreamReader, *, times: int = 1) -> None:
    """Pass what changed through stream, alerts and messages, each so many times."""
    records = stream.read()
    for _ in range(times):
        assert project(records) == {"batchItemFailures": []}
        assert app.alerts(envelopes(facts_of(records)), None) == {"batchItemFailures": []}
    send_waiting(times=times)


def send_waiting(*, times: int = 1) -> int:
    """Send what waits in the messages queue, each message so many times; return how many there were."""
    sqs, count = aws.client("sqs"), 0
    url = sqs.get_queue_url(QueueName=config().messages_queue_name)["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        records = [{"messageId": message["MessageId"], "body": message["Body"]} for message in messages]
        for _ in range(times):
            assert app.messages({"Records": records}, None) == {"batchItemFailures": []}
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        count += len(messages)
    return count


def run(job_id: str) -> int:
    """Run a job to its end; return the number of steps."""
    for step in range(1, 1000):
        body = {"Records": [{"messageId": "j", "body": json.dumps({"job_id": job_id})}]}
        assert app.jobs(body, None) == {"batchItemFailures": []}
        job = operations.get(keys.jobs.job(job_id))
        if job is None or job.status != "open":
            return step
    raise AssertionError("this job does not end")


def due_runs(event_id: str | None = None) -> list[str]:
    """Return the ids of the notice runs, of an event or of all, that the sweep will start within two minutes."""
    found: list[str] = []
    for minute in range(3):
        moment = clock.now() + timedelta(minutes=minute)
        for partition in keys.jobs.due_partitions(moment):
            raws = operations.query(partition, index="gsi2")
            found += [raw["gsi2sk"]["S"] for raw in raws if raw["gsi2sk"]["S"].startswith("job_")]
    known = operations.get_many([keys.customers.notice_run(job_id) for job_id in found])
    runs = [run for run in known.values() if isinstance(run, NoticeRun)]
    return [run.job_id for run in runs if event_id in (None, run.event_id)]


def received(to: str | None = None) -> list[Sent]:
    """Return what SES and SNS sent, mails first, each in order."""
    mails = [_sent(mail) for mail in ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages]
    texts = sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sms_messages.values()
    every = [*mails, *(Sent("sms", number, "", body, {}) for number, body in (entry[:2] for entry in texts))]
    return [one for one in every if to in (None, one.to)]


def _sent(mail: Any) -> Sent:
    if not hasattr(mail, "raw_data"):
        return Sent("email", mail.destinations["ToAddresses"][0], mail.subject, mail.body, {})
    raw = mail.raw_data
    read = message_from_bytes(raw.encode() if isinstance(raw, str) else raw, _class=EmailMessage, policy=default)
    text = read.get_body(("plain",))
    assert text is not None
    files: dict[str, bytes] = {}
    for part in read.iter_attachments():
        content = part.get_content()
        files[str(part.get_filename())] = content.encode() if isinstance(content, str) else content
    return Sent("email", mail.destinations[0], str(read["Subject"]), text.get_content().replace("\r\n", "\n"), files)
