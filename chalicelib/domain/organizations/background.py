"""Stream followers and background jobs of organizations."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.jobs import JobTaker
from chalicelib.domain.organizations import numbering, ticket_clearing, ticket_totals
from chalicelib.domain.organizations.printing import print_runs
from chalicelib.table.items import Job, NumberRange, PrintRun, TicketClearing

FOLLOWERS: tuple[Follower, ...] = (ticket_totals.follow,)
JOB_TAKERS: dict[type[Job], JobTaker] = {
    NumberRange: numbering.run_step,
    TicketClearing: ticket_clearing.run_step,
    PrintRun: print_runs.run_step,
}
