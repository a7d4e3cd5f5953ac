"""Stream followers and background jobs of organizations."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.background.sweep import SweepTaker
from chalicelib.domain.organizations import batches, numbering, ticket_clearing, ticket_totals
from chalicelib.domain.organizations.printing import print_runs
from chalicelib.table.items import Job, NumberRange, PrintRun, TicketClearing

SWEEP_TAKERS: dict[str, SweepTaker] = {"bat_": batches.sweep}
FOLLOWERS: tuple[Follower, ...] = (ticket_totals.follow,)
JOB_KINDS: dict[type[Job], JobKind] = {
    NumberRange: JobKind("tickets_generate", numbering.run_step),
    TicketClearing: JobKind("tickets_clear", ticket_clearing.run_step),
    PrintRun: JobKind("tickets_print", print_runs.run_step, print_runs.result),
}
