"""Who may do what with an event: every route of events, every role, the own event, a colleague's, another campus's."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.table import operations
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.portals.campus.test_events import BODY, EVENTS
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")

# What each route is sent, and its answer to who may.
SENT: Mapping[str, tuple[Any, int]] = {
    "campus_event": (None, 200),
    "campus_event_qr": (None, 200),
    "campus_refresh_qr": ({}, 200),
    "campus_roster": (None, 200),
    "campus_set_roster": ({"student_ids": []}, 200),
    "campus_change_event": ({"title": "Changed"}, 200),
    "campus_delete_event": (None, 204),
}
OF_ONE = [route for route in ROUTES if route.operation_id in SENT]
# Who is staff of an event: of which of the three.
MAY = {
    CampusRole.STUDENT: set(),
    CampusRole.ORGANIZER: {"own"},
    CampusRole.SUPERVISOR: {"own", "colleague's"},
    CampusRole.HR: {"own", "colleague's", "elsewhere"},
    CampusRole.ADMIN: {"own", "colleague's", "elsewhere"},
}


@pytest.fixture
def campus() -> Campus:
    return make_campus()


@pytest.fixture
def callers(campus: Campus) -> dict[CampusRole, Account]:
    return {role: make_campus_user(campus, role=role) for role in CampusRole}


def events_of(campus: Campus, caller: Account) -> dict[str, CampusEvent]:
    elsewhere = make_campus()
    return {
        "own": make_campus_event(campus, caller),
        "colleague's": make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER)),
        "elsewhere": make_campus_event(elsewhere, make_campus_user(elsewhere, role=CampusRole.ORGANIZER)),
    }


def send(route: AnyRoute, event_id: str, token: str | None) -> Answer:
    body, _ = SENT[route.operation_id]
    return call(route.method, f"{route.path.format(event_id=event_id)}/", body, token=token)


def test_the_matrix_has_every_route_of_one_event_and_its_code() -> None:
    of_package = [route for route in ROUTES if route.path.startswith(f"{EVENTS}/{{event_id}}")]
    others = {"campus_event_analytics", "campus_event_records", "campus_mark"}
    assert {route.operation_id for route in of_package} - set(SENT) <= others


@pytest.mark.parametrize("route", OF_ONE, ids=lambda route: route.operation_id)
@pytest.mark.parametrize("role", CampusRole)
def test_each_role_reaches_its_events_and_no_others(
    route: AnyRoute, role: CampusRole, campus: Campus, callers: dict[CampusRole, Account]
) -> None:
    token = token_of(callers[role])
    for whose, event in events_of(campus, callers[role]).items():
        answer = send(route, event.event_id, token)
        if role is CampusRole.STUDENT and route.operation_id != "campus_event":
            assert (answer.status, answer.json["error"]) == (403, "Permission denied"), whose
        elif whose in MAY[role] or role is CampusRole.STUDENT:
            assert answer.status == SENT[route.operation_id][1], (whose, answer.text)
        else:
            assert (answer.status, answer.json["error"]) == (404, "Event not found"), whose


@pytest.mark.parametrize("role", CampusRole)
def test_whom_a_rule_expects_is_shown_to_staff_of_the_event_alone_and_as_a_record_shows_them(
    role: CampusRole, campus: Campus, callers: dict[CampusRole, Account]
) -> None:
    token, events = token_of(callers[role]), events_of(campus, callers[role])
    rule = {"campus_id": campus.campus_id}
    StreamReader().drain()
    for whose, event in events.items():
        operations.record(operations.change(event.place, [CampusEvent.expected.set(rule)]))
        answer = call("GET", f"{EVENTS}/{event.event_id}/attendance/?missing=true", token=token)
        if role is CampusRole.STUDENT:
            assert (answer.status, answer.json["error"]) == (403, "Permission denied"), whose
        elif whose not in MAY[role]:
            assert (answer.status, answer.json["error"]) == (404, "Event not found"), whose
    if MAY[role]:
        shown = call("GET", f"{EVENTS}/{events['own'].event_id}/attendance/?missing=true", token=token).json["results"]
        assert [each["student"]["id"] for each in shown] == [callers[CampusRole.STUDENT].account_id]
        said = {"id", "student_id", "full_name", "department", "year_level"}
        assert set(shown[0]["student"]) == said


@pytest.mark.parametrize("route", OF_ONE, ids=lambda route: route.operation_id)
def test_unknown_events_are_not_found_and_strangers_must_log_in(
    route: AnyRoute, callers: dict[CampusRole, Account]
) -> None:
    assert send(route, "cev_unknown", token_of(callers[CampusRole.ADMIN])).status == 404
    assert send(route, "evt_demo", token_of(callers[CampusRole.ADMIN])).status == 404
    assert send(route, "cev_unknown", None).status == 401


@pytest.mark.parametrize("role", CampusRole)
def test_staff_create_events_and_students_do_not(role: CampusRole, callers: dict[CampusRole, Account]) -> None:
    token = token_of(callers[role])
    for path, body in ((f"{EVENTS}/", BODY), (f"{EVENTS}/bulk-create/", {"events": [BODY]})):
        answer = call("POST", path, body, token=token)
        assert answer.status == (403 if role is CampusRole.STUDENT else 201), answer.text


def test_students_do_not_see_an_event_that_is_not_active(campus: Campus, callers: dict[CampusRole, Account]) -> None:
    event = make_campus_event(campus, callers[CampusRole.ORGANIZER], is_active=False)
    path = f"{EVENTS}/{event.event_id}/"
    assert call("GET", path, token=token_of(callers[CampusRole.STUDENT])).status == 404
    assert call("GET", path, token=token_of(callers[CampusRole.ORGANIZER])).status == 200
