"""A customer's statistics, read at constant cost from running totals, a projection of the table's stream.

Each order stores what the totals include of it: its payment, and the amount refunded. The transaction that changes the
totals writes both, so repeated, partial or reordered stream records count once.
"""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain import timezones
from chalicelib.domain.background.changes import Change, Wanted, every, follows
from chalicelib.domain.customers import visits
from chalicelib.domain.money import Money
from chalicelib.errors import Unavailable
from chalicelib.identifiers import uid_of_card_id
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import CustomerTotals, Order, Payment, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payments import OrderStatus

_ORDERS_PER_TRANSACTION = 50
_FAVORITE_CATEGORIES = 5
# A customer has one active card, and few lost or replaced ones.
_CARDS_AT_MOST = 100


class SpendingMonth(Struct, frozen=True):
    """Purchases of one month, such as `2026-11`."""

    month: str
    tickets: int
    spent: Money


class CustomerAnalytics(Struct, frozen=True):
    """A customer's own statistics. Favourite categories are sorted by number of tickets, most first."""

    events_attended: int
    tickets_bought: int
    total_spent: Money
    favorite_categories: list[str]
    upcoming_events: int
    card_balance: Money
    by_month: list[SpendingMonth]


def analytics(customer_id: str) -> CustomerAnalytics:
    """Return a customer's statistics: amounts in the platform's currency, months in the events' time zones."""
    totals = operations.get(keys.customers.totals(customer_id)) or CustomerTotals()
    currency = config().currency
    by_tickets = sorted(totals.by_category.items(), key=lambda entry: (-entry[1], entry[0]))
    return CustomerAnalytics(
        events_attended=totals.events_attended,
        tickets_bought=totals.tickets_bought,
        total_spent=Money(totals.spent, currency),
        favorite_categories=[name for name, _ in by_tickets[:_FAVORITE_CATEGORIES]],
        upcoming_events=visits.ahead(customer_id),
        card_balance=Money(_card_balance(customer_id, currency), currency),
        by_month=[
            SpendingMonth(month, tickets=sums["tickets"], spent=Money(sums["spent"], currency))
            for month, sums in sorted(totals.by_month.items())
        ],
    )


def _card_balance(customer_id: str, currency: str) -> int:
    raws = operations.query(keys.cards.customer_cards(customer_id).pk, index="gsi1", limit=_CARDS_AT_MOST)
    uids = [uid_of_card_id(raw["gsi1sk"]["S"]) for raw in raws]
    balances = operations.get_many([keys.money.card_balance(uid) for uid in uids if uid])
    return sum(balance.amount for balance in balances.values() if balance.currency == currency)


@follows(*every(Ticket, Payment), Wanted(Order, unless=Order.counted))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Update customers' totals and visits from these changes. Idempotent, in whole or in part."""
    visits.follow(changes)
    by_customer: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        after = change.after
        paid = isinstance(after, Order) and _is_uncounted(after)
        refunded = isinstance(after, Payment) and after.order_id and (after.refunded or after.returned is not None)
        if isinstance(after, Order | Payment) and (paid or refunded):
            by_customer[after.customer_id].add(after.order_id)
    for customer_id, order_ids in by_customer.items():
        theirs = sorted(order_ids)
        for start in range(0, len(theirs), _ORDERS_PER_TRANSACTION):
            _count(customer_id, theirs[start : start + _ORDERS_PER_TRANSACTION])
    return []


def _is_uncounted(order: Order) -> bool:
    return order.status == OrderStatus.PAID and not order.counted


def _count(customer_id: str, order_ids: Sequence[str]) -> None:
    """Add the uncounted payments and refunds of these orders to a customer's totals."""
    for _ in retries.attempts():
        known = operations.get(keys.customers.totals(customer_id)) or CustomerTotals()
        pending = _pending(order_ids)
        if not pending:
            return
        totals = _totals_changed(customer_id, known, pending)
        try:
            operations.commit(totals, *(_mark(order, refunded) for order, refunded in pending))
        except operations.ConditionFailed:
            continue  # the totals or an order changed between the read and the write
        return
    raise Unavailable(retry_after=1)


def _pending(order_ids: Sequence[str]) -> list[tuple[Order, int]]:
    """Return the orders that the totals do not fully include, each with its refunded amount."""
    orders = operations.get_many([keys.sale.order(order_id) for order_id in order_ids])
    sold = [order for order in orders.values() if order.payment_id and (order.counted or _is_uncounted(order))]
    payments = operations.get_many([keys.money.payment(order.payment_id) for order in sold])
    found = []
    for order in sold:
        payment = payments.get(keys.money.payment(order.payment_id))
        refunded = payment.given_back if payment else 0
        if not order.counted or refunded != order.refund_counted:
            found.append((order, refunded))
    return found


def _totals_changed(customer_id: str, totals: CustomerTotals, pending: Sequence[tuple[Order, int]]) -> Write:
    events = operations.get_many([keys.events.event(order.event_id) for order, _ in pending], consistent=False)
    tickets, spent = 0, 0
    by_month, by_category = dict(totals.by_month), dict(totals.by_category)
    for order, refunded in pending:
        event = events.get(keys.events.event(order.event_id))
        new_tickets = 0 if order.counted else sum(item["quantity"] for item in order.items)
        # The totals are in one currency.
        paid = 0 if order.counted else order.total
        new_spent = paid - (refunded - order.refund_counted) if order.currency == config().currency else 0
        paid_at = timezones.local(order.closed_at or clock.now(), event.timezone if event else "UTC")
        month = by_month.get(f"{paid_at:%Y-%m}", {"tickets": 0, "spent": 0})
        by_month[f"{paid_at:%Y-%m}"] = {
            "tickets": month["tickets"] + new_tickets,
            "spent": month["spent"] + new_spent,
        }
        if event is not None and event.category and new_tickets:
            by_category[event.category] = by_category.get(event.category, 0) + new_tickets
        tickets, spent = tickets + new_tickets, spent + new_spent
    version = totals.version
    return operations.change(
        keys.customers.totals(customer_id),
        [
            CustomerTotals.kind.set(CustomerTotals),
            CustomerTotals.customer_id.set(customer_id),
            CustomerTotals.tickets_bought.set(totals.tickets_bought + tickets),
            CustomerTotals.spent.set(totals.spent + spent),
            CustomerTotals.by_month.set(by_month),
            CustomerTotals.by_category.set(by_category),
            CustomerTotals.version.set(version + 1),
        ],
        CustomerTotals.version == version if version else CustomerTotals.version.does_not_exist(),
    )


def _mark(order: Order, refunded: int) -> Write:
    known = order.refund_counted
    before = Order.refund_counted == known
    as_read = before if known else before | Order.refund_counted.does_not_exist()
    if order.counted:
        as_read &= Order.counted.exists()
    else:
        as_read &= Order.counted.does_not_exist() & (Order.status == OrderStatus.PAID)
    actions = [Order.counted.set(True), Order.refund_counted.set(refunded)]
    return operations.change(keys.sale.order(order.order_id), actions, as_read)
