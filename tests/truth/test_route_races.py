"""Jobs, drafts, early codes and sellers' batches on an exact engine, asked for by many callers at the same moment.

`ROUTE_CALLERS=32` for the full size.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from chalicelib.domain.events import categories, venues
from chalicelib.domain.organizations import numbered_tickets
from chalicelib.domain.organizers import event_changes
from chalicelib.errors import InvalidState
from chalicelib.vocabulary.events import DraftReview, EventStatus
from tests.portals.merchant import test_early_codes as early_codes
from tests.portals.organizer import test_drafts as drafts
from tests.portals.tix import test_batches as batches
from tests.portals.tix import test_behind_the_answer as behind
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.factories import make_organization, make_organizer, token_of
from tests.support.numbered import patiently, tickets, work
from tests.support.settings import configured
from tests.support.shops import make_shop, new_customer, stored
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("numbering"), pytest.mark.timeout(900)]
CALLERS = size_of("ROUTE_CALLERS", small=12, full=32)
TriedT = TypeVar("TriedT")


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def at_once(acts: Sequence[Callable[[], TriedT]]) -> list[TriedT]:
    """Do all of these at the same moment; return what each returned."""
    together = threading.Barrier(len(acts))

    def do(act: Callable[[], TriedT]) -> TriedT:
        together.wait(60)
        return patiently(act)

    with ThreadPoolExecutor(len(acts)) as callers:
        return list(callers.map(do, acts))


def answered(ask: Callable[[], Answer]) -> Callable[[], Answer]:
    """Ask again as long as the answer is 503, as a client does."""

    def act() -> Answer:
        answer = ask()
        for _ in range(60):
            if answer.status != 503:
                break
            answer = ask()
        return answer

    return act


@pytest.mark.parametrize("start", [behind.start_generating, behind.start_printing, behind.start_clearing])
def test_the_same_request_at_the_same_time_is_one_job(start: Callable[[str], str]) -> None:
    with configured(LIMIT_NUMBERS_AT_ONCE=3):
        token = token_of(make_organization(name="City Run"))
        behind.many(token, count=4)
        work()
        assert len(set(at_once([lambda: start(token)] * CALLERS))) == 1


def test_a_submission_a_change_and_a_decision_at_once_end_in_one_of_their_orders() -> None:
    token = token_of(make_organizer())
    venue_id = venues.add(name="Garden", city="Lahore").venue_id
    event_id = drafts.submitted(token, venue_id)

    def act(number: int) -> None:
        try:
            if number % 4 == 0:
                event_changes.change(event_id, {"status": EventStatus.PUBLISHED})
            elif number % 4 == 1:
                drafts.change(token, event_id, title=f"Title {number}")
            elif number % 4 == 2:
                event_changes.change(event_id, {"review": DraftReview.REJECTED, "review_note": "Which street?"})
            else:
                drafts.submit(token, event_id)
        except InvalidState:
            pass

    at_once([lambda n=n: act(n) for n in range(CALLERS)])  # type: ignore[misc]  # bound in the loop
    drafts.submit(token, event_id)
    event = event_changes.change(event_id, {"status": EventStatus.PUBLISHED}).event
    assert (event.status, event.drafted_categories, len(categories.of(event_id))) == (EventStatus.PUBLISHED, None, 1)


def test_assignments_at_once_hand_over_one_card_with_one_early_code() -> None:
    shop, ayesha = make_shop(), new_customer()
    code, cards = early_codes.early(shop, ayesha), shop.stock(CALLERS)
    answers = at_once([answered(lambda card=card: shop.assign(card, ayesha)) for card in cards])  # type: ignore[misc]
    held = [answer.json["assignment_id"] for answer in answers if answer.status == 201]
    done = [shop.verify(assignment_id, code).status for assignment_id in held]
    assert done.count(200) <= 1
    assert [stored(card).status for card in cards].count("active") == done.count(200)


@pytest.fixture
def seller_token() -> str:
    admin = make_organization()
    tickets(admin, 60)
    return token_of(admin)


def test_overlapping_batches_at_once_are_given_to_one_seller(seller_token: str) -> None:
    def give(first: int) -> Callable[[], Answer]:
        return answered(lambda: batches.give(seller_token, first, first + 5))

    answers = at_once([give(first) for first in range(1, CALLERS + 1)])
    assert {answer.status for answer in answers} <= {201, 409, 503}
    listed: list[dict[str, Any]] = call("GET", f"{batches.BATCHES}?page_size=100", token=seller_token).json["results"]
    given = [number for batch in listed for number in range(batch["from"], batch["to"] + 1)]
    assert len(listed) == [answer.status for answer in answers].count(201) > 0
    assert len(given) == len(set(given))


def test_returns_at_once_are_all_kept_or_refused(seller_token: str) -> None:
    batch = batches.give(seller_token, 1, CALLERS).json
    body = [batches.span(CALLERS, CALLERS)]

    def bring(first: int) -> Callable[[], Answer]:
        returned = [{**body[0], "from": first}]
        return answered(lambda: batches.settle(seller_token, batch["id"], returned=returned))

    answers = at_once([bring(first) for first in range(CALLERS, 0, -1)])
    assert {answer.status for answer in answers} <= {200, 409, 503}
    returned = batches.settle(seller_token, batch["id"]).json["returned"]
    organization_id = answers_organization(seller_token)
    found = numbered_tickets.of_numbers(organization_id, "VIP", 1, CALLERS)
    void = [int(ticket.number) for ticket in found if ticket.voided_at is not None]
    assert void == [number for each in returned for number in range(each["from"], each["to"] + 1)]


def answers_organization(token: str) -> str:
    """Return the organization of a token."""
    return str(call("GET", "/api/tix/auth/me", token=token).json["organizationId"])
