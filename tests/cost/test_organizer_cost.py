"""What an organizer's pages cost: the same for an event of a hundred tickets and for one of many.

`ORGANIZER_TICKETS=100000` for the full size.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.events import categories, events
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.organizers import organizer_dashboard, organizer_events
from chalicelib.domain.organizers.organizer_events import OrganizerEventFilters
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.identifiers import new_id
from chalicelib.table.items import Category, Event
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.factories import make_customer, scan_id
from tests.support.purchases import book, pay
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost"), pytest.mark.timeout(1500)]

SMALL, LARGE = 100, size_of("ORGANIZER_TICKETS", small=800, full=3000)
ORDERS = SCANS = 12
Usage = tuple[float, float]


def _show(organizer_id: str, size: int) -> tuple[Event, Category]:
    """An event of so many tickets, of which some were sold and some were admitted."""
    now = clock.now()
    event = events.create(
        events.EventDraft(
            title="Evening",
            starts_at=now,
            ends_at=now + timedelta(hours=6),
            gates=["Gate 1", "Gate 2"],
            organizer_id=organizer_id,
        )
    )
    category = categories.add(event.event_id, categories.CategoryDraft(name="Standard", price=150_000, capacity=size))
    issued = tickets.issue_many(
        TicketToIssue(event_id=event.event_id, holder=Holder(name="Guest"), number=str(number))
        for number in range(size)
    )
    for number in range(SCANS):
        reading = Reading(scan_id=scan_id(), ticket_id=issued[number], gate=f"Gate {1 + number % 2}")
        checkin.scan(Caller(id="ush_1", event_id=event.event_id, name="usher"), reading)
    return event, category


@pytest.fixture(scope="module")
def usage() -> Iterator[dict[int, dict[str, Usage]]]:
    """Requests and read units of each page, by how many tickets the organizer's one event has."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            found = {}
            for size in (SMALL, LARGE):
                organizer_id = new_id("org")
                event, category = _show(organizer_id, size)
                for _ in range(ORDERS):
                    pay(book(make_customer(), category, 2))
                StreamReader().drain()
                found[size] = _usage(meter, organizer_id, event.event_id)
            yield found
    finally:
        meter.detach()
        forget_caches()


def _usage(meter: Meter, organizer_id: str, event_id: str) -> dict[str, Usage]:
    shown = organizer_events.detail(organizer_id, event_id).analytics
    assert (shown.sold, shown.check_ins.admitted) == (2 * ORDERS, SCANS)
    pages: dict[str, Callable[[], Any]] = {
        "event": lambda: organizer_events.detail(organizer_id, event_id),
        "events": lambda: organizer_events.page(organizer_id, OrganizerEventFilters(), page_size=20, cursor=None),
        "dashboard": lambda: organizer_dashboard.dashboard(organizer_id),
    }
    used = {}
    for name, read in pages.items():
        meter.reset()
        with meter.request("page"):
            read()
        report = meter.report()["requests"]["page"]
        used[name] = (report["dynamodb_requests"], report["read_units"])
    return used


@pytest.mark.parametrize("page", ["event", "events", "dashboard"])
def test_a_page_costs_the_same_however_many_tickets_there_are(usage: dict[int, dict[str, Usage]], page: str) -> None:
    assert usage[LARGE][page] == usage[SMALL][page]
    requests, read_units = usage[LARGE][page]
    assert requests <= 6
    assert read_units <= 12
