"""Keys of orders and sales totals."""

from chalicelib.table.items.sale import Order, SalesTotals
from chalicelib.table.places import Place, joined


def order(order_id: str) -> Place[Order]:
    """Question 27."""
    return Place(Order, joined("ORDER", order_id), "ORDER")


def sales_totals(event_id: str, what: str = "", name: str | None = None) -> Place[SalesTotals]:
    """Question 57: one bucket; `what` is SALES or CATEGORY or, without a name, TOTALS."""
    return Place(SalesTotals, joined("ANALYTICS", event_id), joined(what, *([name] if name is not None else [])))
