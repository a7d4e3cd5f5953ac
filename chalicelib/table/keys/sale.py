"""Keys of orders and sales totals."""

from chalicelib.table.items.sale import Order, SalesTotals
from chalicelib.table.places import Key, Place, joined

# The characters of a ULID that are not its time (ULID specification: 80 bits in Crockford's base 32).
_RANDOM_PART = 16


def order(order_id: str) -> Place[Order]:
    """Question 27; the key leaves out the time in the id, so all tries of one operation have one key (D-SEC-50)."""
    return Place(Order, joined("ORDER", order_id[-_RANDOM_PART:]), "ORDER")


def customer_orders(customer_id: str, order_id: str = "") -> Key:
    """Question 180."""
    return Key(joined("CUSTOMER_ORDERS", customer_id), order_id)


def sales_totals(event_id: str, what: str = "", name: str | None = None) -> Place[SalesTotals]:
    """Question 57: one bucket; `what` is SALES or CATEGORY or, without a name, TOTALS."""
    return Place(SalesTotals, joined("ANALYTICS", event_id), joined(what, *([name] if name is not None else [])))
