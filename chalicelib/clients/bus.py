"""The event bus: facts that other parts of the platform may act on."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from chalicelib import clock
from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.errors import Unavailable
from chalicelib.vocabulary.messages import Fact

# AWS: "PutEvents" takes ten entries.
_ENTRIES = 10


class Published(Struct, frozen=True):
    """A fact, in the past tense; `fact_id` is the same each time it is published."""

    fact: Fact
    fact_id: str
    occurred_at: datetime
    ids: dict[str, Any]


def publish(facts: Sequence[Published]) -> None:
    """Publish facts at least once. Raises Unavailable if the bus refused one or did not answer."""
    for start in range(0, len(facts), _ENTRIES):
        entries = [
            {
                "Source": "gatehouse",
                "DetailType": fact.fact.value,
                "EventBusName": config().event_bus_name,
                "Time": fact.occurred_at,
                "Detail": json.dumps(
                    {"fact_id": fact.fact_id, "occurred_at": clock.to_text(fact.occurred_at), **fact.ids}
                ),
            }
            for fact in facts[start : start + _ENTRIES]
        ]
        try:
            answer = client("events").put_events(Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(retry_after=1) from error
        if answer["FailedEntryCount"]:
            raise Unavailable("The event bus refused a fact. Try again.", retry_after=1)
