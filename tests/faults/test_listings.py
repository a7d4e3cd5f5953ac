"""The catalogue under concurrent workers: the last writer has read after the last change."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.domain.events import categories, listings, stock
from chalicelib.errors import Unavailable
from chalicelib.table import operations
from chalicelib.table.items import Category, Event
from chalicelib.vocabulary.events import EventStatus
from tests.support import catalogue, event_states
from tests.support.catalogue import Show
from tests.support.fault_days import is_everything
from tests.support.streams import StreamReader, project
from tests.support.wire import Fault, places, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_listings")]

WORKERS = 8
CHANGES = 30 if is_everything() else 12
BEFALLING = (Fault.ANSWER_LOST, Fault.DROPPED, Fault.THROTTLED, Fault.CONFLICT)
DONE: dict[str, Any] = {"batchItemFailures": []}


def _project_until_done(records: list[dict[str, Any]]) -> None:
    """Retry the records that failed, as Lambda does."""
    for _ in range(20):
        failed = {failure["itemIdentifier"] for failure in project(records)["batchItemFailures"]}
        records = [record for record in records if record["dynamodb"]["SequenceNumber"] in failed]
        if not records:
            return
    raise AssertionError("the stream would stand still")


def _change_at_random(dice: random.Random, event: Event, category: Category) -> None:
    """Change what is shown of an event, or sell of it."""
    kind = dice.randrange(5)
    if kind == 0:
        event_states.change(event.event_id, title=dice.choice(("One Night", "Two Nights", "Night")))
    elif kind == 1:
        event_states.change(event.event_id, category=dice.choice(("music", "theatre")), featured=dice.random() < 0.5)
    elif kind == 2:
        event_states.put_into(event.event_id, dice.choice((EventStatus.LIVE, EventStatus.DRAFT, EventStatus.PUBLISHED)))
    elif kind == 3:
        catalogue.set_price(category, dice.randrange(1_000))
    else:
        operations.commit(*stock.sell_free(event.event_id, {category.category_id: {dice.randrange(2): 1}}))


def test_workers_side_by_side_leave_what_the_table_says(stream: StreamReader) -> None:
    stream.drain()
    dice = random.Random(3)  # noqa: S311  # the same story every time
    made = [Show("Night").put() for _ in range(3)]
    on_sale = {event.event_id: categories.of(event.event_id)[0] for event in made}
    batches: list[list[dict[str, Any]]] = [stream.read()]
    with ThreadPoolExecutor(WORKERS) as workers:
        running = []
        for _ in range(CHANGES):
            event = dice.choice(made)
            _change_at_random(dice, event, on_sale[event.event_id])
            batches.append(stream.read())
            # Two workers process every batch at once, one of them late.
            running += [workers.submit(_project_until_done, batches[-1]) for _ in range(2)]
            running.append(workers.submit(_project_until_done, dice.choice(batches)))
        for each in running:
            each.result()
    catalogue.assert_recount()


def test_one_event_projected_by_many_at_once_is_counted_once(stream: StreamReader) -> None:
    stream.drain()
    event = Show("Rush", category="rush").put()

    def rush(_: int) -> None:
        for _ in range(20):
            try:
                listings.project(event.event_id)
            except Unavailable:
                continue
            return

    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(rush, range(32)))
    stream.drain()
    catalogue.assert_recount()
    assert catalogue.counted()["rush"] == 1


@pytest.mark.parametrize("fault", BEFALLING)
def test_a_worker_that_fails_at_any_request_is_made_good_by_the_next_try(fault: Fault, stream: StreamReader) -> None:
    stream.drain()
    for place in places(5, fault, BEFALLING):
        event = Show("Night", category="faulty").put()
        records = stream.read()
        operations.client.cache_clear()
        with wire(retries=False) as wired:
            wired.faults = {place: fault, place + 1: fault}
            project(records)
        operations.client.cache_clear()
        assert project(records) == DONE
        event_states.put_into(event.event_id, EventStatus.ENDED)
        records = stream.read()
        operations.client.cache_clear()
        with wire(retries=False) as wired:
            wired.faults = {place: fault, place + 1: fault}
            project(records)
        operations.client.cache_clear()
        assert project(records) == DONE
    catalogue.assert_recount()
