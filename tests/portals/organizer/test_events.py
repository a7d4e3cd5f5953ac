"""An organizer's events through the portal: sales and check-ins, as the stream has projected them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.domain.access import heartbeats
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.events import categories, events
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.vocabulary.events import EventStatus
from tests.support import event_states, settled
from tests.support.client import Answer, call
from tests.support.factories import (
    admin_token,
    make_customer,
    make_event,
    make_organizer,
    make_reader,
    scan_id,
    token_of,
)
from tests.support.purchases import book, make_show, pay
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")
EVENTS = "/api/organizer/events/"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def get(token: str, path: str = EVENTS) -> Answer:
    return call("GET", path, token=token)


def shown(token: str, event_id: str) -> dict[str, Any]:
    answer = get(token, f"{EVENTS}{event_id}/")
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def scan(event_id: str, ticket_id: str, *, gate: str | None = "Gate 1") -> str:
    reading = Reading(scan_id=scan_id(), ticket_id=ticket_id, gate=gate)
    return str(checkin.scan(Caller(id="ush_1", event_id=event_id, name="first"), reading).result)


def drain() -> None:
    """Project every record from the beginning; records that were projected before change nothing."""
    StreamReader().drain()


def heard(queue_depth: int) -> DeviceHeartbeat:
    return DeviceHeartbeat(queue_depth=queue_depth, clock_offset_ms=0, app_version="1.0")


def rupees(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


def test_an_order_that_is_paid_shows_in_its_event() -> None:
    organizer = make_organizer()
    event, standard = make_show(organizer_id=organizer.account_id)
    token = token_of(organizer)
    with clock.set_to(clock.now()):
        pay(book(make_customer(), standard, 2))
        today = timezones.local(clock.now(), event.timezone).date().isoformat()
    book(make_customer(), standard, 3)  # not paid
    drain()
    seen = shown(token, event.event_id)["analytics"]
    assert (seen["sold"], seen["capacity"], seen["revenue"]) == (2, 500, rupees("3000.00"))
    assert [(one["id"], one["sold"], one["revenue"]) for one in seen["by_category"]] == [
        (standard.category_id, 2, rupees("3000.00"))
    ]
    assert seen["sales_by_day"] == [
        {"date": today, "tickets": 2, "revenue": rupees("3000.00"), "refunded": rupees("0.00")}
    ]
    listed = get(token).json["results"]
    assert [(one["id"], one["sold"], one["capacity"]) for one in listed] == [(event.event_id, 2, 500)]


def test_a_scan_shows_by_hour_and_by_gate_of_its_event() -> None:
    organizer = make_organizer()
    with clock.set_to(NOON):
        event = make_event(organizer_id=organizer.account_id, timezone="Asia/Karachi", gates=["Gate 1", "Gate 2"])
        one, other = (
            tickets.issue(
                TicketToIssue(event_id=event.event_id, holder=Holder(name="Sana"), number=f"A-{number}")
            ).ticket_id
            for number in range(2)
        )
        assert scan(event.event_id, one) == "valid"
        assert scan(event.event_id, one, gate="Gate 2") == "already_scanned"
        assert scan(event.event_id, "tkt_01JDEM0000000000000000000X", gate="Back door") == "not_found"
        drain()
    with clock.set_to(NOON + timedelta(hours=1)):
        assert scan(event.event_id, other, gate="Gate 2") == "valid"
        drain()
        analytics = shown(token_of(organizer), event.event_id)["analytics"]
    seen = analytics["check_ins"]
    assert (seen["admitted"], seen["duplicates_refused"], seen["invalid_refused"]) == (2, 1, 1)
    assert seen["by_hour"] == [
        {"hour": "2026-11-20T17:00:00+05:00", "count": 1},
        {"hour": "2026-11-20T18:00:00+05:00", "count": 1},
    ]
    assert [tuple(gate.values()) for gate in seen["by_gate"]] == [
        ("Gate 1", 1, 0, 0),
        ("Gate 2", 1, 1, 0),
        (None, 0, 0, 1),
    ]
    assert (analytics["sold"], analytics["issued"]) == (0, 2)


def test_hours_of_earlier_days_stay_when_a_new_day_begins() -> None:
    organizer, moments = make_organizer(), [NOON + timedelta(hours=hours) for hours in (0, 20, 24, 30, 50)]
    with clock.set_to(NOON):
        event = make_event(organizer_id=organizer.account_id, ends_at=NOON + timedelta(days=5), gates=[])
        stream = StreamReader()
        issued = [
            tickets.issue(
                TicketToIssue(event_id=event.event_id, holder=Holder(name="Sana"), number=f"A-{number}")
            ).ticket_id
            for number in range(len(moments))
        ]
    # The second is late: its day was already moved to an item of its own (HOURS#day).
    records = []
    for moment, ticket_id in zip(moments, issued, strict=True):
        with clock.set_to(moment):
            assert scan(event.event_id, ticket_id) == "valid"
            records.append(stream.read())
    for number in (0, 2, 1, 3, 4, 4, 1):
        assert project(records[number]) == {"batchItemFailures": []}
    with clock.set_to(moments[-1]):
        seen = shown(token_of(organizer), event.event_id)["analytics"]["check_ins"]
    assert seen["by_hour"] == [{"hour": f"{moment:%Y-%m-%dT%H}:00:00+00:00", "count": 1} for moment in moments]
    assert seen["admitted"] == 5


def test_occupancy_is_bounded_from_above_while_readers_hold_scans() -> None:
    organizer = make_organizer()
    with clock.set_to(NOON):
        event = make_event(organizer_id=organizer.account_id)
        token = token_of(organizer)
        ticket = tickets.issue(TicketToIssue(event_id=event.event_id, holder=Holder(name="Sana"), number="A-1"))
        scan(event.event_id, ticket.ticket_id)
        drain()
        one, other = make_reader(event), make_reader(event)
        heartbeats.receive(one.device_id, heard(0))
        heartbeats.receive(other.device_id, heard(7))
    with clock.set_to(NOON + timedelta(seconds=10)):
        heartbeats.receive(one.device_id, heard(0))
        held = shown(token, event.event_id)["analytics"]["occupancy"]
        assert held == {
            "inside": 1,
            "as_of": "2026-11-20T12:00:00.000Z",
            "upper_bound": 8,
            "unsynced_devices": 1,
        }
        heartbeats.receive(other.device_id, heard(0))
        synced = shown(token, event.event_id)["analytics"]["occupancy"]
    assert (synced["upper_bound"], synced["unsynced_devices"]) == (1, 0)
    assert synced["as_of"] == "2026-11-20T12:00:10.000Z"


def test_the_list_is_narrowed_by_status_day_and_title_and_goes_on() -> None:
    organizer = make_organizer()
    with clock.set_to(NOON):
        token = token_of(organizer)
        made = {}
        for number, title in enumerate(("Jazz Evening", "Évening of Blues", "Qawwali")):
            start = NOON + timedelta(days=number, hours=10)
            made[title] = events.create(
                events.EventDraft(
                    title=title,
                    starts_at=start,
                    ends_at=start + timedelta(hours=3),
                    timezone="Asia/Karachi",
                    organizer_id=organizer.account_id,
                    status=EventStatus.DRAFT if title == "Qawwali" else EventStatus.PUBLISHED,
                )
            ).event_id
        make_event(organizer_id=make_organizer().account_id, title="Jazz Evening")

        def titles(query: str) -> list[str]:
            return [one["title"] for one in get(token, f"{EVENTS}?{query}").json["results"]]

        assert titles("") == ["Qawwali", "Évening of Blues", "Jazz Evening"]
        assert titles("status=draft") == ["Qawwali"]
        assert titles("search=evening") == ["Évening of Blues", "Jazz Evening"]
        assert titles("search=blu") == ["Évening of Blues"]
        # 22:00 in UTC is 03:00 on the next day in Karachi.
        assert titles("date_from=2026-11-22&date_to=2026-11-22") == ["Évening of Blues"]
        assert titles("date_to=2026-11-21") == ["Jazz Evening"]
        first = get(token, f"{EVENTS}?page_size=2").json
        second = get(token, f"{EVENTS}?page_size=2&cursor={first['next']}").json
        assert [one["title"] for one in second["results"]] == ["Jazz Evening"]
        assert second["next"] is None
        assert get(token, f"{EVENTS}?status=sold").code == "VALIDATION_ERROR"
        other = token_of(make_organizer())
        assert get(other, f"{EVENTS}?page_size=2&cursor={first['next']}").code == "INVALID_CURSOR"


def test_an_event_that_moves_or_changes_hands_stands_where_it_belongs() -> None:
    one, other = make_organizer(), make_organizer()
    event, _ = make_show(organizer_id=one.account_id)
    event_states.change(
        event.event_id, starts_at=event.starts_at + timedelta(days=1), ends_at=event.ends_at + timedelta(days=1)
    )
    assert [each["id"] for each in get(token_of(one)).json["results"]] == [event.event_id]
    event_states.change(event.event_id, organizer_id=other.account_id)
    assert get(token_of(one)).json["results"] == []
    assert [each["id"] for each in get(token_of(other)).json["results"]] == [event.event_id]
    assert get(token_of(one), f"{EVENTS}{event.event_id}/").status == 404


def test_the_dashboard_counts_who_came_before_the_start_once_the_doors_let_them_in() -> None:
    organizer, now = make_organizer(), clock.now()
    shows = [
        make_event(
            starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=6), organizer_id=organizer.account_id
        )
        for _ in range(2)
    ]
    orders = []
    for show in shows:
        seats = categories.add(show.event_id, categories.CategoryDraft(name="Standard", price=100_000, capacity=10))
        orders.append(book(make_customer(), seats, 2))
        pay(orders[-1])
    drain()
    assert get(token_of(organizer), "/api/organizer/dashboard/stats/").json["checked_in"] == 0
    assert scan(shows[0].event_id, orders[0].tickets[0]["ticket_id"]) == "valid"
    drain()
    seen = get(token_of(organizer), "/api/organizer/dashboard/stats/").json
    # Nobody can have missed the other event yet.
    assert (seen["checked_in"], seen["check_in_rate"]) == (1, 0.5)


def test_who_came_in_at_a_cut_off_gate_before_their_refund_is_no_more_than_all_of_them() -> None:
    """The platform gave a ticket back before it heard that its holder had been inside already."""
    organizer, now = make_organizer(), clock.now()
    event, standard = make_show(organizer_id=organizer.account_id, starts_at=now, ends_at=now + timedelta(hours=4))
    with clock.set_to(now - timedelta(minutes=30)):
        order = settled.buy(standard, 2)
    admitted = [line["ticket_id"] for line in order.tickets]
    asked = {"ticket_id": admitted[0], "reason": "The customer fell ill."}
    opened = call("POST", "/api/refund-requests/", asked, token=admin_token())
    decided = call("PUT", f"/api/refund-requests/{opened.json['id']}/", {"decision": "approve"}, token=admin_token())
    assert decided.status == 200, decided.text
    at, by_gate = clock.to_text(now - timedelta(minutes=10)), {"result": "valid"}
    taps = [{"scan_id": scan_id(), "ticket_id": each, "scanned_at": at, "offline": by_gate} for each in admitted]
    sent = {"taps": taps, "device_time": clock.to_text(clock.now())}
    verdicts = call("POST", "/api/device/taps/", sent, token=make_reader(event).token()).json["results"]
    assert [verdict["status"] for verdict in verdicts] == ["accepted", "accepted"]
    drain()
    seen = get(token_of(organizer), "/api/organizer/dashboard/stats/").json
    assert (seen["tickets_sold"], seen["checked_in"], seen["check_in_rate"]) == (1, 2, 1.0)


def test_the_dashboard_counts_events_sales_and_who_came() -> None:
    organizer = make_organizer()
    now = clock.now()
    ids = {}
    for name, starts, ends, status in (
        ("upcoming", 24, 30, EventStatus.PUBLISHED),
        ("live", -1, 5, EventStatus.PUBLISHED),
        ("past", -50, -40, EventStatus.ENDED),
        ("draft", 24, 30, EventStatus.DRAFT),
        ("archived", -50, -40, EventStatus.ARCHIVED),
    ):
        begins, over = now + timedelta(hours=starts), now + timedelta(hours=ends)
        ids[name] = make_event(
            title=name, starts_at=begins, ends_at=over, status=status, organizer_id=organizer.account_id
        ).event_id
    standard = categories.add(ids["live"], categories.CategoryDraft(name="Standard", price=100_000, capacity=10))
    order = book(make_customer(), standard, 4)
    pay(order)
    drain()
    for line in order.tickets[:3]:
        assert scan(ids["live"], line["ticket_id"]) == "valid"
    drain()
    token = token_of(organizer)
    seen = get(token, "/api/organizer/dashboard/stats/").json
    assert seen["events"] == {"total": 4, "upcoming": 1, "live": 1, "past": 1}
    assert (seen["tickets_sold"], seen["revenue"], seen["checked_in"]) == (4, rupees("4000.00"), 3)
    assert seen["check_in_rate"] == 0.75
    assert seen["pending_payouts"] == rupees("0.00")
    assert len(seen["sales_by_day"]) == 30
    assert [day["tickets"] for day in seen["sales_by_day"] if day["tickets"]] == [4]
    event_states.put_into(ids["upcoming"], EventStatus.ARCHIVED)
    drain()
    seen = get(token, "/api/organizer/dashboard/stats/").json
    assert seen["events"] == {"total": 3, "upcoming": 0, "live": 1, "past": 1}
    nobody = get(token_of(make_organizer()), "/api/organizer/dashboard/stats/").json
    assert (nobody["tickets_sold"], nobody["events"]["total"], nobody["check_in_rate"]) == (0, 0, 0.0)
