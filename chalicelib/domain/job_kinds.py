"""Who does which kind of job."""

from collections.abc import Callable

from chalicelib.clients import jobs as queue
from chalicelib.domain import numbering, print_runs, ticket_clearing
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Job, NumberRange, PrintRun, TicketClearing
from chalicelib.vocabulary import JobStatus

# Each goes on with a job where it stands, ends it, and tells whether something is left for another turn; it is safe to
# repeat, also while another is at the same job.
Taker = Callable[[str], bool]
TAKERS: dict[type[Job], Taker] = {
    NumberRange: numbering.take_turn,
    TicketClearing: ticket_clearing.take_turn,
    PrintRun: print_runs.take_turn,
}


def work_on(job_id: str) -> None:
    """Take a turn at a job. Raises whatever its taker does; then the queue brings it again."""
    job = operations.get(Job, keys.tix_job(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return  # another turn ended it
    if TAKERS[type(job)](job_id):
        queue.enqueue(job_id)
    logger.info("turn at a job", extra={"job_id": job_id, "job_kind": type(job).__name__})
