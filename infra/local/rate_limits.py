"""The rate limits of a local run, which are cleared on request (contract/local.md)."""

from typing import Any

from chalicelib.config import config
from chalicelib.domain.access import request_rates
from chalicelib.table.items import Item, Throttle, TicketDay

_BATCH = 25


class RateLimits:
    """The counters of tries, and of an organization's orders in a day, in the table of a local run."""

    def __init__(self, client: Any) -> None:
        """`client` speaks DynamoDB, unwatched by the meter, so that the usage of the app is not changed."""
        self._client = client

    def clear(self) -> None:
        """Clear all counters, also those of an earlier run on the same data.

        This reads the whole table, as only a tool on this machine may. No index has all counters: no route needs them.
        """
        table = config().table_name
        request_rates.forget()
        found = self._keys(Throttle)
        for start in range(0, len(found), _BATCH):
            left = [{"DeleteRequest": {"Key": key}} for key in found[start : start + _BATCH]]
            while left:
                answer = self._client.batch_write_item(RequestItems={table: left})
                left = answer["UnprocessedItems"].get(table, [])
        for key in self._keys(TicketDay):
            # The rest of the item is the day's report.
            self._client.update_item(TableName=table, Key=key, UpdateExpression="REMOVE ordered, print_runs")

    def _keys(self, item: type[Item]) -> list[Any]:
        kind: Any = item.kind
        pages = self._client.get_paginator("scan").paginate(
            TableName=config().table_name,
            ConsistentRead=True,
            ProjectionExpression="#pk, #sk",
            FilterExpression="#kind = :kind",
            ExpressionAttributeNames={"#pk": "pk", "#sk": "sk", "#kind": "kind"},
            ExpressionAttributeValues={":kind": {"S": kind.serialize(item)}},
        )
        return [key for page in pages for key in page["Items"]]
