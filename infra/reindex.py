"""What items lack by which questions find them that were declared after they were stored.

The stream writes these with the items alone, so `make relist` does, beside the entries of lists. All are set on writing
today: an order's customer, the event of a paid one (`chalicelib/domain/sale/orders.py`), and the copy of a flagged
record for its campus (`chalicelib/domain/campus/analytics/recent_attendance.py`).
"""

from collections.abc import Iterable
from contextlib import suppress

from pynamodb.expressions.update import Action

from chalicelib.domain.campus.analytics import recent_attendance
from chalicelib.table import keys, operations
from chalicelib.table.families import kind_of
from chalicelib.table.items import FlaggedAttendance, Item, Order
from chalicelib.table.operations import ConditionFailed
from chalicelib.vocabulary.payments import OrderStatus

KINDS = frozenset(map(kind_of, (Order, FlaggedAttendance)))


def write(items: Iterable[Item]) -> int:
    """Set what is missing; return on how many items. It may run while the platform does."""
    return sum(
        _indexed(item) if isinstance(item, Order) else _copied(item)
        for item in items
        if isinstance(item, Order | FlaggedAttendance)
    )


def _copied(stored: FlaggedAttendance) -> bool:
    """Write the copies of a flagged record that are not there."""
    record = operations.get(keys.attendance.record(stored.attendance_id))
    event = operations.get(keys.campus_events.event(stored.event_id))
    copies = recent_attendance.flagged(record, event) if record and event else []
    lacking = [copy for copy in copies if operations.get(copy.place) is None]
    for copy in lacking:
        with suppress(ConditionFailed):  # the stream has written it
            operations.record(operations.put(copy, FlaggedAttendance.pk.does_not_exist()))
    return bool(lacking)


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
