"""The check-in log: every scan, newest first, and the search."""

import csv
import io
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.exports import checkin_files
from chalicelib.domain.gate import checkin_log
from chalicelib.domain.gate.checkin_log import CheckinFilters
from chalicelib.table.items import Event
from tests.support.client import call
from tests.support.factories import (
    at,
    make_card,
    make_event,
    make_reader,
    make_ticket,
    make_usher,
    scan_id,
    usher_token,
)
from tests.support.later import later
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


class Night:
    """An event with scans of two ushers and a reader."""

    def __init__(self) -> None:
        self.event: Event = make_event()
        self.stream = StreamReader()
        self.zoe = make_ticket(self.event, name="Zoë Müller")
        self.omar = make_ticket(self.event, name="Omar Ahmed")
        self.card = make_card(self.omar)
        self.token = usher_token(self.event, make_usher(self.event, username="first"))
        self.second = usher_token(self.event, make_usher(self.event, username="second"))
        self.scan(self.token, ticket_id=self.zoe.ticket_id)
        self.scan(self.second, card_id=self.card.uid)
        with later():
            self.scan(self.second, card_id=self.card.uid)
        with later(2):
            self.scan(self.token, card_id="04AABBCCDDEEFF")
        self.stream.drain()

    @staticmethod
    def scan(token: str, **shown: Any) -> Any:
        return call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **shown}, token=token).json

    def search(self, query: str) -> list[tuple[str | None, str]]:
        answer = call("GET", f"/api/usher/scan/logs/search/?{query}", token=self.token)
        assert answer.status == 200, answer.text
        return [(entry["attendee_name"], entry["result"]) for entry in answer.json["results"]]


ZOE, OMAR_IN, OMAR_AGAIN = ("Zoë Müller", "valid"), ("Omar Ahmed", "valid"), ("Omar Ahmed", "already_scanned")
UNKNOWN = (None, "not_found")


def test_the_log_is_searched_by_every_field_and_combination() -> None:
    night = Night()
    everything = [UNKNOWN, OMAR_AGAIN, OMAR_IN, ZOE]
    expected = {
        "": everything,
        f"card_id={night.card.uid}": [OMAR_AGAIN, OMAR_IN],
        f"card_id={night.card.card_id}&result=valid": [OMAR_IN],
        "card_id=04AABBCCDDEEFF": [UNKNOWN],
        "username=second": [OMAR_AGAIN, OMAR_IN],
        "username=nobody": [],
        "result=already_scanned": [OMAR_AGAIN],
        "attendee=zoe": [ZOE],
        "attendee=OMAR%20a": [OMAR_AGAIN, OMAR_IN],
        "attendee=omar&username=first": [],
        f"attendee=zoe&card_id={night.card.uid}": [],
        f"event_id={night.event.event_id}": everything,
        "date_from=2000-01-01&date_to=2100-01-01": everything,
        "date_to=2000-01-01": [],
        "date_from=2100-01-01": [],
    }
    assert {query: night.search(query) for query in expected} == expected


@pytest.mark.parametrize("query", ["", "result=already_scanned", "username=second", "attendee=o", "attendee=z"])
def test_a_search_walked_in_small_pages_finds_what_one_large_page_does(query: str) -> None:
    night = Night()
    path = f"/api/usher/scan/logs/search/?{query}"
    whole = [entry["id"] for entry in call("GET", f"{path}&page_size=100", token=night.token).json["results"]]
    for size in (1, 2):
        walked, cursor = [], ""
        while True:
            page = call("GET", f"{path}&page_size={size}{cursor}", token=night.token).json
            walked += [entry["id"] for entry in page["results"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert walked == whole, size


@pytest.mark.parametrize("path", ["", "search/"])
@pytest.mark.parametrize("query", ["", "result=valid", "username=second", "attendee=o", "date_from=2000-01-01"])
def test_a_numbered_page_shows_the_next_entries_that_fit_and_its_cursor_goes_on(query: str, path: str) -> None:
    night = Night()
    asked = f"/api/usher/scan/logs/{path}?{query}"
    whole = [entry["id"] for entry in call("GET", f"{asked}&page_size=100", token=night.token).json["results"]]
    assert len(whole) >= 2
    for number in range(1, len(whole) + 2):
        page = call("GET", f"{asked}&page_size=1&page={number}", token=night.token).json
        assert [entry["id"] for entry in page["results"]] == whole[number - 1 : number]
        assert (page["next"] is None) == (number >= len(whole))
    first = call("GET", f"{asked}&page_size=1&page=1", token=night.token).json
    after = call("GET", f"{asked}&page_size=1&cursor={first['next']}", token=night.token).json
    assert [entry["id"] for entry in after["results"]] == whole[1:2]
    deepest = call("GET", f"{asked}&page={checkin_log.MAX_PAGE + 1}", token=night.token)
    assert (deepest.status, deepest.json["error"]["details"][0]["field"]) == (400, "page")


def test_another_event_is_not_searched() -> None:
    night = Night()
    other = make_event(title="Other")
    answer = call("GET", f"/api/usher/scan/logs/search/?event_id={other.event_id}", token=night.token)
    assert (answer.status, answer.code) == (403, "NOT_ASSIGNED")
    entry = call("GET", "/api/usher/scan/logs/", token=night.token).json["results"][0]
    assert call("GET", f"/api/usher/scan/logs/{entry['id']}/", token=usher_token(other)).status == 404


def test_the_log_is_walked_ten_a_page_by_number_and_by_cursor() -> None:
    event = make_event()
    token, stream = usher_token(event), StreamReader()
    ticket = make_ticket(event)
    made = [Night.scan(token, ticket_id=ticket.ticket_id)["log_id"] for _ in range(23)]
    stream.drain()
    newest_first = sorted(made, reverse=True)
    pages = [call("GET", f"/api/usher/scan/logs/?page={page}", token=token).json for page in (1, 2, 3)]
    assert [entry["id"] for page in pages for entry in page["results"]] == newest_first
    assert [len(page["results"]) for page in pages] == [10, 10, 3]
    assert pages[0]["count"] == 23
    walked, cursor = [], ""
    while True:
        page = call("GET", f"/api/usher/scan/logs/?page_size=7{cursor}", token=token).json
        walked += [entry["id"] for entry in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert walked == newest_first


def test_a_page_beyond_the_deepest_says_to_use_the_cursor() -> None:
    answer = call("GET", f"/api/usher/scan/logs/?page={checkin_log.MAX_PAGE + 1}", token=usher_token(make_event()))
    assert answer.status == 400
    assert "cursor" in answer.json["error"]["details"][0]["message"]


def test_a_readers_scan_is_logged_with_the_device_and_the_time_of_the_tap() -> None:
    with clock.set_to(at("2026-11-20T18:00:00Z")):
        event = make_event(gates=["Gate 1", "Gate 2"])
        reader, token = make_reader(event, gate="Gate 2"), usher_token(event)
        with clock.set_to(at("2026-11-20T12:00:00Z")):
            card = make_card(make_ticket(event))
        stream = StreamReader()
        # The reader's clock is two days fast; the tap was kept for an hour.
        body = {
            "device_time": "2026-11-22T18:00:00Z",
            "taps": [{"scan_id": scan_id(), "uid": card.uid, "scanned_at": "2026-11-22T17:00:00Z"}],
        }
        assert call("POST", "/api/device/taps/", body, token=reader.token()).json["results"][0]["result"] == "valid"
        stream.drain()
        entry = call("GET", "/api/usher/scan/logs/", token=token).json["results"][0]
    assert entry["device_id"] == reader.device_id
    assert (entry["usher"], entry["gate"], entry["source"]) == (None, "Gate 2", "offline")
    assert (entry["scanned_at"], entry["received_at"]) == ("2026-11-20T17:00:00.000Z", "2026-11-20T18:00:00.000Z")


def csv_of(token: str, query: str = "") -> list[dict[str, str]]:
    answer = call("GET", f"/api/usher/scan/logs/?format=csv{query}", token=token)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    # A spreadsheet reads names in Urdu by the byte order mark of the file, as those of the other exports.
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_log_as_csv_has_every_entry_of_the_own_event_that_fits() -> None:
    night = Night()
    stranger = usher_token(make_event())
    rows = csv_of(night.token)
    log = call("GET", "/api/usher/scan/logs/", token=night.token).json["results"]

    assert [(row["id"], row["result"], row["attendee_name"]) for row in rows] == [
        (entry["id"], entry["result"], entry["attendee_name"] or "") for entry in log
    ]
    assert len(rows) == 4
    for query in ("&result=already_scanned", f"&card_id={night.card.uid}", "&username=second", "&attendee=zoe"):
        expected = night.search(query.lstrip("&"))
        assert [(row["attendee_name"] or None, row["result"]) for row in csv_of(night.token, query)] == expected
    assert csv_of(stranger) == []
    foreign = call("GET", f"/api/usher/scan/logs/?format=csv&event_id={night.event.event_id}", token=stranger)
    assert (foreign.status, foreign.code) == (403, "NOT_ASSIGNED")


def test_the_list_itself_is_filtered_as_the_search_is() -> None:
    night = Night()
    listed = call("GET", "/api/usher/scan/logs/?result=already_scanned", token=night.token).json["results"]
    assert [entry["result"] for entry in listed] == ["already_scanned"]


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\uff1d1+1"])
def test_no_cell_of_the_csv_begins_a_formula(name: str) -> None:
    event, stream = make_event(gates=["Gate 1"]), StreamReader()
    token, ticket = usher_token(event), make_ticket(event, name=name)
    body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "gate": name}
    call("POST", "/api/usher/scan/result/", body, token=token)
    stream.drain()
    (row,) = csv_of(token)
    assert (row["attendee_name"], row["gate"]) == (f"'{name}", f"'{name}")


def test_the_csv_has_no_more_rows_than_its_limit_and_they_are_the_newest() -> None:
    night = Night()
    whole = checkin_files.csv_of(night.event.event_id, CheckinFilters()).splitlines()
    assert checkin_files.csv_of(night.event.event_id, CheckinFilters(), most=2).splitlines() == whole[:3]
    assert checkin_files.csv_of(night.event.event_id, CheckinFilters(), most=4).splitlines() == whole
