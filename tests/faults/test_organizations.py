"""Organizations under load and faults: never more users than the limit, never a partly stored organization, never an
admission of a ticket that was voided, and every ticket on exactly one sheet."""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.organizations import (
    members,
    numbered_tickets,
    numbering,
    organization_days,
    organization_settings,
    organizations,
    voiding,
)
from chalicelib.domain.organizations.numbered_tickets import NumberedDenial
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.domain.organizations.printing import print_runs
from chalicelib.errors import AlreadyExists, NotFound, OrganizationFull, RateLimited, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Organization
from chalicelib.vocabulary.numbered_tickets import PrintFormat
from chalicelib.vocabulary.work import JobStatus
from tests.support.factories import PASSWORD, invite_code, make_organization, make_tix_user
from tests.support.numbered import tickets
from tests.support.settings import configured
from tests.support.wire import Fault, places, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_organizations"), pytest.mark.timeout(900)]

CROWD = 32
PLACES = 7
FAULTS = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.CONFLICT)


def who(email: str | None = None) -> TixRegistration:
    return TixRegistration(email=email or f"{uuid.uuid4().hex}@tix.example.com", password=PASSWORD, name="Sana")


def invite(admin: Account) -> str:
    """Return the invite code, which a crowd may use."""
    place = keys.organizations.organization(admin.organization_id)
    operations.record(operations.change(place, [Organization.invite_uses.set(2 * CROWD)]))
    return invite_code(admin)


def users_of(admin: Account) -> list[dict[str, Any]]:
    """Read the whole table, as only a test may, and return the accounts of an admin's organization."""
    pages = operations.client().get_paginator("scan").paginate(TableName=config().table_name, ConsistentRead=True)
    found = [item for page in pages for item in page["Items"]]
    logins = {item["account_id"]["S"] for item in found if item["kind"]["S"] == "login"}
    users = [item for item in found if item.get("organization_id", {}).get("S") == admin.organization_id]
    accounts = [item for item in users if item["kind"]["S"] == "account"]
    assert {item["account_id"]["S"] for item in accounts} <= logins
    return accounts


def at_once(work: Callable[[int], object], callers: int = CROWD) -> Counter[object]:
    """Run an act in so many threads at the same moment; return how often each result came."""

    def one(number: int) -> object:
        for _ in retries.attempts():
            try:
                return work(number)
            except Unavailable:
                continue
            except Refusal as refusal:
                return type(refusal)
        return Unavailable

    with ThreadPoolExecutor(callers) as hands:
        return Counter(hands.map(one, range(callers)))


def test_a_crowd_with_one_invitation_fills_the_organization_and_no_more() -> None:
    admin = make_organization(max_users=10)
    code = invite(admin)
    came_to = at_once(lambda _: organizations.join(who(), invite_code=code).role)
    assert came_to == {"member": 9, OrganizationFull: CROWD - 9}
    assert organizations.get(admin.organization_id).members == 10 == len(users_of(admin))


def test_of_a_crowd_with_one_address_one_registers() -> None:
    admin = make_organization(max_users=50)
    code, email = invite(admin), f"{uuid.uuid4().hex}@tix.example.com"

    def register(number: int) -> str:
        if number % 2:
            return organizations.found(who(email), organization="A Run").role
        return organizations.join(who(email), invite_code=code).role

    came_to = at_once(register)
    assert came_to[AlreadyExists] == CROWD - 1
    assert organizations.get(admin.organization_id).members == 1 + came_to["member"] == len(users_of(admin))


@pytest.mark.usefixtures("one_window")
def test_a_crowd_orders_the_numbers_of_a_day_and_no_more() -> None:
    admin = make_organization()
    tickets(admin, 1)

    def order(_: int) -> int:
        wanted = GenerationInput(quantity=3, prefix="DAY")
        made = numbering.generate(admin.organization_id, wanted, user_id=admin.account_id, operation_id=new_id("op"))
        return int(made.quantity or 0)

    with configured(LIMIT_NUMBERS_A_DAY=41):
        came_to = at_once(order)
    # 13 orders of three, after the first number.
    assert came_to == {3: 13, RateLimited: CROWD - 13}
    day = organization_days.day_of(organizations.get(admin.organization_id), clock.now()).isoformat()
    found = operations.get(keys.organizations.ticket_day(admin.organization_id, day))
    assert found is not None
    assert (found.ordered, found.generated) == (40, 40)


def test_a_crowd_begins_five_jobs_and_no_more() -> None:
    admin = make_organization()
    tickets(admin, 1)
    wanted = print_runs.PrintInput(prefix="VIP", first=1, last=1, format=PrintFormat.CSV)

    def order(_: int) -> str:
        print_runs.begin(admin.organization_id, wanted, user_id=admin.account_id, operation_id=new_id("op"))
        return "begun"

    assert at_once(order) == {"begun": 5, RateLimited: CROWD - 5}


def test_of_a_crowd_that_removes_one_member_one_does() -> None:
    admin = make_organization()
    member, stays = make_tix_user(admin), make_tix_user(admin)
    came_to = at_once(lambda _: members.remove(admin.organization_id, member.account_id, by=admin.account_id))
    assert came_to == {None: 1, NotFound: CROWD - 1}
    assert organizations.get(admin.organization_id).members == 2
    page = members.page(admin.organization_id, page_size=20, cursor=None)
    assert [row.id for row in page.results] == [stays.account_id, admin.account_id]


@pytest.mark.parametrize("fault", FAULTS)
def test_who_joins_while_the_table_fails_is_there_wholly_or_not_at_all_and_the_next_try_says_which(
    fault: Fault,
) -> None:
    admin = make_organization(max_users=50)
    code, registered = invite(admin), 0
    for place in places(2, fault, FAULTS):
        email = f"{uuid.uuid4().hex}@tix.example.com"
        with wire(retries=False) as wired:
            wired.faults[place] = fault
            with suppress(Unavailable):
                organizations.join(who(email), invite_code=code)
        try:
            organizations.join(who(email), invite_code=code)
        except AlreadyExists:
            assert (
                organizations.log_in(email=email, password=PASSWORD, visitor=Visitor("192.0.2.9")).user.email == email
            )
        registered += 1
    assert organizations.get(admin.organization_id).members == 1 + registered == len(users_of(admin))


def test_no_scan_that_begins_after_a_range_was_voided_lets_anybody_in() -> None:
    admin = make_organization()
    organization_id, by = admin.organization_id, admin.account_id
    made = tickets(admin, 150)
    let_in: Counter[str] = Counter()

    def scanner(number: int) -> None:
        mine = random.Random(number).sample(made, len(made))  # noqa: S311  # an order, no secret
        for ticket in mine[:60]:
            scan = numbered_tickets.scan(organization_id, ticket.ticket_id, user_id=by, operation_id=new_id("op"))
            if scan.denial is None:
                let_in[ticket.ticket_id] += 1

    numbers = voiding.NumberSpan("VIP", 1, len(made))
    with ThreadPoolExecutor(9) as hands:
        scanning = [hands.submit(scanner, number) for number in range(8)]
        came_to = voiding.void(organization_id, numbers, reason=None, user_id=by)
        after = [
            numbered_tickets.scan(organization_id, ticket.ticket_id, user_id=by, operation_id=new_id("op"))
            for ticket in made
        ]
        for one in scanning:
            one.result()
    assert None not in {scan.denial for scan in after}
    assert came_to.voided == sum(scan.denial is NumberedDenial.VOIDED for scan in after)
    assert came_to.voided + came_to.scanned == len(made)
    assert set(let_in.values()) <= {1}
    assert len(let_in) == came_to.scanned


@pytest.mark.parametrize("fault", FAULTS)
def test_a_void_that_breaks_off_anywhere_is_whole_when_it_is_asked_for_again(fault: Fault) -> None:
    admin = make_organization()
    organization_id = admin.organization_id
    made, voided = tickets(admin, 120), set[int]()
    # A part for each place that is tried.
    for place in places(5, fault, FAULTS):
        numbers = voiding.NumberSpan("VIP", 1 + 24 * place, 24 + 24 * place)
        with wire(retries=False) as wired:
            wired.faults[place] = fault
            with suppress(Unavailable):
                voiding.void(organization_id, numbers, reason=None, user_id=admin.account_id)
        assert voiding.void(organization_id, numbers, reason=None, user_id=admin.account_id).voided == 24
        voided |= set(range(1 + 24 * place, 25 + 24 * place))
    now = [*numbered_tickets.of_numbers(organization_id, "VIP", 1, len(made))]
    assert {int(ticket.number) for ticket in now if ticket.voided_at is not None} == voided


@pytest.fixture
def small_parts() -> Iterator[None]:
    """Limit each file of a print run to one ticket."""
    with configured(LIMIT_PRINT_PART=1):
        yield


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_print_run_that_breaks_off_anywhere_has_every_ticket_once_in_the_end(
    fault: Fault,
) -> None:
    admin = make_organization()
    organization_id = admin.organization_id
    tickets(admin, 2)
    # A ticket a sheet.
    organization_settings.change(organization_id, {"paper": {"size": "A6", "columns": 1, "rows": 1}})
    wanted = print_runs.PrintInput(prefix="VIP", first=1, last=2, format=PrintFormat.PDF)
    for place in places(PLACES, fault, FAULTS):
        job_id = print_runs.begin(organization_id, wanted, user_id=admin.account_id, operation_id=new_id("op"))
        # A retry of the SDK finds the write of its own first attempt.
        for sdk_retries in (True, False) if fault is Fault.ANSWER_LOST else (False,):
            with wire(retries=sdk_retries) as wired, suppress(Unavailable):
                wired.faults[place] = fault
                print_runs.run_step(job_id)
        print_runs.run_step(job_id)
        run = operations.get(keys.organizations.print_run(job_id))
        assert run is not None
        assert (run.status, run.done) == (JobStatus.COMPLETE, 2)
        assert [(part["first"], part["last"], part["tickets"]) for part in run.files] == [(1, 1, 1), (2, 2, 1)]
        assert all(files.read(part["key"], limit=10**7) for part in run.files)
