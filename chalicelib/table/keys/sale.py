"""Keys of orders and sales totals."""

from chalicelib.table.items.sale import Order, SalesTotals
from chalicelib.table.places import Key, Place, joined

# The characters of a ULID that are not its time (ULID specification: 80 bits in Crockford's base 32).
_RANDOM_PART = 16
# The first second of a sale brings thousands of orders of one event.
EVENT_ORDER_SHARDS = 8


def order(order_id: str) -> Place[Order]:
    """Question 27; the key leaves out the time in the id, so all tries of one operation have one key (D-SEC-50)."""
    return Place(Order, joined("ORDER", order_id[-_RANDOM_PART:]), "ORDER")


def customer_orders(customer_id: str, order_id: str = "") -> Key:
    """Question 180."""
    return Key(joined("CUSTOMER_ORDERS", customer_id), order_id)


def event_orders(event_id: str, order_id: str) -> Key:
    """Question 130: a paid order in the list of its event."""
    return Key(joined("EVENT_ORDERS", event_id, str(ord(order_id[-1]) % EVENT_ORDER_SHARDS)), order_id)


def event_order_partitions(event_id: str) -> list[str]:
    """Question 130: all partitions of an event's paid orders."""
    return [joined("EVENT_ORDERS", event_id, str(shard)) for shard in range(EVENT_ORDER_SHARDS)]


def sales_totals(event_id: str, what: str = "", name: str | None = None) -> Place[SalesTotals]:
    """Question 57: one bucket; `what` is SALES, CATEGORY or WAY or, without a name, TOTALS."""
    return Place(SalesTotals, joined("ANALYTICS", event_id), joined(what, *([name] if name is not None else [])))
