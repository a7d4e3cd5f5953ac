"""The conventions of every route (contract/README.md), tested for each route there is."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from app import app
from chalicelib import clock, folding
from chalicelib.domain.customers import dependents
from chalicelib.domain.customers.dependents import DependentDetails
from chalicelib.domain.events import catalogue, events, listings, venues
from chalicelib.identifiers import new_id, uid_of_card_id
from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, Portal
from infra.local.demo import demo_passwords
from tests.contract import campus, leaves
from tests.contract.admin import ROWS
from tests.contract.answers import ADMIN_ORIGIN, ALLOWED_ORIGINS, error_of, problems
from tests.contract.ground import Ground, campus_role, contract, enrolled, fresh_address, routes
from tests.contract.request import Request
from tests.support import settled, wallets
from tests.support.client import Answer, call
from tests.support.declared import list_of
from tests.support.log_lines import collected
from tests.support.streams import StreamReader

WITH_BODY = [route for route in routes() if route.body]
# What shows one thing may have a page of something in it.
LISTS = [
    route
    for route in routes()
    if route.query and "cursor" in route.query.model_fields and route.reply and "results" in route.reply.model_fields
]


def _named(route: AnyRoute) -> str:
    return route.operation_id


def _route(operation_id: str) -> AnyRoute:
    return next(route for route in routes() if route.operation_id == operation_id)


def _spelled(route: AnyRoute, request: Request, *, slash: bool) -> str:
    query = f"?{request.query}" if request.query else ""
    return f"{route.path.format(**request.path)}{'/' if slash else ''}{query}"


# Each route's right request, sent once in each spelling; all the tests of its answer share it

# What no line of a log may show, whichever request it is about.
_PERSONAL = (demo_passwords.USHER, demo_passwords.ADMIN, "Ayesha Khan", "Bilal Ahmed", demo.ADMIN_EMAIL)
_SECRET_FIELDS = ("password", "refresh", "assertion", "code", "old_password", "new_password")
_SERVER_OWNED = {"unknown": [{}], "id": "x", "status": "revoked", "role": "super_admin", "result": "valid", "by": "x"}


@dataclass(frozen=True)
class Recorded:
    """The answers to a right request as the contract spells it, and to one with the other spelling of its path.

    The other one comes from the staff's console and has fields that the route does not know, where it has a body.
    """

    plain: Answer
    other: Answer
    logged: str
    secrets: tuple[str, ...]


class Recordings:
    """Sends a route's requests when a test first asks for them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._of: dict[str, Recorded] = {}

    def of(self, route: AnyRoute) -> Recorded:
        if route.operation_id not in self._of:
            self._of[route.operation_id] = self._record(route)
        return self._of[route.operation_id]

    def _record(self, route: AnyRoute) -> Recorded:
        ground, secrets, answers = self._ground, list(_PERSONAL), []
        with collected() as lines:
            for is_other in (False, True):
                request, token = ground.rightful(route), ground.token(route)
                headers, slash = request.headers, openapi.spelled(route) != route.path
                if is_other:
                    headers, slash = {**headers, "origin": ADMIN_ORIGIN}, not slash
                    if route.body:
                        owned = {n: value for n, value in _SERVER_OWNED.items() if n not in route.body.model_fields}
                        request = replace(request, body={**owned, **(request.body or {})})
                path = _spelled(route, request, slash=slash)
                answer = call(
                    route.method,
                    path,
                    request.body,
                    token=token,
                    headers=headers,
                    raw=request.raw,
                    address=fresh_address(),
                )
                answers.append(answer)
                secrets += _secrets_of(request, token, answer if route.reply else None)
        return Recorded(answers[0], answers[1], lines.text, tuple(secrets))


def _secrets_of(request: Request, token: str | None, answer: Answer | None) -> list[str]:
    shown = answer.json if answer is not None and isinstance(answer.json, dict) else {}
    given = [str(value) for name, value in (request.body or {}).items() if name in _SECRET_FIELDS]
    got = [str(shown[name]) for name in ("access", "refresh", "enrollment_code") if shown.get(name)]
    return [*given, *got, *([token] if token else [])]


@pytest.fixture(scope="module")
def recordings(ground: Ground) -> Recordings:
    return Recordings(ground)


# Routes and answers


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_every_route_is_one_of_the_contracts(route: AnyRoute) -> None:
    line = contract()[route.method, route.path]
    assert route.portal == line.portal


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_a_routes_answer_is_the_one_that_its_document_describes(route: AnyRoute, recordings: Recordings) -> None:
    answer = recordings.of(route).plain
    assert answer.status == route.status, answer.text
    assert list(problems(route, answer)) == []


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_the_other_spelling_of_a_path_is_answered_alike_and_unknown_and_server_owned_fields_are_ignored(
    route: AnyRoute, recordings: Recordings
) -> None:
    answer = recordings.of(route).other
    assert answer.status == route.status, answer.text
    assert list(problems(route, answer, origin=ADMIN_ORIGIN)) == []


# Ids, times, texts

_ID = re.compile(
    r"(?:evt|cat|tkt|ord|pay|crd|cus|ush|adm|dev|phn|log|ses|tct|rfd|gft|crq|dpd|ent|ven|org|mer|asg|edr|pto|ogn|usr|job|bat|dsp|inc|aud|dep|exp|stl|wdr|cam|cev|att|sub|rep|lgn|apl)_[0-9A-HJKMNP-TV-Z]{26}"
)
# The fixed ids of the demo.
_DEMO = re.compile(r"(?:evt|cat|ven|stl|usr|cam|cev|att|sub|rep)_demo(?:_[a-z]+)*")
_GIVEN_BY_HAND = {*(demo.ticket_id(place) for place in range(1, 7))}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _fields(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _fields(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from _fields(part, name)
    else:
        yield name, value


_MEASURED = ("rate", "latitude", "longitude")


@pytest.mark.parametrize("route", [r for r in routes() if r.reply], ids=_named)
def test_times_are_utc_with_z_ids_carry_their_prefix_and_numbers_are_never_floats(
    route: AnyRoute, recordings: Recordings
) -> None:
    answer = recordings.of(route).plain.json
    for name, value in _fields(answer):
        # A share, a distance, a duration, a coordinate and a mean are neither an amount nor a count.
        is_measured = name.endswith(("_rate", "_percent", "_m", "_seconds", "_average")) or name in _MEASURED
        assert not isinstance(value, float) or is_measured, name
        if value is None:
            continue
        if name.endswith("_at") or name in ("time", "server_time"):
            assert _TIME.fullmatch(value), name
            assert datetime.fromisoformat(value).tzinfo is not None
        elif name == "id" or name in ("event_id", "ticket_id", "log_id", "device_id"):
            assert value in _GIVEN_BY_HAND or _DEMO.fullmatch(value) or _ID.fullmatch(value), f"{name}: {value}"
        elif name.endswith("_count") or name in ("count", "remaining", "admitted", "inside"):
            assert isinstance(value, int), name


# Requests


_NOT_AN_OBJECT = {
    "empty brackets": b"[]",
    "a text": b'"text"',
    "a number": b"1",
    "null": b"null",
    "not JSON": b"{",
    "a trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "two objects": b"{}{}",
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "a bare control character": b'{"a": "\x00"}',
    "not a number": b'{"a": NaN}',
    "an infinite number": b'{"a": [-Infinity]}',
    "too deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "too deep in brackets": b'{"a":' + b"[" * 20000 + b"]" * 20000 + b"}",
}


Right = Callable[[AnyRoute], tuple[Request, str | None]]


@pytest.fixture(scope="module")
def right(ground: Ground) -> Right:
    """A right request of each route and its caller's token, for tests that spoil it: what is refused spends neither."""
    known: dict[str, tuple[Request, str | None]] = {}

    def right_of(route: AnyRoute) -> tuple[Request, str | None]:
        if route.operation_id not in known:
            known[route.operation_id] = ground.rightful(route), ground.token(route)
        return known[route.operation_id]

    return right_of


@pytest.mark.parametrize("route", WITH_BODY, ids=_named)
def test_a_body_that_is_not_one_json_object_is_refused(route: AnyRoute, ground: Ground, right: Right) -> None:
    request, token = right(route)
    for name, raw in _NOT_AN_OBJECT.items():
        answer = ground.send(route, request, token=token, raw=raw)
        assert (answer.status, answer.code) == (400, "MALFORMED_JSON"), f"{name}: {answer.text}"
        assert list(problems(route, answer)) == []


@pytest.mark.parametrize("route", WITH_BODY, ids=_named)
def test_a_body_over_the_routes_limit_is_refused_unread(route: AnyRoute, ground: Ground, right: Right) -> None:
    raw = b'{"a": "' + b"x" * (1 << 20) + b'"}'
    request, token = right(route)
    answer = ground.send(route, request, token=token, raw=raw)
    assert (answer.status, answer.code) == (413, "TOO_LARGE")


@pytest.mark.parametrize("route", WITH_BODY, ids=_named)
def test_another_media_type_than_json_is_refused(route: AnyRoute, ground: Ground, right: Right) -> None:
    request, token = right(route)
    for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = ground.send(route, request, token=token, headers={"content-type": media_type})
        assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("route", WITH_BODY, ids=_named)
def test_a_wrong_field_is_named(route: AnyRoute, ground: Ground, right: Right) -> None:
    request, token = right(route)
    for name in request.body or {}:
        broken = replace(request, body={**(request.body or {}), name: {"not": "this"}})
        answer = ground.send(route, broken, token=token)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
        assert any(problem["field"].startswith(name) for problem in error_of(answer)["details"])


@pytest.mark.parametrize("path", sorted(app.routes))
def test_a_method_that_a_path_does_not_take_is_405_and_names_those_it_does(path: str) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(app.routes[path]):
        answer = call(method, re.sub(r"{\w+}", "x", path))
        assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
        assert set(answer.headers["allow"].split(", ")) == set(app.routes[path])


# Headers that differ from one answer to the next.
_OF_ONE_ANSWER = {"x-request-id", "date"}
_PAGES = [route for route in routes() if "HEAD" in route.methods]


def test_public_pages_and_documents_have_a_head_and_other_routes_none() -> None:
    pages = {route.path for route in _PAGES}
    assert pages >= {"/health", "/api/openapi.json", "/api/docs", "/api/live.js", "/api/v1/public/events"}
    for route in routes():
        # A document that may become a job is made fresh by each request.
        is_document = route.media_type is not None and not route.also
        is_page = route.method == "GET" and (route.guard is None or is_document)
        assert ("HEAD" in app.routes[route.path]) == any(page.path == route.path for page in _PAGES), route.path
        assert ("HEAD" in route.methods) == is_page


@pytest.mark.parametrize("route", _PAGES, ids=_named)
def test_a_page_answers_head_as_get(route: AnyRoute, ground: Ground, right: Right) -> None:
    request, token = right(route)
    asked = (structs.replace(route, method=method) for method in ("GET", "HEAD"))
    got, headed = (ground.send(one, request, token=token) for one in asked)
    assert (headed.status, got.status) == (route.status, route.status)
    assert headed.headers.keys() == got.headers.keys()
    alike = headed.headers.keys() - _OF_ONE_ANSWER
    assert {name: headed.headers[name] for name in alike} == {name: got.headers[name] for name in alike}
    if route.public_seconds:
        known = {"if-none-match": got.headers["etag"]}
        fresh = ground.send(structs.replace(route, method="HEAD"), request, token=token, headers=known)
        assert (fresh.status, fresh.headers["etag"]) == (304, got.headers["etag"])
    if route.guard is not None:
        stranger = ground.send(structs.replace(route, method="HEAD"), request, token=None)
        assert (stranger.status, stranger.code) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("origin", [*sorted(ALLOWED_ORIGINS), "https://evil.example", "null", "http://localhost:80800"])
def test_only_an_allow_listed_origin_is_echoed_and_only_the_admins_with_credentials(origin: str) -> None:
    answer = call("GET", "/health", headers={"origin": origin})
    assert list(problems(_route("health"), answer, origin=origin)) == []
    if origin == ADMIN_ORIGIN:
        assert answer.headers["access-control-allow-credentials"] == "true"


def test_refusals_carry_the_cors_headers_too() -> None:
    answer = call("GET", "/api/auth/me", headers={"origin": ADMIN_ORIGIN})
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == ADMIN_ORIGIN


# Lists and cursors

# Whose sessions are listed.
PORTALS = (Portal.WEBAPP, Portal.MERCHANT, Portal.ORGANIZER, Portal.TIX, Portal.USHER, Portal.ADMIN)


@pytest.fixture(scope="module")
def pages(ground: Ground) -> Ground:
    """A log, a device list, a catalogue, cards and their lines, payouts and batches of more than one page."""
    stream, scan = StreamReader(), _route("usher_scan")
    for _ in range(3):
        assert ground.send(scan, ground.rightful(scan), token=ground.token(scan)).status == 200
    assigned = [demo.EVENT_ID]
    for _ in range(3):
        enrolled(demo.EVENT_ID)
        now = clock.now()
        shown = events.create(
            events.EventDraft(
                title="Evening",
                starts_at=now,
                ends_at=now + timedelta(days=1),
                featured=True,
                organizer_id=ground.organizer.account_id,
            )
        )
        listings.project(shown.event_id)
        assigned.append(shown.event_id)
        details = DependentDetails("Omar", "son")
        dependents.add(ground.customer.account_id, details, operation_id=new_id("op"))
        venues.add(name="Garden")
        wallets.make_card(ground.customer)
        wallets.credit(demo.CARD_UID, 100)
        settled.put_payout(ground.organizer.account_id)
        batch = _route("tix_create_batch")
        assert ground.send(batch, ground.rightful(batch), token=ground.token(batch)).status == 201
        for portal in PORTALS:
            ground.session(portal)
    place = keys.access.account(ground.usher.account_id)
    operations.record(operations.change(place, [Account.event_ids.set(assigned)]))
    for make in (*ROWS, *campus.ROWS, leaves.put_three):
        make(ground)
    # The ticket keeps an admission until the stream's worker has written its entry of the log.
    stream.drain()
    catalogue.forget()
    return ground


# What the contract shows beside a list.
_BESIDE = {
    "admin_system_log": {"verification"},
    "customer_cards": {"requests"},
    "admin_reconciliation": {"date", "status", "provider", "provider_count", "journal_count", "finished_at"},
}
# D-LIST-04: the newest entries of one event, then those of the next.
_EVENT_BY_EVENT = {"admin_checkin_log"}
# The lists that are not newest first: the field that orders each, and whether it is descending.
_IN_ORDER_OF = {
    **{route.operation_id: listed.usual_ordering for route in LISTS if (listed := list_of(route.query)) is not None},
    **{route.operation_id: "starts_at" for route in LISTS if route.guard is None},
    "customer_dependents": "id",
    "merchant_cards": "uid",
    "admin_reconciliation": "id",
    "campus_campuses": "id",
    "campus_list_events": "-start_datetime",
    "campus_roster": "id",
    "campus_records": "-submitted_at",
    "campus_event_records": "-submitted_at",
    "campus_appeals": "-filed_at",
    "admin_users": "-created_at",
    "admin_system_log": "-at",
    "organizer_events_list": "-starts_at",
    "usher_events": "starts_at",
}


# Its cards do not show when they were made, but their ids do.
del _IN_ORDER_OF["admin_cards"]


def _place_of(entry: dict[str, Any], field: str) -> Any:
    """Return what an entry is ordered by: a name as a search compares it, a card by its UID, which its id shows."""
    if field == "uid":
        return uid_of_card_id(entry["id"])
    return folding.typed(entry[field]) if field == "name" else entry[field]


@pytest.mark.parametrize("route", LISTS, ids=_named)
def test_a_list_is_walked_by_its_cursor_and_says_each_entry_once(route: AnyRoute, pages: Ground) -> None:
    seen: list[str] = []
    of_events: dict[str, list[str]] = {}
    order: list[str] = []
    field = _IN_ORDER_OF.get(route.operation_id)
    cursor = ""
    while True:
        request = replace(pages.rightful(route), query=f"page_size=2{cursor}")
        answer = pages.send(route, request, token=pages.token(route)).json
        assert set(answer) == {"results", "next", "count"} | _BESIDE.get(route.operation_id, set())
        seen += [entry["id"] if "id" in entry else entry["event_id"] for entry in answer["results"]]
        order += [_place_of(entry, field.lstrip("-")) for entry in answer["results"] if field]
        for entry in answer["results"]:
            of_events.setdefault(entry["event_id"] if route.operation_id in _EVENT_BY_EVENT else "", []).append(
                entry["id"] if "id" in entry else entry["event_id"]
            )
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert len(seen) == len(set(seen)) >= 3
    if field:
        assert order == sorted(order, reverse=field.startswith("-"))
    else:
        # Where a list goes event by event, no event comes back after another one.
        assert seen == [each for listed in of_events.values() for each in sorted(listed, reverse=True)]


def _first_cursor(route: AnyRoute, ground: Ground) -> str:
    request = replace(ground.rightful(route), query="page_size=1")
    answer = ground.send(route, request, token=ground.token(route)).json
    assert answer["next"]
    return str(answer["next"])


@pytest.mark.parametrize("route", LISTS, ids=_named)
def test_a_cursor_that_was_changed_in_any_byte_is_refused(route: AnyRoute, pages: Ground) -> None:
    cursor = _first_cursor(route, pages)
    raw = base64.urlsafe_b64decode(cursor)
    changed = [bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]]) for place in range(0, len(raw), 5)]
    forged = [base64.urlsafe_b64encode(each).decode() for each in changed]
    request = pages.rightful(route)
    for wrong in [*forged, cursor[:-4], "AAAA", "%00", "not base64!", "e30=", "%F0%9F%98%80"]:
        answer = pages.send(route, replace(request, query=f"page_size=1&cursor={wrong}"), token=pages.token(route))
        assert (answer.status, answer.code) == (400, "INVALID_CURSOR"), wrong


@pytest.mark.parametrize("route", LISTS, ids=_named)
def test_a_cursor_is_good_only_for_the_caller_and_the_list_that_it_was_made_for(route: AnyRoute, pages: Ground) -> None:
    cursor = _first_cursor(route, pages)
    request = replace(pages.rightful(route), query=f"page_size=1&cursor={cursor}")
    if route.guard is None:
        stranger = None  # anyone may go on
    elif route.guard.portal is Portal.CAMPUS:
        stranger = pages.other_campus_token(campus_role(route))
    elif route.guard.portal in (Portal.USHER, Portal.WEBAPP, Portal.MERCHANT, Portal.ORGANIZER, Portal.TIX):
        stranger = pages.tenant_token(route.guard.portal)
    else:
        stranger = pages.access(Portal.ADMIN, role=AdminRole.FINANCE)
    if stranger is not None:
        # A list of a caller's own items is not found by another caller.
        assert pages.send(route, request, token=stranger).code in ("INVALID_CURSOR", "NOT_FOUND")
    for other in LISTS:
        if other is not route:
            elsewhere = replace(pages.rightful(other), query=request.query)
            answer = pages.send(other, elsewhere, token=pages.token(other))
            assert answer.code == "INVALID_CURSOR"


@pytest.mark.parametrize(
    ("operation_id", "narrowed"),
    [("usher_search_logs", "result=valid"), ("admin_devices", "status=enrolled"), ("public_events", "city=lahore")],
)
def test_a_cursor_is_bound_to_its_query(operation_id: str, narrowed: str, pages: Ground) -> None:
    route = _route(operation_id)
    request = Request(query=f"page_size=1&{narrowed}&cursor={_first_cursor(route, pages)}")
    assert pages.send(route, request, token=pages.token(route)).code == "INVALID_CURSOR"


# A snapshot for offline use is read by `since`; the categories have a form of their own and no pages.
_NO_PAGES = {"usher_sync_attendees", "usher_sync_cards", "public_categories"}


def test_what_answers_with_results_and_next_takes_a_page_size_and_a_cursor() -> None:
    lists = {r.operation_id for r in routes() if r.method == "GET" and r.reply and "results" in r.reply.model_fields}
    by_page = {route.operation_id for route in routes() if route.query and "page_size" in route.query.model_fields}
    assert lists - by_page == _NO_PAGES


@pytest.mark.parametrize("route", LISTS, ids=_named)
def test_a_cursor_is_refused_also_where_nothing_fits_the_filters(route: AnyRoute, ground: Ground) -> None:
    assert route.query is not None
    request, token = ground.rightful(route), ground.token(route)
    for name, field in route.query.model_fields.items():
        if name in ("cursor", "page", "page_size", "limit") or field.is_required():
            continue
        for value in ("zzqq", "%21%21", "false"):
            wrong = replace(request, query=f"cursor=AAAA&{field.alias or name}={value}")
            answer = ground.send(route, wrong, token=token)
            # Another event than the usher's own is refused as such; `audit=false` leaves the page out.
            is_other = name == "event_id" and answer.status == 403
            assert answer.status == 400 or is_other or (name, value) == ("audit", "false"), (name, answer.text)


@pytest.mark.parametrize("route", LISTS, ids=_named)
def test_page_sizes_go_from_1_to_100(route: AnyRoute, ground: Ground) -> None:
    statuses, request = {}, ground.rightful(route)
    for size in ("1", "100", "0", "101", "-1", "1e3", "abc", "9" * 40):
        sized = replace(request, query=f"page_size={size}")
        statuses[size] = ground.send(route, sized, token=ground.token(route)).status
    assert {size for size, status in statuses.items() if status == 200} == {"1", "100"}
    assert set(statuses.values()) == {200, 400}


@pytest.mark.parametrize(
    ("operation_id", "query"),
    [
        ("usher_search_logs", "result=maybe"),
        ("admin_devices", "status=lost"),
        ("admin_login", "cookie=yes"),
        ("public_events", "ordering=title"),
    ],
)
def test_an_unknown_value_of_an_enumerated_filter_is_refused(operation_id: str, query: str, ground: Ground) -> None:
    route = _route(operation_id)
    answer = ground.send(route, replace(ground.rightful(route), query=query), token=ground.token(route))
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


# Logs


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_no_log_line_of_a_request_carries_a_token_a_password_a_name_or_a_code(
    route: AnyRoute, recordings: Recordings
) -> None:
    recorded = recordings.of(route)
    assert [secret for secret in recorded.secrets if secret in recorded.logged] == []
    assert recorded.logged
    for line in recorded.logged.splitlines():
        json.loads(line)


def test_no_log_line_of_a_wrong_log_in_says_who_tried_or_with_what(recordings: Recordings) -> None:
    wrong = {"event_id": demo.EVENT_ID, "username": "somebody", "password": "a wrong secret"}
    with collected() as lines:
        assert call("POST", "/api/usher/login/", wrong).status == 401
    assert [secret for secret in ("a wrong secret", "somebody") if secret in lines.text] == []
    # What captures the lines does see them.
    assert '"log_id"' in recordings.of(_route("usher_scan")).logged
