"""An event of several days is found on each of them, by each list; its times and its time zone are checked."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from chalicelib import clock, time_zones
from chalicelib.domain.events import events, venues
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.errors import ValidationFailed
from chalicelib.table.items import Event
from tests.support import event_states
from tests.support.catalogue import Show, walked
from tests.support.client import call
from tests.support.factories import PASSWORD, admin_token, make_event, make_organizer, token_of
from tests.support.streams import StreamReader

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
# The 11th at 01:00 to the 15th at 00:00 in Karachi: an end at midnight is of the day before.
STARTS_AT, ENDS_AT = datetime(2026, 3, 10, 20, tzinfo=UTC), datetime(2026, 3, 14, 19, tzinfo=UTC)
ON = [f"2026-03-{day}" for day in range(11, 15)]
OFF = ["2026-03-09", "2026-03-10", "2026-03-15", "2026-03-16"]
# What the list is asked besides its days.
LISTS: list[dict[str, Any]] = [
    {},
    {"ordering": "-starts_at"},
    {"ordering": "price"},
    {"search": "fest"},
    {"search": "fest", "ordering": "-starts_at"},
    {"category": "music"},
    {"city": "lahore", "category": "music"},
    {"include_past": "true"},
    {"price_from": "1"},
]


@pytest.fixture
def stream(moto_cloud: None) -> Iterator[StreamReader]:  # noqa: ARG001  # the cloud comes first
    with clock.set_to(NOON):
        yield StreamReader()


@pytest.fixture
def festival(stream: StreamReader) -> Event:
    made = Show("Festival", category="music", city="Lahore").put(
        starts_at=STARTS_AT, ends_at=ENDS_AT, timezone="Asia/Karachi", organizer_id=make_organizer().account_id
    )
    stream.drain()
    return made


@pytest.mark.parametrize("query", LISTS, ids=lambda query: "&".join(f"{k}={v}" for k, v in query.items()) or "plain")
@pytest.mark.usefixtures("festival")
def test_each_public_list_finds_an_event_on_each_of_its_days(query: dict[str, Any]) -> None:
    for days, found in ((ON, ["Festival"]), (OFF, [])):
        for day in days:
            assert walked(page_size=3, date_from=day, date_to=day, **query) == found, day
    assert walked(page_size=3, date_from=ON[1], date_to=ON[2], **query) == ["Festival"]
    assert walked(page_size=3, date_from=ON[-1], **query) == ["Festival"]
    assert walked(page_size=3, date_from=OFF[2], **query) == []
    assert walked(page_size=3, date_to=ON[0], **query) == ["Festival"]
    assert walked(page_size=3, date_to=OFF[1], **query) == []


@pytest.mark.usefixtures("festival")
def test_a_range_of_moments_finds_what_takes_place_within_it() -> None:
    for begins, ends, found in (
        ("2026-03-12T00:00:00Z", "2026-03-12T00:00:01Z", ["Festival"]),
        ("2026-03-14T18:59:59Z", "2026-03-20T00:00:00Z", ["Festival"]),
        ("2026-03-14T19:00:00Z", "2026-03-20T00:00:00Z", []),
        ("2026-03-01T00:00:00Z", "2026-03-10T20:00:00Z", ["Festival"]),
        ("2026-03-01T00:00:00Z", "2026-03-10T19:59:59Z", []),
    ):
        assert walked(page_size=3, date_from=begins, date_to=ends) == found, (begins, ends)


def test_an_organizers_list_finds_an_event_on_each_of_its_days(stream: StreamReader) -> None:
    organizer = make_organizer()
    make_event(
        title="Festival",
        starts_at=STARTS_AT,
        ends_at=ENDS_AT,
        timezone="Asia/Karachi",
        organizer_id=organizer.account_id,
    )
    stream.drain()
    token = token_of(organizer)
    for days, count in ((ON, 1), (OFF, 0)):
        for day in days:
            answer = call("GET", f"/api/organizer/events/?date_from={day}&date_to={day}", token=token)
            assert len(answer.json["results"]) == count, day


def test_the_longest_event_is_found_on_its_last_day_behind_many_short_ones(stream: StreamReader) -> None:
    begins = NOON + DAY
    Show("Exhibition").put(starts_at=begins, ends_at=begins + events.LONGEST)
    for day in range(2, 14):
        Show(f"Evening {day}", in_days=day).put()
    stream.drain()
    last = (begins + events.LONGEST - timedelta(hours=1)).date().isoformat()
    assert walked(page_size=10, date_from=last) == ["Exhibition"]


def test_the_gates_of_a_long_event_are_watched_to_its_end(stream: StreamReader) -> None:  # noqa: ARG001  # its clock
    event = make_event(starts_at=NOON, ends_at=NOON + events.LONGEST)
    for at in (NOON, NOON + 5 * DAY, NOON + events.LONGEST - timedelta(minutes=1)):
        with clock.set_to(at):
            assert [each.event_id for each in events.open_now()] == [event.event_id]
    with clock.set_to(NOON + events.LONGEST):
        assert events.open_now() == []


def test_gates_that_are_open_around_the_longest_event_are_watched_all_the_time(stream: StreamReader) -> None:  # noqa: ARG001  # its clock
    opens, closes = NOON - events.GATES_AROUND, NOON + events.LONGEST + events.GATES_AROUND
    event = make_event(
        starts_at=NOON, ends_at=NOON + events.LONGEST, scanning_opens_at=opens, scanning_closes_at=closes
    )
    for at in (opens, closes - timedelta(minutes=1)):
        with clock.set_to(at):
            assert [each.event_id for each in events.open_now()] == [event.event_id]


def test_gates_are_watched_at_each_offset_that_their_times_are_sent_with(stream: StreamReader) -> None:  # noqa: ARG001  # its clock
    token = admin_token()
    body = {
        "title": "Open air",
        "organizer_id": make_organizer().account_id,
        "venue_id": venues.add(name="Garden", city="Lahore").venue_id,
        "starts_at": "2026-03-03T03:00:00+14:00",
        "ends_at": "2026-03-03T23:00:00+14:00",
        "ticket_categories": [{"name": "Standard", "price": "1500.00", "capacity": 100}],
        "status": "published",
    }
    made = call("POST", "/api/events/", body, token=token)
    assert (made.status, made.json["starts_at"]) == (201, "2026-03-02T13:00:00.000Z")
    with clock.set_to(NOON + timedelta(hours=1)):
        assert [each.event_id for each in events.open_now()] == [made.json["id"]]
    opens = {"scanning_opens_at": "2026-03-03T02:30:00+14:00"}
    assert call("PUT", f"/api/events/{made.json['id']}/", opens, token=token).status == 200
    with clock.set_to(NOON + timedelta(minutes=29)):
        assert events.open_now() == []
    with clock.set_to(NOON + timedelta(minutes=30)):
        assert [each.event_id for each in events.open_now()] == [made.json["id"]]


# Times and time zones


def _created(**changes: Any) -> Callable[[], object]:
    return lambda: make_event(**changes)


def test_an_event_that_takes_too_long_is_refused_wherever_its_times_come_in(stream: StreamReader) -> None:  # noqa: ARG001
    too_late = NOON + events.LONGEST + timedelta(seconds=1)
    event = make_event(starts_at=NOON, ends_at=NOON + DAY)
    for deed in (
        _created(starts_at=NOON, ends_at=too_late),
        lambda: event_states.change(event.event_id, starts_at=NOON, ends_at=too_late),
    ):
        with pytest.raises(ValidationFailed) as refused:
            deed()
        assert refused.value.details == [{"field": "ends_at", "message": "must be at most 92 days after starts_at"}]
    assert events.get(event.event_id).ends_at == NOON + DAY


def _ask_for_times(event: Event, ends_at: datetime) -> Any:
    organizer = make_organizer()
    event_states.change(event.event_id, organizer_id=organizer.account_id)
    body = {"changes": {"ends_at": clock.to_text(ends_at)}, "reason": "It runs on."}
    path = f"/api/organizer/events/{event.event_id}/edit-request/"
    return call("POST", path, body, token=token_of(organizer))


def test_an_edit_request_for_too_long_an_event_is_refused(stream: StreamReader) -> None:  # noqa: ARG001
    event = make_event(starts_at=NOON + DAY, ends_at=NOON + 2 * DAY)
    answer = _ask_for_times(event, NOON + 2 * DAY + events.LONGEST)
    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "changes.ends_at")
    assert _ask_for_times(event, NOON + DAY + events.LONGEST).status == 201


NO_ZONES = [
    "",
    " ",
    "Karachi",
    "Asia/Karachy",
    "asia/karachi",
    "Asia/Karachi ",
    "PKT",
    "+05:00",
    "GMT+5",
    "localtime",
    "posixrules",
    "America/Argentina",
    "../../etc/passwd",
    "/usr/share/zoneinfo/UTC",
    "Europe\\Paris",
    "Asia/Kara\x00chi",
    "Asia/" + "K" * 300,
    "\ufdfa" * 100,
]


@pytest.mark.parametrize("name", NO_ZONES, ids=ascii)
def test_a_name_that_is_no_time_zone_is_refused_wherever_one_comes_in(moto_cloud: None, name: str) -> None:  # noqa: ARG001
    event = make_event(timezone="Asia/Karachi")
    organizer = TixRegistration(email="zone@example.org", password=PASSWORD, name="Owner")
    deeds: dict[str, Callable[[], object]] = {
        "event": _created(timezone=name),
        "event changed": lambda: event_states.change(event.event_id, timezone=name),
        "organization": lambda: organizations.found(organizer, organization="Zone", timezone=name),
    }
    for deed in deeds.values():
        with pytest.raises(ValidationFailed) as refused:
            deed()
        assert refused.value.details == [{"field": "timezone", "message": time_zones.UNKNOWN}]
    assert events.get(event.event_id).timezone == "Asia/Karachi"


def test_every_place_of_the_zones_database_is_a_time_zone() -> None:
    places = {name for name in available_timezones() if "/" in name or name == "UTC"}
    assert len(places) > 400
    for name in places:
        assert time_zones.is_known(name), name
        ZoneInfo(name)
