"""The staff's dashboard and analytics: running totals that count each thing once, and cost the same at any age."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.platform_totals import sums
from chalicelib.domain.platform_totals.sums import SaleToCount
from chalicelib.table import operations
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from tests.support import card_states, event_states, purchases, settled
from tests.support.client import call
from tests.support.closing import close_account
from tests.support.factories import (
    admin_token,
    make_card,
    make_customer,
    make_event,
    make_merchant,
    make_organizer,
    make_ticket,
    usher_token,
)
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("one_day", "moto_cloud")


def shown(path: str, token: str | None = None) -> Any:
    answer = call("GET", path, token=token or admin_token())
    assert answer.status == 200, answer.text
    return answer.json


def delivered_twice(reader: StreamReader) -> None:
    """Deliver all records twice, and what this writes as well."""
    while records := reader.read():
        for _ in range(2):
            assert project(records) == {"batchItemFailures": []}


def test_people_cards_and_events_count_once_under_what_they_are_now() -> None:
    reader = StreamReader()
    token = admin_token()
    for _ in range(3):
        gone = make_customer()
    make_organizer()
    make_merchant()
    event = make_event(category="Music")
    card = make_card()
    make_card(status=CardStatus.STOCK)
    delivered_twice(reader)
    stats = shown("/api/dashboard/stats/", token)
    assert (stats["customers"], stats["active_cards"], stats["events"]) == (3, 1, 1)
    users = shown("/api/analytics/users/", token)
    assert users["totals"] == {"customers": 3, "organizers": 1, "merchants": 1, "ushers": 0, "admins": 1}
    today = clock.now().date().isoformat()
    assert users["series"][-1] == {"period": today, **users["totals"]}

    close_account(gone.account_id)
    card_states.put_into(card.uid, CardStatus.BLOCKED)
    event_states.change(event.event_id, category="Theatre")
    delivered_twice(reader)
    assert shown("/api/dashboard/stats/", token)["customers"] == 2
    by_status = shown("/api/analytics/cards/", token)
    assert by_status["totals"] == {"stock": 1, "held": 0, "active": 0, "blocked": 1, "lost": 0, "replaced": 0}
    assert by_status["series"][-1] == {"period": today, "registered": 2}
    # A registration stays in its period.
    assert shown("/api/analytics/users/", token)["series"][-1]["customers"] == 3
    categories = shown("/api/analytics/event-categories/", token)["totals"]
    assert [(row["category"], row["events"]) for row in categories] == [("Theatre", 1)]


def test_sales_and_refunds_count_once_by_period_and_category() -> None:
    _, category = purchases.make_show()
    reader = StreamReader()
    reader.skip()
    settled.buy(category)
    settled.buy(category)
    delivered_twice(reader)
    token = admin_token()
    stats = shown("/api/dashboard/stats/", token)
    revenue = shown("/api/analytics/revenue/?granularity=month", token)
    this_month = revenue["series"][-1]
    assert (this_month["orders"], this_month["tickets"]) == (2, stats["tickets_sold"])
    assert this_month["revenue"] == stats["revenue"]
    assert float(stats["revenue"]["amount"]) > 0
    assert stats["revenue_by_currency"] == [stats["revenue"]]
    for granularity, count in (("day", 30), ("week", 26), ("month", 24)):
        answer = shown(f"/api/analytics/revenue/?granularity={granularity}", token)
        assert len(answer["series"]) == len({row["period"] for row in answer["series"]}) == count
        assert answer["series"][-1]["revenue"] == answer["totals"]["revenue"] == stats["revenue"]
    (row,) = [r for r in shown("/api/analytics/event-categories/", token)["totals"] if r["orders"]]
    assert (row["orders"], row["revenue"]) == (2, stats["revenue"])
    assert call("GET", "/api/analytics/revenue/?granularity=hour", token=token).status == 400


def test_money_is_summed_per_currency_and_never_across() -> None:
    now = clock.now()
    for currency, revenue in (("PKR", 1000), ("EUR", 500), ("PKR", 200)):
        numbers = {"orders": 1, "tickets": 2, "revenue": revenue, "fees": 10}
        operations.commit(*sums.of_sales([SaleToCount(currency, now, "Music", numbers)]))
    whole = shown("/api/analytics/revenue/")["totals"]
    assert (whole["orders"], whole["tickets"]) == (3, 6)
    assert whole["revenue"] == {"amount": "12.00", "currency": "PKR"}
    assert [(row["currency"], row["revenue"]["amount"]) for row in whole["by_currency"]] == [
        ("EUR", "5.00"),
        ("PKR", "12.00"),
    ]


def test_admissions_of_today_count_once() -> None:
    event = make_event()
    token, tickets = usher_token(event), [make_ticket(event) for _ in range(3)]
    reader = StreamReader()
    reader.skip()
    for number, ticket in enumerate([*tickets, *tickets]):
        body = {"ticket_id": ticket.ticket_id, "scan_id": f"scn_analytics{number:02}"}
        assert call("POST", "/api/usher/scan/result/", body, token=token).status == 200
    delivered_twice(reader)
    assert shown("/api/dashboard/stats/")["check_ins_today"] == 3
    with clock.set_to(clock.now() + timedelta(days=1)):
        assert shown("/api/dashboard/stats/")["check_ins_today"] == 0


def test_the_newest_acts_of_staff_are_shown_and_refused_ones_are_not() -> None:
    event, token = make_event(), admin_token()
    reader = StreamReader()
    body = {"event_id": event.event_id, "gate": "Gate 1", "name": "North"}
    device_id = call("POST", "/api/devices/", body, token=token).json["device_id"]
    assert call("DELETE", f"/api/devices/{device_id}/", token=token).status == 204
    assert call("DELETE", f"/api/devices/{device_id}/", token=admin_token(AdminRole.SUPPORT)).status == 403
    delivered_twice(reader)
    acts = shown("/api/dashboard/stats/", token)["recent_activity"]
    assert [(act["action"], act["entity_id"]) for act in acts] == [
        ("device.revoke", device_id),
        ("device.provision", device_id),
    ]
