"""An event that staff give to another organizer: its sales count for who has it, on the day of each."""

import random
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.payments import refunds
from chalicelib.domain.tickets import refund_requests
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, SalesTotals
from tests.support.client import call
from tests.support.factories import admin_token, make_customer, make_organizer, token_of
from tests.support.purchases import book, make_show, pay
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOBODYS: dict[str, Any] = {"tickets_sold": 0, "revenue": "0.00", "refunded": "0.00", "by_day": {}}


@pytest.fixture
def first() -> Account:
    return make_organizer(name="First Owner")


@pytest.fixture
def second() -> Account:
    return make_organizer(name="Second Owner")


@pytest.fixture
def show(first: Account) -> tuple[Event, Category]:
    return make_show(organizer_id=first.account_id)


def give(event: Event, to: Account) -> None:
    path = f"/api/events/{event.event_id}/"
    version = call("GET", path, token=admin_token()).json["version"]
    body = {"organizer_id": to.account_id, "version": version}
    answer = call("PUT", path, body, token=admin_token())
    assert answer.status == 200, answer.text


def _figures(shown: dict[str, Any], sold: int) -> dict[str, Any]:
    days = shown["sales_by_day"]
    by_day = {day["date"]: (day["tickets"], day["revenue"]["amount"], day["refunded"]["amount"]) for day in days}
    return {
        "tickets_sold": sold,
        "revenue": shown["revenue"]["amount"],
        "refunded": shown["refunded"]["amount"],
        "by_day": {date: figures for date, figures in by_day.items() if figures != (0, "0.00", "0.00")},
    }


def dashboard(organizer: Account) -> dict[str, Any]:
    shown = call("GET", "/api/organizer/dashboard/stats/", token=token_of(organizer)).json
    return _figures(shown, shown["tickets_sold"])


def analytics(organizer: Account, event: Event) -> dict[str, Any]:
    answer = call("GET", f"/api/organizer/events/{event.event_id}/", token=token_of(organizer))
    assert answer.status == 200, answer.text
    shown = answer.json["analytics"]
    return _figures(shown, shown["sold"])


def sell_one(category: Category) -> Any:
    order = book(make_customer(), category, 1)
    pay(order)
    return order


def refund_one(order: Any) -> None:
    ticket_id = order.tickets[0]["ticket_id"]
    request = refund_requests.ask(order.customer_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    refunds.approve(ticket_id, request.refund_id, by="adm_1")


def test_sales_of_several_days_move_with_their_event_and_back(
    show: tuple[Event, Category], first: Account, second: Account
) -> None:
    event, category = show
    stream = StreamReader()
    with clock.set_to(clock.now() - timedelta(days=3)):
        sell_one(category)
    refund_one(sell_one(category))
    stream.drain()
    for former, owner in ((first, second), (second, first)):
        give(event, owner)
        stream.drain()
        assert dashboard(owner) == analytics(owner, event)
        assert len(dashboard(owner)["by_day"]) == 2
        assert dashboard(former) == NOBODYS


def test_a_refund_after_the_move_takes_nothing_from_sales_that_were_anothers(
    show: tuple[Event, Category], first: Account, second: Account
) -> None:
    event, category = show
    stream = StreamReader()
    order = sell_one(category)
    sell_one(category)
    stream.drain()
    give(event, second)
    refund_one(order)
    stream.drain()
    assert dashboard(second) == analytics(second, event)
    assert (dashboard(second)["tickets_sold"], dashboard(second)["refunded"]) == (1, "1500.00")
    assert dashboard(first) == NOBODYS


def test_sales_around_a_move_count_once_in_whichever_order_their_records_come(
    show: tuple[Event, Category], first: Account, second: Account
) -> None:
    event, category = show
    stream = StreamReader()
    sell_one(category)
    stream.drain()
    sell_one(category)
    before = stream.read()
    give(event, second)
    sell_one(category)
    records = [*before, *stream.read()]
    random.shuffle(records)
    for record in [*records, *records]:
        assert project([record]) == {"batchItemFailures": []}
    stream.drain()
    assert dashboard(second) == analytics(second, event)
    assert dashboard(second)["tickets_sold"] == 3
    assert dashboard(first) == NOBODYS


def test_totals_from_before_they_named_their_organizer_move_as_well(
    show: tuple[Event, Category], first: Account, second: Account
) -> None:
    event, category = show
    stream = StreamReader()
    sell_one(category)
    stream.drain()
    for raw in operations.query(keys.sale.sales_totals(event.event_id).pk, consistent=True):
        if "organizer_id" in raw:
            operations.record(
                operations.change(SalesTotals.from_raw_data(raw).place, [SalesTotals.organizer_id.remove()])
            )
    sell_one(category)
    stream.drain()
    assert dashboard(first) == analytics(first, event)
    give(event, second)
    stream.drain()
    assert dashboard(second) == analytics(second, event)
    assert dashboard(first) == NOBODYS
