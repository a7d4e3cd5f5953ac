"""An organizer sees nothing of another, with the other's ids in the path, the body or the query."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session

from chalicelib.config import config
from chalicelib.domain.events import listings
from chalicelib.portals.http.route import ROUTES
from chalicelib.table.items import Account, Category, Event
from chalicelib.vocabulary.access import Portal
from tests.support import settled
from tests.support.client import Answer, call
from tests.support.factories import make_customer, make_organizer, token_of
from tests.support.purchases import book, make_show, pay
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")

TITLE = "Nobody else's evening"
OWN = [route for route in ROUTES if route.portal == Portal.ORGANIZER and route.guard is not None]
OF_AN_EVENT = [route for route in OWN if "{event_id}" in route.path]
OF_A_PAYOUT = [route for route in OWN if "{payout_id}" in route.path]
READ = [route for route in OWN if route.method == "GET" and "{" not in route.path]


@pytest.fixture
def theirs() -> tuple[Account, Event, Category]:
    """Another organizer's event, with something sold."""
    other = make_organizer(name="Another house")
    event, category = make_show(organizer_id=other.account_id, organizer_name="Another house", title=TITLE)
    pay(book(make_customer(), category, 2))
    settled.put_payout(other.account_id, event_id=event.event_id, event_title=TITLE)
    listings.project(event.event_id)
    StreamReader().drain()
    return other, event, category


def stored() -> Iterator[str]:
    client = get_session().create_client("dynamodb")
    for page in client.get_paginator("scan").paginate(TableName=config().table_name):
        for item in page["Items"]:
            if item["kind"]["S"] in ("event", "category", "stock", "edit_request", "organizer_profile", "payout"):
                yield json.dumps(item, sort_keys=True, default=str)


def tells(answer: Answer, *names: str) -> bool:
    return any(name in answer.text for name in names)


@pytest.mark.parametrize("route", OF_AN_EVENT, ids=lambda route: route.operation_id)
def test_anothers_event_in_the_path_is_not_found_and_stays_as_it_is(
    route: Any, theirs: tuple[Account, Event, Category]
) -> None:
    other, event, _ = theirs
    before = sorted(stored())
    body = {"changes": {"title": "Mine"}, "reason": "Mine"} if route.method != "GET" else None
    foreign = call(route.method, route.path.format(event_id=event.event_id), body, token=token_of(make_organizer()))
    unknown = call(route.method, route.path.format(event_id="evt_unknown"), body, token=token_of(other))
    assert (foreign.status, foreign.code) == (unknown.status, unknown.code) == (404, "NOT_FOUND")
    assert foreign.json["error"]["message"] == unknown.json["error"]["message"]
    assert not tells(foreign, TITLE, other.account_id)
    assert sorted(stored()) == before


@pytest.mark.parametrize("route", READ, ids=lambda route: route.operation_id)
def test_anothers_ids_in_the_query_are_refused_as_unknown(route: Any, theirs: tuple[Account, Event, Category]) -> None:
    other, event, category = theirs
    token = token_of(make_organizer())
    query = f"organizer_id={other.account_id}&event_id={event.event_id}&id={event.event_id}"
    asked = call("GET", f"{route.path}/?{query}", token=token)
    assert (asked.status, asked.code) == (400, "VALIDATION_ERROR"), asked.text
    assert not tells(asked, TITLE, other.account_id, event.event_id, category.category_id)


@pytest.mark.parametrize("route", OF_A_PAYOUT, ids=lambda route: route.operation_id)
def test_anothers_payout_in_the_path_is_not_found(route: Any, theirs: tuple[Account, Event, Category]) -> None:
    other, event, _ = theirs
    (payout,) = call("GET", "/api/organizer/payouts/", token=token_of(other)).json["results"]
    mine, names = make_organizer(), (payout["id"], "pto_unknown", event.event_id)
    answers = [call(route.method, route.path.format(payout_id=name), token=token_of(mine)) for name in names]
    assert {(answer.status, answer.code) for answer in answers} == {(404, "NOT_FOUND")}
    # What cannot be a payout's id is refused before anything is looked up, with the usual sentence.
    assert len({answer.json["error"]["message"] for answer in answers[:2]}) == 1
    assert not any(tells(answer, TITLE, other.account_id) for answer in answers)


def test_anothers_title_is_not_searched(theirs: tuple[Account, Event, Category]) -> None:
    other, event, _ = theirs
    own, _ = make_show(organizer_id=(mine := make_organizer()).account_id, title="Mine, not theirs")
    for query in ("search=nobody", "search=evening", f"search={event.event_id}"):
        assert call("GET", f"/api/organizer/events/?{query}", token=token_of(mine)).json["results"] == []
    found = call("GET", "/api/organizer/events/?search=nobody", token=token_of(other)).json["results"]
    assert [one["id"] for one in found] == [event.event_id]
    assert own.event_id != event.event_id


def test_anothers_ids_in_the_body_reach_nothing_of_theirs(theirs: tuple[Account, Event, Category]) -> None:
    other, event, category = theirs
    mine = make_organizer()
    own, _ = make_show(organizer_id=mine.account_id)
    path, token = f"/api/organizer/events/{own.event_id}/edit-request/", token_of(mine)
    wanted = {"ticket_categories": [{"id": category.category_id, "price": "1.00"}]}
    refused = call("POST", path, {"changes": wanted, "reason": "Cheaper"}, token=token)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert not tells(refused, "1500.00", TITLE)
    # Fields that the server sets are not read from a body.
    claims = {"organizer_id": other.account_id, "event_id": event.event_id, "status": "approved", "version": 99}
    body = {"changes": {"title": "New", **claims}, "reason": "So", **claims}
    wish = call("POST", path, body, token=token)
    assert (wish.status, wish.json["status"]) == (201, "pending")
    assert [each["field"] for each in wish.json["diff"]] == ["title"]
    assert not any("Mine" in item or "approved" in item for item in stored())


def test_anothers_key_does_not_bring_anothers_answer(theirs: tuple[Account, Event, Category]) -> None:
    other, event, _ = theirs
    path, key = f"/api/organizer/events/{event.event_id}/edit-request/", {"idempotency-key": "the same key"}
    body = {"changes": {"title": "Later"}, "reason": "So"}
    assert call("POST", path, body, token=token_of(other), headers=key).status == 201
    assert call("POST", path, body, token=token_of(make_organizer()), headers=key).status == 404
