"""Keys of the platform's running totals, and of the newest acts of staff."""

from chalicelib.table.items.platform import PlatformCounts, PlatformSales, RecentAct
from chalicelib.table.places import Place, joined
from chalicelib.table.ranges import Between

# Every sale and every admission moves the same few totals: transactions on one item would wait for one another.
TOTAL_SHARDS = 8
# A partition takes 1,000 writes a second (AWS), and a report reads all of them.
TOTAL_PARTITIONS = 2
# In text order, so that one range has the days up to today and the present numbers.
DAY, NOW, MONTH, WEEK = "DAY", "EVER", "MONTH", "WEEK"
# Of categories: one range has the months up to this one, and the sums.
SUM = "SUM"


def counts(period: str, name: str, shard: int) -> Place[PlatformCounts]:
    """Question 121; `name` is the day, week or month, empty for the present numbers."""
    return Place(PlatformCounts, _totals(shard), joined(period, name, "COUNTS", str(shard)))


def sales(period: str, name: str, currency: str, shard: int) -> Place[PlatformSales]:
    """Question 121."""
    return Place(PlatformSales, _totals(shard), joined(period, name, "SALES", currency, str(shard)))


def category_sales(period: str, name: str, category: str, currency: str, shard: int) -> Place[PlatformSales]:
    """Question 122; without a currency the number of its events."""
    partition = joined("PLATFORM_CATEGORIES", str(shard % TOTAL_PARTITIONS))
    return Place(PlatformSales, partition, joined(period, name, category, currency, str(shard)))


def _totals(shard: int) -> str:
    """Question 121: the partition of a shard."""
    return joined("PLATFORM", str(shard % TOTAL_PARTITIONS))


def all_totals() -> list[str]:
    """Question 121: the partitions of all totals."""
    return [_totals(number) for number in range(TOTAL_PARTITIONS)]


def all_categories() -> list[str]:
    """Question 122: the partitions of all categories."""
    return [joined("PLATFORM_CATEGORIES", str(number)) for number in range(TOTAL_PARTITIONS)]


def since(period: str, name: str, *, until: str) -> Between:
    """Questions 121, 122: the range from the first of some periods to all of the kind `until`."""
    return Between(joined(period, name), joined(until, "~"))


def recent_act(entry_id: str) -> Place[RecentAct]:
    """Question 123."""
    return Place(RecentAct, "RECENT_ACTS", entry_id)


def period_of(sk: str) -> str:
    """Question 121: the name of a total's day, week or month, empty for the present numbers and sums."""
    return sk.split("#", 2)[1]
