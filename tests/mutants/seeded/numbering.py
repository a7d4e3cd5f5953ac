"""Bugs of Tix: numbers that are assigned twice, ranges that are partly visible, scans that admit twice."""

from tests.mutants.seeded.mutant import Mutant

_NUMBERING = "chalicelib/domain/organizations/numbering.py"
_TICKETS = "chalicelib/domain/organizations/numbered_tickets.py"
_PAGES = "chalicelib/domain/organizations/ticket_pages.py"
_TOTALS = "chalicelib/domain/organizations/ticket_totals.py"
_CROWD = "tests/truth/test_numbering.py"
_MANY = "tests/truth/test_many_tickets.py"
_FAULTS = "tests/faults/test_numbering.py"
_DOOR = "tests/portals/tix/test_tickets.py"
_REPORTS = "tests/portals/tix/test_reports.py"

MUTANTS = (
    Mutant(
        name="number-given-twice",
        bug="the last number of a range is the first of the next",
        file=_NUMBERING,
        before="        NumberSeries.last.add(quantity),\n",
        after="        NumberSeries.last.add(max(1, quantity - 1)),\n",
        tests=(_DOOR,),
    ),
    Mutant(
        name="numbers-taken-again",
        bug="a request that is sent again takes more numbers",
        file=_NUMBERING,
        before="                idempotency.once(operation_id, job_id),\n",
        after="                idempotency.once(job_id, job_id),\n",
        tests=(_FAULTS,),
    ),
    Mutant(
        name="late-worker-goes-on",
        bug="a worker that comes late moves a range that is complete",
        file=_NUMBERING,
        before="as_read = (NumberRange.status == JobStatus.OPEN) & (NumberRange.done == made.done)",
        after="as_read = NumberRange.pk.exists()",
        tests=(_CROWD,),
    ),
    Mutant(
        name="late-worker-writes-anew",
        bug="a worker that comes late overwrites tickets that were scanned or deleted",
        file=_NUMBERING,
        before="        yield operations.put(ticket, NumberedTicket.pk.does_not_exist())\n",
        after="        yield operations.put(ticket)\n",
        tests=(_CROWD,),
    ),
    Mutant(
        name="range-seen-in-part",
        bug="the list shows tickets of a range that is still being written",
        file=_PAGES,
        before="tally.last, hidden, only)",
        after="tally.last, [], only)",
        tests=(_MANY,),
    ),
    Mutant(
        name="page-out-of-place",
        bug="deleted tickets move the pages behind them",
        file=_PAGES,
        before="        live = there & ~deleted\n",
        after="        live = there\n",
        tests=(_MANY,),
    ),
    Mutant(
        name="numbered-ticket-scanned-twice",
        bug="a ticket is let in as often as it is scanned",
        file=_TICKETS,
        before="        & NumberedTicket.scanned_at.does_not_exist()\n",
        after="",
        tests=(_DOOR,),
    ),
    Mutant(
        name="voided-ticket-let-in",
        bug="a ticket that was taken back is let in",
        file=_TICKETS,
        before="        & NumberedTicket.voided_at.does_not_exist()\n",
        after="",
        tests=(_DOOR,),
    ),
    Mutant(
        name="guessed-id-let-in",
        bug="whoever knows one ticket's id gets in on the next one's",
        file=_TICKETS,
        before="    is_it = NumberedTicket.ticket_id == name\n",
        after="    is_it = NumberedTicket.pk.exists()\n",
        tests=(_DOOR,),
    ),
    Mutant(
        name="scan-lost-with-its-answer",
        bug="whoever asks again for a scan whose answer was lost is told of a duplicate",
        file=_TICKETS,
        before="    if found.scan_operation == operation_id:\n",
        after="    if found.scan_operation is None:\n",
        tests=(_FAULTS,),
    ),
    Mutant(
        name="numbered-scan-counted-again",
        bug="a scan that the stream tells twice is in the reports twice",
        file=_TOTALS,
        before="        if scan_day and not scanned & bit:\n",
        after="        if scan_day:\n",
        tests=(_FAULTS,),
    ),
    Mutant(
        name="counted-by-each-worker",
        bug="two workers that are told of the same scan both count it",
        file=_TOTALS,
        before="    return operations.put(bucket, as_read)\n",
        after="    return operations.put(bucket)\n",
        tests=(_FAULTS,),
    ),
    Mutant(
        name="deleted-ticket-stays-generated",
        bug="a ticket that was deleted stays in the day on which it was generated",
        file=_TOTALS,
        before='.isoformat()]["generated"] -= 1\n',
        after='.isoformat()]["generated"] -= 0\n',
        tests=(_FAULTS,),
    ),
    Mutant(
        name="day-of-the-server",
        bug="reports show the days of UTC, wherever the organization is",
        file="chalicelib/domain/organizations/organization_days.py",
        before="    return timezones.local(moment, _zone_at(organization, moment)).date()\n",
        after='    return timezones.local(moment, _zone_at(organization, moment) and "UTC").date()\n',
        tests=(_REPORTS,),
    ),
    Mutant(
        name="cleared-by-mistake",
        bug="an organization's tickets are cleared without its name",
        file="chalicelib/domain/organizations/ticket_clearing.py",
        before="    if confirm != organization.name:\n",
        after='    if confirm == "":\n',
        tests=(_DOOR,),
    ),
)
