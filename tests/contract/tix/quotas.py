"""What the demo organization has ordered today: the contract's tests order more than a day allows."""

from typing import Any

from chalicelib import clock
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.organization_days import day_of
from chalicelib.table import keys, operations
from chalicelib.table.items import TicketDay, TicketTally


def renew(ground: Any) -> None:
    """Set the counts of the day to nothing, and free the places of jobs."""
    organization_id = str(ground.tix_admin.organization_id)
    today = day_of(organizations.get(organization_id), clock.now()).isoformat()
    day, tally = keys.organizations.ticket_day(organization_id, today), keys.organizations.ticket_tally(organization_id)
    operations.record(operations.change(day, [TicketDay.ordered.remove(), TicketDay.print_runs.remove()]))
    operations.record(operations.change(tally, [TicketTally.jobs.set({})]))
