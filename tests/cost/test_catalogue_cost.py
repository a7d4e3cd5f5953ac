"""What a list of the catalogue and the page of an event may cost, however many events there are and were."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.domain.events import catalogue, listings
from infra.local.meter import Meter
from tests.support import engines, ground
from tests.support.caches import forget_caches
from tests.support.catalogue import Show
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost"), pytest.mark.timeout(3000)]

FEW, MANY = 60, size_of("CATALOGUE_EVENTS", small=120, full=600)
# What fills a page at either size; every page holds twenty events.
LISTS = {
    "all": "",
    "the latest first": "ordering=-starts_at",
    "the cheapest first": "ordering=price",
    "by price, cheapest first": "ordering=price&price_from=100&price_to=900000",
    "by category": "category=music",
    "by city": "city=lahore",
    "by category and city": "category=music&city=lahore",
    "by organizer": "organizer_id=org_1",
    "from a day on": "date_from=2000-01-01",
    "with the past": "include_past=true&ordering=-starts_at",
    "by title": "search=night",
    "by a letter": "search=n",
}
PAGES = {
    **{name: f"/api/v1/public/events/?{query}" for name, query in LISTS.items()},
    "featured": "/api/v1/public/events/featured/",
}
Usage = tuple[float, float]


def _fill(numbers: range) -> str:
    """Store events of a kind, every third of them over, and return the id of the last."""

    def put(number: int) -> str:
        is_over = number % 3 == 0
        show = Show(
            "Long Evening Night",
            in_days=-3 if is_over else 1 + number / MANY,
            organizer_id="org_1",
            prices=(100_000 + number,),
            featured=True,
        )
        event = show.put()
        listings.project(event.event_id)
        return event.event_id

    with ThreadPoolExecutor(4) as hands:
        return list(hands.map(put, numbers))[-1]


def _read(meter: Meter, path: str) -> Usage:
    catalogue.forget()
    meter.reset()
    with meter.request("page"):
        answer = ground.ask(path, None)
    assert len(answer.get("results", [None] * 20)) == 20
    used = meter.report()["requests"]["page"]
    return used["dynamodb_requests"], used["read_units"]


def _usage(meter: Meter, event_id: str) -> dict[str, Usage]:
    pages = PAGES | {"an event": f"/api/v1/public/events/{event_id}/"}
    found = {name: _read(meter, path) for name, path in pages.items()}
    catalogue.forget()
    meter.reset()
    with meter.request("page"):
        ground.ask("/api/v1/public/events/categories/", None)
    used = meter.report()["requests"]["page"]
    return {**found, "the categories": (used["dynamodb_requests"], used["read_units"])}


@pytest.fixture(scope="module")
def usage() -> Iterator[tuple[dict[str, Usage], dict[str, Usage]]]:
    """Requests and read units of every page, with few events and with many."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            few = _usage(meter, _fill(range(FEW)))
            many = _usage(meter, _fill(range(FEW, MANY)))
            yield few, many
    finally:
        meter.detach()
        forget_caches()


@pytest.mark.parametrize("page", [*PAGES, "an event", "the categories"])
def test_a_page_of_the_catalogue_costs_the_same_however_many_events_there_are(
    usage: tuple[dict[str, Usage], dict[str, Usage]], page: str
) -> None:
    few, many = usage
    assert many[page] == pytest.approx(few[page], rel=0.1)


def test_an_event_costs_one_request_and_a_list_two(usage: tuple[dict[str, Usage], dict[str, Usage]]) -> None:
    for by_page in usage:
        assert by_page["an event"][0] == by_page["the categories"][0] == 1
        assert {name: by_page[name][0] for name in PAGES} == dict.fromkeys(PAGES, 2)


def test_a_list_is_read_once_for_all_who_come_within_seconds(usage: tuple[dict[str, Usage], dict[str, Usage]]) -> None:
    assert usage
    meter = Meter().attach()
    path = PAGES["all"]
    try:
        forget_caches()
        ground.ask(path, None)
        meter.reset()
        with meter.request("page"):
            ground.ask(path, None)
        assert meter.report()["requests"]["page"]["dynamodb_requests"] == 1
    finally:
        meter.detach()
