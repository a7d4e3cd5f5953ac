"""An event with many sales of every kind, stored as they would be: for the tests and the bench of settlements."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib import clock
from chalicelib.domain import money
from chalicelib.domain.background.changes import Change
from chalicelib.domain.events import categories
from chalicelib.domain.ledger import account_names, account_totals, journals, postings
from chalicelib.domain.ledger.journals import Movement
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.payouts import event_lines
from chalicelib.domain.sale import sales_totals
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, Item, Journal, Order, RefundRequest, Stock
from chalicelib.vocabulary.payments import OrderStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus
from tests.support.purchases import make_show

_BATCH = 100
# Of a hundred orders: given back in part or in full, taken back by a bank, paid too late.
_REFUNDED, _DISPUTED, _LATE = 12, 3, 2
_PRICES = (150_000, 233_333, 99_999)


@dataclass
class MixedSales:
    """What was sold, by a tally that does not look at the books."""

    event: Event
    offered: Sequence[Category]
    gross: int = 0
    refunds: int = 0
    platform_fee: int = 0
    stock: Counter[str] = field(default_factory=Counter)
    returned: Counter[str] = field(default_factory=Counter)

    @property
    def net(self) -> int:
        return self.gross - self.refunds - self.platform_fee


def make(organizer: Account, *, orders: int, seed: int) -> MixedSales:
    """Sell many orders of an event, refund some, and project them."""
    event, first = make_show(organizer_id=organizer.account_id, price=_PRICES[0])
    more = [
        categories.add(event.event_id, categories.CategoryDraft(name=f"Box {price}", price=price, capacity=500))
        for price in _PRICES[1:]
    ]
    sales = MixedSales(event, [first, *more])
    _store(_items(sales, orders, random.Random(seed)))  # noqa: S311  # a test's sales
    _set_stock(sales)
    return sales


def add_late(sales: MixedSales, *, count: int, seed: int) -> int:
    """Book charge-backs after the books were closed, and return their sum."""
    draw = random.Random(seed)  # noqa: S311  # a test's sales
    amounts = [draw.randint(100, 90_000) for _ in range(count)]
    _store(iter([_dispute(sales.event, new_id("pay"), new_id("ord"), amount) for amount in amounts]))
    return sum(amounts)


def _items(sales: MixedSales, count: int, draw: random.Random) -> Iterator[Item]:
    for _ in range(count):
        yield from _order(sales, draw)


def _order(sales: MixedSales, draw: random.Random) -> Iterator[Item]:
    event = sales.event
    category = draw.choice(list(sales.offered))
    quantity, price, fate = draw.randint(1, 4), int(category.price), draw.randrange(100)
    total = quantity * price
    order_id, payment_id = new_id("ord"), new_id("pay")
    named = {"payment_id": payment_id, "order_id": order_id, "event_id": event.event_id}
    source = account_names.clearing("sandbox")
    if fate < _LATE:
        due = [Posting(source, -total), Posting(account_names.REFUNDS_DUE, total)]
        yield _journal(f"jrn_charge_{payment_id}", "charge", due, named)
        return
    fee = postings.fee_of(total)
    sales.gross += total
    sales.platform_fee += fee
    sales.stock[category.category_id] += quantity
    yield _paid(event, category, order_id, payment_id, quantity=quantity, fee=fee)
    sold = postings.sale_entries(source, event_id=event.event_id, amount=total)
    yield _journal(f"jrn_charge_{payment_id}", "charge", sold, named)
    if fate < _LATE + _DISPUTED:
        amount = draw.randint(1, total)
        sales.refunds += amount
        yield _dispute(event, payment_id, order_id, amount)
    elif fate < _LATE + _DISPUTED + _REFUNDED:
        amount = price if draw.random() < 0.5 else draw.randint(1, price)
        back = money.portion(fee, part=amount, whole=total)
        sales.refunds += amount
        sales.platform_fee -= back
        sales.returned[category.category_id] += 1
        yield from _refund(event, category, named, amount=amount, fee=back)


def _paid(event: Event, category: Category, order_id: str, payment_id: str, *, quantity: int, fee: int) -> Order:
    now = clock.now()
    return Order(
        *keys.sale.order(order_id),
        order_id=order_id,
        customer_id="cus_mixed",
        event_id=event.event_id,
        organizer_id=event.organizer_id,
        status=OrderStatus.PAID,
        items=[{"category_id": category.category_id, "quantity": quantity, "price": int(category.price)}],
        tickets=[],
        total=quantity * int(category.price),
        fee=fee,
        currency=category.currency,
        payment_id=payment_id,
        created_at=now,
        expires_at=now,
        closed_at=now,
    )


def _refund(event: Event, category: Category, named: dict[str, str], *, amount: int, fee: int) -> Iterator[Item]:
    refund_id, ticket_id, now = new_id("rfd"), new_id("tkt"), clock.now()
    yield RefundRequest(
        *keys.tickets.refund_request(ticket_id, refund_id),
        refund_id=refund_id,
        ticket_id=ticket_id,
        customer_id="cus_mixed",
        event_id=event.event_id,
        status=RefundRequestStatus.REFUNDED,
        reason="Ill",
        amount=amount,
        fee=fee,
        currency=category.currency,
        category_id=category.category_id,
        created_at=now,
        decided_at=now,
    )
    back = postings.refund_entries(account_names.REFUNDS_DUE, event_id=event.event_id, amount=amount, fee=fee)
    yield _journal(f"jrn_refund_{refund_id}", "refund", back, {**named, "refund_id": refund_id})


def _dispute(event: Event, payment_id: str, order_id: str, amount: int) -> Journal:
    taken = [
        Posting(account_names.clearing("sandbox"), amount),
        Posting(account_names.chargebacks(event.event_id), -amount),
    ]
    named = {"payment_id": payment_id, "order_id": order_id, "event_id": event.event_id}
    return _journal(f"jrn_moved_{payment_id}_1", "moved", taken, named)


def _journal(journal_id: str, kind: str, entries: Sequence[Posting], named: dict[str, str]) -> Journal:
    posted = journals.post(
        Movement(journal_id, type=kind, currency="PKR", entries=entries, references=named),
    )
    made: Any = posted[0].arguments["Item"]
    return Journal.from_raw_data(made)


def _store(items: Iterator[Item]) -> None:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) >= _BATCH:
            _project(batch)
            batch = []
    _project(batch)


def _project(batch: Sequence[Item]) -> None:
    """Store items and project them as the stream does."""
    operations.put_many(batch)
    changes = [Change(position=str(place), before=None, after=item) for place, item in enumerate(batch)]
    for follow in (account_totals.follow, sales_totals.follow, event_lines.follow):
        follow(changes)


def _set_stock(sales: MixedSales) -> None:
    for category_id, sold in sales.stock.items():
        back = sales.returned[category_id]
        counted = [Stock.sold.set(sold - back), Stock.returned.set(back)]
        operations.record(operations.change(keys.events.stock(sales.event.event_id, category_id, 0), counted))
