"""A customer's own statistics always equal a recount of all stored items."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.access import accounts
from chalicelib.domain.ledger import account_names, card_balances, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.payments import sandbox_callbacks
from chalicelib.domain.tickets import tickets
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account, Event, Order, Payment, Ticket
from chalicelib.vocabulary.cards import CardStatus, EntryType
from chalicelib.vocabulary.payments import OrderStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import Evening, ask, make_evening
from tests.support import payers, purchases, settled, taken_back
from tests.support.client import call
from tests.support.factories import at, customer_token, make_customer
from tests.support.streams import StreamReader, project
from tests.support.wire import wire

pytestmark = pytest.mark.usefixtures("moto_cloud")


def test_what_the_provider_returned_is_not_spent_and_what_a_won_dispute_brought_back_is(stream: StreamReader) -> None:
    customer, evening = make_customer(), make_evening()
    order = purchases.book(customer, evening.category, 2)
    opened = payers.process(customer, order, token="tok_ok").json  # the sandbox's, no secret
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"

    def spent() -> tuple[str, str]:
        taken_back.project_all(stream)
        shown = analytics_of(customer)
        return shown["total_spent"]["amount"], shown["by_month"][0]["spent"]["amount"]

    def returned() -> list[tuple[str, str]]:
        (entry,) = call("GET", "/api/v1/users/payment-history/", token=customer_token(customer)).json["results"]
        return [(refund["amount"]["amount"], refund["status"]) for refund in entry["refunds"]]

    assert spent() == ("3000.00", "3000.00")
    payment = payers.stored(opened["id"])
    refund = Move("re_by_hand", MoveKind.REFUND, 50_000, "PKR", (MoveWord.SUCCEEDED,))
    charge = str(payment.provider_reference)
    callback = sandbox_callbacks.moved(payment.payment_id, charge, refund, event_id="sbe_by_hand")
    assert payers.post_webhook(callback).status == 200
    by_hand = ("500.00", "succeeded")
    # As the payment's history shows it.
    assert (spent(), returned()) == (("2500.00", "2500.00"), [by_hand])
    taken_back.tell_of(payment.payment_id, 100_000, MoveWord.OPENED)
    assert (spent(), returned()) == (("2500.00", "2500.00"), [by_hand])
    taken_back.tell_of(payment.payment_id, 100_000, MoveWord.WITHDRAWN)
    assert (spent(), returned()) == (("1500.00", "1500.00"), [by_hand, ("1000.00", "pending")])
    taken_back.tell_of(payment.payment_id, 100_000, MoveWord.LOST)
    assert (spent(), returned()) == (("1500.00", "1500.00"), [by_hand, ("1000.00", "succeeded")])
    taken_back.tell_of(payment.payment_id, 100_000, MoveWord.WON, MoveWord.REINSTATED)
    assert (spent(), returned()) == (("2500.00", "2500.00"), [by_hand])


def test_refunds_that_a_dispute_made_up_for_add_up_in_the_history_as_in_the_analytics(stream: StreamReader) -> None:
    evening = make_evening()
    order = settled.buy(evening.category, 3)
    customer = accounts.get(order.customer_id)
    taken_back.tell(order, 150_000, *taken_back.LOST)
    taken_back.deliver_due(stream)
    for place in (0, 1):
        settled.give_back(order, place)
        taken_back.deliver_due(stream)
    (entry,) = call("GET", "/api/v1/users/payment-history/", token=customer_token(customer)).json["results"]
    assert [(one["amount"]["amount"], one["status"]) for one in entry["refunds"]] == [("1500.00", "succeeded")] * 2
    assert analytics_of(customer)["total_spent"]["amount"] == "1500.00"


@pytest.fixture
def stream(moto_cloud: None) -> StreamReader:  # noqa: ARG001  # the cloud comes first
    return StreamReader()


def analytics_of(customer: Account) -> dict[str, Any]:
    answer = call("GET", "/api/v1/users/analytics/", token=customer_token(customer))
    assert answer.status == 200, answer.text
    body: dict[str, Any] = answer.json
    return body


def items(kind: type[Any], name: str) -> Iterator[Any]:
    return (kind.from_raw_data(raw) for raw in payers.all_raws(name))


def money(minor: int) -> dict[str, str]:
    return {"amount": f"{minor / 100:.2f}", "currency": "PKR"}


def recounted(customer: Account) -> dict[str, Any]:
    """Count a customer's statistics from every order, payment, ticket and journal that is stored."""
    me = customer.account_id
    events: dict[str, Event] = {event.event_id: event for event in items(Event, "event")}
    payments: dict[str, Payment] = {payment.payment_id: payment for payment in items(Payment, "payment")}
    months: dict[str, Counter[str]] = defaultdict(Counter)
    categories: Counter[str] = Counter()
    orders: list[Order] = [order for order in items(Order, "order") if order.customer_id == me]
    for order in orders:
        if order.status != OrderStatus.PAID or order.closed_at is None:
            continue
        event = events[order.event_id]
        month = months[f"{order.closed_at.astimezone(ZoneInfo(event.timezone)):%Y-%m}"]
        month["tickets"] += len(order.tickets)
        month["spent"] += order.total - payments[order.payment_id].refunded
        categories[event.category] += len(order.tickets)
    held: list[Ticket] = [ticket for ticket in items(Ticket, "ticket") if ticket.customer_id == me]
    valid = {ticket.event_id for ticket in held if ticket.status == TicketStatus.VALID}
    balance = sum(
        amount
        for account, amount in payers.balances().items()
        if account in {account_names.card(uid) for uid in uids(me)}
    )
    return {
        "events_attended": len({ticket.event_id for ticket in held if ticket.admission is not None}),
        "tickets_bought": sum(month["tickets"] for month in months.values()),
        "total_spent": money(sum(month["spent"] for month in months.values())),
        "favorite_categories": sorted(categories, key=lambda name: (-categories[name], name))[:5],
        "upcoming_events": sum(events[event_id].ends_at > clock.now() for event_id in valid),
        "card_balance": money(balance),
        "by_month": [
            {"month": name, "tickets": month["tickets"], "spent": money(month["spent"])}
            for name, month in sorted(months.items())
        ],
    }


def uids(customer_id: str) -> list[str]:
    return [raw["uid"]["S"] for raw in payers.all_raws("card") if raw.get("customer_id", {}).get("S") == customer_id]


def tell_badly(stream: StreamReader) -> None:
    """Deliver the new records out of order, some twice, in batches of any size; then deliver all of them again."""
    records = stream.read()
    shuffle = random.Random(3)  # noqa: S311  # no secret
    delivered = records + shuffle.choices(records, k=len(records) // 4)
    shuffle.shuffle(delivered)
    while delivered:
        size = shuffle.randint(1, 25)
        assert project(delivered[:size]) == {"batchItemFailures": []}
        delivered = delivered[size:]
    assert project(records) == {"batchItemFailures": []}
    stream.drain()


def give(giver: Account, ticket_id: str, path: str, number: str | None) -> None:
    answer = ask(giver, "POST", f"{ticket_id}/{path}/", {"mobile_number": number})
    assert answer.status in (200, 201), answer.text


def test_who_did_nothing_yet_sees_zeros(ayesha: Account) -> None:
    assert analytics_of(ayesha) == {
        "events_attended": 0,
        "tickets_bought": 0,
        "total_spent": money(0),
        "favorite_categories": [],
        "upcoming_events": 0,
        "card_balance": money(0),
        "by_month": [],
    }
    assert call("GET", "/api/v1/users/analytics/").status == 401


@pytest.mark.by_day
def test_the_statistics_are_what_a_recount_says(
    stream: StreamReader, evening: Evening, ayesha: Account, bilal: Account
) -> None:
    theatre = make_evening(category="theatre", price=80_000, timezone="America/New_York")
    cricket = make_evening(category="sport", price=0)
    shuffle = random.Random(5)  # noqa: S311  # no secret
    paid: list[tuple[Account, Evening, Order, Payment]] = []
    for show, buyer, quantity in (
        (evening, ayesha, 3),
        (theatre, ayesha, 4),
        (evening, bilal, 2),
        (cricket, ayesha, 1),
    ):
        for days_ago in (70, 35, 0):  # three months, on every day of a month
            order = purchases.book(buyer, show.category, quantity)
            moment = clock.now() - timedelta(days=days_ago, hours=shuffle.randint(0, 23))
            paid.append((buyer, show, order, purchases.pay(order, at=moment)))
    abandoned = purchases.book(ayesha, theatre.category, 2)
    assert abandoned.status == OrderStatus.RESERVED
    bought = [(buyer, show, [line["ticket_id"] for line in order.tickets]) for buyer, show, order, _ in paid]
    sara_number = "+923007654321"
    give(ayesha, bought[0][2][0], "transfer", bilal.mobile_number)
    give(ayesha, bought[1][2][0], "gift", bilal.mobile_number)
    give(ayesha, bought[3][2][0], "gift", sara_number)
    give(bilal, bought[6][2][0], "transfer", ayesha.mobile_number)
    asked = ask(ayesha, "POST", f"{bought[4][2][0]}/refund-request/", {"reason": "ill"})
    assert asked.status == 201
    tell_badly(stream)
    for customer in (ayesha, bilal):
        assert analytics_of(customer) == recounted(customer)

    # Some tickets are refunded, others are admitted, and a card is reloaded.
    purchases.refund(paid[4][3], 80_000)
    tickets.set_status(bought[4][2][0], TicketStatus.REFUNDED)
    purchases.refund(paid[7][3])
    for show, ticket_id in ((evening, bought[0][2][1]), (evening, bought[1][2][0]), (theatre, bought[4][2][1])):
        assert show.scan(ticket_id=ticket_id)[0] == "valid"
        assert show.scan(ticket_id=ticket_id)[0] == "already_scanned"
    payers.card_with(ayesha, 120_050, uid="04C1D2E3F40001")
    payers.card_with(ayesha, 30_000, uid="04C1D2E3F40002", status=CardStatus.BLOCKED)
    payers.card_with(bilal, 7_000, uid="04C1D2E3F40003")
    tell_badly(stream)
    hers = analytics_of(ayesha)
    for customer, own in ((ayesha, hers), (bilal, analytics_of(bilal))):
        assert own == recounted(customer)
    # So that no recount of nothing agrees with nothing.
    assert (hers["tickets_bought"], hers["events_attended"], hers["upcoming_events"]) == (24, 2, 3)
    assert hers["total_spent"] == money(9 * 150_000 + 12 * 80_000 - 80_000)
    assert hers["card_balance"] == money(150_050)
    assert hers["favorite_categories"] == ["theatre", "music", "sport"]
    assert len(hers["by_month"]) >= 3


@pytest.mark.parametrize(
    ("zone", "paid_at", "month"),
    [
        ("Asia/Karachi", "2026-10-31T18:59:59Z", "2026-10"),
        ("Asia/Karachi", "2026-10-31T19:00:00Z", "2026-11"),
        ("America/New_York", "2026-11-01T03:59:59Z", "2026-10"),
        ("America/New_York", "2026-11-01T04:00:00Z", "2026-11"),
        ("Pacific/Auckland", "2026-12-31T11:00:00Z", "2027-01"),
    ],
)
def test_a_purchase_is_of_the_month_that_it_was_at_the_event(
    stream: StreamReader, ayesha: Account, zone: str, paid_at: str, month: str
) -> None:
    show = make_evening(timezone=zone)
    purchases.pay(purchases.book(ayesha, show.category), at=at(paid_at))
    stream.drain()
    assert analytics_of(ayesha)["by_month"] == [{"month": month, "tickets": 1, "spent": money(150_000)}]


def test_a_refund_is_taken_from_the_month_of_its_purchase(stream: StreamReader, ayesha: Account) -> None:
    show = make_evening()
    payment = purchases.pay(purchases.book(ayesha, show.category, 2), at=at("2026-03-10T10:00:00Z"))
    stream.drain()
    purchases.refund(payment, 150_000)
    stream.drain()
    assert analytics_of(ayesha)["by_month"] == [{"month": "2026-03", "tickets": 2, "spent": money(150_000)}]


def test_what_a_card_is_charged_and_given_shows_in_its_balance_at_once(ayesha: Account) -> None:
    uid = payers.card_with(ayesha, 50_000, uid="04C1D2E3F40001").uid
    entries = [Posting(account_names.card(uid), -20_000), Posting(account_names.clearing("desk"), 20_000)]
    writes = journals.post(
        journals.Movement(new_id("jrn"), type="adjustment", currency="PKR", entries=entries, references={}),
        balances=[card_balances.of(uid)],
        card_entry_type=EntryType.ADJUSTMENT,
    )
    operations.commit(*writes)
    assert analytics_of(ayesha)["card_balance"] == money(30_000)


def test_another_sees_nothing_of_it(stream: StreamReader, evening: Evening, ayesha: Account, bilal: Account) -> None:
    evening.sell(ayesha)
    stream.drain()
    assert analytics_of(ayesha)["tickets_bought"] == 1
    assert analytics_of(bilal)["tickets_bought"] == 0


def test_the_statistics_cost_the_same_however_much_was_bought(stream: StreamReader, evening: Evening) -> None:
    sent = []
    for orders in (1, 15):
        customer = make_customer()
        for _ in range(orders):
            purchases.pay(purchases.book(customer, evening.category))
        stream.drain()
        token = customer_token(customer)
        with wire(retries=False) as wired:
            answer = call("GET", "/api/v1/users/analytics/", token=token)
        assert answer.json["tickets_bought"] == orders
        sent.append(wired.sent)
    assert sent[0] == sent[1]
    assert set(sent[0]) <= {"GetItem", "BatchGetItem", "Query"}
    # One visit of one event, for any number of tickets.
    assert len(payers.all_raws("visit")) == len(sent)
