"""Bulk creation of events: all of them or none, with a problem for each bad field of each row."""

from typing import Any

import pytest

from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from chalicelib.vocabulary.campus import CampusRole
from tests.portals.campus.test_events import BODY, EVENTS, at, listed, problems
from tests.support.campus import make_campus, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def organizer() -> Account:
    return make_campus_user(make_campus(), role=CampusRole.ORGANIZER)


@pytest.fixture
def token(organizer: Account) -> str:
    return token_of(organizer)


def create(token: str, rows: list[dict[str, Any]], *, key: str | None = None) -> Answer:
    headers = {"idempotency-key": key} if key else None
    return call("POST", f"{EVENTS}/bulk-create/", {"events": rows}, token=token, headers=headers)


def rows(count: int) -> list[dict[str, Any]]:
    return [{**BODY, "title": f"Lecture {row}"} for row in range(count)]


@pytest.mark.parametrize("count", [1, 12])
def test_all_rows_become_events_in_their_order(token: str, organizer: Account, count: int) -> None:
    answer = create(token, rows(count))
    assert (answer.status, answer.json["count"]) == (201, count), answer.text
    events = answer.json["events"]
    assert [event["title"] for event in events] == [f"Lecture {row}" for row in range(count)]
    assert len({event["id"] for event in events}) == count
    assert {event["organizer_id"] for event in events} == {organizer.account_id}
    StreamReader().drain()
    assert len(listed(token, "page_size=100")) == count


def test_one_bad_row_creates_nothing_and_every_problem_is_named(token: str) -> None:
    sent = rows(5)
    sent[1] |= {"latitude": 91, "title": ""}
    del sent[3]["end_datetime"]
    named = problems(create(token, sent))
    assert named.keys() == {"events.1.latitude", "events.1.title", "events.3.end_datetime"}
    StreamReader().drain()
    assert listed(token) == []


def test_rows_that_contradict_themselves_are_named_with_their_field(token: str) -> None:
    sent = rows(4)
    sent[0] |= {"end_datetime": at(-5)}
    sent[2] |= {"late_until": at(500), "closes_at": at(-1)}
    sent[3] |= {"campus": "Atlantis"}
    named = problems(create(token, sent))
    assert named.keys() == {
        "events.0.end_datetime",
        "events.2.closes_at",
        "events.2.late_until",
        "events.3.campus",
    }
    StreamReader().drain()
    assert listed(token) == []


def test_one_answer_names_rows_that_cannot_be_read_and_rows_that_break_a_rule(token: str) -> None:
    sent: list[Any] = rows(9)
    sent[0] |= {"latitude": 91, "retention": {}}
    sent[1] |= {"end_datetime": at(-5), "campus": "Atlantis", "expected": {"campus": "Avalon"}}
    sent[3] = "Lecture 3"
    sent[4] = None
    sent[5] |= {"late_until": at(500)}
    sent[6] |= {"second_window": {"start": "soon"}, "title": True}
    sent[8] |= {"closes_at": at(-1)}
    named = problems(create(token, sent))
    assert [*named] == [
        "events.0.retention",
        "events.0.latitude",
        "events.1.campus",
        "events.1.expected.campus",
        "events.1.end_datetime",
        "events.3",
        "events.4",
        "events.5.late_until",
        "events.6.second_window.start",
        "events.6.second_window.end",
        "events.6.title",
        "events.8.closes_at",
    ]
    assert (named["events.3"], named["events.4"]) == ("must be an object", "must not be null")
    StreamReader().drain()
    assert listed(token) == []


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": None}, {"events": {}}, {"events": [1]}])
def test_without_rows_nothing_is_created(token: str, body: dict[str, Any]) -> None:
    answer = call("POST", f"{EVENTS}/bulk-create/", body, token=token)
    assert answer.status == 400
    assert answer.json["details"][0]["field"].startswith("events")


def test_more_rows_than_a_hundred_are_refused(token: str) -> None:
    assert problems(create(token, rows(101))) == {"events": "must have at most 100 entries"}


def test_the_same_key_creates_them_once(token: str) -> None:
    key = new_id("key")
    first, again = create(token, rows(100), key=key), create(token, rows(100), key=key)
    assert (first.status, again.status) == (201, 201)
    assert [event["id"] for event in first.json["events"]] == [event["id"] for event in again.json["events"]]
    assert len({event["id"] for event in first.json["events"]}) == 100
    assert create(token, rows(3), key=key).status == 422
