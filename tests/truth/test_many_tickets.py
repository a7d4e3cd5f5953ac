"""Many tickets of Tix, on an exact engine: as a job, in pages, cleared behind the answer."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.domain.organizations import numbered_tickets, numbering, ticket_clearing, ticket_pages
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from chalicelib.vocabulary import TicketFilter
from tests.portals.tix.test_tickets import NAME, TICKETS, ask, generate, listed, numbers
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.deaths import Died
from tests.support.factories import make_organization, token_of
from tests.support.meanwhile import before
from tests.support.numbered import assert_reports_are_true, organization_of, tally_of, work
from tests.support.numbered import generate as generated
from tests.support.settings import configured
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("numbering"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@pytest.fixture
def admin() -> Account:
    return make_organization(name=NAME)


@pytest.fixture
def token(admin: Account) -> str:
    return token_of(admin)


# So many are written or deleted before the answer; more than one transaction takes.
AT_ONCE = size_of("NUMBERS_AT_ONCE", small=150, full=1000)
MANY = AT_ONCE + 1


@pytest.fixture
def at_once() -> Iterator[None]:
    with configured(LIMIT_NUMBERS_AT_ONCE=AT_ONCE):
        yield


def die() -> None:
    raise Died


@pytest.mark.usefixtures("at_once")
def test_many_are_a_job_of_which_nothing_is_seen_before_all_is_there(token: str) -> None:
    small = generate(token, 2)
    body = {"count": MANY, "prefix": "VIP"}
    answer = ask(token, body, key="many")
    assert (answer.status, set(answer.json)) == (202, {"job_id"})
    assert ask(token, body, key="many").text == answer.text
    job_id = answer.json["job_id"]
    # Others go on meanwhile, behind the numbers that are taken.
    assert generate(token, 1)[0]["number"] == f"VIP-{MANY + 3:06}"
    # A worker dies after the first of its transactions.
    with before("TransactWriteItems", None, die), pytest.raises(Died):
        numbering.run_step(job_id)
    waiting = listed(token, f"job_id={job_id}")
    assert waiting["job"] == {"id": job_id, "status": "open", "done": 95, "count": MANY}
    assert (waiting["tickets"], waiting["total"]) == ([], 0)
    assert (numbers(listed(token)), listed(token)["total"]) == ([f"VIP-{MANY + 3:06}", "VIP-000002", "VIP-000001"], 3)
    assert call("GET", f"{TICKETS}/VIP-000003", token=token).status == 404
    # A message that is delivered more than once starts several workers for the same job.
    with ThreadPoolExecutor(3) as workers:
        assert not any(workers.map(numbering.run_step, [job_id] * 3))
    assert work() == 1
    done = listed(token, f"job_id={job_id}&limit=2&page=2")
    assert done["job"] == {"id": job_id, "status": "complete", "done": MANY, "count": MANY}
    assert (numbers(done), done["total"]) == (["VIP-000005", "VIP-000006"], MANY)
    assert numbers(listed(token, f"page={MANY}&limit=1")) == ["VIP-000004"]
    assert listed(token)["total"] == MANY + 3
    assert call("GET", f"{TICKETS}/VIP-000002", token=token).json == small[1]
    other = token_of(make_organization(name="Another"))
    assert call("GET", f"{TICKETS}?job_id={job_id}", token=other).status == 404
    assert call("GET", f"{TICKETS}?job_id={new_id('job')}", token=token).status == 404


def test_a_thousand_are_answered_at_once_and_again_by_their_key(token: str) -> None:
    body = {"count": 1000, "prefix": "VIP", "extra": {"text": "x" * 900}}
    first = ask(token, body, key="thousand")
    assert (first.status, len(first.json)) == (200, 1000)
    again = ask(token, body, key="thousand")
    assert again.headers["idempotent-replayed"] == "true"
    assert again.text == first.text
    assert listed(token)["total"] == 1000


@pytest.mark.usefixtures("at_once")
def test_many_are_cleared_behind_the_answer(token: str) -> None:
    stream = StreamReader()
    for prefix in ("VIP", "STAND"):
        generate(token, AT_ONCE * 6 // 10, prefix)
    answer = call("DELETE", f"{TICKETS}?confirm=Lahore%20Marathon", token=token)
    assert answer.status == 202
    assert answer.json["success"] is True
    fresh = generate(token, 1)[0]
    assert listed(token, f"job_id={answer.json['job_id']}")["job"]["status"] == "open"
    with ThreadPoolExecutor(3) as workers:
        assert not any(workers.map(ticket_clearing.run_step, [answer.json["job_id"]] * 3))
    assert work() == 1
    job = listed(token, f"job_id={answer.json['job_id']}")["job"]
    assert (job["status"], job["done"], job["count"]) == ("complete", AT_ONCE * 6 // 10 * 2, AT_ONCE * 6 // 10 * 2)
    stream.drain()
    assert numbers(listed(token)) == [fresh["number"]]
    assert json.loads(call("GET", "/api/tix/reports/stats", token=token).text)["total"] == 1


def test_every_page_of_every_list_is_what_a_count_of_all_tickets_says(admin: Account) -> None:
    organization_id, stream, dice = organization_of(admin), StreamReader(), random.Random(7)  # noqa: S311  # repeatable, not secret
    for number in range(6):
        generated(admin, 430 + number, prefix=f"P{number}")
    last = tally_of(organization_id).last
    everything = list(numbered_tickets.of_ordinals(organization_id, 1, last))
    # A stretch without any, few in a thousand, and many.
    for ticket in everything:
        ordinal = ticket.ordinal
        if 900 <= ordinal < 1100 or (ordinal > 2000 and dice.random() < 0.2):
            numbered_tickets.delete(organization_id, ticket.ticket_id)
        elif dice.random() < (0.5 if ordinal < 300 else 0.02):
            numbered_tickets.scan(organization_id, ticket.ticket_id, user_id="usr_1", operation_id=new_id("op"))
    stream.drain()
    left = list(numbered_tickets.of_ordinals(organization_id, 1, last))[::-1]
    shown = {
        None: left,
        TicketFilter.SCANNED: [ticket for ticket in left if ticket.scanned_at is not None],
        TicketFilter.NOT_SCANNED: [ticket for ticket in left if ticket.scanned_at is None],
    }
    for only, tickets in shown.items():
        for limit in (1000, 170):
            for page in range(1, len(tickets) // limit + 3):
                found = ticket_pages.newest(organization_id, only, page=page, limit=limit)
                begins = (page - 1) * limit
                wanted = [ticket.ticket_id for ticket in tickets[begins : begins + limit]]
                assert [ticket.ticket_id for ticket in found.tickets] == wanted
                assert found.total == len(tickets)
    assert_reports_are_true(organization_id)
