"""Analytics against a recount from the raw entries, after many mixed steps whose records come twice and out of order.

`ANALYTICS_STEPS=20000` for the full size.
"""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.config import Config
from botocore.session import get_session

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.events import categories, events
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.organizers import organizer_dashboard, organizer_events
from chalicelib.domain.payments import refunds
from chalicelib.domain.payouts import settlement_figures
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets import refund_requests, tickets
from chalicelib.domain.tickets.tickets import Holder
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, Order, RefundRequest, Scan
from chalicelib.vocabulary.gate import Direction
from tests.support.factories import scan_id
from tests.support.purchases import pay
from tests.support.sizes import size_of
from tests.support.streams import StreamReader, project

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_analytics"), pytest.mark.timeout(3600)]

STEPS = size_of("ANALYTICS_STEPS", small=120, full=300)
BEGINS = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
# So long that the steps, few or many, are spread over some days.
STEP = timedelta(days=4) / STEPS
GATES = ("Gate 1", "Gate 2", "A door that the event does not name", None)
DONE: dict[str, Any] = {"batchItemFailures": []}


@dataclass
class House:
    """An organizer's events, and what has happened at them so far."""

    organizer_id: str
    dice: random.Random
    shows: list[tuple[Event, list[Category]]]
    bought: list[Order] = field(default_factory=list)
    valid: list[tuple[str, str]] = field(default_factory=list)
    admitted: list[tuple[str, str]] = field(default_factory=list)
    scans: list[tuple[Caller, Reading]] = field(default_factory=list)

    def step(self) -> None:
        """Do one of the things that people do."""
        act = self.dice.choices(
            (self.buy, self.give_back, self.enter, self.pass_again, self.scan_again, self.be_unknown, self.be_given),
            weights=(12, 6, 32, 26, 10, 7, 7),
        )[0]
        act()

    def buy(self) -> None:
        event, offered = self.dice.choice(self.shows)
        account_id = new_id("cus")
        customer = Account(*keys.access.account(account_id), account_id=account_id, name="Buyer")
        wanted = self.dice.sample(offered, self.dice.randint(1, len(offered)))
        wants = [RequestedTickets(category.category_id, self.dice.randint(1, 3)) for category in wanted]
        order = orders.book(customer, event_id=event.event_id, wants=wants, operation_id=new_id("op"))
        if self.dice.random() < 0.85:
            pay(order)
            self.bought.append(order)
            self.valid += [(event.event_id, line["ticket_id"]) for line in order.tickets]

    def give_back(self) -> None:
        if not self.valid:
            return
        event_id, ticket_id = self.valid.pop(self.dice.randrange(len(self.valid)))
        ticket = tickets.get(ticket_id)
        if not ticket.price:
            return  # nothing was paid for it
        asked = refund_requests.ask(ticket.customer_id, ticket_id, reason="Ill", operation_id=new_id("op"))
        if self.dice.random() < 0.8:
            refunds.approve(ticket_id, asked.refund_id, by="adm_1")
        else:
            refunds.reject(ticket_id, asked.refund_id, by="adm_1", note="No")
            self.valid.append((event_id, ticket_id))

    def be_given(self) -> None:
        event, _ = self.dice.choice(self.shows)
        given = tickets.TicketToIssue(event_id=event.event_id, holder=Holder(name="Guest"), number=new_id("N"))
        self.valid.append((event.event_id, tickets.issue(given).ticket_id))

    def enter(self) -> None:
        if self.valid:
            ticket = self.valid.pop(self.dice.randrange(len(self.valid)))
            self.scan(*ticket)
            self.admitted.append(ticket)

    def pass_again(self) -> None:
        """Exit, re-enter, or try to enter twice."""
        if self.admitted:
            self.scan(*self.dice.choice(self.admitted), direction=self.dice.choice(list(Direction)))

    def be_unknown(self) -> None:
        event, _ = self.dice.choice(self.shows)
        self.scan(event.event_id, new_id("tkt"))

    def scan_again(self) -> None:
        if self.scans:
            checkin.scan(*self.dice.choice(self.scans))

    def scan(self, event_id: str, ticket_id: str, *, direction: Direction = Direction.ENTRY) -> None:
        # Some were read before, while there was no network.
        late = timedelta(hours=self.dice.randint(1, 40)) if self.dice.random() < 0.15 else None
        reading = Reading(
            scan_id=scan_id(),
            ticket_id=ticket_id,
            gate=self.dice.choice(GATES),
            direction=direction,
            scanned_at=max(BEGINS, clock.now() - late) if late else None,
        )
        caller = Caller(id="ush_1", event_id=event_id, name="usher")
        checkin.scan(caller, reading)
        self.scans.append((caller, reading))


def build(seed: int) -> House:
    dice, organizer_id = random.Random(seed), new_id("org")  # noqa: S311  # the same evenings each time
    shows = []
    for zone in ("Asia/Karachi", "America/St_Johns"):
        event = events.create(
            events.EventDraft(
                title="Long nights",
                starts_at=BEGINS,
                ends_at=BEGINS + timedelta(days=30),
                timezone=zone,
                refunds_until=BEGINS + timedelta(days=30),
                re_entry_allowed=True,
                gates=["Gate 1", "Gate 2"],
                organizer_id=organizer_id,
            )
        )
        offered = [
            categories.add(
                event.event_id,
                categories.CategoryDraft(name=name, price=price, capacity=200_000, shards=4, position=place),
            )
            for place, (name, price) in enumerate((("Standing", 150_000), ("Seated", 233_333), ("Free", 0)))
        ]
        shows.append((event, offered))
    return House(organizer_id, dice, shows)


def deliver(records: list[dict[str, Any]], dice: random.Random) -> None:
    """Deliver records in the worst way of a stream: split anywhere, twice, and two batches at once."""
    batches = []
    while records:
        size = dice.randint(1, 100)
        batches.append(records[:size])
        records = records[size:]
    again = [batch[len(batch) // 2 :] for batch in batches if dice.random() < 0.3]
    with ThreadPoolExecutor(2) as together:
        answers = list(together.map(project, [*batches, *again]))
    assert all(answer == DONE for answer in answers)


def keep(records: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    """Return some records, which are delivered again much later."""
    return dice.sample(records, min(len(records), 50))


def whole_table(*kinds: str) -> list[dict[str, Any]]:
    """Return everything that is stored of these kinds; a large table takes longer than the platform's client waits."""
    patient = Config(read_timeout=120)
    client: Any = get_session().create_client("dynamodb", config=patient)
    with closing(client):
        pages = client.get_paginator("scan").paginate(TableName=config().table_name, ConsistentRead=True)
        return [raw for page in pages for raw in page["Items"] if raw["kind"]["S"] in kinds]


def recount(event: Event, stored: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the expected analytics, counted from orders, refunds and scans alone."""
    zone = ZoneInfo(event.timezone)
    of_event = [raw for raw in stored if raw["event_id"]["S"] == event.event_id]

    def items(kind: str) -> list[dict[str, Any]]:
        return [raw for raw in of_event if raw["kind"]["S"] == kind]

    category_of = {raw["ticket_id"]["S"]: raw.get("category_id", {}).get("S") for raw in items("ticket")}
    sold: Counter[str] = Counter()
    revenue: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    fees = 0
    days: dict[str, Counter[str]] = {}
    for order in map(Order.from_raw_data, items("order")):
        if order.status != "paid" or order.closed_at is None:
            continue
        fees += order.fee
        day = days.setdefault(order.closed_at.astimezone(zone).date().isoformat(), Counter())
        for line in order.tickets:
            item = next(one for one in order.items if one["category_id"] == line["category_id"])
            sold[line["category_id"]] += 1
            revenue[line["category_id"]] += int(item["price"])
            day.update(tickets=1, revenue=int(item["price"]))
    for request in map(RefundRequest.from_raw_data, items("refund_request")):
        if request.status not in ("approved", "refunded") or request.decided_at is None:
            continue
        day = days.setdefault(request.decided_at.astimezone(zone).date().isoformat(), Counter())
        category_id = str(category_of[request.ticket_id])
        fees -= request.fee
        sold[category_id] -= 1
        refunded[category_id] += request.amount
        day["refunded"] += request.amount
    hours: Counter[datetime] = Counter()
    gates: Counter[tuple[str | None, str]] = Counter()
    results: Counter[str] = Counter()
    for scan in map(Scan.from_raw_data, items("scan")):
        gate = scan.gate if scan.gate in event.gates else None
        results[scan.result] += 1
        if scan.result != "valid":
            gates[gate, "duplicate" if scan.result == "already_scanned" else "invalid"] += 1
        elif scan.first_entry:
            local = min(scan.scanned_at, scan.decided_at).astimezone(zone)
            hours[local.replace(minute=0, second=0, microsecond=0)] += 1
            gates[gate, "admitted"] += 1
    held = [raw for raw in items("ticket") if "admission" in raw]
    inside = sum(raw.get("presence", {}).get("S") == "inside" for raw in held)
    return {
        "sold": +sold,
        "revenue": +revenue,
        "refunded": +refunded,
        "fees": fees,
        "days": {day: +numbers for day, numbers in days.items() if +numbers},
        "hours": dict(hours),
        "gates": +gates,
        "admitted": len(held),
        "inside": inside,
        "duplicates": results["already_scanned"],
        "invalid": results["invalid"] + results["not_found"],
    }


def told(organizer_id: str, event: Event) -> dict[str, Any]:
    """Return the stored analytics in the form of the recount."""
    shown = organizer_events.detail(organizer_id, event.event_id).analytics
    gates: Counter[tuple[str | None, str]] = Counter()
    for gate in shown.check_ins.by_gate:
        gates[gate.gate, "admitted"] = gate.admitted
        gates[gate.gate, "duplicate"] = gate.duplicates_refused
        gates[gate.gate, "invalid"] = gate.invalid_refused
    days = {
        f"{day.date}": +Counter(tickets=day.tickets, revenue=day.revenue.minor, refunded=day.refunded.minor)
        for day in shown.sales_by_day
    }
    assert shown.sold == sum(one.sold for one in shown.by_category)
    assert shown.revenue.minor == sum(one.revenue.minor for one in shown.by_category)
    assert shown.refunded.minor == sum(one.refunded.minor for one in shown.by_category)
    return {
        "sold": +Counter({one.id: one.sold for one in shown.by_category}),
        "revenue": +Counter({one.id: one.revenue.minor for one in shown.by_category}),
        "refunded": +Counter({one.id: one.refunded.minor for one in shown.by_category}),
        "fees": settlement_figures.sold_so_far(event.event_id).platform_fee,
        "days": {day: numbers for day, numbers in days.items() if numbers},
        "hours": {hour.hour: hour.count for hour in shown.check_ins.by_hour},
        "gates": +gates,
        "admitted": shown.check_ins.admitted,
        "inside": shown.occupancy.inside,
        "duplicates": shown.check_ins.duplicates_refused,
        "invalid": shown.check_ins.invalid_refused,
    }


def test_analytics_equal_a_recount_however_the_stream_tells_of_it(stream: StreamReader) -> None:
    stream.drain()
    house = build(seed=4)
    everything: list[dict[str, Any]] = []
    for number in range(STEPS):
        with clock.set_to(BEGINS + STEP * number):
            house.step()
            if number % 200 == 199 or number == STEPS - 1:
                everything += keep(records := stream.read(), house.dice)
                deliver(records, house.dice)
    with clock.set_to(BEGINS + STEP * STEPS):
        while records := stream.read():
            everything += keep(records, house.dice)
            deliver(records, house.dice)
        raws = whole_table("order", "refund_request", "scan", "ticket")
        counted = [recount(event, raws) for event, _ in house.shows]
        assert [told(house.organizer_id, event) for event, _ in house.shows] == counted
        assert all(
            one["admitted"] and one["duplicates"] and one["refunded"] and len(one["hours"]) > 1 for one in counted
        )
        _assert_the_organizers_totals_are_the_sum(house, counted)
        before = whole_table(*KEPT)
        house.dice.shuffle(everything)
        deliver(everything, house.dice)
        assert whole_table(*KEPT) == before


KEPT = ("sales_totals", "organizer_totals", "organizer_day", "checkin_day", "counters")


def _assert_the_organizers_totals_are_the_sum(house: House, counted: list[dict[str, Any]]) -> None:
    shown = organizer_dashboard.dashboard(house.organizer_id)
    assert shown.tickets_sold == sum(one["sold"].total() for one in counted)
    assert shown.revenue.minor == sum(one["revenue"].total() for one in counted)
    assert shown.refunded.minor == sum(one["refunded"].total() for one in counted)
    assert shown.checked_in == sum(one["admitted"] for one in counted)
    days: dict[str, Counter[str]] = {}
    for one in counted:
        for day, numbers in one["days"].items():
            days.setdefault(day, Counter()).update(numbers)
    by_day = {
        f"{day.date}": +Counter(tickets=day.tickets, revenue=day.revenue.minor, refunded=day.refunded.minor)
        for day in shown.sales_by_day
    }
    assert {day: numbers for day, numbers in by_day.items() if numbers} == days
    for event, _ in house.shows:
        counters = operations.get(keys.gate.counters(event.event_id))
        assert counters is not None
        assert counters.admitted == counters.inside + counters.on_leave
