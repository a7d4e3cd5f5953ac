"""Reports of an organization, from running totals: the cost does not depend on the number of tickets."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.organizations import numbered_tickets, organizations, ticket_totals
from chalicelib.domain.organizations.organization_days import day_of
from chalicelib.table import keys, operations
from chalicelib.table.items import TicketDay, TicketTally
from chalicelib.table.ranges import Between

# Rows of each report (contract, "Tix").
DAYS, WEEKS, MONTHS = 30, 12, 12
_LAST = "9999-12-31"


class TicketStats(Struct, frozen=True):
    """All tickets of an organization; `scan_rate` is the scanned share in percent, with one decimal."""

    total: int
    scanned: int
    not_scanned: int
    scan_rate: float


class ReportRow(Struct, frozen=True):
    """Tickets generated and scanned in one day, week or month of the organization's time zone."""

    name: str
    generated: int
    scanned: int


def stats(organization_id: str) -> TicketStats:
    """Return the totals of an organization's tickets, in one read where no range is being written."""
    tally = operations.get(keys.organizations.ticket_tally(organization_id)) or TicketTally()
    hidden = ticket_totals.scanned_within(organization_id, numbered_tickets.being_written(tally))
    total, scanned = tally.live, tally.scanned - hidden
    rate = Decimal(100 * scanned) / total if total else Decimal(0)
    return TicketStats(total, scanned, total - scanned, float(rate.quantize(Decimal("0.1"), ROUND_HALF_UP)))


def daily(organization_id: str) -> list[ReportRow]:
    """Return the last thirty days, newest first. Raises NotFound."""
    return _rows(organization_id, DAYS, _day_before, date.isoformat)


def weekly(organization_id: str) -> list[ReportRow]:
    """Return the last twelve weeks (ISO 8601), newest first. Raises NotFound."""
    return _rows(organization_id, WEEKS, _week_before, _week_name)


def monthly(organization_id: str) -> list[ReportRow]:
    """Return the last twelve months, newest first. Raises NotFound."""
    return _rows(organization_id, MONTHS, _month_before, _month_name)


def _rows(
    organization_id: str, size: int, before: Callable[[date], date], name_of: Callable[[date], str]
) -> list[ReportRow]:
    """Return rows up to today, each the sum of its days; `before` returns the last day of the previous row."""
    organization = organizations.get(organization_id)
    today = day_of(organization, clock.now())
    ends = [today]
    while len(ends) <= size:
        ends.append(before(ends[-1]))
    begin = ends[size] + timedelta(days=1)
    first, last = (
        keys.organizations.ticket_day(organization_id, begin.isoformat()),
        keys.organizations.ticket_day(organization_id, _LAST),
    )
    raws = operations.query(first.pk, Between(first.sk, last.sk), consistent=True)
    sums = {name_of(end): [0, 0] for end in ends[:size]}
    for day in map(TicketDay.from_raw_data, raws):
        # After a change to a zone further west, a stored day may be dated tomorrow: it counts as today.
        row = sums[name_of(min(date.fromisoformat(day.date), today))]
        row[0] += day.generated
        row[1] += day.scanned
    return [ReportRow(name, generated, scanned) for name, (generated, scanned) in sums.items()]


def _day_before(day: date) -> date:
    return day - timedelta(days=1)


def _week_before(day: date) -> date:
    return day - timedelta(days=day.isoweekday())


def _month_before(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def _week_name(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _month_name(day: date) -> str:
    return f"{day:%Y-%m}"
