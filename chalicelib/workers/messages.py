"""Worker of the messages queue: email and SMS."""

import json
from typing import Any

from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.workers import Failures, each_message


def handle(batch: dict[str, Any]) -> Failures:
    """Send each message."""
    return each_message(batch, _take)


def _take(body: str) -> None:
    fields = json.loads(body)
    messages.send(Message(**{**fields, "channel": Channel(fields["channel"])}))
