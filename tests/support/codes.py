"""The texts that wait in the messages queue, and the codes in them."""

import re
from typing import Any

from msgspec.structs import asdict

from chalicelib.clients import aws
from chalicelib.clients.messages import read
from chalicelib.config import config

_CODE = re.compile(r"Gatehouse: ([0-9]{6}|[0-9]{8}) \S.* Valid 5 min\.")


def texts() -> list[dict[str, Any]]:
    """Receive and delete every message of the queue, in the order of sending as far as the queue keeps it."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=config().messages_queue_name)["QueueUrl"]
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [asdict(read(message["Body"])) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def code_in(text: dict[str, Any]) -> str:
    """Return the code in a text."""
    found = _CODE.fullmatch(text["body"])
    assert found is not None, "this text has no code"
    return found[1]


def has_code(text: dict[str, Any]) -> bool:
    """Whether a text has a code."""
    return _CODE.fullmatch(text["body"]) is not None


def code_for(mobile_number: str) -> str:
    """Take every message off the queue and return the code in the last one to this number."""
    return code_in([text for text in texts() if text["to"] == mobile_number and has_code(text)][-1])
