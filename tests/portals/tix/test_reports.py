"""Reports of Tix: days, weeks and months in the organization's time zone, and their subtractions."""

from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.organizations import organization_settings
from chalicelib.table.items import Account
from tests.support.client import call
from tests.support.factories import at, make_organization, token_of
from tests.support.numbered import assert_reports_are_true, organization_of, scan, tickets
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-21T12:00:00Z")


def report(admin: Account, name: str) -> Any:
    answer = call("GET", f"/api/tix/reports/{name}", token=token_of(admin))
    assert answer.status == 200, answer.text
    return answer.json


def rows(admin: Account, name: str) -> dict[str, tuple[int, int]]:
    """The rows of a report in which anything was generated or scanned."""
    key = {"daily": "date", "weekly": "week", "monthly": "month"}[name]
    told = [(row[key], (row["generated"], row["scanned"])) for row in report(admin, name)]
    return {day: numbers for day, numbers in told if numbers != (0, 0)}


def test_an_organization_without_tickets_has_reports_of_nothing() -> None:
    admin = make_organization()
    with clock.set_to(NOW):
        assert report(admin, "stats") == {"total": 0, "scanned": 0, "not_scanned": 0, "scan_rate": 0.0}
        daily, weekly, monthly = (report(admin, name) for name in ("daily", "weekly", "monthly"))
    assert [len(each) for each in (daily, weekly, monthly)] == [30, 12, 12]
    assert (daily[0], daily[29]["date"]) == ({"date": "2026-11-21", "generated": 0, "scanned": 0}, "2026-10-23")
    assert (weekly[0]["week"], weekly[11]["week"]) == ("2026-W47", "2026-W36")
    assert (monthly[0]["month"], monthly[11]["month"]) == ("2026-11", "2025-12")


def test_what_happens_belongs_to_the_day_that_the_organizations_clocks_show() -> None:
    admin, stream = make_organization(timezone="Asia/Karachi"), StreamReader()
    with clock.set_to(at("2026-11-15T18:59:59Z")):  # a Sunday, one second before midnight
        first, *others = tickets(admin, 3)
    with clock.set_to(at("2026-11-15T19:00:00Z")):
        tickets(admin, 4, "NEXT")
        scan(admin, first)
    with clock.set_to(at("2026-10-31T19:00:00Z")):
        tickets(admin, 1, "OLD")
    with clock.set_to(NOW):
        scan(admin, others[0])
        stream.drain()
        assert rows(admin, "daily") == {
            "2026-11-21": (0, 1),
            "2026-11-16": (4, 1),
            "2026-11-15": (3, 0),
            "2026-11-01": (1, 0),
        }
        assert rows(admin, "weekly") == {"2026-W47": (4, 2), "2026-W46": (3, 0), "2026-W44": (1, 0)}
        assert rows(admin, "monthly") == {"2026-11": (8, 2)}
        assert report(admin, "stats") == {"total": 8, "scanned": 2, "not_scanned": 6, "scan_rate": 25.0}


def test_the_rate_has_one_decimal_and_half_is_rounded_up() -> None:
    admin, stream = make_organization(), StreamReader()
    made = tickets(admin, 16)
    scan(admin, made[0])
    stream.drain()
    assert report(admin, "stats")["scan_rate"] == 6.3  # 6.25


def test_another_time_zone_leaves_what_was_counted_where_it_was_and_takes_it_back_from_there() -> None:
    admin, stream = make_organization(timezone="UTC"), StreamReader()
    organization_id = organization_of(admin)
    with clock.set_to(at("2026-11-19T20:00:00Z")):
        first, second, third, _ = tickets(admin, 4)
        scan(admin, first)
        stream.drain()
    with clock.set_to(at("2026-11-19T20:30:00Z")):
        organization_settings.change(organization_id, {"timezone": "Asia/Karachi"})
        scan(admin, second)  # within the notice: as before
    with clock.set_to(at("2026-11-19T20:31:00Z")):
        scan(admin, third)
        stream.drain()
    with clock.set_to(NOW):
        assert rows(admin, "daily") == {"2026-11-20": (0, 1), "2026-11-19": (4, 2)}
        for ticket in (first, third):
            answer = call("DELETE", f"/api/tix/tickets/{ticket.ticket_id}", token=token_of(admin))
            assert answer.status == 200
        stream.drain()
        assert rows(admin, "daily") == {"2026-11-19": (2, 1)}
        assert_reports_are_true(organization_id)


def test_two_organizations_reports_are_apart() -> None:
    admin, other, stream = make_organization(), make_organization(), StreamReader()
    scan(admin, tickets(admin, 2)[0])
    tickets(other, 5)
    stream.drain()
    assert report(admin, "stats")["total"] == 2
    assert report(other, "stats") == {"total": 5, "scanned": 0, "not_scanned": 5, "scan_rate": 0.0}
