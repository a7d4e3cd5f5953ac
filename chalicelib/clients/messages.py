"""Email and SMS: enqueued by the domain, sent by the queue's worker."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.errors import Unavailable


class Channel(StrEnum):
    """The channels of a message."""

    EMAIL = "email"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address; logs show its `message_id`, never its address or text.

    A decoy is not sent: it is there so that a request without anybody to write to takes as long.
    """

    message_id: str
    channel: Channel
    to: str
    body: str
    subject: str | None = None
    decoy: bool = False
    # A code expires soon; everything else may wait.
    is_code: bool = False
    # When it was first held back, RFC 3339.
    waits_since: str | None = None


@lru_cache(maxsize=4)
def _queue_url(name: str) -> str:
    url: str = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return url


def forget() -> None:
    """Drop what a container keeps: the queue's address."""
    _queue_url.cache_clear()


def enqueue(message: Message, *, delay_seconds: int = 0) -> None:
    """Enqueue a message; it is sent at least once, after a delay of at most 15 minutes. Raises Unavailable."""
    delay = {"DelaySeconds": delay_seconds} if delay_seconds else {}
    try:
        client("sqs").send_message(
            QueueUrl=_queue_url(config().messages_queue_name), MessageBody=json.dumps(asdict(message)), **delay
        )
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(retry_after=1) from error


def send(message: Message) -> None:
    """Send a message now, by SES or SNS; raises botocore's ClientError if the service refuses it."""
    if message.decoy:
        return
    if message.channel is Channel.EMAIL:
        client("ses").send_email(
            Source=config().mail_from,
            Destination={"ToAddresses": [message.to]},
            Message={
                "Subject": {"Data": message.subject or "Gatehouse", "Charset": "UTF-8"},
                "Body": {"Text": {"Data": message.body, "Charset": "UTF-8"}},
            },
        )
    else:
        client("sns").publish(PhoneNumber=message.to, Message=message.body)
