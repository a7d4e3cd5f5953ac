"""A customer's favourite events, through the portal."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.events import listings
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Venue
from chalicelib.vocabulary.events import EventStatus
from tests.support import event_states
from tests.support.client import call
from tests.support.factories import customer_token, make_customer, make_event
from tests.support.purchases import make_show

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "/api/v1/users/favorites/"


@pytest.fixture
def fan() -> Account:
    return make_customer()


@pytest.fixture
def token(fan: Account) -> str:
    return customer_token(fan)


def test_a_favourite_is_listed_with_what_the_public_sees_of_its_event(fan: Account, token: str) -> None:
    event, _ = make_show(venue=Venue(name="Alhamra", city="Lahore"))
    listings.project(event.event_id)
    added = call("POST", PATH, {"event_id": event.event_id}, token=token)
    assert added.status == 201
    assert added.json["event_id"] == event.event_id
    assert added.json["event"]["title"] == "Qawwali Night"
    assert added.json["event"]["venue"]["city"] == "Lahore"
    assert added.json["event"]["price_from"] == {"amount": "1500.00", "currency": "PKR"}
    assert call("GET", PATH, token=token).json == {"results": [added.json], "next": None, "count": None}
    assert operations.get(keys.customers.favorite(fan.account_id, event.event_id)) is not None


def test_adding_twice_is_no_error_and_keeps_the_first_moment(token: str) -> None:
    event = make_event()
    now = clock.now()
    with clock.set_to(now):
        first = call("POST", PATH, {"event_id": event.event_id}, token=token)
    with clock.set_to(now + timedelta(minutes=5)):
        again = call("POST", PATH, {"event_id": event.event_id}, token=token)
    assert (again.status, again.json["added_at"]) == (201, first.json["added_at"])
    assert first.json["added_at"] == clock.to_text(now)


def test_an_event_that_nobody_may_see_cannot_be_liked_and_one_that_is_hidden_later_shows_nothing(token: str) -> None:
    draft = make_event(status=EventStatus.DRAFT)
    for event_id in (draft.event_id, "evt_unknown"):
        assert call("POST", PATH, {"event_id": event_id}, token=token).status == 404
    event = make_event()
    call("POST", PATH, {"event_id": event.event_id}, token=token)
    event_states.put_into(event.event_id, EventStatus.DRAFT)
    listings.project(event.event_id)
    [favorite] = call("GET", PATH, token=token).json["results"]
    assert (favorite["event_id"], favorite["event"]) == (event.event_id, None)


def test_a_favourite_is_removed_and_removing_it_again_is_no_error(fan: Account, token: str) -> None:
    event = make_event()
    call("POST", PATH, {"event_id": event.event_id}, token=token)
    stranger = customer_token(make_customer())
    assert call("DELETE", f"{PATH}{event.event_id}/", token=stranger).status == 204
    assert operations.get(keys.customers.favorite(fan.account_id, event.event_id)) is not None
    for _ in range(2):
        assert call("DELETE", f"{PATH}{event.event_id}/", token=token).status == 204
    assert operations.get(keys.customers.favorite(fan.account_id, event.event_id)) is None


def test_pages_of_favourites_hold_each_once_the_newest_event_first(token: str) -> None:
    liked = [make_event().event_id for _ in range(7)]
    for event_id in liked:
        call("POST", PATH, {"event_id": event_id}, token=token)
    seen: list[str] = []
    query = "?page_size=3"
    while query:
        answer = call("GET", f"{PATH}{query}", token=token).json
        assert len(answer["results"]) <= 3
        seen += [one["event_id"] for one in answer["results"]]
        query = f"?page_size=3&cursor={answer['next']}" if answer["next"] else ""
    assert seen == sorted(liked, reverse=True)
