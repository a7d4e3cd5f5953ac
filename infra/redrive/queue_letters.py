"""Dead letters of the queues, moved back to their queue: receive, send, delete.

AWS's own move task only takes letters that SQS itself moved. A rule of the bus sends others, and the local engine has
no such task. A run that is killed between send and delete moves a letter twice, which the workers ignore.
"""

import time
from typing import Any, NamedTuple

_BATCH = 10
# Exceeds the time that a batch needs. A letter that is left is visible again after it.
_HIDDEN_SECONDS = 60
_WAIT_SECONDS = 1


class DeadLetterQueue(NamedTuple):
    """A queue's name in the template, its URL, and the URL of its dead letters."""

    name: str
    url: str
    dead_letters_url: str


def count(sqs: Any, queue: DeadLetterQueue) -> int:
    """Return about how many letters a queue has, with those that a run holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=queue.dead_letters_url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def move(sqs: Any, queue: DeadLetterQueue, *, limit: int) -> int:
    """Move the letters that there are now, at most `limit`; return how many.

    A letter that fails again meanwhile comes back with a later time. It is left, so that a run ends.
    """
    began_ms = time.time() * 1000
    moved = 0
    while moved < limit:
        found = sqs.receive_message(
            QueueUrl=queue.dead_letters_url,
            MaxNumberOfMessages=min(_BATCH, limit - moved),
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        due = [letter for letter in found if float(letter.get("Attributes", {}).get("SentTimestamp", 0)) <= began_ms]
        for letter in due:
            attributes = {"MessageAttributes": letter["MessageAttributes"]} if "MessageAttributes" in letter else {}
            sqs.send_message(QueueUrl=queue.url, MessageBody=letter["Body"], **attributes)
            sqs.delete_message(QueueUrl=queue.dead_letters_url, ReceiptHandle=letter["ReceiptHandle"])
            moved += 1
        if not due:
            break
    return moved
