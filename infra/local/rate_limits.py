"""The rate limits of a local run, which are cleared on request (contract/local.md)."""

from typing import Any

from chalicelib.config import config
from chalicelib.domain.access import request_rates
from chalicelib.table.items import Throttle

_BATCH = 25


class RateLimits:
    """The counters of tries in the table of a local run."""

    def __init__(self, client: Any) -> None:
        """`client` speaks DynamoDB, unwatched by the meter, so that the usage of the app is not changed."""
        self._client = client

    def clear(self) -> None:
        """Delete all counters, also those of an earlier run on the same data.

        This reads the whole table, as only a tool on this machine may. No index has all counters: no route needs them.
        """
        table = config().table_name
        kind: Any = Throttle.kind
        pages = self._client.get_paginator("scan").paginate(
            TableName=table,
            ConsistentRead=True,
            ProjectionExpression="#pk, #sk",
            FilterExpression="#kind = :kind",
            ExpressionAttributeNames={"#pk": "pk", "#sk": "sk", "#kind": "kind"},
            ExpressionAttributeValues={":kind": {"S": kind.serialize(Throttle)}},
        )
        request_rates.forget()
        found = [key for page in pages for key in page["Items"]]
        for start in range(0, len(found), _BATCH):
            left = [{"DeleteRequest": {"Key": key}} for key in found[start : start + _BATCH]]
            while left:
                answer = self._client.batch_write_item(RequestItems={table: left})
                left = answer["UnprocessedItems"].get(table, [])
