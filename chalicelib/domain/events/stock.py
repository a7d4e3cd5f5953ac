"""The stock of a category, in shards: in each, free + reserved + sold = capacity (D-SALE-01).

An order takes its tickets from one random shard, so the start of a sale has no hot key. Only if that shard is short
are all shards read, and as many used as needed. Each move is part of the transaction of its order.
"""

import random
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from pynamodb.expressions.condition import Condition

from chalicelib.domain.events import shortages
from chalicelib.errors import InvalidState, SoldOut
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, Stock
from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.operations import Write
from chalicelib.table.places import Place

# A shard is one partition, which takes 500 transactional writes a second; AWS: "TransactGetItems" reads 100 items.
MAX_SHARDS = 64
_SHARDS_BY_DEFAULT = 16
_TICKETS_PER_SHARD = 50

# No ticket of a shard was ever sold.
_UNSOLD: Condition = (Stock.sold == 0) & (Stock.returned == 0)

# The tickets taken of one category, by shard.
Portions = dict[int, int]
# The same for every category of an order.
Taken = Mapping[str, Portions]


class StockCounts(Struct, frozen=True):
    """The tickets of a category, by state."""

    free: int
    reserved: int
    sold: int
    capacity: int
    # Sold and then returned, so free again.
    returned: int = 0


def shard_count(capacity: int) -> int:
    """Return the number of shards for a category of this capacity."""
    return max(1, min(capacity // _TICKETS_PER_SHARD, _SHARDS_BY_DEFAULT))


def lay_in(category: Category) -> list[Write]:
    """Return the writes that create the stock of a new category, all of it free."""
    share, rest = divmod(category.capacity, category.shards)
    writes = []
    for shard in range(category.shards):
        part = share + (shard < rest)
        item = Stock(
            *keys.events.stock(category.event_id, category.category_id, shard),
            event_id=category.event_id,
            category_id=category.category_id,
            shard=shard,
            capacity=part,
            free=part,
        )
        writes.append(operations.put(item, Stock.pk.does_not_exist()))
    return writes


def resize(category: Category, by: int, *, while_unsold: bool = False) -> list[Write]:
    """Return the writes that add `by` free tickets to the stock, or remove free ones where it is negative.

    With `while_unsold` they fail where a ticket was ever sold. Raises InvalidState, with both numbers,
    if too few are free.
    """
    shards = category.shards
    shortages.forget(category.category_id)
    if by >= 0:
        share, rest = divmod(by, shards)
        parts = {shard: share + (shard < rest) for shard in range(shards)}
    else:
        shards_now = operations.get_many(_places(category)).values()
        taken = _spread(shards_now, -by)
        if taken is None:
            raise _too_small(category, category.capacity + by, free=sum(shard.free for shard in shards_now))
        parts = {shard: -part for shard, part in taken.items()}
    writes = []
    for shard in range(shards):
        place, part = keys.events.stock(category.event_id, category.category_id, shard), parts.get(shard, 0)
        if part:
            enough: Condition = Stock.free >= max(0, -part)
            condition = enough & _UNSOLD if while_unsold else enough
            writes.append(operations.change(place, [Stock.capacity.add(part), Stock.free.add(part)], condition))
        elif while_unsold:
            writes.append(operations.check(place, _UNSOLD))
    return writes


def removing(category: Category) -> list[Write]:
    """Return the writes that delete the stock of a category; they fail where a ticket was ever sold or is reserved."""
    return [operations.remove(place, _UNSOLD & (Stock.reserved == 0)) for place in _places(category)]


def _too_small(category: Category, capacity: int, *, free: int) -> InvalidState:
    gone = category.capacity - free
    return InvalidState(
        f"{category.name}: a capacity of {capacity} is under the {gone} tickets that are sold or reserved.",
        extra={"present": {"category_id": category.category_id, "capacity": category.capacity, "sold": gone}},
    )


def counts(event_id: str, categories: Iterable[Category], *, consistent: bool = False) -> dict[str, StockCounts]:
    """Return the stock of these categories of an event, by id; one batch read.

    The shards are not read at one time, so tickets that move during a sale may be counted twice.
    """
    places = {place: category.category_id for category in categories for place in _places(category)}
    found = operations.get_many(places, consistent=consistent)
    return _sums(event_id, places.values(), found.values())


def anywhere(category: Category, quantity: int) -> Portions:
    """Return all tickets from one random shard, for the case of ample stock."""
    return {random.randrange(category.shards): quantity}  # noqa: S311 # nosec B311  # spreads the load, keeps no secret


def where_left(category: Category, quantity: int) -> Portions:
    """Return the tickets from one shard if possible, else from several, for the case that some shards are short.

    Raises SoldOut only if a consistent snapshot of the whole category has too few left. `require_no_shortage` repeats
    that for a second.
    """
    portions = _spread(operations.get_many(_places(category)).values(), quantity)
    if portions is None:
        shards = operations.snapshot(_places(category)).values()
        portions = _spread(shards, quantity)
        if portions is None:
            left = sum(shard.free for shard in shards)
            shortages.remember(category.category_id, left)
            raise sold_out([(category, left)])
    return portions


def require_no_shortage(category: Category, quantity: int) -> None:
    """Raise SoldOut if this container found fewer tickets than that within the last second; no request."""
    left = shortages.left_of(category.category_id)
    if left is not None and left < quantity:
        raise sold_out([(category, left)])


def sold_out(short: Sequence[tuple[Category, int]]) -> SoldOut:
    """Return the error that names the categories with too few tickets, and what is left of each."""
    problems = [f"{category.name}: {left} left" if left else f"{category.name} is sold out" for category, left in short]
    details = [{"field": category.category_id, "message": f"{left} left"} for category, left in short]
    return SoldOut(f"Not enough tickets are left. {'; '.join(problems)}.", details=details)


def reserve(event_id: str, taken: Taken) -> list[Write]:
    """Return the writes that reserve free tickets for an order, one for each shard, in the order of `positions`."""
    return _moves(event_id, taken, Stock.free, Stock.reserved)


def sell(event_id: str, taken: Taken) -> list[Write]:
    """Return the writes that turn reserved tickets into sold ones."""
    return _moves(event_id, taken, Stock.reserved, Stock.sold)


def give_back(event_id: str, taken: Taken) -> list[Write]:
    """Return the writes that free reserved tickets."""
    shortages.forget(*taken)
    return _moves(event_id, taken, Stock.reserved, Stock.free)


def sell_free(event_id: str, taken: Taken) -> list[Write]:
    """Return the writes that sell free tickets without a reservation."""
    return _moves(event_id, taken, Stock.free, Stock.sold)


def take_back(event_id: str, taken: Taken) -> list[Write]:
    """Return the writes that free sold tickets, counted as returned."""
    shortages.forget(*taken)
    return _moves(event_id, taken, Stock.sold, Stock.free, counted=Stock.returned)


def put_back(event_id: str, taken: Taken) -> list[Write]:
    """Return the writes that free sold tickets whose sale now counts in another category."""
    shortages.forget(*taken)
    return _moves(event_id, taken, Stock.sold, Stock.free)


def positions(taken: Taken) -> list[str]:
    """Return the category id of each write of a move, in order."""
    return [category_id for category_id, portions in taken.items() for _ in portions]


def _places(category: Category) -> list[Place[Stock]]:
    return [keys.events.stock(category.event_id, category.category_id, shard) for shard in range(category.shards)]


def _sums(event_id: str, category_ids: Iterable[str], shards: Iterable[Stock]) -> dict[str, StockCounts]:
    sums = {category_id: [0, 0, 0, 0, 0] for category_id in category_ids}
    for shard in shards:
        if shard.event_id == event_id:
            parts = (shard.free, shard.reserved, shard.sold, shard.capacity, shard.returned)
            sums[shard.category_id] = [
                total + int(part) for total, part in zip(sums[shard.category_id], parts, strict=True)
            ]
    return {category_id: StockCounts(*parts) for category_id, parts in sums.items()}


def _spread(shards: Iterable[Stock], quantity: int) -> Portions | None:
    """Return one shard that has enough, else several that have it together, else None; random among equals."""
    shuffled = [(shard.shard, shard.free) for shard in shards if shard.free > 0]
    random.shuffle(shuffled)
    for shard, free in shuffled:
        if free >= quantity:
            return {shard: quantity}
    portions: Portions = {}
    for shard, free in shuffled:
        portions[shard] = min(free, quantity - sum(portions.values()))
        if sum(portions.values()) == quantity:
            return portions
    return None


def _moves(
    event_id: str,
    taken: Taken,
    source: IntegerAttribute[int],
    target: IntegerAttribute[int],
    *,
    counted: IntegerAttribute[int] | None = None,
) -> list[Write]:
    more = [counted] if counted is not None else []
    return [
        operations.change(
            keys.events.stock(event_id, category_id, shard),
            [source.add(-quantity), *(attribute.add(quantity) for attribute in [target, *more])],
            source >= quantity,
        )
        for category_id, portions in taken.items()
        for shard, quantity in portions.items()
    ]
