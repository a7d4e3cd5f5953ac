"""The check-in log by time: the requested range includes both ends."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from chalicelib import clock
from tests.support.client import call
from tests.support.factories import make_event, make_ticket, scan_id, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
MIDNIGHT = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
MOMENTS = {
    "evening": MIDNIGHT - timedelta(milliseconds=1),
    "midnight": MIDNIGHT,
    "morning": MIDNIGHT + timedelta(hours=9),
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"date_from": "2026-11-21"}, ["morning", "midnight"]),
        ({"date_to": "2026-11-20"}, ["evening"]),
        ({"date_from": "2026-11-20", "date_to": "2026-11-20"}, ["evening"]),
        ({"date_from": "2026-11-21", "date_to": "2026-11-21"}, ["morning", "midnight"]),
        ({"date_from": "2026-11-21T00:00:00.001Z"}, ["morning"]),
        ({"date_to": "2026-11-21T00:00:00Z"}, ["midnight", "evening"]),
        ({"date_from": "2026-11-21T05:00:00+05:00", "date_to": "2026-11-21T05:00:00+05:00"}, ["midnight"]),
        ({"date_from": "2026-11-21", "date_to": "2026-11-20"}, []),
        ({"date_from": "2026-11-21", "result": "valid"}, []),
        ({"date_to": "2026-11-20", "result": "valid"}, ["evening"]),
        ({"date_from": "2026-11-21", "attendee": "ayesha"}, ["morning", "midnight"]),
    ],
)
def test_the_log_is_found_by_day_and_by_moment(query: dict[str, str], found: list[str]) -> None:
    with clock.set_to(MOMENTS["evening"]):
        event = make_event()
        ticket, stream = make_ticket(event), StreamReader()
    ids = {}
    for name, moment in MOMENTS.items():
        with clock.set_to(moment):
            token = usher_token(event)
            body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
            ids[call("POST", "/api/usher/scan/result/", body, token=token).json["log_id"]] = name
    stream.drain()
    with clock.set_to(MOMENTS["morning"]):
        answer = call("GET", f"/api/usher/scan/logs/search/?{urlencode(query)}", token=token)
    assert [ids[entry["id"]] for entry in answer.json["results"]] == found
    assert answer.json["next"] is None


@pytest.mark.parametrize("query", ["date_from=yesterday", "date_to=2026-13-01", "date_from=2026-11-21T09:00:00"])
def test_a_date_that_is_none_is_named(query: str) -> None:
    answer = call("GET", f"/api/usher/scan/logs/search/?{query}", token=usher_token(make_event()))
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    named = {one["field"].partition(".")[0] for one in answer.json["error"]["details"]}
    assert named == {query.partition("=")[0]}


@pytest.mark.parametrize("attendee", ["#", "%", "."])
def test_a_name_of_signs_alone_finds_nobody_and_breaks_nothing(attendee: str) -> None:
    event = make_event()
    make_ticket(event)
    path = f"/api/usher/scan/logs/search/?{urlencode({'attendee': attendee})}"
    answer = call("GET", path, token=usher_token(event))
    assert (answer.status, answer.json["results"]) == (200, [])


@pytest.mark.parametrize("ulid", ["Z" * 26, "7" + "Z" * 25, "0" * 26, "000000001" + "0" * 17])
def test_an_id_of_a_moment_that_no_entry_has_is_not_found(ulid: str) -> None:
    answer = call("GET", f"/api/usher/scan/logs/log_{ulid}/", token=usher_token(make_event()))
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
