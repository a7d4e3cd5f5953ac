"""Worker of the messages queue: email and SMS."""

from typing import Any

from chalicelib.clients.messages import read
from chalicelib.domain.access import deliveries
from chalicelib.workers import Failures, each_message


def handle(batch: dict[str, Any]) -> Failures:
    """Send each message once, within the caps of SMS."""
    return each_message(batch, _take)


def _take(body: str) -> None:
    deliveries.deliver(read(body))
