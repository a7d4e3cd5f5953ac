"""Orders: reserved, then paid or expired. An order reserves all its tickets or none, and never more than the stock.

Each step is one transaction of order, stock and tickets, conditional on the order's current status. The order records
how many tickets it took from which stock shard. So exactly these are sold or released, once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.events import categories, stock
from chalicelib.domain.events.categories import Offer
from chalicelib.domain.events.stock import Portions
from chalicelib.domain.ledger import postings
from chalicelib.domain.sale import allowances, order_cards, order_tickets, rules
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets import seats
from chalicelib.domain.tickets.tickets import Holder
from chalicelib.errors import InvalidState, NotFound, Refusal, SoldOut, Unavailable
from chalicelib.identifiers import id_of_operation, new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Category, Dependent, Order, Seats
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payments import OrderStatus

# How long a reservation holds its stock (contract, "Booking").
HELD = timedelta(minutes=10)
# An attempt fails only if another purchase took from the same shards.
_ATTEMPTS = 10
# Positions in a booking's transaction: the customer's seats, and the first stock write.
_SEATS_AT, _STOCK_AT = 1, 2


class SaleTerms(Struct, frozen=True):
    """How an order is paid: the provider of its payment, and the event's own fee if it has one."""

    paid_by: str | None = None
    fee_basis_points: int | None = None


USUAL_TERMS = SaleTerms()


def book(
    customer: Account,
    *,
    event_id: str,
    wants: Sequence[RequestedTickets],
    card_uid: str | None = None,
    operation_id: str,
    held: Seats | None = None,
) -> Order:
    """Reserve all requested tickets for ten minutes, or none; idempotent per `operation_id`.

    `card_uid` is the customer's own active card to bind the tickets to, which must have room for all of them. The
    default is the customer's own card, and for a dependent's ticket the dependent's, as far as each has room. `held`
    are the customer's seats, if read.
    Raises NotFound (event, card, dependent), ValidationFailed, InvalidState (not on sale; card not active), Conflict
    (the card is full; the customer's own reservations and seats), RateLimited (one of them ran out), SoldOut,
    Unavailable (every attempt lost to purchases from the same shards).
    """
    order_id = id_of_operation("ord", operation_id)
    try:
        offer = categories.offer(event_id)
        draft = _draft(customer, offer, wants, card_uid=card_uid, order_id=order_id)
        return _reserve(draft, offer, held=held or seats.of(customer.account_id))
    except Refusal:
        # A retry: this operation may have succeeded before, and the event may have changed since.
        done = operations.get(keys.sale.order(order_id))
        if done is None:
            raise
        return done


def get(order_id: str) -> Order:
    """Return an order. Raises NotFound."""
    order = operations.get(keys.sale.order(order_id))
    # The key leaves out a part of the id.
    if order is None or order.order_id != order_id:
        raise NotFound("There is no such booking.")
    return order


def own(customer_id: str, order_id: str) -> Order:
    """Return a customer's order. Raises NotFound, also for another customer's order."""
    order = get(order_id)
    if order.customer_id != customer_id:
        raise NotFound("There is no such booking.")
    return order


def shown_status(order: Order) -> OrderStatus:
    """Return an order's status as its customer sees it: an overdue reservation is expired, even before its sweep."""
    if order.status == OrderStatus.RESERVED and order.expires_at <= clock.now():
        return OrderStatus.EXPIRED
    return order.status


def fulfil(order: Order, *, payment_id: str, at: datetime, terms: SaleTerms = USUAL_TERMS) -> list[Write]:
    """Return the writes that pay a reserved order, the order's own first; also after its deadline, until it is expired.

    Their conditions require a reserved order and cards unchanged since the read; on failure, load and decide again.
    """
    opened = order_cards.opening(order)
    return [
        _close(order, OrderStatus.RESERVED, OrderStatus.PAID, at=at, payment_id=payment_id, terms=terms),
        *stock.sell(order.event_id, _taken(order)),
        *order_tickets.make_valid(order, opened=opened, at=at),
        *order_cards.adding(order.event_id, opened),
    ]


def revive(order: Order, *, payment_id: str, at: datetime, terms: SaleTerms = USUAL_TERMS) -> list[Write]:
    """Return the writes that pay an expired order from the stock left now, the order's own first.

    Their conditions require an expired order, and stock, cards and seats unchanged since the read. On failure, load and
    decide again. Raises SoldOut (too little stock left), Unavailable.
    """
    places = {item["category_id"]: keys.events.category(order.event_id, item["category_id"]) for item in order.items}
    found = operations.get_many(places.values())
    if len(found) < len(places):
        raise SoldOut("What was booked is not sold any more.")
    taken = {
        item["category_id"]: stock.where_left(found[places[item["category_id"]]], item["quantity"])
        for item in order.items
    }
    order.items = _with_shards(order, taken)
    opened = order_cards.opening(order)
    return [
        _close(order, OrderStatus.EXPIRED, OrderStatus.PAID, at=at, payment_id=payment_id, terms=terms),
        *stock.sell_free(order.event_id, taken),
        *order_tickets.put(order_tickets.issued(order, opened=opened, at=at)),
        *order_cards.adding(order.event_id, opened),
        seats.late(order.customer_id, order.order_id, allowances.counts(order)),
    ]


def expire(order_id: str) -> bool:
    """Release the stock and tickets of an overdue unpaid order; idempotent. Returns whether this call did it.

    Raises Unavailable.
    """
    order = operations.get(keys.sale.order(order_id))
    now = clock.now()
    if order is None or order.status != OrderStatus.RESERVED or now < order.expires_at:
        return False
    try:
        operations.commit(*_release(order, OrderStatus.EXPIRED, at=now))
    except operations.ConditionFailed as failure:
        if 0 not in failure.failures:
            raise
        return False  # another process paid or expired it after the read
    logger.info("order expired", extra={"order_id": order_id, "event_id": order.event_id})
    return True


def give_back(customer_id: str, order_id: str) -> bool:
    """Release the stock and tickets of a customer's reservation at once; one that is over already changes nothing.

    A reservation after its time has run out, so it expires. Returns whether it was given back, also earlier. Raises
    NotFound, InvalidState (paid), Unavailable.
    """
    for _ in retries.attempts():
        order = own(customer_id, order_id)
        if order.status == OrderStatus.PAID:
            raise InvalidState("This booking is paid. Ask for a refund of its tickets.")
        if order.status != OrderStatus.RESERVED:
            return order.status == OrderStatus.CANCELLED
        now = clock.now()
        if now >= order.expires_at:
            expire(order_id)
            continue
        try:
            operations.commit(*_release(order, OrderStatus.CANCELLED, at=now))
        except operations.ConditionFailed as failure:
            if 0 not in failure.failures:
                raise
            continue  # it was paid, or ran out, after the read
        logger.info("order given back", extra={"order_id": order_id, "event_id": order.event_id})
        return True
    raise Unavailable(retry_after=1)


def _draft(
    customer: Account, offer: Offer, wanted: Sequence[RequestedTickets], *, card_uid: str | None, order_id: str
) -> Order:
    """Return the order to be reserved, with randomly chosen stock shards."""
    now = clock.now()
    event_id = offer.event.event_id
    rules.require_on_sale(offer.event, at=now)
    sold = rules.require_sellable(offer, wanted, at=now)
    dependents = _own_dependents(customer, wanted)
    tickets = _ticket_lines(order_id, customer, sold)
    card = order_cards.usual(customer.account_id, card_uid, event_id, len(tickets))
    of_dependents = order_cards.carried(customer.account_id, dependents) if card_uid is None else {}
    expires_at = now + HELD
    due = keys.jobs.due(expires_at, order_id)
    return Order(
        *keys.sale.order(order_id),
        gsi1=keys.sale.customer_orders(customer.account_id, order_id),
        gsi2=due,
        order_id=order_id,
        customer_id=customer.account_id,
        event_id=event_id,
        organizer_id=offer.event.organizer_id,
        status=OrderStatus.RESERVED,
        items=[_item(category, want.quantity) for category, want in sold],
        tickets=order_cards.booked(event_id, tickets, card, of_dependents),
        total=sum(category.price * want.quantity for category, want in sold),
        currency=sold[0][0].currency,
        card_uid=card.uid if card else None,
        card_id=card.card_id if card else None,
        created_at=now,
        expires_at=expires_at,
    )


def _ticket_lines(
    order_id: str, customer: Account, sold: Sequence[tuple[Category, RequestedTickets]]
) -> list[order_tickets.Line]:
    """Return one line per ticket of an order; tickets without a named holder are for the customer."""
    holders = [
        (category, holder)
        for category, want in sold
        for holder in [*want.holders, *[Holder(name=customer.name)] * (want.quantity - len(want.holders))]
    ]
    return [
        {
            "ticket_id": new_id("tkt"),
            "number": f"{order_id[-8:]}-{place}",
            "category_id": category.category_id,
            "holder_name": holder.name,
            "dependent_id": holder.dependent_id,
        }
        for place, (category, holder) in enumerate(holders, start=1)
    ]


def _item(category: Category, quantity: int) -> order_tickets.Line:
    """Return an order's item for one category, with randomly chosen stock shards."""
    return {
        "category_id": category.category_id,
        "name": category.name,
        "tier": category.tier,
        "quantity": quantity,
        "price": category.price,
        "shards": stock.anywhere(category, quantity),
    }


def _reserve(order: Order, offer: Offer, *, held: Seats) -> Order:
    """Store a draft with its stock; if a shard is short, retry with the shards that have stock left."""
    taken = _taken(order)
    quantities = {item["category_id"]: item["quantity"] for item in order.items}
    before = allowances.read(held)
    try:
        for name, quantity in quantities.items():
            stock.require_no_shortage(offer.categories[name], quantity)
    except SoldOut as sold_out:
        allowances.admit(order, offer, before)  # the customer's own limits are refused first
        raise allowances.explained(sold_out, order, offer, before) from sold_out
    for _ in retries.attempts(_ATTEMPTS):
        order.items = _with_shards(order, taken)
        try:
            operations.commit(
                operations.put(order, Order.pk.does_not_exist()),
                seats.put(allowances.admit(order, offer, before)),
                *stock.reserve(order.event_id, taken),
                *order_tickets.put(order_tickets.reserved(order)),
            )
        except operations.ConditionFailed as failure:
            done = failure.found(Order)
            if done is not None:
                return done
            whose = stock.positions(taken)
            short = {whose[place - _STOCK_AT] for place in failure.failures if 0 <= place - _STOCK_AT < len(whose)}
            if _SEATS_AT in failure.failures:
                before = allowances.read(failure.found(Seats, _SEATS_AT) or seats.none(order.customer_id))
            elif not short:
                raise
            try:
                taken |= {name: stock.where_left(offer.categories[name], quantities[name]) for name in short}
            except SoldOut as sold_out:
                raise allowances.explained(sold_out, order, offer, before) from sold_out
            continue
        ids = {"order_id": order.order_id, "event_id": order.event_id, "customer_id": order.customer_id}
        logger.info("order reserved", extra={**ids, "tickets": len(order.tickets)})
        return order
    raise Unavailable("Many are buying these tickets at this moment. Try again.", retry_after=1)


def _close(
    order: Order,
    before: OrderStatus,
    after: OrderStatus,
    *,
    at: datetime,
    payment_id: str | None = None,
    terms: SaleTerms = USUAL_TERMS,
) -> Write:
    """Return the write that moves an order to another status and removes it from the sweep's due items."""
    actions: list[Action] = [
        Order.status.set(after),
        Order.closed_at.set(at),
        Order.items.set(order.items),
    ]
    if payment_id is None:
        actions += Order.not_due()
    else:
        fee = postings.fee_of(order.total, terms.fee_basis_points)
        place = keys.sale.event_orders(order.event_id, order.order_id)
        actions += [Order.payment_id.set(payment_id), Order.fee.set(fee), *Order.in_gsi2(place)]
        actions += [Order.paid_by.set(terms.paid_by)] if terms.paid_by else []
    return operations.change(keys.sale.order(order.order_id), actions, Order.status == before)


def _release(order: Order, after: OrderStatus, *, at: datetime) -> list[Write]:
    """Return the writes that end a reservation unpaid, the order's own first."""
    return [
        _close(order, OrderStatus.RESERVED, after, at=at),
        *stock.give_back(order.event_id, _taken(order)),
        *order_tickets.remove(order),
    ]


def _taken(order: Order) -> dict[str, Portions]:
    return {
        item["category_id"]: {int(shard): int(count) for shard, count in item["shards"].items()} for item in order.items
    }


def _with_shards(order: Order, taken: dict[str, Portions]) -> list[order_tickets.Line]:
    """Return an order's items with the counts taken per shard; the keys are text, as in JSON."""
    return [
        {**item, "shards": {str(shard): count for shard, count in taken[item["category_id"]].items()}}
        for item in order.items
    ]


def _own_dependents(customer: Account, wanted: Sequence[RequestedTickets]) -> list[Dependent]:
    """Return the dependents among the holders; one batch read for all. Raises NotFound for one of somebody else."""
    named = {holder.dependent_id for want in wanted for holder in want.holders if holder.dependent_id}
    places = [keys.customers.dependent(customer.account_id, dependent_id) for dependent_id in sorted(named)]
    found = operations.get_many(places)
    if len(found) < len(named):
        raise NotFound("You have no such dependent.")
    return list(found.values())
