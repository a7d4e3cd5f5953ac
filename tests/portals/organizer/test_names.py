"""The name under which an organizer's events are shown."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.domain.organizers import organizers
from tests.support.client import call
from tests.support.factories import make_event, make_organizer, token_of
from tests.support.meanwhile import after, before
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")


def test_events_that_are_not_over_bear_the_name_that_their_organizer_has_now() -> None:
    organizer, now = make_organizer(name="Lahore Live"), clock.now()
    times = {"over": (-9, -8), "on": (-2, 30), "to come": (5, 6)}
    shows = {
        name: make_event(
            starts_at=now + timedelta(days=begins),
            ends_at=now + timedelta(days=ends),
            organizer_id=organizer.account_id,
            organizer_name="Lahore Live",
        )
        for name, (begins, ends) in times.items()
    }
    others = make_event(organizer_id=make_organizer().account_id, organizer_name="Another house")
    stream, token = StreamReader(), token_of(organizer)
    stream.drain()
    for name in ("Karachi Live", "Lahore Nights"):
        assert call("PUT", "/api/organizer/profile/", {"name": name}, token=token).status == 200
    records = stream.read()
    for told in (records, records[:1], list(reversed(records))):
        project(told)
        names = {which: events.get(show.event_id).organizer_name for which, show in shows.items()}
        assert names == {"over": "Lahore Live", "on": "Lahore Nights", "to come": "Lahore Nights"}
    stream.drain()
    shown = call("GET", f"/api/v1/public/events/{shows['to come'].event_id}/").json
    assert shown["organizer"] == {"id": organizer.account_id, "name": "Lahore Nights"}
    assert events.get(others.event_id).organizer_name == "Another house"
    assert events.get(shows["to come"].event_id).version == shows["to come"].version


def test_a_name_that_was_given_up_meanwhile_is_not_written() -> None:
    organizer = make_organizer(name="Lahore Live")
    show = make_event(organizer_id=organizer.account_id, organizer_name="Lahore Live")
    stream = StreamReader()
    stream.drain()
    organizers.change(organizer.account_id, {"name": "Karachi Live"})
    first = stream.read()

    def name_again() -> None:
        organizers.change(organizer.account_id, {"name": "Lahore Nights"})

    def follow_that() -> None:
        """Write the second name after the event was read for the first, and before that is written."""
        project([record for record in stream.read() if "account" in record["dynamodb"]["NewImage"]["kind"]["S"]])

    with before("Query", name_again, matches=lambda asked: "IndexName" in asked), after("BatchGetItem", follow_that):
        project(first)
    assert events.get(show.event_id).organizer_name == "Lahore Nights"
