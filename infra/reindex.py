"""The keys in indexes that items lack which were stored before a question was declared: without them it misses them.

The stream writes no key of an index, so `make relist` does, beside the entries of lists. Both are set on writing today:
an order's customer, and the event of a paid one (`chalicelib/domain/sale/orders.py`).
"""

from collections.abc import Iterable

from pynamodb.expressions.update import Action

from chalicelib.table import keys, operations
from chalicelib.table.families import kind_of
from chalicelib.table.items import Item, Order
from chalicelib.table.operations import ConditionFailed
from chalicelib.vocabulary.payments import OrderStatus

KINDS = frozenset({kind_of(Order)})


def write(items: Iterable[Item]) -> int:
    """Set what is missing; return on how many items. It may run while the platform does."""
    return sum(_indexed(item) for item in items if isinstance(item, Order))


def _indexed(order: Order) -> bool:
    actions: list[Action] = []
    condition = Order.status == order.status  # in a new status, it was written with its keys
    if order.gsi1pk is None:
        actions += Order.in_gsi1(keys.sale.customer_orders(order.customer_id, order.order_id))
    if order.status == OrderStatus.PAID and order.gsi2pk is None:
        actions += Order.in_gsi2(keys.sale.event_orders(order.event_id, order.order_id))
        condition &= Order.gsi2pk.does_not_exist()
    if not actions:
        return False
    try:
        operations.record(operations.change(order.place, actions, condition))
    except ConditionFailed:
        return False
    return True
