"""Email and SMS: enqueued by the domain, sent by the queue's worker.

A text with a one-time code is sealed while it waits: queues and dead letters show no code to those who may read them.
A mail with attachments is sent raw (MIME, RFC 2045); SES takes 10 MB at most by this API (AWS: "Service quotas in
Amazon SES").
"""

import base64
import json
import secrets as randomness
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct, to_builtins
from msgspec.structs import replace

from chalicelib.clients import data_keys
from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.errors import Unavailable
from chalicelib.legible import legible

if TYPE_CHECKING:
    from email.mime.base import MIMEBase

# The owner of the data keys, one for each sealed text; the policy of the queue's worker names it.
OWNER = "messages"
_NONCE_BYTES = 12
_SUBJECT = "Gatehouse"
# An SMS is promotional otherwise, sent at the lowest cost and not to everybody. Ours are codes and notices (AWS SNS:
# "Publishing SMS messages to a mobile phone").
_OF_SMS = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}


class Channel(StrEnum):
    """The channels of a message."""

    EMAIL = "email"
    SMS = "sms"


class Attachment(Struct, frozen=True):
    """A file of a mail; `content_type` is as in its MIME header, with parameters."""

    name: str
    content_type: str
    # In Base64, since it waits as JSON; a message of the queue has 256 KB at most (AWS: "Amazon SQS quotas").
    content: str

    @classmethod
    def of(cls, name: str, content_type: str, content: bytes) -> "Attachment":
        """Return a file as an attachment."""
        return cls(name, content_type, base64.b64encode(content).decode())


class Message(Struct, frozen=True):
    """One message to one address; logs show its `message_id`, never its address or text.

    A decoy is not sent: it is there so that a request without anybody to write to takes as long.
    """

    message_id: str
    channel: Channel
    to: str
    body: str
    subject: str | None = None
    decoy: bool = False
    # A code expires soon, and everything else may wait. It is sealed in the queue.
    is_code: bool = False
    # When it was first held back, and until when it waits at most, RFC 3339.
    waits_since: str | None = None
    waits_until: str | None = None
    # An SMS over its cap is sent to this address instead, under `subject`.
    or_mail_to: str | None = None
    attachments: tuple[Attachment, ...] = ()


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
    said = _sealed(message) if message.is_code else to_builtins(message)
    try:
        client("sqs").send_message(
            QueueUrl=_queue_url(config().messages_queue_name), MessageBody=json.dumps(said), **delay
        )
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(retry_after=1) from error


def _sealed(message: Message) -> dict[str, object]:
    key, wrapped = data_keys.generate(OWNER)
    nonce = randomness.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, message.body.encode(), message.message_id.encode())
    return {
        **to_builtins(message),
        "body": base64.b64encode(sealed).decode(),
        "key": base64.b64encode(wrapped).decode(),
    }


def read(body: str) -> Message:
    """Return the message of a queue's record, opened. Raises Unavailable."""
    said = json.loads(body)
    wrapped = said.pop("key", None)
    attachments = tuple(Attachment(**attachment) for attachment in said.pop("attachments", ()))
    message = Message(**{**said, "channel": Channel(said["channel"]), "attachments": attachments})
    if wrapped is None:
        return message
    key, sealed = data_keys.unwrap(OWNER, base64.b64decode(wrapped)), base64.b64decode(message.body)
    nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return replace(message, body=AESGCM(key).decrypt(nonce, ciphertext, message.message_id.encode()).decode())


def send(message: Message) -> None:
    """Send a message now, by SES or SNS; raises botocore's ClientError if the service refuses it."""
    if message.decoy:
        return
    if message.channel is Channel.SMS:
        client("sns").publish(PhoneNumber=message.to, Message=_body(message), MessageAttributes=_OF_SMS)
    elif message.attachments:
        client("ses").send_raw_email(
            Source=config().mail_from, Destinations=[message.to], RawMessage={"Data": _mime(message)}
        )
    else:
        client("ses").send_email(
            Source=config().mail_from,
            Destination={"ToAddresses": [message.to]},
            Message={
                "Subject": {"Data": _subject(message), "Charset": "UTF-8"},
                "Body": {"Text": {"Data": _body(message), "Charset": "UTF-8"}},
            },
        )


def _subject(message: Message) -> str:
    return legible(message.subject or _SUBJECT, isolates=True)


def _body(message: Message) -> str:
    return legible(message.body, lines=True, isolates=True)


def _mime(message: Message) -> bytes:
    """Return a mail with its attachments as bytes. Raises ValueError for an address that is none (RFC 5322)."""
    # Imported here, since it would slow the cold start of every route. The newer API of `email` loses spaces between
    # the encoded words of a subject (CPython 3.11), so that Urdu words would grow together.
    from email.header import Header
    from email.headerregistry import Address
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText
    from email.policy import compat32

    mail = MIMEMultipart()
    mail["From"] = config().mail_from
    mail["To"] = str(Address(addr_spec=message.to))
    mail["Subject"] = Header(_subject(message), "utf-8", header_name="Subject").encode()
    mail.attach(MIMEText(_body(message), "plain", "utf-8"))
    for attachment in message.attachments:
        mail.attach(_part(attachment))
    return mail.as_bytes(policy=compat32.clone(linesep="\r\n"))


def _part(attachment: Attachment) -> "MIMEBase":
    from email.encoders import encode_base64
    from email.mime.base import MIMEBase

    kind, *parameters = attachment.content_type.split("; ")
    main, _, sub = kind.partition("/")
    part = MIMEBase(main, sub)
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        part.set_param(name, value)
    part.set_payload(base64.b64decode(attachment.content))
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=legible(attachment.name))
    return part
