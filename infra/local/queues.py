"""Queues, delivered to their functions as Lambda's event source mapping does.

A batch is received and passed to the function. Messages that it handled are deleted. Failed ones stay, and are received
again after their visibility timeout, until the queue's redrive policy moves them to the dead letters.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.invocation import REGION

_log = logging.getLogger("gatehouse.local")
# Short, for a quick end; the engine answers at once when a message arrives.
_WAIT_SECONDS = 1
_MOST_MESSAGES = 10


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """How a queue is mapped to its function."""

    function_name: str
    queue_url: str
    queue_arn: str
    batch_size: int = _MOST_MESSAGES


class QueuePump:
    """Delivers the messages of one queue to its function."""

    def __init__(self, mapping: QueueMapping, *, client: Any, invoke: Callable[[dict[str, Any]], Any]) -> None:
        """`client` speaks SQS; `invoke` calls the function with an event."""
        self._mapping = mapping
        self._client = client
        self._invoke = invoke
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{mapping.function_name}-queue", daemon=True)

    def start(self) -> None:
        """Start to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the current batch and end."""
        self._stopping.set()
        self._thread.join(_WAIT_SECONDS + 5.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                messages = self._receive()
                if messages:
                    self._delete(self._handled(messages))
            except (BotoCoreError, ClientError) as error:
                if self._stopping.is_set():
                    return
                _log.warning("queue of %s cannot be reached now: %s", self._mapping.function_name, error)
                self._stopping.wait(1.0)

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._client.receive_message(
            QueueUrl=self._mapping.queue_url,
            MaxNumberOfMessages=min(self._mapping.batch_size, _MOST_MESSAGES),
            WaitTimeSeconds=_WAIT_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def _handled(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Call the function; return the messages that it handled."""
        records = [sqs_record(message, self._mapping.queue_arn) for message in messages]
        try:
            answer = self._invoke({"Records": records})
        except Exception:  # noqa: BLE001  # any error: the whole batch is delivered again
            _log.exception("%s raised; its messages are delivered again", self._mapping.function_name)
            return []
        failed = {str((f or {}).get("itemIdentifier")) for f in (answer or {}).get("batchItemFailures") or []}
        if not failed <= {message["MessageId"] for message in messages}:
            # A name that is not in the batch fails it as a whole (AWS: "Handling errors for an SQS event source").
            return []
        return [message for message in messages if message["MessageId"] not in failed]

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        if messages:
            self._client.delete_message_batch(
                QueueUrl=self._mapping.queue_url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                    for place, message in enumerate(messages)
                ],
            )


def sqs_record(message: Mapping[str, Any], queue_arn: str) -> dict[str, Any]:
    """Return a received message as Lambda passes it in its event."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {key[0].lower() + key[1:]: part for key, part in value.items()}
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }
