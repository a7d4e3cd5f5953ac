"""Campus events: who creates, sees, changes and deletes which; what a bad field is answered."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.events import campus_events
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Campus
from chalicelib.vocabulary.campus import CampusRole
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
EVENTS = "/api/campus/events"
START = datetime(2026, 11, 27, 9, tzinfo=UTC)


def at(minutes: float) -> str:
    """Return a moment by its minutes from the event's beginning."""
    return clock.to_text(START + timedelta(minutes=minutes))


BODY = {
    "title": "Thermodynamics",
    "location": "Hall 2",
    "latitude": 31.5204,
    "longitude": 74.3587,
    "start_datetime": at(0),
    "end_datetime": at(120),
}


@pytest.fixture
def campus() -> Campus:
    return make_campus(name="Main campus")


@pytest.fixture
def organizer(campus: Campus) -> Account:
    return make_campus_user(campus, role=CampusRole.ORGANIZER)


@pytest.fixture
def token(organizer: Account) -> str:
    return token_of(organizer)


def create(token: str, *, key: str | None = None, **changes: Any) -> Answer:
    headers = {"idempotency-key": key} if key else None
    return call("POST", f"{EVENTS}/", {**BODY, **changes}, token=token, headers=headers)


def made(token: str, **changes: Any) -> dict[str, Any]:
    answer = create(token, **changes)
    assert answer.status == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def change(token: str, event_id: str, **changes: Any) -> Answer:
    return call("PUT", f"{EVENTS}/{event_id}/update/", changes, token=token)


def show(token: str, event_id: str) -> Answer:
    return call("GET", f"{EVENTS}/{event_id}/", token=token)


def listed(token: str, query: str = "") -> list[str]:
    answer = call("GET", f"{EVENTS}/?{query}", token=token)
    assert answer.status == 200, answer.text
    return [event["title"] for event in answer.json["results"]]


def problems(answer: Answer) -> dict[str, str]:
    assert answer.status == 400, answer.text
    return {problem["field"]: problem["message"] for problem in answer.json["details"]}


def test_a_created_event_is_shown_as_it_was_sent(token: str, organizer: Account, campus: Campus) -> None:
    sent = {
        "description": "Bring the lab book.\nDoors close at ten.",
        "location_radius": 80,
        "late_until": at(15),
        "closes_at": at(60),
        "second_window": {"start": at(110), "end": at(130)},
        "require_photos": True,
        "require_signature": True,
        "require_location": False,
    }
    event = made(token, **sent, expected={"department": "Physics"}, retention={"photos_days": 7})
    assert {name: event[name] for name in BODY | sent} == {**BODY, **sent}
    assert (event["campus"], event["campus_id"], event["timezone"]) == (
        "Main campus",
        campus.campus_id,
        "Asia/Karachi",
    )
    assert (event["organizer"], event["organizer_id"]) == (organizer.name, organizer.account_id)
    assert event["expected"] == {"department": "Physics", "year_level": None, "campus": None}
    assert event["retention"] == {"photos_days": 7, "signature_days": 365, "position_days": 0, "device_days": 30}
    assert (event["is_active"], event["version"], event["roster_size"]) == (True, 1, 0)
    assert show(token, event["id"]).json == {**event, "qr_expires_at": show(token, event["id"]).json["qr_expires_at"]}


def test_a_campus_may_be_named_by_id_or_name(token: str) -> None:
    other = make_campus(name="City  Campus", timezone="Europe/Berlin")
    for named in (other.campus_id, "city campus", "CITY CAMPUS"):
        event = made(token, campus=named, expected={"campus": named})
        assert (event["campus_id"], event["timezone"]) == (other.campus_id, "Europe/Berlin")
        assert event["expected"]["campus"] == "City  Campus"
    assert problems(create(token, campus="Atlantis")).keys() == {"campus"}
    assert problems(create(token, expected={"campus": "Atlantis"})).keys() == {"expected.campus"}


def test_an_event_that_moves_takes_the_time_zone_of_its_campus(token: str) -> None:
    there = make_campus(name="Berlin campus", timezone="Europe/Berlin")
    event = made(token)
    assert event["timezone"] == "Asia/Karachi"
    moved = change(token, event["id"], campus=there.campus_id)
    assert (moved.status, moved.json["campus"], moved.json["timezone"]) == (200, "Berlin campus", "Europe/Berlin")
    assert show(token, event["id"]).json["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latitude", 91),
        ("latitude", -90.001),
        ("latitude", "north"),
        ("latitude", "31.5"),
        ("latitude", None),
        ("latitude", True),
        ("longitude", 180.5),
        ("longitude", [74]),
        ("location_radius", 4),
        ("location_radius", 5_001),
        ("location_radius", 50.5),
        ("title", ""),
        ("title", "   "),
        ("title", "x" * 201),
        ("title", "a\x00b"),
        ("description", "x" * 2_001),
        ("start_datetime", "tomorrow"),
        ("start_datetime", "2026-11-27T09:00:00"),
        ("start_datetime", 1_795_770_000),
        ("end_datetime", at(0)),
        ("end_datetime", at(-1)),
        ("end_datetime", at(31 * 24 * 60 + 1)),
        ("late_until", at(-1)),
        ("late_until", at(121)),
        ("closes_at", at(0)),
        ("closes_at", at(120 + 7 * 24 * 60 + 1)),
        ("is_active", "yes"),
        ("require_photos", 1),
        ("retention", {"photos_days": -1}),
        ("retention", {"position_days": 3_651}),
        ("retention", {"signature_days": 1.5}),
        ("retention", 30),
        ("retention", {"photo_days": 30}),
        ("expected", {}),
        ("expected", {"department": ""}),
        ("second_window", {"start": at(130)}),
        ("second_window", {"start": at(119), "end": at(140)}),
        ("second_window", {"start": at(140), "end": at(140)}),
        ("second_window", {"start": at(130), "end": at(121 + 7 * 24 * 60)}),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_created(token: str, field: str, value: Any) -> None:
    answer = create(token, **{field: value})
    named = problems(answer)
    assert [name.partition(".")[0] for name in named] == [field], answer.text
    assert all(named.values())
    assert answer.json["error"] == answer.json["message"]
    StreamReader().drain()
    assert listed(token) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_position_is_a_finite_number(token: str, number: str) -> None:

    raw = json.dumps({**BODY, "longitude": 0}).replace('"longitude": 0', f'"longitude": {number}').encode()
    answer = call("POST", f"{EVENTS}/", token=token, raw=raw)
    assert answer.status == 400, answer.text
    assert answer.code == "MALFORMED_JSON" or "longitude" in problems(answer)


def test_late_until_follows_the_closing_time_where_there_is_one(token: str) -> None:
    assert "late_until" in problems(create(token, closes_at=at(30), late_until=at(31)))
    made(token, closes_at=at(30), late_until=at(30))


def test_what_is_left_out_stays_and_null_clears_what_may_be_empty(token: str) -> None:
    event = made(token, description="Old", late_until=at(15), expected={"year_level": 2}, is_active=False)
    assert event["expected"]["year_level"] == "2"
    changed = change(token, event["id"], title="New").json
    assert changed == {**event, "title": "New", "version": 2, "qr_expires_at": changed["qr_expires_at"]}
    cleared = change(token, event["id"], description=None, late_until=None, expected=None, second_window=None).json
    assert (cleared["description"], cleared["late_until"], cleared["expected"]) == (None, None, None)
    assert cleared["version"] == 3
    # The same again changes nothing.
    assert change(token, event["id"], title="New").json["version"] == 3


def test_the_days_of_one_kind_of_evidence_change_no_other(token: str) -> None:
    own = {"photos_days": 3, "signature_days": 2, "position_days": 1, "device_days": 4}
    event = made(token, retention=own)
    changed = change(token, event["id"], retention={"photos_days": 9}).json
    assert changed["retention"] == {**own, "photos_days": 9}
    by_stage = change(token, event["id"], retention={"photos_days": 5, "signature_days": None}).json
    assert by_stage["retention"] == {**own, "photos_days": 5, "signature_days": 365}
    cleared = change(token, event["id"], retention=None).json
    assert cleared["retention"] == {"photos_days": 30, "signature_days": 365, "position_days": 0, "device_days": 30}


@pytest.mark.parametrize(
    "field", ["title", "location", "latitude", "start_datetime", "end_datetime", "campus", "location_radius"]
)
def test_null_does_not_clear_what_every_event_has(token: str, field: str) -> None:
    event = made(token)
    assert field in problems(change(token, event["id"], **{field: None}))
    assert show(token, event["id"]).json["version"] == 1


def test_a_change_is_checked_against_what_stays(token: str) -> None:
    event = made(token, late_until=at(100))
    assert "late_until" in problems(change(token, event["id"], end_datetime=at(90)))
    assert "end_datetime" in problems(change(token, event["id"], start_datetime=at(120)))
    assert change(token, event["id"], end_datetime=at(90), late_until=at(90)).status == 200


def test_a_change_of_an_outdated_event_is_refused(token: str) -> None:
    event = made(token)
    assert change(token, event["id"], title="First", version=1).status == 200
    refused = change(token, event["id"], title="Second", version=1)
    assert (refused.status, refused.json["present"]["version"]) == (409, 2)
    assert show(token, event["id"]).json["title"] == "First"


def test_the_same_key_creates_one_event(token: str) -> None:
    key = new_id("key")
    assert create(token, key=key).json["id"] == create(token, key=key).json["id"]
    StreamReader().drain()
    assert len(listed(token)) == 1


def test_a_deleted_event_is_gone_for_everybody_and_its_item_stays(token: str, campus: Campus) -> None:
    event = made(token)
    student = token_of(make_campus_user(campus))
    assert call("DELETE", f"{EVENTS}/{event['id']}/delete/", token=token).status == 204
    StreamReader().drain()
    for caller in (token, student, token_of(make_campus_user(campus, role=CampusRole.ADMIN))):
        assert listed(caller) == []
        gone = show(caller, event["id"])
        assert (gone.status, gone.json["error"]) == (404, "Event not found")
    assert change(token, event["id"], title="Back").status == 404
    assert call("DELETE", f"{EVENTS}/{event['id']}/delete/", token=token).status == 404
    assert call("GET", f"{EVENTS}/{event['id']}/qr/", token=token).status == 404
    kept = campus_events.find(event["id"])
    assert kept is not None
    assert (kept.deleted_at is not None, kept.is_active, kept.title) == (True, False, "Thermodynamics")


def test_the_list_is_newest_first_and_by_role(campus: Campus, token: str, organizer: Account) -> None:
    elsewhere = make_campus(name="Elsewhere")
    colleague = make_campus_user(campus, role=CampusRole.ORGANIZER)
    for title, where, whose, days, active in (
        ("own old", campus, organizer, 0, True),
        ("own new", campus, organizer, 3, True),
        ("own hidden", campus, organizer, 2, False),
        ("colleague's", campus, colleague, 1, True),
        ("elsewhere", elsewhere, colleague, 4, True),
    ):
        begins = START + timedelta(days=days)
        ends = begins + timedelta(hours=1)
        make_campus_event(where, whose, title=title, starts_at=begins, ends_at=ends, is_active=active)
    StreamReader().drain()
    assert listed(token) == ["own new", "own hidden", "own old"]
    assert listed(token_of(make_campus_user(elsewhere, role=CampusRole.SUPERVISOR))) == ["elsewhere"]
    of_campus = ["own new", "own hidden", "colleague's", "own old"]
    supervisor = token_of(make_campus_user(campus, role=CampusRole.SUPERVISOR))
    assert listed(supervisor) == of_campus
    assert listed(supervisor, f"campus_id={elsewhere.campus_id}") == []
    assert listed(token, f"organizer_id={colleague.account_id}") == []
    for role in (CampusRole.ADMIN, CampusRole.HR):
        office = token_of(make_campus_user(campus, role=role))
        assert listed(office) == ["elsewhere", *of_campus]
        assert listed(office, "campus=main%20campus") == of_campus
        assert listed(office, "is_active=false") == ["own hidden"]
        assert listed(office, "search=colleag") == ["colleague's"]
    student = token_of(make_campus_user(campus))
    assert listed(student) == ["elsewhere", "own new", "colleague's", "own old"]
    assert listed(student, f"campus={campus.campus_id}") == ["own new", "colleague's", "own old"]
    assert listed(student, "search=own") == ["own new", "own old"]
    assert listed(student, "is_active=false") == []


def test_pages_follow_each_other(token: str, campus: Campus, organizer: Account) -> None:
    for number in range(5):
        begins = START + timedelta(hours=number)
        make_campus_event(campus, organizer, title=f"{number}", starts_at=begins, ends_at=begins + timedelta(hours=1))
    StreamReader().drain()
    first = call("GET", f"{EVENTS}/?page_size=2", token=token).json
    second = call("GET", f"{EVENTS}/?page_size=2&cursor={first['next']}", token=token).json
    assert [event["title"] for event in first["results"] + second["results"]] == ["4", "3", "2", "1"]
    other = token_of(make_campus_user(campus, role=CampusRole.ORGANIZER))
    assert call("GET", f"{EVENTS}/?page_size=2&cursor={first['next']}", token=other).code == "INVALID_CURSOR"


def test_days_are_days_of_the_events_time_zone(organizer: Account, token: str) -> None:
    auckland = make_campus(name="Auckland", timezone="Pacific/Auckland")
    # In Auckland (UTC+13) it begins on the 28th at 00:30 and ends on the 30th at 00:30.
    begins = datetime(2026, 11, 27, 11, 30, tzinfo=UTC)
    make_campus_event(auckland, organizer, title="night", starts_at=begins, ends_at=begins + timedelta(days=2))
    StreamReader().drain()
    for days, is_shown in {
        "date_from=2026-11-28&date_to=2026-11-28": True,
        "date_from=2026-11-27&date_to=2026-11-27": False,
        "date_from=2026-11-29&date_to=2026-11-29": True,
        "date_from=2026-11-30": True,
        "date_from=2026-12-01": False,
        "date_to=2026-11-27": False,
        "date_to=2026-11-27T11:30:00Z": True,
        "date_from=2026-11-29T11:30:01Z": False,
    }.items():
        assert (listed(token, days) == ["night"]) == is_shown, days
    assert call("GET", f"{EVENTS}/?date_from=yesterday", token=token).json["details"][0]["field"] == "date_from"
    assert call("GET", f"{EVENTS}/?campus=Atlantis", token=token).json["details"][0]["field"] == "campus"


@pytest.mark.parametrize("has_second", [False, True])
def test_an_event_is_listed_on_each_day_of_its_windows(organizer: Account, token: str, has_second: bool) -> None:
    begins = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
    ends = begins + timedelta(hours=2)
    last = begins + timedelta(days=3)
    second = {"start": clock.to_text(last - timedelta(hours=1)), "end": clock.to_text(last)}
    windows = (
        {"closes_at": begins + timedelta(minutes=30), "second_window": second} if has_second else {"closes_at": last}
    )
    make_campus_event(make_campus(), organizer, title="late", starts_at=begins, ends_at=ends, **windows)
    StreamReader().drain()
    for days, is_shown in {
        "date_from=2026-11-27&date_to=2026-11-27": True,
        "date_from=2026-11-30&date_to=2026-11-30": True,
        "date_from=2026-12-01": False,
        # Now, as the console asks for what can be submitted.
        "date_from=2026-11-30T04:59:00Z&date_to=2026-11-30T04:59:00Z": True,
        "date_from=2026-11-30T05:00:01Z&date_to=2026-11-30T05:00:01Z": False,
    }.items():
        assert (listed(token, days) == ["late"]) == is_shown, days


def test_students_never_see_when_the_code_changes(token: str, campus: Campus) -> None:
    event = made(token)
    assert event["qr_expires_at"] is not None
    StreamReader().drain()
    student = token_of(make_campus_user(campus))
    assert show(student, event["id"]).json["qr_expires_at"] is None
    assert call("GET", f"{EVENTS}/", token=student).json["results"][0]["qr_expires_at"] is None


def test_a_supervisor_creates_at_their_own_campus_only(campus: Campus) -> None:
    supervisor = token_of(make_campus_user(campus, role=CampusRole.SUPERVISOR))
    elsewhere = make_campus(name="Elsewhere")
    assert problems(create(supervisor, campus="Elsewhere")) == {"campus": "must be your own campus"}
    event = made(supervisor)
    assert event["campus_id"] == campus.campus_id
    assert problems(change(supervisor, event["id"], campus=elsewhere.campus_id)).keys() == {"campus"}
