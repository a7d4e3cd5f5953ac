"""The tickets of an order: reserved with it, and made valid and bound to a card when it is paid."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.domain.tickets import states
from chalicelib.identifiers import uid_of_card_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Category, Order, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payments import OrderStatus
from chalicelib.vocabulary.tickets import TicketStatus

Line = dict[str, Any]


def reserved(order: Order) -> list[Ticket]:
    """Return the tickets of a reserved order: listed for their customer, but not indexed for the gate."""
    return [_ticket(order, line, card_uid=_booked_card(order, line)) for line in order.tickets]


def of(order: Order) -> list[Ticket]:
    """Return an order's tickets; those of an unpaid order are built from its reservation."""
    if order.status != OrderStatus.PAID:
        return reserved(order)
    places = [keys.tickets.ticket(line["ticket_id"]) for line in order.tickets]
    found = operations.get_many(places)
    return [found[place] for place in places if place in found]


def issued(order: Order, *, opened: Mapping[str, Card], at: datetime) -> list[Ticket]:
    """Return new valid tickets of an order that is paid at `at`; `opened` are the cards by ticket id."""
    tickets = []
    for line in order.tickets:
        ticket = _ticket(order, line, card_uid=_card_of(line, opened))
        ticket.put_in_gsi1(keys.gate.attendee(order.event_id, ticket.holder_name, ticket.ticket_id))
        ticket.status, ticket.issued_at, ticket.reserved_until = TicketStatus.VALID, at, None
        tickets.append(ticket)
    return tickets


def put(tickets: Sequence[Ticket]) -> list[Write]:
    """Return the writes that store new tickets; they fail if a ticket exists."""
    return [operations.put(ticket, Ticket.pk.does_not_exist()) for ticket in tickets]


def make_valid(order: Order, *, opened: Mapping[str, Card], at: datetime) -> list[Write]:
    """Return the writes that make an order's reserved tickets valid and index them for the gate."""
    writes = []
    for line in order.tickets:
        place = keys.gate.attendee(order.event_id, line["holder_name"], line["ticket_id"])
        card_uid = _card_of(line, opened)
        actions: list[Action] = [
            *states.becoming(TicketStatus.VALID),
            Ticket.issued_at.set(at),
            Ticket.reserved_until.remove(),
            *Ticket.in_gsi1(place),
            Ticket.card_uid.set(card_uid) if card_uid else Ticket.card_uid.remove(),
        ]
        unpaid = (Ticket.status == TicketStatus.RESERVED) & (Ticket.order_id == order.order_id)
        writes.append(operations.change(keys.tickets.ticket(line["ticket_id"]), actions, unpaid))
    return writes


def remove(order: Order) -> list[Write]:
    """Return the writes that delete an order's reserved tickets; the condition on the order guards them."""
    return [operations.remove(keys.tickets.ticket(line["ticket_id"])) for line in order.tickets]


def shard_of(order: Order, ticket_id: str) -> int:
    """Return the stock shard that a ticket was taken from; an order assigns its shards in ticket order."""
    ticket = next(line for line in order.tickets if line["ticket_id"] == ticket_id)
    if "shard" in ticket:
        return int(ticket["shard"])
    item = next(item for item in order.items if item["category_id"] == ticket["category_id"])
    alike = [line["ticket_id"] for line in order.tickets if line["category_id"] == ticket["category_id"]]
    drawn = [int(shard) for shard, count in item["shards"].items() for _ in range(int(count))]
    return drawn[alike.index(ticket_id)]


def recategorized(order: Order, ticket_id: str, category: Category, *, shard: int) -> tuple[list[Line], list[Line]]:
    """Return an order's items and tickets with one ticket in another category, from this shard of its stock.

    From then on each ticket names its shard, since the order of the tickets no longer tells it.
    """
    tickets = [{**line, "shard": shard_of(order, line["ticket_id"])} for line in order.tickets]
    moved = next(line for line in tickets if line["ticket_id"] == ticket_id)
    items = {item["category_id"]: {**item, "shards": dict(item["shards"])} for item in order.items}
    source = items[moved["category_id"]]
    _take(source, str(moved["shard"]), -1)
    if not source["quantity"]:
        del items[moved["category_id"]]
    named = {"category_id": category.category_id, "name": category.name, "tier": category.tier}
    unsold: Line = {**named, "quantity": 0, "price": category.price, "shards": {}}
    _take(items.setdefault(category.category_id, unsold), str(shard), +1)
    moved |= {"category_id": category.category_id, "shard": shard}
    return list(items.values()), tickets


def own_uid(line: Line) -> str | None:
    """Return the UID of a dependent's own card for their ticket."""
    return uid_of_card_id(line["card_id"]) if line.get("card_id") else None


def _take(item: Line, shard: str, count: int) -> None:
    item["quantity"] = int(item["quantity"]) + count
    left = int(item["shards"].get(shard, 0)) + count
    item["shards"] = (
        {**item["shards"], shard: left} if left else {k: n for k, n in item["shards"].items() if k != shard}
    )


def _booked_card(order: Order, line: Line) -> str | None:
    return own_uid(line) or order.card_uid if line["on_card"] else None


def _card_of(line: Line, opened: Mapping[str, Card]) -> str | None:
    card = opened.get(line["ticket_id"])
    return card.uid if card is not None else None


def _ticket(order: Order, line: Line, *, card_uid: str | None) -> Ticket:
    sold = next(item for item in order.items if item["category_id"] == line["category_id"])
    index_key = keys.tickets.customer_tickets(order.customer_id, line["ticket_id"])
    return Ticket(
        *keys.tickets.ticket(line["ticket_id"]),
        gsi2=index_key,
        ticket_id=line["ticket_id"],
        event_id=order.event_id,
        number=line["number"],
        tier=sold["tier"],
        category_id=line["category_id"],
        customer_id=order.customer_id,
        dependent_id=line["dependent_id"],
        holder_name=line["holder_name"],
        status=TicketStatus.RESERVED,
        reserved_until=order.expires_at,
        card_uid=card_uid,
        issued_at=order.created_at,
        order_id=order.order_id,
        price=sold["price"],
        currency=order.currency,
    )
