"""A past event of the demo organizer, with sales, a refund, guests, and a payout in progress."""

from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.clients.messages import Channel
from chalicelib.domain.background.changes import Change
from chalicelib.domain.customer_notices import notices
from chalicelib.domain.customer_notices.wording import Kind
from chalicelib.domain.events import categories, events
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.ledger import account_totals
from chalicelib.domain.payments import payments, refunds
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.payouts import settlements
from chalicelib.domain.sale import orders, sales_totals
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets import refund_requests
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, Item, Order, SentMessage, Venue
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.payments import PaymentMethod
from infra.local.demo import demo_prices

# On which day before the evening, and how many tickets of which category.
_SALES = ((5, demo.STALLS, 4), (3, demo.BALCONY, 2), (1, demo.STALLS, 3))


def load(organizer: Account, customer: Account, *, now: datetime) -> None:
    """Create a past event with sales; idempotent.

    It sets the clock of the whole process, so nothing else may run meanwhile. Once its books are closed, the event is
    left as it is: a former release may have sold it in another way.
    """
    if operations.get(keys.money.settlement(demo.PAST_EVENT_ID)) is not None:
        return
    begins_at = now - timedelta(days=2)
    event = events.create(
        events.EventDraft(
            event_id=demo.PAST_EVENT_ID,
            organizer_id=organizer.account_id,
            organizer_name=organizer.name,
            title=demo.PAST_EVENT_TITLE,
            description=demo.PAST_EVENT_DESCRIPTION,
            category=demo.PAST_EVENT_CATEGORY,
            starts_at=begins_at,
            ends_at=begins_at + timedelta(hours=4),
            refunds_until=begins_at,
            timezone=demo.TIMEZONE,
            venue=Venue(name=demo.EVENT_VENUE.name, city=demo.EVENT_VENUE.city),
            gates=list(demo.GATES),
        )
    )
    for place, tier in enumerate((demo.STALLS, demo.BALCONY)):
        categories.add(
            demo.PAST_EVENT_ID,
            categories.CategoryDraft(
                category_id=demo.category_id(demo.PAST_EVENT_ID, tier),
                name=tier.name,
                price=demo_prices.minor(tier.price),
                capacity=tier.capacity,
                position=place,
            ),
        )
    bought = [_sell(event, customer, number) for number in range(len(_SALES))]
    given_back = _give_back(event, bought[0])
    tickets = [line["ticket_id"] for order in bought for line in order.tickets if line["ticket_id"] != given_back]
    for number, ticket_id in enumerate(tickets):
        with clock.set_to(event.starts_at + timedelta(minutes=17 * number)):
            reading = Reading(f"scn_demo_over_{number}", ticket_id=ticket_id, gate=demo.GATES[number % len(demo.GATES)])
            checkin.scan(Caller(id="ush_demo", event_id=demo.PAST_EVENT_ID, name=demo.USHER_NAME), reading)
    # The stream would do both later.
    _count(event, bought, given_back)
    _notify(bought, given_back)
    with clock.set_to(event.ends_at + timedelta(hours=12)):
        settlements.close(demo.PAST_EVENT_ID, by="demo")


def _sell(event: Event, customer: Account, number: int) -> Order:
    days_before, tier, quantity = _SALES[number]
    with clock.set_to(event.starts_at - timedelta(days=days_before)):
        categories.forget()
        order = orders.book(
            customer,
            event_id=demo.PAST_EVENT_ID,
            wants=[RequestedTickets(demo.category_id(demo.PAST_EVENT_ID, tier), quantity)],
            operation_id=f"demo_over_book_{number}",
        )
        paid = payments.start(
            customer.account_id,
            order_id=order.order_id,
            terms=PaymentTerms(PaymentMethod.CARD, token="tok_ok"),  # noqa: S106  # the sandbox's, no secret
            operation_id=f"demo_over_pay_{number}",
        )
        payments.confirm(customer.account_id, paid.payment_id)
    return orders.get(order.order_id)


def _give_back(event: Event, order: Order) -> str:
    """Refund the first ticket of an order; return its id."""
    ticket_id = str(order.tickets[0]["ticket_id"])
    with clock.set_to(event.starts_at - timedelta(hours=5)):
        asked = refund_requests.ask(order.customer_id, ticket_id, reason="Ill", operation_id="demo_over_refund")
        refunds.approve(ticket_id, asked.refund_id, by="demo")
    return ticket_id


def _count(event: Event, bought: list[Order], given_back: str) -> None:
    """Update the totals, as the stream does."""
    asked = operations.query(keys.tickets.ticket(given_back).pk, Begins(keys.tickets.refund_request(given_back).sk))
    requests = [Item.from_raw_data(raw) for raw in asked]
    names = [f"jrn_charge_{order.payment_id}" for order in bought]
    names += [f"jrn_refund_{raw['refund_id']['S']}" for raw in asked]
    journals = operations.get_many([keys.money.journal(name) for name in names]).values()
    orders_now = operations.get_many([keys.sale.order(order.order_id) for order in bought]).values()
    changes = [Change(position="", before=None, after=item) for item in [*orders_now, *requests, *journals, event]]
    sales_totals.follow(changes)
    account_totals.follow(changes)


def _notify(bought: list[Order], given_back: str) -> None:
    """Store that the customer's notices were sent at their time, so that none is sent now."""
    place = keys.tickets.refund_request(given_back)
    refunds_of = [str(raw["refund_id"]["S"]) for raw in operations.query(place.pk, Begins(place.sk))]
    sent = [(Kind.BOUGHT, order.order_id) for order in bought] + [(Kind.REFUNDED, one) for one in refunds_of]
    for kind, fact_id in sent:
        for channel in Channel:
            message = keys.access.sent_message(notices.message_id(kind, fact_id, channel))
            with suppress(operations.ConditionFailed):  # by an earlier load
                operations.record(
                    operations.put(SentMessage(*message, sent_at=clock.now()), SentMessage.pk.does_not_exist())
                )
