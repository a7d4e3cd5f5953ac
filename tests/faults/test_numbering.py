"""Numbering, scans, clearing and their totals while requests fail and processes die: a repeat completes each, once."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from chalicelib.domain.organizations import numbered_tickets, numbering, ticket_clearing
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account, NumberRange
from tests.support.deaths import deaths, dying, mortal, requests_of
from tests.support.factories import make_organization
from tests.support.numbered import (
    assert_reports_are_true,
    generate,
    organization_of,
    recover,
    scan,
    stored_range,
    tally_of,
    tickets,
)
from tests.support.streams import StreamReader, project
from tests.support.wire import Fault, places, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_numbering"), pytest.mark.timeout(900)]

# Two transactions, the last of which shows the range.
QUANTITY = 100
IN_PROCESS = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.CONFLICT)
DONE: dict[str, list[str]] = {"batchItemFailures": []}


@pytest.fixture
def admin() -> Account:
    admin = make_organization(name="Faulty")
    generate(admin, 1)
    return admin


def ask(admin: Account, operation_id: str) -> NumberRange:
    wanted = GenerationInput(quantity=QUANTITY, prefix="VIP")
    return numbering.generate(organization_of(admin), wanted, user_id=admin.account_id, operation_id=operation_id)


def assert_numbers_are_whole(admin: Account, ranges: int) -> None:
    """Every range is stored once, and the numbers have no gap and no repeat."""
    tally = tally_of(organization_of(admin))
    assert tally.firsts.as_dict() == tally.quantities.as_dict() == {}
    found = list(numbered_tickets.of_ordinals(organization_of(admin), 1, tally.last))
    assert [ticket.number for ticket in found] == list(range(1, 2 + ranges * QUANTITY))
    assert sorted(Counter(ticket.job_id for ticket in found).values()) == [1, *[QUANTITY] * ranges]
    assert_reports_are_true(organization_of(admin))


@pytest.mark.parametrize("fault", IN_PROCESS)
def test_a_generator_that_fails_at_any_request_gets_its_numbers_once_when_it_asks_again(
    fault: Fault, admin: Account
) -> None:
    tried = places(5, fault, IN_PROCESS)
    for place in tried:
        operation_id = new_id("op")
        operations.client.cache_clear()
        with wire(retries=False) as wired, suppress(Unavailable):
            wired.faults[place] = fault
            ask(admin, operation_id)
        made = ask(admin, operation_id)
        assert (made.status, ask(admin, operation_id).job_id) == ("complete", made.job_id)
    assert_numbers_are_whole(admin, len(tried))


def test_whoever_dies_while_generating_leaves_a_range_that_the_sweep_finishes_or_nothing(admin: Account) -> None:
    with mortal():
        requests = requests_of(lambda: ask(admin, new_id("op")))
        for after in (False, True):
            for place in deaths(requests, after=after):
                assert dying(lambda: ask(admin, new_id("op")), place=place, after=after) is None
    waiting = list(tally_of(organization_of(admin)).firsts.as_dict())
    assert waiting
    assert all(stored_range(job_id).status == "open" for job_id in waiting)
    recover()
    # A job that died before it reserved its numbers does not exist; every later one is completed.
    assert_numbers_are_whole(admin, (tally_of(organization_of(admin)).last - 1) // QUANTITY)
    assert recover() == 0


@pytest.mark.parametrize("fault", IN_PROCESS)
def test_a_scan_whose_answer_is_lost_has_let_in_whoever_asks_again(fault: Fault, admin: Account) -> None:
    organization_id, operation_id = organization_of(admin), new_id("op")
    (ticket,) = tickets(admin, 1, "ONE")

    def let_in() -> numbered_tickets.NumberedScan:
        return numbered_tickets.scan(
            organization_id, ticket.ticket_id, user_id=admin.account_id, operation_id=operation_id
        )

    operations.client.cache_clear()
    with wire(retries=False) as wired, suppress(Unavailable):
        wired.faults[0] = fault
        let_in()
    assert let_in().denial is None
    assert scan(admin, ticket).denial is numbered_tickets.NumberedDenial.ALREADY_SCANNED


@pytest.mark.parametrize("fault", IN_PROCESS)
def test_a_clearing_that_fails_at_any_request_ends_with_nothing_left(fault: Fault, admin: Account) -> None:
    stream = StreamReader()
    for place in places(7, fault, IN_PROCESS):
        generate(admin, 3)
        operations.client.cache_clear()
        with wire(retries=False) as wired, suppress(Unavailable):
            wired.faults[place] = fault
            ticket_clearing.clear(organization_of(admin), confirm="Faulty", user_id=admin.account_id)
        recover()
        if place < 3:  # the job may not exist
            ticket_clearing.clear(organization_of(admin), confirm="Faulty", user_id=admin.account_id)
        last = tally_of(organization_of(admin)).last
        assert list(numbered_tickets.of_ordinals(organization_of(admin), 1, last)) == []
    stream.drain()
    assert tally_of(organization_of(admin)).live == 0
    assert_reports_are_true(organization_of(admin))


def test_the_totals_count_each_ticket_once_however_badly_the_stream_is_told(admin: Account) -> None:
    stream, dice = StreamReader(), random.Random(11)  # noqa: S311  # repeatable, not secret
    stream.drain()
    made = tickets(admin, 60, "MANY")
    for ticket in made:
        if dice.random() < 0.6:
            scan(admin, ticket)
        if dice.random() < 0.3:
            numbered_tickets.delete(organization_of(admin), ticket.ticket_id)
    records = stream.read()
    # Twice, in parts, in any order of tickets, and with a worker that fails on the way.
    for fault, place in zip(IN_PROCESS, (1, 2, 3), strict=True):
        part = dice.sample(records, len(records) // 2)
        operations.client.cache_clear()
        with wire(retries=False) as wired:
            wired.faults = {place: fault, place + 1: fault}
            project(part)
    dice.shuffle(records)
    for start in range(0, len(records), 25):
        assert project(records[start : start + 25]) == DONE
    assert project(records) == DONE
    assert_reports_are_true(organization_of(admin))


def test_a_batch_with_the_changes_of_a_ticket_in_reverse_counts_all_of_them(admin: Account) -> None:
    stream = StreamReader()
    made = tickets(admin, 3, "BACK")
    stream.drain()
    for ticket in made[:2]:
        scan(admin, ticket)
        numbered_tickets.delete(organization_of(admin), ticket.ticket_id)
    assert project(stream.read()[::-1]) == DONE
    assert_reports_are_true(organization_of(admin))


def test_workers_that_are_told_of_the_same_tickets_at_once_count_them_once(admin: Account) -> None:
    stream = StreamReader()
    made = tickets(admin, 40, "MANY")
    scan(admin, made[0])
    stream.drain()
    for ticket in made[1::2]:
        scan(admin, ticket)
    records = stream.read()
    operations.client.cache_clear()
    with ThreadPoolExecutor(6) as workers:
        for start in range(0, len(records), 5):
            assert list(workers.map(project, [records[start : start + 5]] * 6)) == [DONE] * 6
    assert_reports_are_true(organization_of(admin))
