"""The stock of ticket categories at one moment, also while it is sold."""

from collections.abc import Iterable

from chalicelib.domain.events.stock import StockCounts
from chalicelib.table import keys, operations
from chalicelib.table.items import Category


def snapshot(event_id: str, categories: Iterable[Category]) -> dict[str, StockCounts]:
    """Return the stock of these categories, by id, in one consistent read (at most 100 shards)."""
    places = {
        keys.events.stock(event_id, category.category_id, shard): category.category_id
        for category in categories
        for shard in range(category.shards)
    }
    found = operations.snapshot(places)
    sums: dict[str, StockCounts] = {}
    for place, category_id in places.items():
        shard, before = found[place], sums.get(category_id, StockCounts(0, 0, 0, 0))
        sums[category_id] = StockCounts(
            before.free + shard.free,
            before.reserved + shard.reserved,
            before.sold + shard.sold,
            before.capacity + shard.capacity,
            before.returned + shard.returned,
        )
    return sums
