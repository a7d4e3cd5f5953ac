"""Worker of the alerts queue: facts that people are notified of."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from chalicelib.domain.campus import background as campus
from chalicelib.domain.customer_notices import background as customer_notices
from chalicelib.domain.gate import alerts
from chalicelib.domain.merchants import stock_notices
from chalicelib.domain.organizers import background as organizers
from chalicelib.vocabulary.messages import Fact
from chalicelib.workers import Failures, each_message

# The facts that go to others than the staff.
TAKERS: dict[Fact, Callable[[dict[str, Any]], None]] = {
    Fact.SHOP_STOCK_LOW: stock_notices.send,
    **customer_notices.FACT_TAKERS,
    **campus.FACT_TAKERS,
    **organizers.FACT_TAKERS,
}


def handle(batch: dict[str, Any]) -> Failures:
    """Turn each fact, in its EventBridge envelope, into messages."""
    return each_message(batch, _take)


def _take(body: str) -> None:
    envelope = json.loads(body)
    fact = Fact(envelope["detail-type"])
    TAKERS.get(fact, partial(alerts.mail, fact))(envelope["detail"])
