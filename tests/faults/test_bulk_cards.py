"""Bulk work on cards that dies at each of its requests, and that is delivered twice at once."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.domain.card_office import bulk_cards
from chalicelib.domain.card_office.bulk_cards import BulkInput
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import CardBatch
from chalicelib.vocabulary.cards import CardBatchAction, CardStatus
from tests.support.deaths import deaths, dying, mortal, requests_of
from tests.support.shops import everything

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_bulk_cards"), pytest.mark.timeout(900)]


def begin(count: int = 100) -> tuple[str, list[str], str]:
    """Begin the creation of some cards of which one exists; return the job's id, the UIDs and the taken one."""
    uids = [f"04{uuid.uuid4().hex[:12]}".upper() for _ in range(count)]
    taken = cards.register(CardRegistration(uids[50], status=CardStatus.BLOCKED)).uid
    wanted = BulkInput(CardBatchAction.CREATE, cards=[*uids, "nonsense"])
    return bulk_cards.begin(wanted, by="adm_1", operation_id=new_id("op")).job_id, uids, taken


def assert_done(job_id: str, uids: list[str], taken: str) -> None:
    job = operations.get(keys.cards.batch(job_id))
    assert isinstance(job, CardBatch)
    assert (job.status, job.done, job.quantity, job.failed) == ("complete", 101, 101, 2)
    assert sorted(int(line) for line, _, _ in job.problems) == [51, 101]
    found = operations.get_many([keys.cards.card(uid) for uid in uids])
    assert Counter(card.status for card in found.values()) == {"stock": 99, "blocked": 1}
    assert found[keys.cards.card(taken)].status == "blocked"


@pytest.mark.parametrize("after", [False, True])
def test_a_step_that_dies_at_any_request_is_completed_by_the_next(after: bool) -> None:
    with mortal():
        probe, *_ = begin()
        asked = requests_of(lambda: bulk_cards.run_step(probe))
        for place in deaths(asked, after=after):
            job_id, uids, taken = begin()
            dying(lambda job_id=job_id: bulk_cards.run_step(job_id), place=place, after=after)  # type: ignore[misc]
            assert not bulk_cards.run_step(job_id)
            assert_done(job_id, uids, taken)


def test_a_job_that_is_delivered_to_many_at_once_is_done_once() -> None:
    job_id, uids, taken = begin()
    with ThreadPoolExecutor(8) as hands:
        list(hands.map(lambda _: bulk_cards.run_step(job_id), range(8)))
    assert_done(job_id, uids, taken)
    made = Counter(item.uid for item in everything() if getattr(item, "uid", None) in set(uids) and item.sk == "CARD")
    assert set(made.values()) == {1}
