"""The door of the alerts queue: facts that staff is told of."""

import json
from typing import Any

from chalicelib.domain import alerts
from chalicelib.vocabulary import Fact
from chalicelib.workers import Failures, each_message


def handle(batch: dict[str, Any]) -> Failures:
    """Turn each fact, in its EventBridge envelope, into a mail."""
    return each_message(batch, _take)


def _take(body: str) -> None:
    envelope = json.loads(body)
    alerts.mail(Fact(envelope["detail-type"]), envelope["detail"])
