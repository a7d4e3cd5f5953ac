"""Venues, as the staff keep them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.events import events, gate_control, venues
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.events import EventStatus
from tests.portals.organizer.test_drafts import body, category
from tests.support import event_states
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_organizer, make_ticket, scan_id, token_of, usher_token
from tests.support.meanwhile import after
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
HALL = {
    "name": "Alhamra Hall",
    "address": "68 Mall Road",
    "city": "Lahore",
    "country": "Pakistan",
    "latitude": 31.5546,
    "longitude": "74.3331",
    "capacity": 450,
    "gates": ["East", "West"],
}


@pytest.fixture
def token() -> str:
    return admin_token()


def create(token: str, **changes: Any) -> Answer:
    return call("POST", "/api/venues/", {**HALL, **changes}, token=token)


def one(venue_id: str) -> str:
    return f"/api/venues/{venue_id}/"


def test_a_venue_is_created_shown_changed_and_deleted(token: str) -> None:
    made = create(token).json
    assert made | HALL | {"latitude": "31.5546"} == made
    assert call("GET", one(made["id"]), token=token).json == made
    sent = {"capacity": 500, "address": None, "version": 0}
    changed = call("PUT", one(made["id"]), sent, token=token).json
    assert changed == {**made, "capacity": 500, "address": None, "version": 1}
    assert call("DELETE", one(made["id"]), token=token).status == 204
    assert call("GET", one(made["id"]), token=token).status == 404
    assert call("DELETE", one(made["id"]), token=token).status == 404


def test_a_request_that_is_repeated_with_its_key_creates_one_venue(token: str) -> None:
    sent = [call("POST", "/api/venues/", HALL, token=token, headers={"idempotency-key": "key-1234"}) for _ in range(2)]
    assert sent[0].json["id"] == sent[1].json["id"]


def test_a_stale_version_is_refused_with_the_present_state_and_changes_nothing(token: str) -> None:
    made = create(token).json
    call("PUT", one(made["id"]), {"name": "Alhamra", "version": 0}, token=token)
    stale = call("PUT", one(made["id"]), {"name": "Other", "version": 0}, token=token)
    assert (stale.status, stale.code) == (409, "CONFLICT")
    assert stale.json["error"]["details"] == [{"field": "version", "message": "is 1 now"}]
    assert venues.get(made["id"]).name == "Alhamra"


def test_a_change_that_overtakes_another_makes_it_stale(token: str) -> None:
    made = create(token).json
    is_read = {"pk": {"S": keys.events.venue(made["id"]).pk}, "sk": {"S": "VENUE"}}

    def overtake() -> None:
        venues.change(made["id"], {"city": "Multan"}, version=0)

    with after("GetItem", overtake, matches=lambda sent: sent["Key"] == is_read):
        answer = call("PUT", one(made["id"]), {"city": "Karachi", "version": 0}, token=token)
    assert answer.status == 409
    assert venues.get(made["id"]).city == "Multan"


def test_a_venue_that_an_event_uses_is_not_deleted_until_the_event_moves(token: str) -> None:
    venue_id, other_id = create(token).json["id"], create(token).json["id"]
    organizer = make_organizer()
    mine = token_of(organizer)
    draft = call("POST", "/api/organizer/events/", body(venue_id=venue_id), token=mine).json
    refused = call("DELETE", one(venue_id), token=token)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert "1 event" in refused.json["error"]["message"]
    call("PUT", f"/api/organizer/events/{draft['id']}/", {"venue_id": other_id}, token=mine)
    assert call("DELETE", one(venue_id), token=token).status == 204
    assert call("DELETE", one(other_id), token=token).status == 409


@pytest.mark.parametrize("status", ["draft", "published"])
@pytest.mark.parametrize("way", ["moved", "archived", "deleted"])
def test_a_venue_of_an_event_that_staff_move_archive_or_delete_can_be_deleted(
    token: str, status: str, way: str
) -> None:
    venue_id, other_id = create(token).json["id"], create(token).json["id"]
    offered = {"ticket_categories": [category()], "organizer_id": make_organizer().account_id}
    sent = {**body(venue_id=venue_id, **offered), "status": status}
    event = call("POST", "/api/events/", sent, token=token)
    assert (event.status, venues.get(venue_id).event_count) == (201, 1)
    assert call("DELETE", one(venue_id), token=token).code == "INVALID_STATE"
    path = f"/api/events/{event.json['id']}/"
    if way == "deleted":
        answers = [call("DELETE", path, token=token) for _ in range(2)]
    elif way == "moved":
        answers = [call("PUT", path, {"venue_id": other_id}, token=token) for _ in range(2)]
    else:
        if status == "published":
            event_states.put_into(event.json["id"], EventStatus.ENDED)
        answers = [call("PUT", path, {"status": "archived"}, token=token) for _ in range(2)]
    assert {answer.status for answer in answers} <= {200, 204}
    assert (venues.get(venue_id).event_count, venues.get(other_id).event_count) == (0, int(way == "moved"))
    assert call("DELETE", one(venue_id), token=token).status == 204


def test_no_event_of_staff_takes_a_venue_that_is_deleted_at_the_same_time(token: str) -> None:
    venue_id = create(token).json["id"]
    sent = {**body(venue_id=venue_id), "organizer_id": make_organizer().account_id}
    is_read = {"pk": {"S": keys.events.venue(venue_id).pk}, "sk": {"S": "VENUE"}}
    with after("GetItem", lambda: venues.remove(venue_id), matches=lambda asked: asked["Key"] == is_read):
        answer = call("POST", "/api/events/", sent, token=token)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_no_event_takes_a_venue_that_is_deleted_at_the_same_time(token: str) -> None:
    venue_id = create(token).json["id"]
    organizer = make_organizer()
    given = {**body(), "venue_id": venue_id}
    mine = token_of(organizer)
    is_read = {"pk": {"S": keys.events.venue(venue_id).pk}, "sk": {"S": "VENUE"}}
    with after("GetItem", lambda: venues.remove(venue_id), matches=lambda sent: sent["Key"] == is_read):
        answer = call("POST", "/api/organizer/events/", given, token=mine)
    assert answer.status in (404, 409, 503)
    assert operations.get(keys.events.venue(venue_id)) is None


def test_a_venue_that_an_event_takes_at_the_same_time_is_not_deleted(token: str) -> None:
    venue_id = create(token).json["id"]
    mine = token_of(make_organizer())
    is_read = {"pk": {"S": keys.events.venue(venue_id).pk}, "sk": {"S": "VENUE"}}

    def take() -> None:
        assert call("POST", "/api/organizer/events/", {**body(), "venue_id": venue_id}, token=mine).status == 201

    with after("GetItem", take, matches=lambda sent: sent["Key"] == is_read):
        assert call("DELETE", one(venue_id), token=token).status == 409
    assert venues.get(venue_id).event_count == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"latitude": 91},
        {"latitude": "12.123456789"},
        {"longitude": "-180.5"},
        {"capacity": 0},
        {"capacity": True},
        {"capacity": "12"},
        {"gates": ["East", "East"]},
        {"gates": [""]},
        {"city": "a\u202eb"},
    ],
)
def test_a_venue_that_cannot_be_is_refused_by_field(token: str, wrong: dict[str, Any]) -> None:
    refused = create(token, **wrong)
    assert refused.status == 400
    assert refused.json["error"]["details"][0]["field"].partition(".")[0] in wrong


def test_the_list_of_venues_is_filtered_and_searched_by_its_routes_query(token: str) -> None:
    reader = StreamReader()
    for name, city in (("Alhamra Hall", "Lahore"), ("Garden", "Láhore"), ("Expo Centre", "Karachi")):
        create(token, name=name, city=city)
    reader.drain()

    def names(query: str) -> list[str]:
        return [each["name"] for each in call("GET", f"/api/venues/?{query}", token=token).json["results"]]

    assert names("") == ["Alhamra Hall", "Expo Centre", "Garden"]
    assert names("city=lahore&ordering=-name") == ["Garden", "Alhamra Hall"]
    assert names("search=hal") == ["Alhamra Hall"]
    assert names("created_at_from=2199-12-31") == []
    unknown = call("GET", "/api/venues/?price=3", token=token)
    assert unknown.status == 400
    assert "city, country" in unknown.json["error"]["details"][0]["message"]
    wrong = call("GET", "/api/venues/?ordering=price", token=token)
    assert wrong.status == 400
    assert "-created_at" in wrong.json["error"]["details"][0]["message"]


def by_staff(staff: str, organizer: Account, venue_id: str) -> str:
    owner, status = organizer.account_id, "published"
    given = body(venue_id=venue_id, ticket_categories=[category()], organizer_id=owner, status=status)
    return str(call("POST", "/api/events/", given, token=staff).json["id"])


def by_draft(staff: str, organizer: Account, venue_id: str) -> str:
    given, token = body(venue_id=venue_id, ticket_categories=[category()]), token_of(organizer)
    event_id = call("POST", "/api/organizer/events/", given, token=token).json["id"]
    assert call("POST", f"/api/organizer/events/{event_id}/submit/", token=token).status == 200
    assert call("PUT", f"/api/events/{event_id}/", {"status": "published"}, token=staff).status == 200
    return str(event_id)


def by_a_changed_draft(staff: str, organizer: Account, venue_id: str) -> str:
    given, token = body(ticket_categories=[category()]), token_of(organizer)
    event_id = call("POST", "/api/organizer/events/", given, token=token).json["id"]
    assert call("PUT", f"/api/organizer/events/{event_id}/", {"venue_id": venue_id}, token=token).status == 200
    assert call("POST", f"/api/organizer/events/{event_id}/submit/", token=token).status == 200
    assert call("PUT", f"/api/events/{event_id}/", {"status": "published"}, token=staff).status == 200
    return str(event_id)


def by_edit_request(staff: str, organizer: Account, venue_id: str) -> str:
    event_id = by_staff(staff, organizer, create(staff, gates=["Old"]).json["id"])
    asked = {"changes": {"venue_id": venue_id}, "reason": "Rain"}
    path = f"/api/organizer/events/{event_id}/edit-request/"
    request_id = call("POST", path, asked, token=token_of(organizer)).json["id"]
    approve = call("PUT", f"/api/event-edit-requests/{request_id}/", {"decision": "approve"}, token=staff)
    assert approve.status == 200
    return event_id


def by_move(staff: str, organizer: Account, venue_id: str) -> str:
    event_id = by_staff(staff, organizer, create(staff, gates=["Old"]).json["id"])
    assert call("PUT", f"/api/events/{event_id}/", {"venue_id": venue_id}, token=staff).status == 200
    return event_id


def by_gates_that_are_named_later(staff: str, organizer: Account, venue_id: str) -> str:
    assert call("PUT", one(venue_id), {"gates": None}, token=staff).status == 200
    event_id = by_staff(staff, organizer, venue_id)
    assert call("PUT", one(venue_id), {"gates": HALL["gates"]}, token=staff).status == 200
    assert call("PUT", f"/api/events/{event_id}/", {"venue_id": venue_id}, token=staff).status == 200
    return event_id


@pytest.mark.parametrize(
    "way", [by_staff, by_draft, by_a_changed_draft, by_edit_request, by_move, by_gates_that_are_named_later]
)
def test_an_event_has_the_gates_of_its_venue_in_every_portal(
    token: str, way: Callable[[str, Account, str], str]
) -> None:
    organizer = make_organizer()
    event_id = way(token, organizer, create(token).json["id"])
    usher = usher_token(events.get(event_id))
    of_staff = call("GET", f"/api/events/{event_id}/", token=token).json
    own = call("GET", f"/api/organizer/events/{event_id}/", token=token_of(organizer)).json
    at_gate = call("GET", f"/api/usher/events/{event_id}/", token=usher).json
    board = call("GET", "/api/usher/nfc/status/", token=usher).json
    assert of_staff["gates"] == own["gates"] == at_gate["gates"] == HALL["gates"]
    assert [gate["gate"] for gate in board["gates"]] == HALL["gates"]
    assert [gate["gate"] for gate in own["analytics"]["check_ins"]["by_gate"]] == HALL["gates"]
    wrong = call("POST", "/api/devices/", {"event_id": event_id, "gate": "Old", "name": "Reader"}, token=token)
    assert wrong.status == 400


@pytest.mark.parametrize(("at_first", "later"), [(None, ["East", "West"]), (["East"], ["West"]), (["East"], None)])
def test_a_scan_stays_at_the_gate_where_it_was_counted_when_the_event_gets_and_loses_gates(
    token: str, at_first: list[str] | None, later: list[str] | None
) -> None:
    organizer, stream, venue_id = make_organizer(), StreamReader(), create(token, gates=at_first).json["id"]
    event_id = by_staff(token, organizer, venue_id)
    ticket, usher = make_ticket(events.get(event_id)), usher_token(events.get(event_id))

    def admitted(gate: str, minutes: int) -> None:
        at, shown = clock.to_text(clock.now() - timedelta(minutes=minutes)), {"result": "valid"}
        log = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "gate": gate, "scanned_at": at, "offline": shown}
        answer = call(
            "POST", "/api/usher/sync/logs/", {"logs": [log], "device_time": clock.to_text(clock.now())}, token=usher
        )
        assert answer.json["rejected"] == 0, answer.text
        stream.drain()

    admitted("East", 5)
    assert call("PUT", one(venue_id), {"gates": later}, token=token).status == 200
    assert call("PUT", f"/api/events/{event_id}/", {"venue_id": venue_id}, token=token).status == 200
    gate_control.forget()
    admitted("West", 9)  # it becomes the admission, and the first one counts nobody
    found = call("GET", f"/api/organizer/events/{event_id}/", token=token_of(organizer)).json["analytics"]["check_ins"]
    gates = {gate["gate"]: gate["admitted"] for gate in found["by_gate"]}
    assert (found["admitted"], sum(gates.values()), min(gates.values())) == (1, 1, 0), gates
    assert gates["West" if later else None] == 1
