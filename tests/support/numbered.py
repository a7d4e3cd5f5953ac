"""Organizations with numbered tickets for tests: generation, and the totals that must result."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.background import jobs
from chalicelib.domain.organizations import numbered_tickets, numbering, organizations, ticket_reports
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.domain.organizations.organization_days import day_of
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, NumberedTicket, NumberRange, TicketTally
from chalicelib.workers import jobs as worker
from chalicelib.workers import schedules
from tests.support import cloud, sweeps

ResultT = TypeVar("ResultT")


def organization_of(account: Account) -> str:
    return account.organization_id


def generate(admin: Account, quantity: int, prefix: str = "VIP", *, operation_id: str | None = None) -> NumberRange:
    """Generate tickets, and run the job's steps until all are written."""
    wanted = GenerationInput(quantity=quantity, prefix=prefix)
    made = numbering.generate(
        organization_of(admin), wanted, user_id=admin.account_id, operation_id=operation_id or new_id("op")
    )
    while numbering.run_step(made.job_id):
        pass
    return stored_range(made.job_id)


def stored_range(job_id: str) -> NumberRange:
    found = operations.get(keys.organizations.number_range(job_id))
    assert found is not None
    return found


def tickets(admin: Account, quantity: int, prefix: str = "VIP") -> list[NumberedTicket]:
    return numbering.as_generated(generate(admin, quantity, prefix))


def scan(admin: Account, ticket: NumberedTicket) -> numbered_tickets.NumberedScan:
    return numbered_tickets.scan(
        organization_of(admin), ticket.ticket_id, user_id=admin.account_id, operation_id=new_id("op")
    )


def tally_of(organization_id: str) -> TicketTally:
    return operations.get(keys.organizations.ticket_tally(organization_id)) or TicketTally()


def patiently(act: Callable[[], ResultT], *, tries: int = 60) -> ResultT:
    """Retry as a client does after a 503."""
    for _ in range(tries):
        try:
            return act()
        except Unavailable:
            continue
    raise AssertionError(f"{tries} tries brought no answer")


def work() -> int:
    """Hand every job that is queued to the worker; return how many turns there were."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=config().jobs_queue_name)["QueueUrl"]
    turns = 0
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        batch = {"Records": [{"messageId": each["MessageId"], "body": each["Body"]} for each in messages]}
        assert worker.handle(batch) == {"batchItemFailures": []}
        turns += len(messages)
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.close()
    return turns


def recover() -> int:
    """Run the sweep after its patience, so that it finds unfinished jobs, and the worker, which finishes them."""
    sweeps.begin()
    with clock.set_to(clock.now() + jobs.PATIENCE + timedelta(minutes=2)):
        schedules.sweep()
        return work()


def assert_reports_are_true(organization_id: str) -> None:
    """Compare the running totals with a recount of every ticket that there is."""
    organization = organizations.get(organization_id)
    last = tally_of(organization_id).last
    there = list(numbered_tickets.of_ordinals(organization_id, 1, last))
    scanned = [ticket for ticket in there if ticket.scanned_at is not None]
    stats = ticket_reports.stats(organization_id)
    assert (stats.total, stats.scanned, stats.not_scanned) == (len(there), len(scanned), len(there) - len(scanned))
    by_day: dict[str, Counter[str]] = {"generated": Counter(), "scanned": Counter()}
    for ticket in there:
        by_day["generated"][day_of(organization, ticket.generated_at).isoformat()] += 1
        if ticket.scanned_at is not None:
            by_day["scanned"][day_of(organization, ticket.scanned_at).isoformat()] += 1
    rows = ticket_reports.daily(organization_id)
    assert len(rows) == ticket_reports.DAYS
    for row in rows:
        assert (row.generated, row.scanned) == (by_day["generated"][row.name], by_day["scanned"][row.name])
    for report in (ticket_reports.weekly, ticket_reports.monthly):
        sums = report(organization_id)
        assert sum(row.generated for row in sums) == len(there)
        assert sum(row.scanned for row in sums) == len(scanned)
