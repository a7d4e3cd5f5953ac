"""Worker of the messages queue: email and SMS."""

from collections.abc import Mapping
from typing import Any

from chalicelib.clients.messages import read
from chalicelib.domain.access import deliveries
from chalicelib.workers import Failures, each_record, queued_at


def handle(batch: dict[str, Any]) -> Failures:
    """Send each message once, within the caps of SMS."""
    return each_record(batch, _take)


def _take(record: Mapping[str, Any]) -> None:
    deliveries.deliver(read(record["body"]), queued_at=queued_at(record))
