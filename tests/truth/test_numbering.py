"""Numbering on an exact engine: no gap, no repeat, all or nothing when processes die; and one scan of a ticket.

`NUMBERING_TICKETS=500` for the full size.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.organizations import numbered_tickets, numbering, ticket_pages
from chalicelib.domain.organizations.numbered_tickets import NumberedDenial
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.errors import NotFound, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, NumberRange
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.deaths import dying, mortal
from tests.support.factories import make_organization
from tests.support.meanwhile import asked, before
from tests.support.numbered import (
    assert_reports_are_true,
    generate,
    organization_of,
    patiently,
    recover,
    scan,
    stored_range,
    tally_of,
    tickets,
)
from tests.support.settings import configured
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("numbering"), pytest.mark.timeout(1500)]

GENERATORS = size_of("NUMBERING_GENERATORS", small=9, full=20)
EACH = size_of("NUMBERING_TICKETS", small=100, full=110)
SCANNERS = 32
PREFIXES = ("VIP", "VIP", "STAND-A")


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@pytest.fixture
def admin() -> Account:
    return make_organization()


class Reader(threading.Thread):
    """Reads the list continuously, and records each range that was partly visible."""

    def __init__(self, organization_id: str) -> None:
        super().__init__(daemon=True)
        self._organization_id = organization_id
        self._done = threading.Event()
        self.seen: Counter[int] = Counter()
        self.partial: list[Counter[str]] = []

    def run(self) -> None:
        while not self._done.is_set():
            page = patiently(lambda: ticket_pages.newest(self._organization_id, None, page=1, limit=3 * EACH))
            by_job = Counter(ticket.job_id for ticket in page.tickets)
            self.seen[page.total // EACH] += 1
            # The page may end within the oldest range on it.
            if page.total % EACH or len(by_job) * EACH - len(page.tickets) >= EACH:
                self.partial.append(by_job)
            whole = [job_id for job_id, count in by_job.items() if count == EACH]
            if len(by_job) - len(whole) > 1:
                self.partial.append(by_job)

    def end(self) -> None:
        self._done.set()
        self.join()


def _generator(admin: Account, number: int) -> str:
    """Ask for tickets as a client does, from a process that dies on the way; every third client never asks again."""
    chance, operation_id = random.Random(number), new_id("op")  # noqa: S311  # repeatable, not secret
    wanted = GenerationInput(quantity=EACH, prefix=PREFIXES[number % len(PREFIXES)])

    def ask() -> NumberRange:
        return numbering.generate(organization_of(admin), wanted, user_id=admin.account_id, operation_id=operation_id)

    for _ in range(2 if number % 2 else 0):
        try:
            if dying(ask, place=chance.randrange(3 + EACH // 90), after=chance.random() < 0.5) is not None:
                break
        except Unavailable:
            continue
    if number % 3 or not number % 2:
        patiently(ask)
    return operation_id


def test_many_generators_get_numbers_without_gap_or_repeat_though_some_of_them_die(
    admin: Account,
) -> None:
    organization_id = organization_of(admin)
    reader = Reader(organization_id)
    # This reads the queue's address before, so that no process dies at a request that a container sends once.
    generate(admin, EACH, "FIRST")
    reader.start()
    with mortal(), ThreadPoolExecutor(GENERATORS) as crowd:
        list(crowd.map(lambda number: _generator(admin, number), range(GENERATORS)))
    reader.end()
    left = len(tally_of(organization_id).firsts.as_dict())
    recover()
    tally = tally_of(organization_id)
    assert tally.firsts.as_dict() == tally.quantities.as_dict() == {}
    found = list(numbered_tickets.of_ordinals(organization_id, 1, tally.last))
    print(
        f"{len(found)} tickets of {GENERATORS} generators, {left} ranges finished by the sweep, "
        f"the list was read {reader.seen.total()} times in {len(reader.seen)} states"
    )
    # Every client that retried to the end has its range; so has each other client that reserved its numbers.
    ranges = Counter(ticket.job_id for ticket in found)
    assert set(ranges.values()) == {EACH}
    assert GENERATORS - GENERATORS // 3 <= len(ranges) - 1 <= GENERATORS
    assert [ticket.ordinal for ticket in found] == list(range(1, len(found) + 1))
    for prefix in {*PREFIXES}:
        numbers = [ticket.number for ticket in found if ticket.prefix == prefix]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert len({ticket.ticket_id for ticket in found}) == len(found)
    assert reader.partial == []
    assert tally.live == len(found)
    assert_reports_are_true(organization_id)
    again = {job_id: stored_range(job_id) for job_id in ranges}
    assert all(made.status == "complete" and made.gsi2pk is None for made in again.values())


def test_the_same_operation_gets_the_same_numbers_again(admin: Account) -> None:
    operation_id = new_id("op")
    with ThreadPoolExecutor(8) as crowd:
        made = list(crowd.map(lambda _: patiently(lambda: generate(admin, 7, operation_id=operation_id)), range(8)))
    assert len({each.job_id for each in made}) == 1
    assert tally_of(organization_of(admin)).last == 7


def test_a_worker_that_comes_late_changes_no_ticket_that_is_there(admin: Account) -> None:
    organization_id = organization_of(admin)
    with configured(LIMIT_NUMBERS_AT_ONCE=1):
        made = numbering.generate(
            organization_id, GenerationInput(3, "VIP"), user_id=admin.account_id, operation_id=new_id("op")
        )
    seen: list[operations.RawItem] = []

    def others() -> None:
        """Write the range, then scan one of its tickets and delete another."""
        assert not numbering.run_step(made.job_id)
        with configured(LIMIT_NUMBERS_AT_ONCE=3):
            first, second, _ = numbering.as_generated(stored_range(made.job_id))
        assert scan(admin, first).denial is None
        numbered_tickets.delete(organization_id, second.ticket_id)
        seen.extend(stored_tickets(admin))

    with asked("TransactWriteItems") as sent, before("TransactWriteItems", others):
        assert not numbering.run_step(made.job_id)
    assert stored_tickets(admin) == seen
    left = numbered_tickets.of_ordinals(organization_id, 1, 3)
    assert [(int(ticket.number), ticket.scanned_at is not None) for ticket in left] == [(1, True), (3, False)]
    # The range alone keeps the late worker out, and so does each of its tickets.
    late, client = sent[0]["TransactItems"], cast(Any, operations.client())
    for writes in (late[:1], *([ticket] for ticket in (late[1], late[3]))):
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            client.transact_write_items(TransactItems=writes)
    assert stored_tickets(admin) == seen


def stored_tickets(admin: Account) -> list[operations.RawItem]:
    return operations.query(keys.organizations.numbered_ticket(organization_of(admin), 1).pk, consistent=True)


def test_of_thirty_two_scanners_of_a_ticket_exactly_one_gets_it_in(admin: Account) -> None:
    organization_id = organization_of(admin)
    for ticket in tickets(admin, 5):
        start = threading.Barrier(SCANNERS)

        def one(number: int, ticket_id: str = ticket.ticket_id, start: threading.Barrier = start) -> tuple[str, bool]:
            start.wait()
            user_id = f"usr_{number}"
            seen = patiently(
                lambda: numbered_tickets.scan(organization_id, ticket_id, user_id=user_id, operation_id=new_id("op"))
            )
            assert seen.denial in (None, NumberedDenial.ALREADY_SCANNED)
            assert (seen.denial is None) == (seen.ticket.scanned_by == user_id)
            return seen.ticket.scanned_by, seen.denial is None

        with ThreadPoolExecutor(SCANNERS) as crowd:
            answers = list(crowd.map(one, range(SCANNERS)))
        assert sum(first for _, first in answers) == 1
        assert len({by for by, _ in answers}) == 1
    StreamReader().drain()
    assert_reports_are_true(organization_id)


def test_a_ticket_is_scanned_or_deleted_by_whoever_comes_first_and_counted_so(admin: Account) -> None:
    organization_id = organization_of(admin)
    stream = StreamReader()
    made = tickets(admin, 24)

    def remove(ticket_id: str) -> bool:
        try:
            numbered_tickets.delete(organization_id, ticket_id)
        except NotFound:
            return False
        return True

    def let_in(ticket_id: str) -> bool:
        try:
            seen = numbered_tickets.scan(organization_id, ticket_id, user_id="usr_1", operation_id=new_id("op"))
        except NotFound:
            return False
        return seen.denial is None

    with ThreadPoolExecutor(16) as crowd:
        work = [(act, ticket.ticket_id) for ticket in made for act in (let_in, remove, let_in, remove)]
        done = Counter(
            (act.__name__, ticket_id)
            for (act, ticket_id), won in zip(work, crowd.map(lambda each: each[0](each[1]), work), strict=True)
            if won
        )
    assert all(done["let_in", ticket.ticket_id] <= 1 <= done["remove", ticket.ticket_id] for ticket in made)
    stream.drain()
    assert_reports_are_true(organization_id)
    assert ticket_pages.newest(organization_id, None, page=1, limit=10).tickets == []
