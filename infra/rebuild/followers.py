"""Third pass: the followers that keep projections, and those that are left out since they cause something."""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Follower
from chalicelib.domain.campus.analytics import attendance_counts, recounts
from chalicelib.domain.campus.attendance import (
    code_readings,
    last_places,
    photo_check_jobs,
    record_notices,
    resubmission,
)
from chalicelib.domain.campus.people import student_counts
from chalicelib.domain.campus.privacy import campus_erasure, retention
from chalicelib.domain.cancellations import runs as cancellation_runs
from chalicelib.domain.card_office import leftovers, pay_backs, request_answers
from chalicelib.domain.cards import balances
from chalicelib.domain.customer_notices import facts as customer_notices
from chalicelib.domain.customers import customer_totals, ticket_labels, visits
from chalicelib.domain.events import catalogue
from chalicelib.domain.gate import attendee_names, checkin_totals, conflict_counts, projection
from chalicelib.domain.ledger import account_totals, debts
from chalicelib.domain.lists import follower as lists
from chalicelib.domain.merchants import merchant_totals, stock_notices
from chalicelib.domain.offline import feed
from chalicelib.domain.organizations import ticket_totals
from chalicelib.domain.organizers import answer_notices, organizers
from chalicelib.domain.payments import cleared, disputes, invoices, reconciliation, reconciliations, refunds
from chalicelib.domain.payouts import books, event_lines, holds, paying
from chalicelib.domain.platform_totals import recent_acts, tallies
from chalicelib.domain.sale import sales_totals
from chalicelib.domain.tickets import gifts
from chalicelib.table.families import OF_KIND, kind_of
from chalicelib.table.items import AttendeeWord, Item, Journal, ListEntry, ListWord, Scan, Ticket, Visit
from infra.rebuild.resetting import made_of
from infra.rebuild.walk import RawItem

# As the stream's batches.
_AT_ONCE = 100


def _log(found: Sequence[Change]) -> list[Published]:
    """Write the log entries that are missing, and count every scan that is not counted."""
    after = [change.after for change in found]
    entries = [entry for ticket in after if isinstance(ticket, Ticket) and (entry := made_of(ticket)) is not None]
    checkin_totals.count(entries, [scan for scan in after if isinstance(scan, Scan) and not scan.counted])
    return []


def _cleared(found: Sequence[Change]) -> list[Published]:
    journals = [change.after for change in found if isinstance(change.after, Journal)]
    if cleared.write(journals):
        for day in {journal.posted_at.date() for journal in journals}:
            reconciliations.schedule(day)  # one that was compared, or is due, stays as it is
    return []


# In place of a follower that does more than its projection: its projection alone.
_IN_PART: Mapping[Follower, Follower] = {
    projection.follow: Follower(projection.follow.wanted, _log),
    cleared.follow: Follower(cleared.follow.wanted, _cleared),
    attendance_counts.follow: Follower(attendance_counts.follow.wanted, attendance_counts.follow_again),
}
_IN_WHOLE: tuple[Follower, ...] = (
    conflict_counts.follow,
    attendee_names.follow,
    account_totals.follow,
    event_lines.follow,
    customer_totals.follow,
    ticket_labels.follow,
    catalogue.follow,
    merchant_totals.follow,
    sales_totals.follow,
    ticket_totals.follow,
    disputes.follow,
    student_counts.follow,
    last_places.follow,
    tallies.follow,
    recent_acts.follow,
    lists.follow,
)
# They write what a request could have written, send, pay or begin a job: never from an item that is old.
LEFT_OUT: Mapping[Follower, str] = {
    customer_notices.follow: "notices to customers",
    answer_notices.follow: "notices to organizers",
    balances.follow: "gathers the balances of cards",
    invoices.follow: "numbers invoices",
    refunds.follow: "facts, and approves what is free",
    reconciliation.follow: "facts of payments",
    debts.follow: "books what an organizer owes",
    holds.follow: "holds payouts",
    books.follow: "schedules the closing of books",
    cancellation_runs.follow: "begins jobs",
    cancellation_runs.follow_answers: "begins jobs",
    paying.follow: "pays",
    stock_notices.follow: "notices to shops",
    organizers.follow: "copies a changed name",
    pay_backs.follow: "pays back",
    request_answers.follow: "answers card requests",
    leftovers.follow: "keeps the day of the last movement",
    gifts.follow: "closes gifts of tickets that end",
    photo_check_jobs.follow: "begins jobs",
    resubmission.follow: "asks students again",
    record_notices.follow: "notices to students",
    code_readings.follow: "keeps readings of codes",
    retention.follow: "schedules the erasure of evidence",
    retention.follow_late: "begins jobs",
    campus_erasure.follow: "begins jobs; `make erase-again` erases after a restore",
    recounts.follow: "begins jobs",
    recounts.follow_groups: "counts again what a student's change moves; a rebuild keeps who was expected",
    feed.follow: "feeds gates; `make restore` ends their cursors",
}
REPLAYED: tuple[Follower, ...] = (*_IN_PART.values(), *_IN_WHOLE)
# Every follower of the stream is one or the other, which a test checks.
OF_THE_STREAM: frozenset[Follower] = frozenset((*_IN_PART, *_IN_WHOLE, *LEFT_OUT))
# Events count by the numbers of students, so these are whole before the third pass.
_BEFORE: tuple[Follower, ...] = (student_counts.follow,)
# What keeps a former value unless a record says that it is over.
_OUTDATED = frozenset(map(kind_of, (AttendeeWord, ListEntry, ListWord, Visit)))


def before(page: Iterable[RawItem]) -> None:
    """Replay, in the second pass, what the followers of the third read; idempotent."""
    _replay(page, _BEFORE)


def replay(page: Iterable[RawItem]) -> None:
    """Pass the items of a page to the followers as items that are new; idempotent, as the stream is."""
    _replay(page, REPLAYED)


def _replay(page: Iterable[RawItem], wanted: Sequence[Follower]) -> None:
    kinds = {kind_of(each.item) for follower in wanted for each in follower.wanted} & OF_KIND.keys()
    found = [raw for raw in page if raw["kind"]["S"] in kinds]
    for start in range(0, len(found), _AT_ONCE):
        batch = [
            Change(position=f"{raw['pk']['S']} {raw['sk']['S']}", before=None, after=Item.from_raw_data(raw))
            for raw in found[start : start + _AT_ONCE]
        ]
        for follow in wanted:
            follow(batch)


def catch_up(page: Sequence[RawItem]) -> None:
    """Replay a page of a table whose projections were kept, and remove list entries, visits and names out of date."""
    replay(page)
    rows = [Item.from_raw_data(raw) for raw in page if raw["kind"]["S"] in _OUTDATED]
    lists.tidy(row for row in rows if isinstance(row, ListEntry | ListWord))
    visits.tidy([row for row in rows if isinstance(row, Visit)])
    attendee_names.tidy([row for row in rows if isinstance(row, AttendeeWord)])
